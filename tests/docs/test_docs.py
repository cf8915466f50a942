"""The pages name only what there is: every file, function, test and symbol of Ultralytics in them, and every link."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from pathlib import Path

import pytest

from yololab.config.renamed import RENAMED
from yololab.ultralytics_adapter.isolation.installed import package_folder

ROOT = Path(__file__).parents[2]
PAGES = sorted([*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
MODULE = re.compile(r"(?P<file>[\w./-]+\.py)(?:::?(?P<name>[\w.]+))?")


def text_of(page: Path) -> str:
    """A page without its code blocks: they are examples."""
    return re.sub(r"^ *```.*?^ *```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def code_spans(page: Path) -> list[str]:
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", text_of(page))]


@cache
def names_in(file: Path) -> frozenset[str]:
    """What a module defines: functions, classes, their methods, constants; a test may stand in a class."""
    found: set[str] = set()

    def collect(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                found.update({prefix + node.name, node.name})
                if isinstance(node, ast.ClassDef):
                    collect(node.body, f"{prefix}{node.name}.")
            elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                found.update(prefix + target.id for target in targets if isinstance(target, ast.Name))

    collect(ast.parse(file.read_text(encoding="utf-8")).body, "")
    return frozenset(found)


def find(name: str) -> Path | None:
    """A file as the pages name it: from the top of the repository, or from the top of the package."""
    return next(
        (folder / name for folder in (ROOT, ROOT / "src", ROOT / "src/yololab") if (folder / name).is_file()), None
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_module_function_and_test_exists(page):
    wrong = []
    for span in code_spans(page):
        for match in MODULE.finditer(span):
            file = find(match["file"])
            # `my_guard.py` alone is somebody's own file
            if file is None and "/" in match["file"]:
                wrong.append(f"{span}: no such file")
            elif file is not None and match["name"] and match["name"] not in names_in(file):
                wrong.append(f"{span}: no such name in it")
    assert wrong == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_it_names_of_ultralytics_is_there(page):
    """`ultralytics.engine.trainer.BaseTrainer.final_eval`: looked up in the sources, nothing is imported."""
    wrong = []
    for span in code_spans(page):
        if not re.fullmatch(r"ultralytics(\.\w+)+", span):
            continue
        parts = span.split(".")[1:]
        for length in range(len(parts), 0, -1):
            file = package_folder().joinpath(*parts[:length])
            file = file / "__init__.py" if file.is_dir() else file.with_suffix(".py")
            if file.is_file():
                rest = ".".join(parts[length:])
                if rest and rest not in names_in(file):
                    wrong.append(span)
                break
        else:
            wrong.append(span)
    assert wrong == []


def anchors_of(page: Path) -> set[str]:
    """The anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ +(.+?)\s*$", text_of(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    wrong = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors_of(file)):
            wrong.append(target)
    assert wrong == []


def test_every_page_is_listed():
    """Whoever opens docs/ finds every page from its README."""
    listed = {
        ((ROOT / "docs") / link.partition("#")[0]).resolve()
        for link in re.findall(r"\]\(([^)\s]+)\)", (ROOT / "docs/README.md").read_text(encoding="utf-8"))
    }
    assert {page for page in PAGES if page.is_relative_to(ROOT / "docs") and page.name != "README.md"} <= listed


