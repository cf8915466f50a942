"""The README says what is true: its commands are understood, its files and options exist, its Python runs."""

from __future__ import annotations

import ast
import json
import re
import shlex
from pathlib import Path

import pytest

from yololab.cli.table import COMMANDS, SYNTAX
from yololab.config.arguments.translate import translate
from yololab.config.folders import group_options
from yololab.config.hydra.compose import compose_experiment
from yololab.statistics.inference.verdict import Verdict
from yololab.tasks import TASKS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDES = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "docs/guides").glob("*.md")}
PAGES = [
    ROOT / "README.md",
    *(path for path in sorted((ROOT / "docs").rglob("*.md")) if path.parent.name != "reference"),
]
VERDICT = re.compile(rf"\b({'|'.join(Verdict)})\b")


def blocks(language: str, page: str = README) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, flags=re.DOTALL)


LINES = sorted(
    {
        line.split("  #")[0].strip()
        for page in PAGES
        for block in blocks("(?:sh|yaml)", page.read_text(encoding="utf-8"))
        for line in block.replace("- run: ", "").splitlines()
        if re.match(r" *(\.venv/bin/)?yololab\b", line)
    }
)


@pytest.mark.parametrize("line", LINES)
def test_every_command_is_understood(line, tmp_path, monkeypatch):
    """It is read as it stands, and what composes a config composes one without a problem."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "experiment.yaml").write_text("epochs: 3\n")
    (tmp_path / "runs/detect/tune").mkdir(parents=True)
    (tmp_path / "runs/detect/tune/best_hyperparameters.yaml").write_text("lr0: 0.03\n")
    (tmp_path / "conf/hparams").mkdir(parents=True)
    (tmp_path / "conf/hparams/ours.yaml").write_text("# @package _global_\ndefaults: [default, _self_]\nlr0: 0.002\n")
    _, *words = shlex.split(line)
    translation = translate(words, SYNTAX, group_options(tmp_path), tmp_path)
    assert not translation.problems
    assert translation.command in COMMANDS
    if not COMMANDS[translation.command].arguments and not translation.multirun:
        compose_experiment(translation.overrides)


def test_every_command_is_shown():
    assert len(LINES) > 60
    shown = " ".join(LINES)
    for name in COMMANDS:
        assert f"yololab {name}" in shown or name == "train", name


def test_make_targets_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make ([\w-]+)", "\n".join(blocks("sh")), flags=re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


def test_the_first_screen_is_one_and_ends_in_a_verdict():
    first = README.split("\n## ")[0].splitlines()
    assert len(first) <= 40
    transcript = blocks("text", "\n".join(first))[0].splitlines()
    assert len(transcript) <= 12
    printed = (ROOT / "docs/pictures/longer.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in transcript if line not in printed] == []
    assert VERDICT.search(transcript[-1])


def test_what_the_pages_show_of_a_terminal_was_printed():
    """The transcripts come from `docs/site/pictures.py`; a line `…` stands for lines that were left out."""
    gallery = (ROOT / "docs/gallery.md").read_text(encoding="utf-8")
    printed = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs/pictures").glob("*.txt")).splitlines()
    shown = [line for block in blocks("text", gallery) for line in block.splitlines()]
    assert len(shown) > 10
    assert [line for line in shown if line not in printed and line != "…"] == []


def test_pictures_are_small():
    pictures = [path for path in (ROOT / "docs/pictures").iterdir() if path.suffix in (".webp", ".png")]
    assert pictures
    assert [path.name for path in pictures if path.stat().st_size > 200_000] == []


def test_the_verdicts_stand_in_their_order():
    shown = re.findall(r"^\| `([A-Z_]+)` \|", GUIDES["beat-the-baseline"], flags=re.MULTILINE)
    assert shown == ["IMPROVED", "EQUIVALENT", "NOT_WORSE", "DEGRADED", "INCONCLUSIVE"]
    spanish = (ROOT / "docs/es/index.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([A-Z_]+)` \|", spanish, flags=re.MULTILINE) == shown
    assert {*shown, "NO_BASELINE"} == set(Verdict)


def test_the_python_example_uses_what_there_is():
    import yololab
    from yololab.results import Experiment

    (example,) = [block for block in blocks("python", GUIDES["python"]) if "run_experiment" in block]
    tree = ast.parse(example)
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert imported <= set(yololab.__all__)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("run", "again"):
            assert hasattr(Experiment, node.attr) or node.attr in Experiment.__dataclass_fields__, node.attr


def test_every_demo_tells_its_command_and_its_measured_score():
    """Those for work: tests/docs/test_recipes.py."""
    measured = json.loads((ROOT / "tests/benchmarks/recipes.json").read_text(encoding="utf-8"))
    recipes = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "conf/experiment").glob("demo*.yaml")}
    assert set(measured) >= set(recipes)
    for name, text in recipes.items():
        assert f"# yololab experiment={name}\n" in text
        found = measured[name]
        spread = f" ± {found['sd']:.3f}" if found["sd"] is not None else ""
        assert f"{found['metric']} {found['mean']:.3f}{spread} ({len(found['runs'])} seed" in text, name
        assert f"# About {found['seconds']} s on" in text, name


def test_the_table_of_tasks_is_the_one_of_the_package():
    rows = dict(re.findall(r"^\| (\w+) \| `yolo26n[^|]*\|[^|]*\| `([^`]+)` \|", GUIDES["tasks"], flags=re.MULTILINE))
    assert rows == {name: task.primary_metric for name, task in TASKS.items()}
    for recipe in (ROOT / "conf/experiment").glob("demo*.yaml"):
        assert f"`{recipe.stem}`" in GUIDES["tasks"] or f"`experiment={recipe.stem}`" in GUIDES["tasks"]


def test_figures_come_from_their_results():
    """Each figure of the comparison's page is the one in the results file that it names."""
    page = GUIDES["beat-the-baseline"]
    results = {
        name: json.loads((ROOT / f"tests/benchmarks/{name}.json").read_text()) for name in ("calibration", "exact_ap")
    }
    for name, rates in results["calibration"]["settings"].items():
        keys = ("bare_rule_degraded", "verdict_degraded", "verdict_improved", "interval_excludes_truth")
        cells = [f"{rates[key]['rate']:.1%}" for key in (*keys, "permutation_below_0.05")]
        assert f"| {name} | {' | '.join(cells)} |" in page
    for name, rates in results["calibration"]["power"].items():
        difference = name.split()[-1].replace("-", "−")
        assert f"{difference} in {rates['verdict_degraded']['rate']:.0%}" in page
    cost = results["exact_ap"]["coco"]
    assert f"takes {cost['seconds']} s on two cores" in page
    assert f"{cost['plain_seconds_extrapolated']:,} s" in page
    rates = results["calibration"]["settings"]["200 images, 5 classes"]
    bare, ours = (rates[key]["rate"] * 100 for key in ("bare_rule_degraded", "verdict_degraded"))
    text = " ".join(README.split())
    assert f"raises a false alarm in {bare:.1f} % of cases, and this verdict in {ours:.1f} %" in text
    keys = ("unrepeated_excludes_truth", "bca_excludes_truth", "verdict_degraded_or_improved")
    rates["hotcoco"] = results["calibration"]["hotcoco"]["200 images, 5 classes"]["interval_excludes_truth"]
    others, bca, ours, hotcoco = (f"{rates[key]['rate']:.1%}".replace("%", " %") for key in (*keys, "hotcoco"))
    assert f"a bootstrap without repeated images {others}, hotcoco's `compare` {hotcoco}" in text
    assert f"BCa intervals {bca}, this verdict {ours}" in text


