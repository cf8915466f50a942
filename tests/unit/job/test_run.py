"""The stages and the loop over them."""

from __future__ import annotations

from dataclasses import replace
from types import NoneType

import pytest
from whole_run import context_of, write_whole_run

from yololab.errors import InputError
from yololab.files.paths import RunFolder
from yololab.job.context import Context, Results, Stage, TrialContext
from yololab.job.lifecycle import start
from yololab.job.prepare import Prepared
from yololab.job.run import CLOSING, STAGES, run_stages, stages_to_do
from yololab.job.stages.train import Trained
from yololab.ultralytics_adapter.training.training import TrainResult
from yololab.ultralytics_adapter.training.training_file import read_training_file, write_training_file


@pytest.mark.parametrize("stage", [*STAGES, *CLOSING], ids=lambda stage: stage.name)
def test_each_stage_finds_what_it_needs_among_what_the_earlier_ones_have_found(stage):
    earlier = STAGES[: STAGES.index(stage)] if stage in STAGES else STAGES
    known = {Context, Prepared} | {other.finds for other in earlier}
    assert set(stage.needs) <= known


def test_no_two_stages_find_the_same():
    found = [stage.finds for stage in STAGES if stage.finds is not NoneType]
    assert len(found) == len(set(found))


def test_the_order_of_the_job():
    names = [stage.name for stage in (*STAGES, *CLOSING)]
    order = ("check", "estimate", "train", "evaluate", "compare", "verify", "promote", "report")
    assert [name for name in names if name in order] == list(order)


def test_what_is_not_known_yet_is_a_mistake_of_ours():
    def needs(number: int) -> None: ...

    with pytest.raises(KeyError):
        Results("text").call(needs)


AFTER = {
    "train": ["train", "evaluate", "compare", "verify", "report"],
    "evaluate": ["evaluate", "compare", "verify", "report"],
    "compare": ["compare", "verify", "report"],
}
FILES = {
    "dataset_report.json": ["check", "report"],
    "dataset_manifest.json.gz": ["check", "report"],
    "training.json": AFTER["train"],
    "results.csv": AFTER["train"],
    "evaluation/metrics.json": AFTER["evaluate"],
    "evaluation/predictions.npz": AFTER["evaluate"],
    "comparison.json": AFTER["compare"],
    "comparison.md": AFTER["compare"],
    "report.html": ["report"],
}
DAMAGES = {
    "missing": lambda path: path.unlink(),
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "no text": lambda path: path.write_bytes(b"\xff\xfe\x00{"),
}


@pytest.fixture
def whole(tmp_path) -> RunFolder:
    return write_whole_run(tmp_path / "run")


def test_a_whole_run_lacks_nothing(whole):
    assert stages_to_do(context_of(whole)) == []


@pytest.mark.parametrize(("name", "damage"), [(name, damage) for name in FILES for damage in DAMAGES])
def test_a_damaged_output_is_made_again_and_what_follows_from_it(whole, name, damage):
    DAMAGES[damage](whole.path / name)
    assert stages_to_do(context_of(whole)) == FILES[name]


@pytest.mark.parametrize(
    ("change", "to_do"),
    [
        ({"status": "running"}, ["accept", "promote", "report"]),
        ({"status": "rejected"}, ["accept", "promote", "report"]),
        ({"status": "running", "promoted": {"path": "there"}}, ["accept", "report"]),
        ({"verification": None}, ["verify", "report"]),
        ({"verification": {"checks": [{"nonsense": 1}]}}, ["verify", "report"]),
        ({"status": "pruned", "verification": None}, []),
        ({"dataset": {"fingerprint": {"val": "0" * 64}}}, AFTER["evaluate"]),
    ],
)
def test_the_record_says_the_rest(whole, change, to_do):
    context = context_of(whole)
    context.record.update(**change)
    assert stages_to_do(context_of(whole)) == to_do


def test_a_training_that_was_stopped_is_not_done(whole):
    result = read_training_file(whole.training)
    write_training_file(whole.training, replace(result, stop_reason="interrupted"))
    assert stages_to_do(context_of(whole)) == AFTER["train"]


def test_a_trial_has_no_page(whole):
    whole.report.unlink()
    trial = TrialContext(None, whole.path, None)
    assert stages_to_do(context_of(whole, trial=trial)) == []


def test_a_best_checkpoint_that_is_damaged_is_an_error_and_one_that_is_gone_is_told(whole):
    assert start(context_of(whole)) == 0
    whole.best.write_bytes(whole.best.read_bytes()[:30])
    with pytest.raises(InputError, match="damaged"):
        start(context_of(whole))
    whole.best.unlink()
    assert start(context_of(whole)) == 0


def test_a_page_alone_is_written_without_an_attempt(whole):
    before = whole.record.read_text()
    whole.report.write_text("<html>")
    assert start(context_of(whole)) == 0
    assert whole.report.read_text().rstrip().endswith("</html>")
    assert whole.record.read_text() == before


def noted(calls: list[str], name: str):
    def run(context: Context) -> None:
        calls.append(f"{name} ran")

    return run


def test_the_loop_asks_the_same_question(whole, monkeypatch):
    calls: list[str] = []

    def record(context: Context) -> None:
        calls.append("first recorded")

    first = Stage("first", noted(calls, "first"), lambda context: True, record)
    second = Stage("second", noted(calls, "second"), lambda context: None)
    monkeypatch.setattr("yololab.job.run.STAGES", (first, second))
    context = context_of(whole)
    run_stages(context, Results(context))
    assert calls == ["first recorded", "second ran"]
    assert stages_to_do(context) == ["second", "report"]
    calls.clear()
    context = replace(context, previous=None)
    run_stages(context, Results(context))
    assert calls == ["first ran", "second ran"], "nothing is done in a first attempt"


def test_nothing_comes_after_a_training_that_was_pruned(whole):
    before = whole.record.read_bytes()
    context = context_of(whole)
    run_stages(context, Results(context, Trained(TrainResult(), pruned=True)))
    assert whole.record.read_bytes() == before
