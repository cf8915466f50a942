"""The whole comparison for every task: verdict, classes, images, guards, seeds, Markdown and page."""

from __future__ import annotations

import dataclasses
import io
import json
from dataclasses import dataclass

import numpy as np
import pytest
from record_samples import records_of, write_task_evaluation
from task_samples import classified, confusion, depth

from yololab.comparison.arms import read_arms
from yololab.comparison.compare import compare_metrics
from yololab.comparison.guards import guard_problems
from yololab.comparison.recipes import compare_arms
from yololab.comparison.result import COMPARISON_VERSION, Comparison
from yololab.config.schema import Gate, GuardsConfig
from yololab.errors import InputError
from yololab.files.metrics import MetricsFile, read_metrics
from yololab.report.comparison_markdown import comparison_markdown
from yololab.report.page import write_report
from yololab.statistics.inference import paired_comparison as paired
from yololab.statistics.inference.verdict import Verdict
from yololab.tasks import TASKS
from yololab.terminal.screen import Screen
from yololab.terminal.tables import comparison_table

IMAGES = 60


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(paired, "FEW_REPLICATES", 400)
    monkeypatch.setattr(paired, "MANY_REPLICATES", 400)


def detections(task, kind, quality, seed):
    """Return records in which the kind that decides is as good as `quality`."""
    records = records_of(0.95, seed, images=IMAGES)
    kept = np.random.default_rng(seed).random(len(records.confidence)) < quality
    flags = {kind: records.flags["box"] * kept.astype(np.uint16)} | ({} if kind == "box" else records.flags)
    if task == "obb":

        def rotated(boxes):
            sides = boxes[:, 2:] - boxes[:, :2]
            centers = (boxes[:, :2] + boxes[:, 2:]) / 2
            return np.column_stack([centers, sides, np.full(len(boxes), 0.3)]).astype(np.float32)

        turned = {"boxes": rotated(records.boxes), "truth_boxes": rotated(records.truth_boxes)}
        records = dataclasses.replace(records, **turned)
    return dataclasses.replace(records, task=task, flags=flags)


def named(quality, seed):
    rng, truth = np.random.default_rng(seed), np.random.default_rng(0)
    targets = truth.integers(0, 6, IMAGES)
    rows = [rng.permutation(np.delete(np.arange(6), target)) for target in targets]
    right = rng.random(IMAGES) < quality
    predicted = np.array([np.insert(row, 0 if ok else 1, t) for row, ok, t in zip(rows, right, targets, strict=True)])
    return classified(targets, predicted, 6, rng.random(IMAGES))


def coloured(quality, seed):
    rng, truth = np.random.default_rng(seed), np.random.default_rng(0)
    matrices = []
    for _ in range(IMAGES):
        pixels = truth.integers(50, 200, 3)
        right = (pixels * np.clip(quality + rng.normal(0, 0.05, 3), 0, 1)).astype(int)
        matrix = np.diag(right)
        matrix[np.arange(3), (np.arange(3) + 1) % 3] += pixels - right
        matrices.append(matrix)
    return confusion(matrices, 3)


def measured_depth(quality, seed):
    rng = np.random.default_rng(seed)
    inside = np.clip(quality + rng.normal(0, 0.03, (IMAGES, 3)), 0, 1)
    return depth(np.hstack([inside, 1.2 - inside]))


SAMPLES = {
    "detect": lambda quality, seed: detections("detect", "box", quality, seed),
    "segment": lambda quality, seed: detections("segment", "mask", quality, seed),
    "pose": lambda quality, seed: detections("pose", "pose", quality, seed),
    "obb": lambda quality, seed: detections("obb", "box", quality, seed),
    "classify": named,
    "semantic": coloured,
    "depth": measured_depth,
}
DETECTING = ("detect", "segment", "pose", "obb")


def sides_of(task, folder, good=0.95, bad=0.6):
    return [
        read_metrics(write_task_evaluation(folder / name, SAMPLES[task](quality, seed)))
        for name, quality, seed in (("good", good, 1), ("bad", bad, 2))
    ]


@dataclass(frozen=True)
class Compared:
    """Two models of one task, compared in both directions."""

    task: str
    good: MetricsFile
    bad: MetricsFile
    better: Comparison
    worse: Comparison


@pytest.fixture(scope="module", params=SAMPLES)
def compared(request, tmp_path_factory):
    good, bad = sides_of(request.param, tmp_path_factory.mktemp(request.param))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paired, "FEW_REPLICATES", 400)
        patch.setattr(paired, "MANY_REPLICATES", 400)
        both = compare_metrics(good, bad, 0.01), compare_metrics(bad, good, 0.01)
    return Compared(request.param, good, bad, *both)