def test_how_much_sooner_a_whole_job_is_done_comes_from_its_result():
    times = json.loads((ROOT / "tests/benchmarks/whole_job.json").read_text())["times_faster"]
    text = " ".join(README.split())
    assert f"{times['fp32, none']:.1f} times sooner, {times['fp32, onnx']:.1f} with the ONNX export" in text
    if "bf16, none" in times:
        assert f"in bf16 {times['bf16, none']:.1f} and {times['bf16, onnx']:.1f}" in text


def test_what_a_search_costs_comes_from_its_result():
    found = json.loads((ROOT / "tests/benchmarks/search_cost.json").read_text())
    text = " ".join(GUIDES["sweep"].split())
    tune, grid = found["against"]["tune"], found["against"]["grid"]
    assert f"Ultralytics' `tune()`, {tune['target_mAP50-95']:.3f}, after {tune['ratio']:.2f} of its CPU seconds" in text
    assert f"its own best, {grid['target_mAP50-95']:.3f}, after {grid['ratio']:.2f} of what a grid took" in text
    assert f"in all it took {tune['ratio_of_the_whole']:.2f} and {grid['ratio_of_the_whole']:.2f} of theirs" in text
    assert f"The grid's best was {found['best']['grid']:.3f} in the end" in text
    assert f"A trial costs {found['overhead']['ratio']:.2f} of a bare" in text
    assert f"{found['trials']} trials each" in text


