"""report.html: complete, self-contained, harmless, and there for every kind of run."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import re
import subprocess
import sys
import unicodedata
from html.parser import HTMLParser
from pathlib import Path

import pytest
from report_samples import (
    HOSTILE,
    MANY,
    complete_run,
    degraded_run,
    failed_run,
    first_run,
    hostile_run,
    html_of,
    record_of,
    results_csv,
    write_run,
)

from yololab.errors import InputError
from yololab.files.paths import RunFolder
from yololab.report.comparison_markdown import comparison_markdown
from yololab.report.page import render_page, write_report
from yololab.report.run_files import load_run
from yololab.report.section import TEMPLATES
from yololab.report.sections import SECTIONS

VOID = {"meta", "br", "link", "img", "hr", "input"}
SAMPLES = [complete_run, degraded_run, failed_run, first_run, hostile_run]


class Page(HTMLParser):
    """Reads a page strictly: every element must be closed, in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.titles: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.script = data
        elif self.open and self.open[-1] != "style":
            self.text += data
        if self.open and self.open[-1] == "h2":
            self.titles.append(data)

    def has_text(self, words: str) -> bool:
        return words in " ".join(self.text.split())


def page_of(folder: Path) -> Page:
    return Page(write_report(folder).read_text(encoding="utf-8"))


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_page_is_well_formed_and_needs_nothing_else(sample, tmp_path):
    html = write_report(sample(tmp_path)).read_text(encoding="utf-8")
    page = Page(html)
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"link", "img", "iframe", "object", "embed", "base"}
    (script,) = [attributes for tag, attributes in page.elements if tag == "script"]
    assert script == {}
    assert page.script == (TEMPLATES / "page.js").read_text(encoding="utf-8")
    allowed = base64.b64encode(hashlib.sha256(page.script.encode()).digest()).decode()
    assert f"script-src 'sha256-{allowed}';" in html
    for tag, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on") or name in ("src", "srcset", "xlink:href")]
        inline = {"image": ("data:image/jpeg;base64,",), "a": ("#", "./")}.get(tag, ("#",))
        assert attributes.get("href", "#" if tag != "image" else None).startswith(inline)
    assert not re.search(r"url\(|@import", html)
    assert "default-src 'none'" in html
    assert '<meta name="viewport"' in html


def test_every_section_of_a_complete_run_is_there_in_order(tmp_path):
    page = page_of(complete_run(tmp_path))
    assert page.titles == [section.title for section in SECTIONS if section.title]
    anchors = {attributes["id"] for _, attributes in page.elements if attributes.get("id")}
    links = {attributes["href"][1:] for tag, attributes in page.elements if tag == "a" and attributes["href"][0] == "#"}
    assert links == {anchor for anchor in anchors if not anchor.startswith("picture-")} - {"verdict", "worst"}


def test_the_numbers_of_a_complete_run_are_on_the_page(tmp_path):
    complete_run(tmp_path)
    comparison = json.loads((tmp_path / "comparison.json").read_text())
    page = page_of(tmp_path)
    row = comparison["metrics"][1]
    for words in (
        "Better than the baseline",
        comparison["sentence"],
        f"{row['current']:.4f}",
        f"{row['baseline']:.4f}",
        f"+{row['percent']:.1f}%",
        "rounded to a multiple of the model's stride",
        "4f2c9a7b1d4f",
        "AMD EPYC 7763 64-Core Processor",
        "yololab 'data=data sets/cells/data.yaml' model=yolo26n",
        "yololab rerun",
        "Ship it when the test split agrees.",
        "no image of it",
        "60 epochs in 6 min 02 s",
        "nothing was exported (export=none)",
    ):
        assert page.has_text(words), words


def test_an_absent_class_says_why_it_has_no_numbers(tmp_path):
    page = page_of(complete_run(tmp_path))
    reasons = [attributes.get("title") for tag, attributes in page.elements if tag == "abbr"]
    assert reasons[0].startswith("p-value")
    assert reasons[1:-1] == ["no ground truth"] * 6
    assert "slices" in reasons[-1]
    assert page.has_text("1 class has no ground truth")