def test_the_versions_of_files_are_those_of_the_code():
    rows = re.findall(
        r"^\| `[^`]+` \|[^|]*\| (\d+) \| `([\w/]+\.py):(\w+)` \|$", text_of(ROOT / "docs/schemas.md"), re.MULTILINE
    )
    assert len(rows) > 10
    for version, module, name in rows:
        file = find(module)
        assert file, module
        values = {
            target.id: node.value.value
            for node in ast.parse(file.read_text(encoding="utf-8")).body
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        assert values.get(name) == int(version), (module, name)


def test_the_calibration_is_the_measured_one():
    page = " ".join(text_of(ROOT / "docs/decisions/statistics.md").split())
    found, referee, cost = (
        json.loads((ROOT / f"tests/benchmarks/{name}.json").read_text(encoding="utf-8"))
        for name in ("calibration", "referee", "exact_ap")
    )
    for name, rates in found["settings"].items():
        keys = ("bare_rule_degraded", "verdict_degraded", "verdict_improved", "interval_excludes_truth")
        cells = [f"{rates[key]['rate']:.1%}" for key in (*keys, "permutation_below_0.05")]
        assert f"| {name} | {' | '.join(cells)} |" in page
        keys = ("bare_rule_degraded", "unrepeated_excludes_truth", "bca_excludes_truth", "verdict_degraded_or_improved")
        cells = [f"{rates[key]['rate']:.1%}" for key in keys]
        hotcoco = found["hotcoco"].get(name)
        cells.insert(2, f"{hotcoco['interval_excludes_truth']['rate']:.1%}" if hotcoco else "—")
        assert f"| {name} | {' | '.join(cells)} |" in page
    for name, rates in found["cases"].items():
        assert f"| {name} | {rates['rate']:.1%} |" in page
    for key, what in (("promoted", "promoted"), ("any", "called better or worse")):
        row = f"20 equal models in a row, `baseline.looks=20`: any is {what}"
        assert f"| {row} | {referee['series of 20, looks=20'][key]['rate']:.1%} | ≤ 5% |" in page
    for name, rates in found["choices"].items():
        assert (
            f"| {name}, equally good: IMPROVED by the test alone | {rates['improved_by_the_test_alone']['rate']:.1%}"
            in page
        )
        assert f"IMPROVED, less what the choice explains | {rates['improved']['rate']:.1%} | ≤ 3% |" in page
        assert f"{name} gives {rates['mean_difference']:.4f}, of which {rates['mean_estimate']:.4f} is said" in page
    for name, luck in found.get("optimism", {}).items():
        assert f"{name}, {luck['estimated_of_true']:.2f}" in page
    errors = [rates["standard_error_of_truth"] for rates in found["hotcoco"].values()]
    assert f"hotcoco's standard error is {min(errors):.2f} to {max(errors):.2f} of the true one" in page
    at_coco = cost["hotcoco"]["the size of COCO"]
    theirs, ours = at_coco["cpu_seconds_a_thousand_of_hotcoco"], at_coco["cpu_seconds_a_thousand"]
    assert f"cost it {theirs:.0f} CPU seconds, and {ours:.1f} here: {at_coco['times_less']} times less" in page
    small = cost["hotcoco"]["200 images, 5 classes"]["times_less"]
    assert f"times less, and on 200 images of 5 classes {small} times" in page
    assert at_coco["times_less"] >= 50


def test_what_slices_claim_of_equal_models_is_the_measured_one():
    page = " ".join(text_of(ROOT / "docs/guides/slices.md").split())
    found = json.loads((ROOT / "tests/benchmarks/slice_calibration.json").read_text(encoding="utf-8"))
    for name, rates in found["equal"].items():
        cells = [f"{rates['simulations']:,}", f"{rates['slices']:.0f}"]
        cells += [f"{rates[key]['rate']:.1%}" for key in ("any_claim", "interval_misses")]
        assert f"| {name} | {' | '.join(cells)} |" in page
        for key, most in found["limits"].items():
            assert rates[key]["rate"] <= most + 2 * rates[key]["standard_error"], name
    (worse,) = found["worse"].values()
    assert f"is named there in {worse['dark named']['rate']:.0%}" in page
    assert f"in another third of the brightness in {worse['another third named']['rate']:.1%}" in page


def test_the_simulated_nights_are_those_that_were_measured():
    page = text_of(ROOT / "docs/guides/referee.md")
    found = json.loads((ROOT / "tests/benchmarks/referee.json").read_text(encoding="utf-8"))
    rows = {
        "| one run (a claim on checkpoints) | one run |": "gains",
        "| eight seeds (a claim on recipes) | one run |": "gains, seeds",
        "| eight seeds | and three further seeds of it |": "gains, seeds, three further",
        "| sixteen seeds | and three further seeds of it |": "gains, sixteen seeds, three further",
    }
    for row, case in rows.items():
        assert f"{row} {found[case]['at_least_three_true_kept']['rate']:.0%} |" in page, case
        assert found[case]["keeps_anything_false"]["rate"] == 0
        assert found[case]["median_standard_error"] < 0.007
    assert f"without any better one, {found['null']['keeps_anything_false']['rate']:.0%} kept something." in page


def test_the_real_night_is_the_one_that_was_measured():
    page = " ".join(text_of(ROOT / "docs/guides/referee.md").split())
    night = json.loads((ROOT / "tests/benchmarks/real_night.json").read_text(encoding="utf-8"))
    noise = night["noise"]
    assert f"(SD beyond that {noise['seed_sd']:.3f})" in page
    assert f"an error of {noise['image_error']:.3f}, and a gain of {night['detectable_gain']:.3f} is kept" in page
    for row in night["judged"]:
        gain, low, high = (f"{row[key]:+.3f}".replace("-", "−") for key in ("gain", "ci_low", "ci_high"))
        judged = "kept" if row["kept"] else "discarded"
        assert f"| `{row['change']}` | {row['value']:.3f} | {gain} | {low} … {high} | {judged} |" in page
    kept = len(night["kept"])
    assert f"{kept} {'was' if kept == 1 else 'were'} kept;" in page
    assert f"would have kept {night['greedy']}." in page


def test_the_stages_are_those_of_the_job():
    (quoted,) = re.findall(
        r"```python\n(STAGES = .*?)```", (ROOT / "docs/architecture.md").read_text(), flags=re.DOTALL
    )
    assert quoted in (ROOT / "src/yololab/job/run.py").read_text(encoding="utf-8")


def test_the_map_has_the_rooms_in_their_order():
    page = text_of(ROOT / "docs/architecture.md")
    rows = re.findall(r"^\| ((?:`\w+`(?: · )?)+) \|", page.split("## The map")[1].split("## ")[0], flags=re.MULTILINE)
    shown = [room for row in rows for room in re.findall(r"`(\w+)`", row)]
    package = {
        path.stem
        for path in (ROOT / "src/yololab").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert set(shown) == {room for room in package if not room.startswith("__")}


def test_renamed_settings_are_those_of_the_code():
    section = text_of(ROOT / "docs/schemas.md").split("## Renamed settings")[1]
    assert dict(re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|", section, flags=re.MULTILINE)) == RENAMED