def test_there_is_a_sample_of_every_task():
    assert set(SAMPLES) == set(TASKS)


def test_a_clear_loss_stops_the_gate_and_is_told_in_the_words_of_the_task(compared):
    row, better, worse = TASKS[compared.task], compared.better, compared.worse
    assert (better.verdict, worse.verdict) == (Verdict.IMPROVED, Verdict.DEGRADED)
    assert worse.confirmed
    assert not worse.passes(Gate.DEGRADED)
    assert worse.primary_metric == row.primary_metric
    assert worse.text.startswith(f"Worse: {row.primary_metric} {worse.primary.delta:+.4f}")
    content = worse.to_json(Gate.DEGRADED)
    assert [item["metric"] for item in content["metrics"]] == [metric.name for metric in row.metrics]
    assert all(item["p"] is not None and item["ci_low"] <= item["ci_high"] for item in content["metrics"])
    assert {item["metric"]: item["direction"] for item in content["metrics"]} == {
        metric.name: metric.direction for metric in row.metrics
    }
    assert content["statistics"]["detectable_drop"] > 0
    json.dumps(content)


def test_classes_are_compared_where_there_are_any(compared):
    task, found = compared.task, compared.better
    tested = [row for row in found.per_class if row["q"] is not None]
    assert bool(tested) == bool(TASKS[task].per_class)
    assert all(row["ci_low"] <= row["delta"] <= row["ci_high"] for row in tested)
    other = found.to_json(Gate.NONE).get("per_class_other", {})
    assert list(other) == (["AP50-95"] if task in ("segment", "pose") else [])
    assert all(row["q"] is not None for rows in other.values() for row in rows if row["images"])


def test_errors_and_sizes_are_those_of_detections_and_images_change_in_every_task(compared):
    task, content = compared.task, compared.better.to_json(Gate.NONE)
    assert ("error_types" in content, "by_size" in content) == ((task in DETECTING),) * 2
    changes = content["image_changes"]
    assert changes["root"] == str(compared.good.path.parents[1])
    assert changes.get("metric") == (None if task in DETECTING else TASKS[task].primary_metric)
    if task not in DETECTING:
        assert len(changes["images"]) == 12
        sizes = [abs(row["gain"]) for row in changes["images"]]
        assert sizes == sorted(sizes, reverse=True)
        assert all(row["gain"] == row["current"]["value"] - row["baseline"]["value"] for row in changes["images"])


def test_page_and_markdown_of_every_task(compared):
    task, content = compared.task, compared.better.to_json(Gate.DEGRADED)
    markdown = comparison_markdown(content)
    for metric in TASKS[task].metrics:
        assert metric.name.replace("_", "\\_") in markdown
    assert ("(lower is better)" in markdown) == (task == "depth")
    assert "Images that made the difference" in markdown or task in DETECTING
    assert markdown.count("<details>") == markdown.count("</details>")
    assert markdown.count("<summary>Per class") == {"segment": 2, "pose": 2, "depth": 0}.get(task, 1)
    screen = io.StringIO()
    comparison_table(Screen(stream=screen), compared.better)
    assert ("AP50-95 of the classes: " in screen.getvalue()) == (task in ("segment", "pose"))
    folder = compared.good.path.parents[1]
    (folder / "comparison.json").write_text(json.dumps(content | {"schema_version": COMPARISON_VERSION}))
    page = write_report(folder).read_text()
    for metric in TASKS[task].metrics:
        assert f">{metric.name}" in page
    assert ("Error types as TIDE defines them" in page) == (task in DETECTING)
    assert ("Judged by the boxes" in page) == (task in ("segment", "pose"))


@pytest.mark.parametrize("task", SAMPLES)
def test_three_seeds_an_arm_make_a_claim(task, tmp_path):
    for arm, quality in (("a", 0.95), ("b", 0.6)):
        for seed in range(3):
            write_task_evaluation(tmp_path / arm / str(seed), SAMPLES[task](quality, seed + 10 * (arm == "b")))
            record = {"schema_version": 1, "status": "complete", "timestamp": "", "requested_config": {"seed": seed}}
            (tmp_path / arm / str(seed) / "experiment_log.json").write_text(json.dumps(record))
    arms = [read_arms(str(tmp_path / arm), tmp_path)[0] for arm in ("a", "b")]
    found = compare_arms(*arms, 0.01)
    assert found.verdict is Verdict.IMPROVED
    assert found.statistics["delta"] == pytest.approx(found.primary.delta, abs=1e-6)
    assert found.primary_metric == TASKS[task].primary_metric


