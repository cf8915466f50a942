"use strict";
// Adds to a page that is whole without it: values under the pointer, filters, and selections. It sends and stores nothing.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const make = (name, kind, parent, text = "") => {
    const made = name === "line" || name === "rect"
      ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
    made.setAttribute("class", kind);
    if (text) made.textContent = text;
    return parent.appendChild(made);
  };
  const put = (element, attributes) => Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
  const short = (value, digits = 4) => String(Number(value.toPrecision(digits))).replace("-", "−");
  const MOST = 8;

  // Charts of lines. A path is written in the chart's own units: its coordinates are the values.
  const pieces = path => path.getAttribute("d").split("M").filter(Boolean)
    .map(piece => piece.split("L").map(point => point.split(" ").map(Number)));
  const valueAt = (line, x) => {
    for (const piece of line.pieces) {
      const after = piece.findIndex(point => point[0] >= x);
      if (after < 0 || (after === 0 && piece[0][0] > x)) continue;
      if (after === 0) return piece[0][1];
      const [[x0, y0], [x1, y1]] = [piece[after - 1], piece[after]];
      return x1 === x ? y1 : line.whole ? undefined : y0 + (y1 - y0) * (x - x0) / (x1 - x0);
    }
  };
  for (const chart of all("svg[data-across]")) {
    const axis = chart.dataset.across, whole = axis === "epoch", figure = chart.parentElement;
    const digits = whole ? 6 : 3;  // curves are drawn to a thousandth; an epoch has its value
    const lines = all("g.series", chart).map(group => {
      const path = group.querySelector("path");
      return {group, path, name: group.dataset.name, whole, pieces: pieces(path)};
    });
    const places = [...new Set(lines.flatMap(line => line.pieces.flat().map(point => point[0])))].sort((a, b) => a - b);
    const [first, last] = [places[0], places[places.length - 1]];
    let place, rule, tip, height;
    const hide = () => {
      rule?.remove(); tip?.remove(); rule = tip = undefined;
      lines.forEach(line => line.group.classList.remove("near"));
    };
    const show = (x, y) => {
      place = x;
      const found = lines.map(line => ({line, value: valueAt(line, x)})).filter(item => item.value !== undefined);
      const towards = item => y === undefined ? 0 : Math.abs(item.value - y);
      const nearest = [...found].sort((a, b) => towards(a) - towards(b)).slice(0, MOST);
      lines.forEach(line => line.group.classList.toggle("near", y !== undefined && line === nearest[0]?.line && lines.length > 2));
      if (!rule) {
        rule = make("line", "rule", chart);
        tip = make("div", "tip", figure);
        tip.setAttribute("role", "status");
      }
      const matrix = lines[0].path.transform.baseVal.consolidate().matrix;
      const at = matrix.a * x + matrix.e, box = chart.viewBox.baseVal;
      height = box.height;
      put(rule, {x1: at, x2: at, y1: 24, y2: height - 30});
      tip.textContent = "";
      make("b", "", tip, `${axis} ${short(x, digits)}`);
      for (const {line, value} of nearest.sort((a, b) => b.value - a.value)) {
        const row = make("div", line.group.getAttribute("class").replace("series ", "tip-row ").replace("near", ""), tip);
        make("i", "", row); make("span", "", row, line.name); make("b", "", row, short(value, digits));
      }
      if (found.length > nearest.length) make("div", "muted", tip, `and ${found.length - nearest.length} others`);
      const drawn = chart.getBoundingClientRect(), around = figure.getBoundingClientRect();
      const pixel = drawn.left - around.left + at / box.width * drawn.width, room = around.width - tip.offsetWidth;
      tip.style.left = `${Math.max(0, Math.min(room, pixel > around.width / 2 ? pixel - tip.offsetWidth - 10 : pixel + 10))}px`;
      tip.style.top = `${drawn.top - around.top + drawn.height * 0.1}px`;
    };
    const near = x => whole ? places.reduce((a, b) => Math.abs(b - x) < Math.abs(a - x) ? b : a) : Math.max(first, Math.min(last, x));
    const point = event => {
      const inverse = lines[0].path.getScreenCTM().inverse();
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(inverse);
      show(near(at.x), at.y);
    };
    chart.addEventListener("pointermove", point);
    chart.addEventListener("pointerdown", point);
    chart.addEventListener("pointerleave", hide);
    chart.addEventListener("blur", hide);
    chart.tabIndex = 0;
    chart.addEventListener("keydown", event => {
      const step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
      if (event.key === "Escape") hide();
      if (!step) return;
      event.preventDefault();
      const next = place === undefined ? (step > 0 ? first : last)
        : whole ? places[Math.max(0, Math.min(places.length - 1, places.indexOf(place) + step))] : near(place + step * (last - first) / 50);
      show(next);
    });
  }

  // Filters of pictures, by class and by kind of error; of many, the first ones are shown until somebody asks for all.
  for (const bar of all("[data-filters]")) {
    const box = document.getElementById(bar.dataset.filters), panels = all(":scope > figure", box);
    const chooses = all("select", bar), more = document.querySelector(`[data-more=${box.id}]`);
    let most = Number(box.dataset.first);
    const apply = () => {
      const chosen = chooses.filter(one => one.value);
      let left = 0;
      for (const panel of panels) {
        const fits = chosen.every(one => (panel.dataset[one.dataset.filter] ?? "").split(" ").includes(one.value));
        left += fits;
        panel.hidden = !fits || left > most;
      }
      bar.querySelector("[role=status]").textContent = chosen.length ? `${left} of ${panels.length} ${bar.dataset.things ?? "images"}` : "";
      more.hidden = left <= most;
      more.textContent = `Show all ${left}`;
    };
    chooses.forEach(one => one.addEventListener("change", apply));
    more.addEventListener("click", () => { most = Infinity; apply(); });
    bar.hidden = !chooses.length;
    apply();  // a browser that goes back has kept the choice
  }

  // Brushes of a sweep's page: a range along an axis selects trials, in every chart and table.
  const brushes = all("[data-brush]"), ranges = new Map();
  if (brushes.length) {
    const places = new Map(brushes.map(brush => [brush, brush.dataset.places.split(" ").filter(Boolean).map(pair => pair.split(":"))]));
    const bar = make("div", "selection", document.body), told = make("span", "", bar), clear = make("button", "", bar, "Show all trials");
    told.setAttribute("role", "status");
    clear.type = "button";
    const select = () => {
      const picks = [...ranges].map(([brush, {low, high}]) =>
        new Set(places.get(brush).filter(([, at]) => at >= low && at <= high).map(([trial]) => trial)));
      const trials = new Set();
      for (const item of all("[data-trial]")) {
        const chosen = picks.every(pick => pick.has(item.dataset.trial));
        item.classList.toggle("dim", !chosen);
        if (chosen) trials.add(item.dataset.trial);
      }
      bar.hidden = !picks.length;
      told.textContent = picks.length ? `${trials.size} ${trials.size === 1 ? "trial" : "trials"} selected` : "";
    };
    const drop = brush => { ranges.get(brush)?.drawn.remove(); ranges.delete(brush); };
    const put_range = (brush, one, other) => {
      const along = brush.dataset.brush, size = along === "x" ? "width" : "height", from = Number(brush.getAttribute(along));
      const clamp = value => Math.max(from, Math.min(from + Number(brush.getAttribute(size)), value));
      const [low, high] = [clamp(Math.min(one, other)), clamp(Math.max(one, other))];
      const drawn = ranges.get(brush)?.drawn ?? make("rect", "brushed", brush.parentElement);
      for (const side of ["x", "y", "width", "height"]) drawn.setAttribute(side, brush.getAttribute(side));
      put(drawn, {[along]: low, [size]: high - low});
      ranges.set(brush, {low, high, drawn});
    };
    const clear_all = () => { brushes.forEach(drop); select(); };
    for (const brush of brushes) {
      const along = brush.dataset.brush;
      brush.closest("svg").setAttribute("role", "group");  // an image has no parts that can be reached
      const at = event => new DOMPoint(event.clientX, event.clientY).matrixTransform(brush.getScreenCTM().inverse())[along];
      let begun;
      brush.addEventListener("pointerdown", event => {
        begun = at(event);
        try { brush.setPointerCapture(event.pointerId); } catch { /* a pointer that is gone already */ }
        event.preventDefault();
        brush.focus({preventScroll: true});
      });
      brush.addEventListener("pointermove", event => { if (begun !== undefined) { put_range(brush, begun, at(event)); select(); } });
      const end = event => {
        if (begun !== undefined && Math.abs(at(event) - begun) < 3) { drop(brush); select(); }
        begun = undefined;
      };
      brush.addEventListener("pointerup", end);
      brush.addEventListener("pointercancel", () => { begun = undefined; });
      put(brush, {tabindex: 0, role: "slider", "aria-label": `Select by ${brush.dataset.label}: arrow keys move the lower end, with shift the upper one`,
        "aria-valuetext": "all", "aria-valuenow": 0});
      brush.addEventListener("keydown", event => {
        const step = {ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1}[event.key];
        if (event.key === "Escape") clear_all();
        if (!step) return;
        event.preventDefault();
        const start = Number(brush.getAttribute(along)), size = Number(brush.getAttribute(along === "x" ? "width" : "height"));
        // Up means more, but the drawing counts from the top.
        const down = along === "y", range = ranges.get(brush) ?? {low: start, high: start + size};
        let {low, high} = range;
        const move = (down ? -step : step) * size / 20;
        if (event.shiftKey !== down) high += move; else low += move;
        put_range(brush, low, Math.max(low, high));
        select();
        brush.setAttribute("aria-valuetext", told.textContent);
      });
    }
    clear.addEventListener("click", clear_all);
    all("[data-scripted]").forEach(hint => { hint.hidden = false; });
    select();
  }

  // What scrolls can be reached by the keyboard.
  all(".scroll").forEach((box, number) => {
    const title = box.closest("section")?.querySelector("h2")?.textContent ?? "Table";
    if (box.scrollWidth > box.clientWidth) put(box, {tabindex: 0, role: "region", "aria-label": `${title}, part ${number + 1}, scrolls sideways`});
  });
})();