def test_what_looking_at_seeds_saves_comes_from_its_result():
    found = json.loads((ROOT / "tests/benchmarks/sequential_seeds.json").read_text())
    kinds = [kind for kind in found.values() if isinstance(kind, list)]
    rows = [row for kind in kinds for row in kind]
    at = {size: [row for row in rows if row["difference_in_errors"] == size] for size in (0.0, 3.0, 6.0)}
    wrong = max(row["called_best"] for row in at[0.0])
    assert wrong <= 0.05 + 2 * max(row["error"] for row in at[0.0])
    text = " ".join(GUIDES["sweep"].split())
    assert f"are told apart in {wrong:.1%} at most" in text
    means = [sum(row["trainings_saved"] for row in kind) / len(kind) for kind in kinds]
    without = [sum(row["without_futility"]["trainings_saved"] for row in kind) / len(kind) for kind in kinds]
    assert min(means) >= 0.3
    assert f"saves {min(means):.0%} to {max(means):.0%} of the trainings on average over differences" in text
    assert f"({min(without):.0%} to {max(without):.0%} without the second kind of end)" in text
    saved = [min(row["trainings_saved"] for row in at[size]) for size in (0.0, 3.0, 6.0)]
    assert f"{saved[0]:.0%} or more of two equal recipes, {saved[1]:.0%} of three errors, {saved[2]:.0%} of six" in text
    lost = max(row["without_futility"]["called_best"] - row["called_best"] for row in rows)
    assert f"finds at most {100 * lost:.1f} points fewer" in text
    assert f"one of six in {min(row['called_best'] for row in at[6.0]):.1%} or more" in text


def test_the_calibration_meets_its_limits():
    results = json.loads((ROOT / "tests/benchmarks/calibration.json").read_text())
    for rates in results["settings"].values():
        assert rates["simulations"] >= 1000
        assert rates["interval_excludes_truth"]["rate"] <= 0.08
        assert rates["permutation_below_0.05"]["rate"] <= 0.07
        assert rates["verdict_degraded_or_improved"]["rate"] <= 0.05
    for name, rates in results.get("cases", {}).items():
        noise = 2 * rates["standard_error"]
        assert rates["least"] - noise <= rates["rate"] <= rates["most"] + noise, name
    for name, found in results["choices"].items():
        assert found["improved"]["rate"] <= 0.03 + 2 * found["improved"]["standard_error"], name
    for name, found in results.get("optimism", {}).items():
        assert abs(found["estimated_of_true"] - 1) <= 0.1 + 2 * found["standard_error"], name
    series = json.loads((ROOT / "tests/benchmarks/referee.json").read_text())["series of 20, looks=20"]
    assert series["promoted"]["rate"] <= series["any"]["rate"] <= 0.05
    for name, found in results.get("uneven", {}).items():
        assert abs(found["standard_error_of_truth"] - 1) <= 0.15 or found["told"]["rate"] >= 0.95, name
    assert any(
        0.05 < abs(float(name.split()[-1])) < 0.06 and rates["verdict_degraded"]["rate"] >= 0.88
        for name, rates in results["power"].items()
    )
