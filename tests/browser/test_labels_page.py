"""The page of suspected labels in a real browser: nothing too wide, light and dark, filtered, and quiet."""

from __future__ import annotations

import html
import json
import re

import pytest
from browsing import answers, browse, needs_browser
from PIL import Image, ImageStat

from yololab.report.review.page import Review, render_review
from yololab.report.review.suspicion import Suspicion, why
from yololab.statistics.diagnosis.labels.suspects import Kind

WIDTHS = (320, 390, 768, 1280, 1920)
NUMBERS = {"confidence": 0.91, "right": 0.97, "own": 0.02, "overlap": 0.42, "usual": 0.86}
MEASURE = """
const out = {};
for (const frame of document.querySelectorAll('iframe')) {
  const page = frame.contentDocument, root = page.documentElement, found = [];
  for (const card of page.querySelectorAll('.card')) for (const part of card.querySelectorAll('*'))
    if (part.getBoundingClientRect().right > card.getBoundingClientRect().right + 1 && !part.closest('svg, .hidden'))
      found.push(part.outerHTML.slice(0, 80));
  out[frame.id] = [root.scrollWidth - root.clientWidth, found];
}
document.querySelector('#out').textContent = JSON.stringify(out);
"""

pytestmark = [pytest.mark.browser, needs_browser]


@pytest.fixture
def page(tmp_path):
    names = ["images/a.png", f"images/{'long' * 40}.png", "images/<script>alert(1)<b>.png", "images/gone.png"]
    (tmp_path / "images").mkdir()
    for name in names[:3]:
        Image.effect_noise((640, 480), 60).convert("RGB").save(tmp_path / name)
    listed = []
    for rank in range(1, 61):
        kind = [*Kind][rank % 3]
        given = None if kind is Kind.MISSING else "Platelets"
        said = "Platelets" if kind is Kind.MISPLACED else "RBC<>"
        box = None if given is None else (10.0 + rank, 20.0, 60.0 + rank, 90.0)
        turned = (600.0, 400.0, 60.0, 20.0, 0.4) if rank % 7 == 0 else (12.0 + rank, 24.0, 66.0 + rank, 92.0)
        told = why(kind, given, said, NUMBERS)
        place = (names[rank % 4], (640, 480), tmp_path / "a.txt", rank)
        listed.append(Suspicion(rank, *place, kind, 0.9 - rank / 100, given, said, box, turned, None, 0.91, told))
    review = Review("a_run_with_a_long_name" * 3, "val", 4, 200, listed, 80, ["a remark"], True, tmp_path, "list.csv")
    (tmp_path / "report.html").write_text(render_review(review), encoding="utf-8")
    return tmp_path / "report.html"


def test_nothing_is_wider_than_the_page(page, tmp_path):
    content = html.escape(page.read_text(encoding="utf-8"))
    frames = [f'<iframe id="{width}" style="width:{width}px" srcdoc="{content}"></iframe>' for width in WIDTHS]
    around = tmp_path / "frames.html"
    script = f"<script>addEventListener('load', () => {{ {MEASURE} }})</script>"
    around.write_text(
        f"<!DOCTYPE html><meta charset=utf-8>{script}{''.join(frames)}<pre id=out></pre>", encoding="utf-8"
    )
    dom = browse(around, tmp_path / "profile", "--dump-dom", "--virtual-time-budget=5000").stdout
    written = re.search(r'<pre id="out">(.*?)</pre>', dom, re.DOTALL)
    assert written
    assert json.loads(html.unescape(written[1])) == {str(width): [0, []] for width in WIDTHS}


def test_filters_choose_suspects_and_the_page_is_quiet(page, tmp_path):
    script = """
    const shown = () => all("#suspected > figure").filter(figure => !figure.hidden).length;
    const choose = (name, value) => {
      const one = all(`[data-filter=${name}]`)[0];
      one.value = value;
      fire(one, "change");
    };
    out.first = shown();
    choose("kinds", "missing"); out.missing = shown(); out.told = all("[role=status]")[0].textContent;
    choose("kinds", ""); all("[data-more]")[0].click(); out.every = shown();
    out.classes = all("[data-filter=classes] option").map(option => option.textContent);
    """
    found = answers(page, script, tmp_path)
    assert found["first"] == 24
    assert found["missing"] == 20
    assert found["told"] == "20 of 60 suspects"
    assert found["every"] == 60
    assert found["classes"] == ["all", "Platelets", "RBC<>"]
    said = browse(page, tmp_path / "quiet", "--enable-logging=stderr", "--v=0", "--dump-dom").stderr
    assert "CONSOLE" not in said


@pytest.mark.parametrize(("scheme", "darkest", "lightest"), [(1, 200, 255), (0, 0, 60)])
def test_light_and_dark(scheme, darkest, lightest, page, tmp_path):
    shot = tmp_path / "shot.png"
    flags = (f"--screenshot={shot}", "--window-size=1180,900", f"--blink-settings=preferredColorScheme={scheme}")
    browse(page, tmp_path / "profile", *flags)
    assert darkest <= ImageStat.Stat(Image.open(shot).convert("L")).median[0] <= lightest
