"""What the page's script adds, in a real browser: values under the pointer, filters; and that it is quiet."""

from __future__ import annotations

import re

import pytest
from browsing import answers, browse, needs_browser
from report_samples import complete_run, hostile_run
from sweep_samples import complete_sweep

from yololab.report.page import write_report

pytestmark = [pytest.mark.browser, needs_browser]


def test_the_pointer_and_the_arrow_keys_tell_values(tmp_path):
    script = """
    const chart = all("#curves svg[data-across]")[0];
    chart.scrollIntoView();
    const path = chart.querySelector("g.series path"), matrix = path.getScreenCTM();
    const at = new DOMPoint(10, 0.2).matrixTransform(matrix);
    point(chart, "pointermove", at.x, at.y);
    out.tip = chart.parentElement.querySelector(".tip").innerText;
    out.data = path.getAttribute("d");
    point(chart, "pointerleave", 0, 0);
    out.gone = all(".tip").length;
    chart.focus(); key(chart, "ArrowRight"); key(chart, "ArrowRight");
    out.keyed = chart.parentElement.querySelector(".tip").innerText;
    key(chart, "Escape");
    out.escaped = all(".tip").length;
    const curve = all("#confidence svg[data-across]")[1];
    curve.scrollIntoView();
    const middle = curve.getBoundingClientRect();
    point(curve, "pointermove", middle.left + middle.width / 2, middle.top + middle.height / 2);
    out.curve = curve.parentElement.querySelector(".tip").innerText;
    out.near = all(".near", curve).length;
    """
    out = answers(write_report(complete_run(tmp_path / "run")), script, tmp_path)
    tenth = re.search(r"L10 ([\d.]+)", out["data"])[1]
    assert out["tip"].startswith("epoch 10")
    assert re.search(rf"\b{float(tenth):g}\b", out["tip"])
    assert out["gone"] == 0
    assert out["keyed"].startswith("epoch 12")  # from where the pointer was
    assert out["escaped"] == 0
    assert re.match(r"confidence 0\.[45]\d*", out["curve"])
    assert "all classes" in out["curve"]
    assert out["near"] == 1


def test_the_filters_leave_what_was_asked_for(tmp_path):
    script = """
    const bar = all("[data-filters]")[0], panels = all("#worst > figure"), choose = (name, value) => {
      const select = bar.querySelector(`[data-filter=${name}]`);
      select.value = value; fire(select, "change");
      return panels.filter(panel => !panel.hidden);
    };
    out.bar = !bar.hidden;
    out.first = panels.filter(panel => !panel.hidden).length;
    all("[data-more]")[0].click();
    out.all = panels.filter(panel => !panel.hidden).length;
    out.panels = panels.length;
    out.kinds = choose("kinds", "missed").map(panel => panel.dataset.kinds);
    out.both = choose("classes", "0").map(panel => [panel.dataset.kinds, panel.dataset.classes]);
    out.told = bar.querySelector("[role=status]").textContent;
    """
    out = answers(write_report(complete_run(tmp_path / "run")), script, tmp_path)
    assert out["bar"]
    assert out["first"] == 6
    assert out["all"] == out["panels"] > 6
    assert 0 < len(out["kinds"]) < out["panels"]
    assert all("missed" in kinds.split() for kinds in out["kinds"])
    assert out["both"]
    assert all("missed" in kinds.split() and "0" in classes.split() for kinds, classes in out["both"])
    assert out["told"] == f"{len(out['both'])} of {out['panels']} images"


def test_a_range_along_an_axis_selects_trials_in_charts_and_table(tmp_path):
    script = """
    const history = all("[data-brush=x]")[0], axes = all("[data-brush=y]");
    const seen = row => !row.closest("details") && frame.contentWindow.getComputedStyle(row).display !== "none";
    const shown = () => all("#ranking tr[data-trial]").filter(seen).map(row => Number(row.dataset.trial));
    const drag = (area, from, to) => {
      area.scrollIntoView();
      const box = area.getBoundingClientRect(), along = area.dataset.brush;
      const at = share => [box.left + box.width * (along === "x" ? share : 0.5),
        box.top + box.height * (along === "y" ? share : 0.5)];
      point(area, "pointerdown", ...at(from));
      for (const type of ["pointermove", "pointerup"]) point(area, type, ...at(to));
    };
    out.before = shown().length;
    drag(history, 0.3, 0.99);
    out.history = shown();
    out.told = all(".selection span")[0].textContent;
    drag(axes[axes.length - 1], 0, 0.5);
    out.both = shown();
    out.lines = all("g.series[data-trial]:not(.dim)").length;
    all(".selection button")[0].click();
    out.after = shown().length;
    out.bar = all(".selection")[0].hidden;
    const score = axes[axes.length - 1];
    score.focus();
    for (let step = 0; step < 12; step++) key(score, "ArrowUp");
    out.keyed = shown();
    key(score, "Escape");
    out.escaped = shown().length;
    """
    out = answers(complete_sweep(tmp_path / "sweep").report, script, tmp_path)
    assert out["before"] == out["after"] == out["escaped"] == 14
    assert sorted(out["history"]) == list(range(min(out["history"]), 14))
    assert out["told"] == f"{len(out['history'])} trials selected"
    assert set(out["both"]) < set(out["history"])
    assert 11 in out["both"]
    assert out["lines"] == len(out["both"])
    assert out["bar"]
    assert 0 < len(out["keyed"]) < 12
    assert 11 in out["keyed"]
    assert 0 not in out["keyed"]


@pytest.mark.parametrize("sample", [complete_run, hostile_run])
def test_nothing_is_said_to_the_console_and_nothing_asked_of_the_network(sample, tmp_path):
    page = write_report(sample(tmp_path / "run"))
    flags = ("--enable-logging=stderr", f"--screenshot={tmp_path / 'a.png'}")
    told = browse(page, tmp_path / "profile", *flags).stderr
    assert [line for line in told.splitlines() if "CONSOLE" in line] == []
    script = "out.asked = frame.contentWindow.performance.getEntriesByType('resource').map(entry => entry.name);"
    asked = answers(page, script, tmp_path)["asked"]
    assert [address for address in asked if not address.startswith("data:")] == []
