"""What was registered before a training is what a comparison is held to."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from record_samples import records_of, write_run

from yololab.comparison.registration.registered import _hash_of, criteria_of, held_to_registration, register
from yololab.comparison.result import Comparison
from yololab.comparison.sides import compare_sides
from yololab.config.measuring.evaluation import Definition, EvaluationConfig
from yololab.config.schema import BaselineConfig, Gate
from yololab.files.paths import OutputTree, RunFolder

USED = criteria_of(BaselineConfig(), EvaluationConfig(), "mAP50-95", None)


def run_with(folder: Path, criteria, found: float = 0.8, seed: int = 0, **edited) -> Path:
    """Write a run that has registered criteria, if any; then edit the registration."""
    write_run(folder, records_of(found, seed), {"seed": seed})
    if criteria:
        changed(folder, registered=dict(register(criteria, RunFolder(folder))) | edited)
    return folder


def changed(folder: Path, **sections) -> None:
    record = folder / "experiment_log.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | sections))


def comparison() -> Comparison:
    return Comparison("INCONCLUSIVE", "Said.", True, "mAP50-95", 0.01, (), (), {}, None, (), ())


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, ""),
        ({"tolerance": 0.05}, "baseline.tolerance 0.05 instead of 0.01"),
        ({"metric": ("recall", "mAP50-95")}, "baseline.metric [recall,mAP50-95] instead of mAP50-95"),
        ({"group": "folder"}, "evaluation.group folder instead of null"),
        ({"definition": "coco"}, "evaluation.definition coco instead of ultralytics"),
        ({"gate": "none"}, ""),  # none was registered, and a verdict does not depend on it
    ],
)
def test_other_values_are_named_in_the_sentence(tmp_path, changed, said):
    folder = run_with(tmp_path / "a", USED)
    found = held_to_registration(comparison(), [folder], replace(USED, **changed))
    assert found.analysis["registration"]["kept"] == (not said)
    assert found.text == (f"Said. Not as registered before the training: {said}." if said else "Said.")


def test_an_edited_registration_is_told_from_a_whole_one(tmp_path):
    folder = run_with(tmp_path / "a", USED, tolerance=0.5)
    found = held_to_registration(comparison(), [folder], replace(USED, tolerance=0.5))
    assert "its hash does not fit" in found.text


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"requested_config": {"seed": 1}}, "of another configuration"),
        ({"timestamp": "2026-01-18T08:00:00"}, "of another start"),
        ({"name": "b"}, "of another name"),
        (
            {"name": "b", "timestamp": "2026-01-18T08:00:00", "requested_config": {}},
            "of another name, start and configuration",
        ),
    ],
)
def test_the_registration_of_another_run_is_refused_although_its_hash_fits(tmp_path, other, said):
    theirs = run_with(tmp_path / "a", USED)
    ours = run_with(tmp_path / "b", None)
    registered = json.loads((theirs / "experiment_log.json").read_text())["registered"]
    changed(ours, **{"registered": registered, "name": "a"} | other)
    found = held_to_registration(comparison(), [ours], USED)
    assert not found.analysis["registration"]["kept"]
    assert f"The registration in b is refused: it was made for a run {said} (a, which began" in found.text


def test_a_run_keeps_its_registration_wherever_it_is_moved(tmp_path):
    folder = run_with(tmp_path / "a", None)
    changed(folder, name="a")
    changed(folder, registered=dict(register(USED, RunFolder(folder))))
    found = held_to_registration(comparison(), [folder.rename(tmp_path / "renamed")], USED)
    assert found.analysis["registration"]["kept"]
    # One of before runs were told apart by more than their name.
    old = {key: value for key, value in register(USED, RunFolder(tmp_path / "renamed")).items() if key != "sha256"}
    old = {key: value for key, value in old.items() if key not in ("started", "settings")}
    changed(tmp_path / "renamed", registered=old | {"sha256": _hash_of(old)})
    assert held_to_registration(comparison(), [tmp_path / "renamed"], USED).analysis["registration"]["kept"]


def test_runs_without_one_are_compared_as_before(tmp_path):
    plain = comparison()
    assert held_to_registration(plain, [run_with(tmp_path / "a", None), tmp_path], USED) is plain


@pytest.mark.heavy
def test_compare_holds_the_current_side_to_it(tmp_path):
    registered = criteria_of(BaselineConfig(tolerance=0.03, gate=Gate.DEGRADED), EvaluationConfig(), "mAP50-95", None)
    run_with(tmp_path / "a", replace(registered, split="val"), 0.8)
    run_with(tmp_path / "b", USED, 0.7, seed=1)

    def compared(**settings):
        how = BaselineConfig(**settings)
        return compare_sides(["a", "b"], how, OutputTree(tmp_path), tmp_path, lambda run, _: run.measured())

    assert compared(tolerance=0.03).analysis["registration"]["kept"]
    assert "baseline.tolerance 0.01 instead of 0.03" in compared().text
    assert "baseline.gate none instead of degraded" in compared(tolerance=0.03, gate=Gate.NONE).text
    coco = compare_sides(
        ["a", "b"],
        BaselineConfig(),
        OutputTree(tmp_path),
        tmp_path,
        lambda run, _: run.measured(),
        definition=Definition.COCO,
    )
    assert "evaluation.definition coco" in coco.text