def test_a_failed_run_tells_its_error_first(tmp_path):
    page = page_of(failed_run(tmp_path))
    text = " ".join(page.text.split())
    assert text.index("CUDA out of memory") < text.index("Training")
    assert page.has_text("The run failed 4 epochs were finished before it failed.")
    assert page.has_text(
        "nothing to show for: Metrics, Settings against the baseline, Confidence, Classes, Slices, Predictions, "
        "Images that made the difference, Errors, Confusion matrix, Export against its checkpoint, Verification, Notes."
    )
    assert page.has_text("this is what was asked for")
    assert "Training" in page.titles


def test_eighty_classes_are_folded_and_the_matrix_is_a_table(tmp_path):
    html = write_report(degraded_run(tmp_path)).read_text(encoding="utf-8")
    page = Page(html)
    assert page.has_text("All 80 classes")
    assert page.has_text("With 80 classes the matrix itself is not drawn.")
    assert not [1 for _, attributes in page.elements if "cell" in (attributes.get("class") or "").split()]
    assert all(name in page.text for name in MANY)
    assert len(html) < 400_000


def test_without_a_baseline_there_are_no_empty_columns(tmp_path):
    page = page_of(first_run(tmp_path))
    assert page.has_text("A first result, with no baseline next to it")
    assert not page.has_text("Baseline Δ")
    assert not page.has_text("has no statistical support")


def test_hostile_names_are_only_text(tmp_path):
    page = page_of(hostile_run(tmp_path))
    for words in HOSTILE:
        assert words in page.text


def test_epochs_that_were_not_validated_are_gaps(tmp_path):
    page = page_of(hostile_run(tmp_path))
    assert page.has_text("No model selection")
    paths = [attributes["d"] for tag, attributes in page.elements if tag == "path" and attributes.get("transform")]
    assert [path[:4] for path in paths if path.startswith("M12 ")]
    assert "mAP50-95" in page.text


def test_a_plain_folder_of_ultralytics_has_curves(tmp_path):
    padded = "\ufeff" + results_csv(3).replace(",", ",   ").replace("\n", "\r\n")
    page = page_of(write_run(tmp_path, results=padded))
    assert page.titles == ["Training"]
    assert page.has_text("3 epochs")


