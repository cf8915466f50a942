"""Every file of ours with wrong values in the right shape: whoever reads it says so, and nobody falls over it."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest
from fuzz_samples import damage_value
from sweep_samples import write_comparison, write_sweep, write_trial
from whole_run import context_of, write_whole_run

from yololab.cli.main import main
from yololab.errors import InputError
from yololab.files.paths import OutputTree, RunFolder
from yololab.files.record import Record
from yololab.job.run import stages_to_do
from yololab.sweep.leaderboard.rows import read_board

CASES = 3
RUN, OTHER, SWEEP = "outputs/training/a", "outputs/training/b", "multirun/s"


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """A project with two runs, a baseline and a sweep."""
    project = tmp_path_factory.mktemp("project")
    for name in (RUN, OTHER):
        folder = write_whole_run(project / name)
        folder.predictions.unlink()  # what is compared here are two numbers
        Record(folder).update(
            dataset={"name": "d", "source": "d.yaml", "fingerprint": {"val": "f" * 64}}, task="detect"
        )
    sweep = write_sweep(project / SWEEP, budget=2)
    for number in range(2):
        write_comparison(write_trial(sweep, number, {"lr0": number}, 0.5, images=6), "IMPROVED", 0.02, 0.5)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        assert main(["promote", RUN]) == 0
        assert main(["report", SWEEP]) == 0
    return project


REPORT_SWEEP, CLEAN = f"report {SWEEP}", f"clean {SWEEP} approval=auto"
COMPARE, COMPARE_BASELINE = f"compare {RUN} {OTHER}", f"compare {RUN}"
PROMOTE, REPORT = f"promote {RUN}", f"report {RUN}"
FILES = {
    f"{RUN}/experiment_log.json": ["runs", COMPARE, PROMOTE, REPORT, f"note {RUN} x", "resume"],
    f"{RUN}/evaluation/metrics.json": [COMPARE, f"compare {OTHER} {RUN}", PROMOTE, REPORT, "resume"],
    f"{RUN}/comparison.json": [REPORT, "resume"],
    f"{RUN}/dataset_report.json": [REPORT, "resume"],
    f"{RUN}/training.json": [REPORT, "resume"],
    f"{RUN}/promoted.json": [PROMOTE, CLEAN],
    "outputs/baselines/*/detect/provenance.json": [COMPARE_BASELINE, PROMOTE, CLEAN],
    "outputs/baselines/*/detect/history/*/metrics.json": [COMPARE_BASELINE],
    f"{SWEEP}/1/trial.json": ["runs", CLEAN],
    f"{SWEEP}/1/experiment_log.json": ["runs", CLEAN, REPORT_SWEEP],
    f"{SWEEP}/1/comparison.json": [REPORT_SWEEP],
    f"{SWEEP}/1/evaluation/metrics.json": [REPORT_SWEEP],
    f"{SWEEP}/sweep.json": ["runs", CLEAN, f"promote {SWEEP}"],
    f"{SWEEP}/summary.json": ["runs"],
}


@pytest.mark.parametrize("file", FILES)
@pytest.mark.heavy
def test_no_value_in_a_file_of_ours_is_taken_on_trust(whole, file, tmp_path, monkeypatch, capsys):
    project = tmp_path / "project"
    shutil.copytree(whole, project, symlinks=True)
    monkeypatch.chdir(project)
    path = next(project.glob(file))
    kept, rng = path.read_text(), random.Random(file)
    for number in range(CASES):
        document, how = damage_value(json.loads(kept), rng)
        path.write_text(json.dumps(document))
        command = FILES[file][number % len(FILES[file])]
        try:
            if command == "resume":
                read_to_resume(project / RUN)
            else:
                code = main(command.split())
                assert code in ((0,) if command == "runs" else (0, 2, 4)), how
        except InputError:
            continue
        except BaseException as error:
            error.add_note(f"{file} {how}: {command}")
            raise
    capsys.readouterr()


def read_to_resume(run: Path) -> None:
    """Read what a resumed run reads before it does anything."""
    stages_to_do(context_of(RunFolder(run)))


@pytest.mark.parametrize("content", ["", "{", "[]", '{"schema_version": 1}', "[" * 100_000, '{"status": 3}'])
def test_a_record_that_cannot_be_read_costs_its_own_row(whole, content, tmp_path):
    shutil.copytree(whole / "outputs", tmp_path / "outputs", symlinks=True)
    (tmp_path / RUN / "experiment_log.json").write_text(content)
    rows = {row.name: row.status for row in read_board(OutputTree(tmp_path), None).rows}
    assert rows["a"].startswith("unreadable: ")
    assert rows["b"] == "complete"
