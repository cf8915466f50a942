"use strict";
// Adds to a page that is whole without it: sorting by a column, and a filter. It sends and stores nothing.
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const MOST = 200;
  const input = document.querySelector("#filter"), found = document.querySelector("#found");
  const tables = all("table").map(table => {
    const body = table.tBodies[0], section = table.closest("section");
    const rows = [...body.rows].map(row => ({row, text: `${row.textContent} ${row.dataset.also || ""}`.toLowerCase()}));
    return {table, body, section, rows, more: section.querySelector("[data-more]"), whole: false};
  });
  const valueOf = (row, place) => {
    const cell = row.cells[place], text = cell.dataset.sort ?? cell.textContent.trim();
    const number = Number.parseFloat(text.replace("\u2212", "-"));
    if (text === "\u2014" || text === "") return null;
    return place === 0 || cell.dataset.sort || Number.isNaN(number) ? text : number;
  };
  const show = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const item of tables) {
      let here = 0;
      for (const {row, text} of item.rows) {
        const kept = words.every(word => text.includes(word));
        here += kept;
        row.hidden = !kept || (here > MOST && !item.whole);
      }
      item.section.hidden = here === 0 && words.length > 0;
      if (item.more) item.more.hidden = item.whole || here <= MOST;
      count += here;
    }
    found.textContent = words.length ? `${count} found` : "";
  };
  for (const item of tables) {
    const heads = [...item.table.tHead.rows[0].cells];
    heads.forEach((head, place) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") !== "descending", sign = down ? -1 : 1;
        heads.forEach(other => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const keyed = item.rows.map(entry => ({entry, value: valueOf(entry.row, place)}));
        keyed.sort((a, b) => a.value === null || b.value === null ? (a.value === null) - (b.value === null)
          : sign * (typeof a.value === "number" && typeof b.value === "number" ? a.value - b.value
            : String(a.value).localeCompare(String(b.value), undefined, {numeric: true})));
        item.rows = keyed.map(({entry}) => entry);
        item.body.append(...item.rows.map(({row}) => row));
        show();
      });
    });
    item.more?.addEventListener("click", () => { item.whole = true; show(); });
  }
  input.addEventListener("input", show);
  document.querySelector(".filters").hidden = false;
  input.value = "";
  show();
})();