def test_a_plain_metrics_file_without_version_is_enough(tmp_path):
    page = page_of(write_run(tmp_path, metrics={"mAP50": 0.61, "mAP50-95": 0.41, "precision": 0.5, "recall": 0.4}))
    assert page.has_text("Evaluated")
    assert page.has_text("0.4100")


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("comparison", "{half", "comparison.json: not readable as JSON"),
        ("comparison", {"schema_version": 99}, "comparison.json: 99"),
        ("results", "this is no table\n", "results.csv: no column 'epoch'"),
        ("metrics", "[1, 2]", "evaluation/metrics.json: a JSON list"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_and_the_rest_is_shown(file, content, words, tmp_path):
    page = page_of(write_run(tmp_path, record=record_of(), **{file: content}))
    assert page.has_text(words)
    assert "Provenance" in page.titles


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04junk"])
def test_records_that_cannot_be_read_are_named_and_cost_their_sections_alone(content, tmp_path):
    RunFolder(complete_run(tmp_path)).predictions.write_bytes(content)
    page = page_of(tmp_path)
    assert page.has_text("predictions.npz: not readable as records")
    assert page.titles == [s.title for s in SECTIONS if s.title and s.title not in ("Confidence", "Predictions")]


@pytest.mark.parametrize(("name", "found"), [("missing", "no such folder"), ("empty", "holds no run")])
def test_a_folder_without_a_run_is_refused(name, found, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError) as raised:
        write_report(tmp_path / name)
    assert raised.value.problems[0].found == found
    assert list((tmp_path / "empty").iterdir()) == []


def test_the_page_is_replaced_and_nothing_else_is_touched(tmp_path):
    folder = first_run(tmp_path / "a run — 猫")
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    RunFolder(folder).report.write_text("old", encoding="utf-8")
    assert write_report(folder) == RunFolder(folder.resolve()).report
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert after.pop(RunFolder(folder).report).startswith(b"<!DOCTYPE html>")
    assert after == before


def leaves(tree, path=()):
    """The path of every value in a JSON tree, branches included."""
    yield path
    if isinstance(tree, dict):
        for key, value in tree.items():
            yield from leaves(value, (*path, key))
    elif isinstance(tree, list):
        for index, value in enumerate(tree[:2]):
            yield from leaves(value, (*path, index))


def changed(tree, path, value):
    """A copy of a JSON tree with another value at one place."""
    tree = copy.deepcopy(tree)
    parent = tree
    for key in path[:-1]:
        parent = parent[key]
    parent[path[-1]] = value
    return tree


@pytest.mark.heavy
@pytest.mark.parametrize("file", ["record", "metrics", "comparison", "dataset_report"])
def test_any_value_may_be_null_or_of_another_kind(file, tmp_path):
    complete_run(tmp_path)
    RunFolder(tmp_path).results.write_text(results_csv(2), encoding="utf-8")
    run = load_run(tmp_path)
    content = getattr(run, file)
    places = [path for path in leaves(content) if path and path != ("schema_version",)]
    assert len(places) > 15
    # Eight places at once, far from each other: a page takes its time.
    pages = -(-len(places) // 8)
    for first in range(pages):
        damaged, damage = content, {}
        for index, place in list(enumerate(places))[first::pages]:
            value = damage[place] = (None, "text", None, 7, [], {}, [None], True)[index % 8]
            if not any(place[: len(other)] == other for other in damage if other != place):
                damaged = changed(damaged, place, value)
        assert "</html>" in render_page(type(run)(**{**vars(run), file: damaged})), damage


@pytest.mark.parametrize(
    ("file", "place", "value", "section", "words"),
    [
        ("comparison", ("metrics", 1, "delta"), "much", "Metrics", "comparison.json, $.metrics[1].delta"),
        ("comparison", ("per_class",), {"a": 1}, "Classes", "comparison.json, $.per_class"),
        ("metrics", ("per_class", "RBC", "AP50"), "x", "Classes", "metrics.json, $.per_class"),
        ("record", ("approvals", 0), "yes", "Provenance", "experiment_log.json, $.approvals[0]"),
        ("record", ("provenance",), [1], "Provenance", "experiment_log.json, $.provenance"),
        ("record", ("verification",), [], "Verification", "experiment_log.json, $.verification"),
        ("record", ("notes",), 7, "Notes", "experiment_log.json, $.notes"),
    ],
)
def test_a_damaged_part_costs_its_own_section_which_says_so(file, place, value, section, words, tmp_path):
    run = complete_run(tmp_path)
    path = {"metrics": RunFolder(run).metrics, "record": RunFolder(run).record}.get(file, RunFolder(run).comparison)
    path.write_text(json.dumps(changed(json.loads(path.read_text()), place, value)))
    page = page_of(run)
    assert page.titles == [section.title for section in SECTIONS if section.title]
    assert page.text.count("This cannot be shown") >= 1
    body = page.text.split(f"\n{section}\n")[-1].split("This cannot be shown")[1]
    assert words in body[:200]
    assert page.has_text("Better than the baseline")
    assert page.has_text("AMD EPYC 7763") is (section != "Provenance")


STEERING = "x\x1b]0;owned\x07\x1b[2K\u202egnp.\u2066"


def test_nothing_on_the_page_steers_a_terminal_or_turns_text_around(tmp_path):
    run = complete_run(tmp_path)
    for path in (RunFolder(run).record, RunFolder(run).metrics, RunFolder(run).comparison):
        text = json.dumps(json.loads(path.read_text())).replace("RBC", json.dumps(STEERING)[1:-1])
        content = json.loads(text) | ({"name": STEERING, "model_path": STEERING} if "status" in text else {})
        path.write_text(json.dumps(content))
    html = write_report(run).read_text(encoding="utf-8")
    markdown = comparison_markdown(json.loads(RunFolder(run).comparison.read_text()))
    for text in (html, markdown):
        assert not {letter for letter in text if letter != "\n" and unicodedata.category(letter) in ("Cc", "Cf")}
    assert "\\x1b]0;owned" in html


def test_passwords_and_tokens_of_a_record_are_not_on_the_page(tmp_path):
    record = record_of()
    record["requested_config"] = record["requested_config"] | {
        "search": {"storage": "mysql://me:SECRET@host/db"},
        "logging": {"wandb_api_key": "SECRET", "tokens": 3},
    }
    record["provenance"]["command"] = [
        "yololab",
        "search.storage=postgresql+psycopg2://u:SECRET@h/d",
        "x.password=SECRET",
    ]
    record["error"] = {"kind": "E", "message": "cannot reach mysql://me:SECRET@host/db"}
    html = write_report(write_run(tmp_path, record=record)).read_text(encoding="utf-8")
    assert "SECRET" not in html
    assert "mysql://me:***@host/db" in html


def test_an_image_of_elsewhere_is_not_put_on_the_page(tmp_path):
    run = complete_run(tmp_path / "a/b/run")
    comparison = json.loads(RunFolder(run).comparison.read_text())
    root = Path(comparison["image_changes"]["root"])
    first = comparison["image_changes"]["images"][0]
    (root.parent.parent / "private.jpg").write_bytes((root / first["image"]).read_bytes())
    pictures = write_report(run).read_text().count("data:image/jpeg")
    for key in ("../../private.jpg", str(root.parent.parent / "private.jpg")):
        first["image"] = key
        RunFolder(run).comparison.write_text(json.dumps(comparison))
        assert write_report(run).read_text().count("data:image/jpeg") == pictures - 1


def test_every_template_of_a_section_is_used_once():
    templates = sorted(path.name.removesuffix(".html.j2") for path in (TEMPLATES / "sections").iterdir())
    assert templates == [section.template.removeprefix("sections/") for section in SECTIONS]


@pytest.mark.process
def test_the_report_needs_neither_torch_nor_ultralytics():
    check = (
        "import sys, yololab.report.page, yololab.report.comparison_markdown; "
        "print({'torch', 'ultralytics'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=True, env={"PYTHONPATH": "src"}
    )
    assert done.stdout.strip() == "set()"


def colours(css: str) -> dict[str, tuple[float, float, float]]:
    """The custom properties of a block of the style sheet that are colours, as linear RGB."""

    def linear(channel: str) -> float:
        value = int(channel, 16) / 255
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    found = re.findall(r"--([\w-]+): #(\w\w)(\w\w)(\w\w);", css)
    return {name: (linear(red), linear(green), linear(blue)) for name, red, green, blue in found}


def contrast(first: tuple[float, float, float], second: tuple[float, float, float]) -> float:
    """The contrast ratio of two colours as WCAG 2.2 defines it, 1 to 21."""
    low, high = sorted(0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in (first, second))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("block", [0, 1], ids=["light", "dark"])
def test_text_and_lines_stand_out_from_their_ground(block):
    css = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    palette = colours(css.split(":root {")[block + 1].split("}")[0])
    grounds = {"ink": "card page soft", "muted": "card page", "accent": "card"}
    grounds |= {tone: f"card {tone}-soft" for tone in ("good", "warn", "bad", "neutral")}
    grounds |= {f"{tone}-soft": "ink" for tone in ("good", "warn", "bad", "neutral")}
    for name, places in grounds.items():
        for place in places.split():
            assert contrast(palette[name], palette[place]) >= 4.5, (name, place)
    for line in ("s0", "s1", "s2", "s3", "s4", "s5"):
        assert contrast(palette[line], palette["card"]) >= 3.0, line


def test_a_comparison_with_records_shows_what_it_rests_on(tmp_path):
    page = page_of(complete_run(tmp_path))
    for words in (
        "73 images, 10,000 replicates; 95 % percentile",
        "AP50-95 of RBC is 0.4000",
        "insufficient",
        "right class, box not close enough",
        "32² to 96²",
        "2 errors fewer than the baseline",
        "1 error more than the baseline",
        "(the image file is not there)",
        "1 of 2 found, 1 wrong",
    ):
        assert page.has_text(words), words
    pictures = [attributes["href"] for tag, attributes in page.elements if tag == "use"]
    assert max(pictures.count(name) for name in pictures) == 3  # labels, baseline and current of the one that is there
    html = html_of("Images that made the difference", load_run(tmp_path))
    outlines = re.findall('<polygon class="([^"]*)"', html)
    assert outlines.count("outline missed") == 2
    assert outlines.count("outline false") == 2