def test_mcnemar_is_told_of_the_accuracy_that_decides(tmp_path):
    found = compare_metrics(*sides_of("classify", tmp_path), 0.01)
    tests = {test["metric"]: test for test in found.statistics["exact_tests"]}
    assert set(tests) == {"top1", "top5"}
    told = [note for note in found.notes if "McNemar" in note]
    assert len(told) == 1
    assert f"{tests['top1']['only_current']} images are right only now" in told[0]
    assert tests["top1"]["p"] < 0.001
    assert "p < 0.001" in told[0]


def test_precision_is_watched_of_what_decides(tmp_path):
    good, bad = sides_of("segment", tmp_path)
    guards = GuardsConfig(precision=0.5, confidence=0.2)
    values = [compare_metrics(side, None, 0.01, guards).guards[0].value for side in (good, bad)]
    assert values[0] - values[1] > 0.2, "boxes are alike on both sides, masks are not"


@pytest.mark.parametrize("task", ["classify", "semantic", "depth"])
def test_a_guard_that_the_task_does_not_know_is_an_error(task, tmp_path):
    good, _ = sides_of(task, tmp_path)
    with pytest.raises(InputError, match=f"{task} has no recall"):
        compare_metrics(good, None, 0.01, GuardsConfig(recall=0.5))


def test_all_guards_that_make_no_sense_are_named_at_once():
    config = GuardsConfig(class_floors={"cat": 0.5}, class_drop=0.1, precision=0.5, recall=0.5)
    named = [problem.where.removeprefix("baseline.guards.") for problem in guard_problems(config, TASKS["depth"], [])]
    assert named == ["class_floors.cat", "class_drop", "precision", "recall"]
    assert guard_problems(config, TASKS["pose"], ["cat"]) == []
    assert len(guard_problems(config, TASKS["classify"], ["dog"])) == 3


@pytest.mark.parametrize("task", ["classify", "semantic", "depth", "segment"])
def test_other_labels_are_refused(task, tmp_path):
    records = SAMPLES[task](0.9, 1)
    relabelled = dataclasses.replace(records, label_fingerprint="other")
    if task == "classify":
        same = read_metrics(write_task_evaluation(tmp_path / "same", relabelled))
        assert compare_metrics(read_metrics(write_task_evaluation(tmp_path / "a", records)), same, 0.01).baseline
        target = (records.target + np.array([1, *[0] * (IMAGES - 1)])).astype(np.uint16) % 6
        relabelled = dataclasses.replace(relabelled, target=target)
    sides = [read_metrics(write_task_evaluation(tmp_path / str(n), r)) for n, r in enumerate((records, relabelled))]
    with pytest.raises(InputError, match="labels"):
        compare_metrics(*sides, 0.01)


def test_records_of_another_task_are_not_used(tmp_path):
    good, _ = sides_of("classify", tmp_path)
    write_task_evaluation(tmp_path / "depth", SAMPLES["depth"](0.9, 1))
    stolen = (tmp_path / "depth/evaluation/predictions.npz").read_bytes()
    (tmp_path / "bad/evaluation/predictions.npz").write_bytes(stolen)
    found = compare_metrics(good, read_metrics(tmp_path / "bad/evaluation/metrics.json"), 0.01)
    assert not found.statistical_support
    assert any("belongs to another evaluation" in note for note in found.notes)


def test_an_error_that_decides_is_better_when_it_falls(tmp_path, monkeypatch):
    """A table in which the primary metric is an error: nothing but the table says so."""
    turned = dataclasses.replace(TASKS["depth"], primary_metric="abs_rel")
    monkeypatch.setitem(TASKS, "depth", turned)
    good, bad = sides_of("depth", tmp_path)
    better = compare_metrics(good, bad, 0.01)
    assert better.verdict is Verdict.IMPROVED
    assert better.primary.delta < 0 < better.primary.gain
    assert better.text.startswith(f"Better: abs_rel {better.primary.delta:+.4f} (lower is better)")
    assert better.to_json(Gate.NONE)["image_changes"]["images"][0]["gain"] > 0
    for arm, quality in (("a", 0.95), ("b", 0.6)):
        for seed in range(3):
            write_task_evaluation(tmp_path / arm / str(seed), SAMPLES["depth"](quality, seed + 10 * (arm == "b")))
    found = compare_arms(*[read_arms(str(tmp_path / arm), tmp_path)[0] for arm in ("a", "b")], 0.01)
    assert found.verdict is Verdict.IMPROVED
    assert found.statistics["delta"] < 0
    assert found.statistics["ci_low"] < found.statistics["ci_high"] < 0


def test_two_models_that_find_nothing_are_equal_only_in_that(tmp_path):
    sides = sides_of("detect", tmp_path, 0.0, 0.0)
    found = compare_metrics(*sides, 0.01)
    assert found.verdict is Verdict.EQUIVALENT
    assert "neither model finds anything" in found.warnings[0]
