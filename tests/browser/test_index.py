"""The page over all runs in a real browser: it is sorted and filtered, and nothing of it is too wide."""

from __future__ import annotations

import pytest
from browsing import answers, needs_browser
from project_samples import write_run

from yololab.files.paths import OutputTree
from yololab.sweep.leaderboard.page import write_page
from yololab.sweep.leaderboard.query import Query
from yololab.sweep.leaderboard.rows import read_board

pytestmark = [pytest.mark.browser, needs_browser]


@pytest.fixture
def page(tmp_path):
    for number in range(250):
        settings = {"lr0": (number + 1) / 1000, "seed": number}
        write_run(tmp_path, f"run_{number:03d}", settings, value=(number * 37 % 250) / 250, tags=["odd"] * (number % 2))
    write_run(tmp_path, "名前🚀" * 20 + "x" * 40, value=None, status="failed", notes=[{"text": "y" * 400}])
    write_run(tmp_path, "other", dataset={"name": "bccd"})
    tree = OutputTree(tmp_path)
    return write_page(tree, read_board(tree, None), Query())


def test_sorted_filtered_and_no_wider_than_the_window(page, tmp_path):
    script = """
    const visible = () => all("tbody tr").filter(row => !row.hidden && !row.closest("section").hidden);
    const names = rows => rows.slice(0, 2).map(row => row.cells[0].textContent);
    const table = all("table").find(item => item.rows.length > 200), column = name =>
      [...table.tHead.rows[0].cells].find(cell => cell.textContent === name).querySelector("button");
    const rows = () => [...table.tBodies[0].rows].filter(row => !row.hidden);
    out.first = rows().length;
    all("[data-more]")[0].click();
    out.whole = rows().length;
    column("lr0").click(); out.down = names(rows());
    column("lr0").click(); out.up = names(rows());
    out.last = [...table.tBodies[0].rows].at(-1).cells[0].textContent.slice(0, 2);
    column("run").click(); column("run").click(); out.named = names(rows().filter(row => /^run/.test(row.textContent)));
    const input = page.querySelector("#filter");
    const type = text => { input.value = text; fire(input, "input"); };
    type("ODD run_00"); out.odd = visible().map(row => row.cells[0].textContent);
    out.sections = all("section").filter(section => !section.hidden).length;
    out.found = page.querySelector("#found").textContent;
    type("nothing at all"); out.none = visible().length;
    type(""); out.again = visible().length;
    out.widths = {};
    for (const width of [390, 768, 1280, 1920]) {
      frame.style.width = `${width}px`;
      out.widths[width] = page.documentElement.scrollWidth - page.documentElement.clientWidth;
    }
    """
    out = answers(page, script, tmp_path)
    assert (out["first"], out["whole"]) == (200, 251)
    assert (out["down"], out["up"]) == (["run_249", "run_248"], ["run_000", "run_001"])
    assert out["named"] == ["run_000", "run_001"]
    assert sorted(out["odd"]) == ["run_001", "run_003", "run_005", "run_007", "run_009"]
    assert (out["sections"], out["found"], out["none"], out["again"]) == (1, "5 found", 0, 252)
    assert set(out["widths"].values()) == {0}
