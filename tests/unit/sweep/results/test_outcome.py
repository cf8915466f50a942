"""What became of a trial: every end, and its objectives by one reading."""

from __future__ import annotations

import json

import pytest

from yololab.files.paths import RunFolder
from yololab.files.record import Record
from yololab.files.record_content import Status
from yololab.sweep.results.outcome import last_lines, read_outcome
from yololab.sweep.state import Objective, SweepFolder, TrialEntry, TrialStatus

MAP = (Objective("mAP50-95", "maximize"),)
ENTRY = TrialEntry(0, (), {}, TrialStatus.RUNNING, attempts=1, handle="7")


def run_with(path, status: Status | None, error=None, **metrics) -> RunFolder:
    run = SweepFolder(path).trial(0)
    run.metrics.parent.mkdir(parents=True)
    if status is not None:
        Record(run).begin({"name": "0"})
        if status is not Status.RUNNING:
            Record(run).finish(status, error)
    if metrics:
        run.metrics.write_text(json.dumps({"schema_version": 1, **metrics}))
    return run


@pytest.mark.parametrize(
    ("status", "reason", "asked", "found", "message", "retriable"),
    [
        (None, None, False, "failed", "before it wrote its record: on fire", True),
        (None, "killed by SIGKILL", False, "failed", "before it wrote its record: killed by SIGKILL", True),
        (None, None, True, "not started", None, False),
        (Status.RUNNING, "out of memory", False, "failed", "without a final status: out of memory", True),
        (Status.RUNNING, None, True, "interrupted", None, False),
        (Status.INTERRUPTED, None, False, "failed", "interrupted", True),
        (Status.INTERRUPTED, None, True, "interrupted", None, False),
        (Status.PRUNED, None, False, "pruned", None, False),
        (Status.PAUSED, None, False, "paused", None, False),
        (Status.PAUSED, None, True, "paused", None, False),
        (Status.FAILED, None, False, "failed", "the trial is failed", False),
        (Status.REJECTED, None, True, "failed", "the trial is rejected", False),
        (Status.FAILED, "the time limit", False, "failed", "the time limit; None", True),
    ],
)
def test_every_end(status, reason, asked, found, message, retriable, tmp_path):
    run = run_with(tmp_path, status)
    (run.path / "output.log").write_text("starting\non fire\n")
    error = {} if reason and status is Status.FAILED else None
    if error is not None:
        Record(run).update(error={"kind": "JobError", "exit_code": 1})
    outcome = read_outcome(ENTRY, run, MAP, reason, asked=asked)
    assert (outcome.entry.status, outcome.retriable) == (found, retriable)
    assert (outcome.entry.handle, outcome.entry.owner) == (None, None)
    assert outcome.entry.pauses == (found == "paused")
    assert (outcome.entry.finished is not None) is outcome.entry.status.finished
    if message is None:
        assert outcome.entry.error is None
    else:
        assert message.partition(": on fire")[0] in outcome.entry.error["message"]
        assert "on fire" in outcome.entry.error["message"] or "on fire" not in message
    if found == "failed" and status in (Status.RUNNING, Status.INTERRUPTED):
        assert Record(run).read()["status"] == "failed", "the record of a killed trial is true as well"


def test_what_was_wrong_with_the_input_is_not_tried_again(tmp_path):
    run = run_with(tmp_path, Status.FAILED, {"message": "no such file", "kind": "InputError", "exit_code": 2})
    assert not read_outcome(ENTRY, run, MAP, "killed", asked=False).retriable


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("mAP50-95", 0.25),
        ("speed_ms.inference", None),
        ("per_class.st. bernard.AP50", 0.5),
        ("per_class.a.b.c.AP50", 0.625),
        ("per_class.AP50.AP50", 0.125),
        ("per_class.speed_ms.AP50", 0.375),
    ],
)
def test_an_objective_is_a_finite_number_by_its_name(metric, value, tmp_path):
    classes = {"st. bernard": 0.5, "a.b.c": 0.625, "AP50": 0.125, "speed_ms": 0.375}
    per_class = {name: {"AP50": number} for name, number in classes.items()}
    speed = {"inference": float("inf")}
    run = run_with(tmp_path, Status.COMPLETE, **{"mAP50-95": 0.25, "speed_ms": speed, "per_class": per_class})
    entry = read_outcome(ENTRY, run, (Objective(metric, "maximize"),), None, asked=False).entry
    if value is None:
        assert entry.error["message"] == f"{metric} is not a number"
    assert (entry.status, entry.objectives) == (("failed", None) if value is None else ("complete", (value,)))


def test_a_pruned_trial_keeps_its_value_when_it_has_one(tmp_path):
    run = run_with(tmp_path, Status.PRUNED, **{"mAP50-95": 0.125})
    assert read_outcome(ENTRY, run, MAP, None, asked=False).entry.objectives == (0.125,)


def test_a_trial_without_output_has_no_last_lines(tmp_path):
    assert last_lines(tmp_path / "nothing") == ""
