"""The page in a real browser: nothing overflows at any width, and it is light or dark as the reader's system is."""

from __future__ import annotations

import html
import json
import re
import shutil

import pytest
from browsing import browse, needs_browser
from PIL import Image, ImageStat
from report_samples import DATASET_REPORT, complete_run, degraded_run, failed_run, first_run, hostile_run, write_run
from sweep_samples import complete_sweep

from yololab.files.paths import RunFolder
from yololab.report.comparison_page import write_comparison_page
from yololab.report.page import write_check_page, write_report

WIDTHS = (320, 390, 768, 1280, 1920)
RUNS = (complete_run, degraded_run, failed_run, first_run, hostile_run)


def sweep(folder):
    return complete_sweep(folder).report


def comparison(folder):
    (folder / "alone").mkdir(parents=True)
    shutil.copy(RunFolder(complete_run(folder / "run")).comparison, folder / "alone")
    return write_comparison_page(folder / "alone")


def check(folder):
    run = RunFolder(write_run(folder, dataset_report=DATASET_REPORT))
    name = "a_very_long_name_of_an_image_file_that_somebody_has_given_it.png"
    twins = {"file": str(folder / "val" / name), "other": str(folder / "train" / name)}
    problem = {"check": "leak_same", "severity": "warning", "line": None, "what": "twins", "remedy": "", **twins}
    write_run(folder, dataset_report=DATASET_REPORT | {"dataset": str(folder / "data.yaml"), "problems": [problem] * 4})
    return write_check_page(run.path)


SAMPLES = {run.__name__: lambda folder, run=run: write_report(run(folder)) for run in RUNS}
SAMPLES |= {page.__name__: page for page in (sweep, comparison, check)}
# Measures each framed page: how much too wide it is, and which chart labels leave their chart or touch another one.
MEASURE = """
const out = {};
for (const frame of document.querySelectorAll('iframe')) {
  const page = frame.contentDocument, root = page.documentElement, found = [];
  for (const details of page.querySelectorAll('details')) details.open = true;
  for (const chart of page.querySelectorAll('svg.chart')) {
    const around = chart.getBoundingClientRect();
    const texts = [...chart.querySelectorAll('text:not([transform])')];
    const boxes = texts.map(text => [text.textContent, text.getBoundingClientRect()]);
    for (const [text, box] of boxes)
      if (box.left < around.left - 3 || box.right > around.right + 3 || box.bottom > around.bottom + 3)
        found.push(`outside: ${text}`);
    for (const [text, a] of boxes) for (const [other, b] of boxes)
      if (a !== b && a.left <= b.left && a.right > b.left + 1 && a.bottom > b.top + 3 && b.bottom > a.top + 3)
        found.push(`${text} touches ${other}`);
  }
  for (const card of page.querySelectorAll('.card')) for (const part of card.querySelectorAll('*')) {
    const side = part.getBoundingClientRect();
    if (side.right > card.getBoundingClientRect().right + 1 && !part.closest('.scroll, svg, .hidden'))
      found.push(`outside its card: ${part.outerHTML.slice(0, 80)}`);
  }
  out[frame.id] = {excess: root.scrollWidth - root.clientWidth, found, height: root.scrollHeight};
}
document.querySelector('#out').textContent = JSON.stringify(out);
"""

pytestmark = [pytest.mark.browser, needs_browser]


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The measures of every sample at every width, from one start of the browser."""
    folder = tmp_path_factory.mktemp("pages")
    frames = []
    for name, sample in SAMPLES.items():
        content = html.escape(sample(folder / name).read_text(encoding="utf-8"))
        frames += [
            f'<iframe id="{name}-{width}" style="width:{width}px;height:700px;border:0" srcdoc="{content}"></iframe>'
            for width in WIDTHS
        ]
    page = folder / "frames.html"
    script = f"<script>addEventListener('load', () => {{ {MEASURE} }})</script>"
    page.write_text(f"<!DOCTYPE html><meta charset=utf-8>{script}{''.join(frames)}<pre id=out></pre>", encoding="utf-8")
    dom = browse(page, folder / "profile", "--dump-dom", "--virtual-time-budget=5000").stdout
    written = re.search(r'<pre id="out">(.*?)</pre>', dom, re.DOTALL)
    assert written
    return json.loads(html.unescape(written[1]))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("sample", SAMPLES)
def test_nothing_is_wider_than_the_page(sample, width, measured):
    found = measured[f"{sample}-{width}"]
    assert found["height"] > 700
    assert found["excess"] == 0


@pytest.mark.parametrize("sample", SAMPLES)
def test_labels_have_room_and_nothing_leaves_its_card(sample, measured):
    assert [measured[f"{sample}-{width}"]["found"] for width in WIDTHS] == [[]] * len(WIDTHS)


@pytest.mark.parametrize(("scheme", "darkest", "lightest"), [(1, 200, 255), (0, 0, 60)])
def test_the_page_follows_the_reader_from_light_to_dark(scheme, darkest, lightest, tmp_path):
    page = write_report(complete_run(tmp_path / "run"))
    shot = tmp_path / "shot.png"
    flags = (f"--screenshot={shot}", "--window-size=1180,900", f"--blink-settings=preferredColorScheme={scheme}")
    browse(page, tmp_path / "profile", *flags)
    image = Image.open(shot).convert("L")
    brightness = ImageStat.Stat(image).median[0]
    assert darkest <= brightness <= lightest
    assert image.getextrema()[1] - image.getextrema()[0] > 150
