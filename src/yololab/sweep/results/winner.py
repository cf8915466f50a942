"""What only the winner of a sweep gets: its score on the test split, its export with the check of it, and its page.

Started as `python -m yololab.sweep.results.winner FOLDER` by the engine that ran the trials; what is there already is
not made again, so it can be killed and started anew.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from yololab.comparison.compare import compare_metrics
from yololab.comparison.comparison_file import write_comparison
from yololab.comparison.run_reference import read_reference, sha256_of
from yololab.config.frozen import Frozen, thaw
from yololab.config.hydra_text import FREE_PREFIX
from yololab.config.schema import Gate, Split
from yololab.data.dataset.layout import missing_splits
from yololab.data.dataset.resolved_yaml import write_resolved_yaml
from yololab.errors import JobError, YololabError
from yololab.files.baseline import BASELINE_VERSION, baseline_of
from yololab.files.json_files import read_json
from yololab.files.metrics import MetricsFile, read_metrics
from yololab.files.paths import RunFolder
from yololab.files.record import Record, now
from yololab.host.signals import StopSignal
from yololab.job.baselines import surroundings
from yololab.job.context import Job
from yololab.job.gatekeeper import Gatekeeper
from yololab.job.measure import fingerprint_splits, make_protocol, measure_checkpoint
from yololab.job.prepare import prepare_job
from yololab.job.stages.after import exported
from yololab.job.stages.verify import Check, all_passed, exported_model_works
from yololab.report.page import write_report
from yololab.sweep.state import SweepFolder
from yololab.terminal.screen import Screen, show_error
from yololab.terminal.tables import comparison_table
from yololab.ultralytics_adapter.models.resolve import resolve_model

TEST = Split.TEST.value


def finish_winner(folder: Path) -> int:
    """Give a complete trial what a winner gets, and keep its record true.

    Args:
        folder: The trial's folder.

    Returns:
        0, also when the export does not work (that stands in the checklist); 1 when something could not be done.
    """
    run = RunFolder(folder.resolve())
    frozen = thaw(run.path)
    screen = Screen(verbose=frozen.experiment.train.verbose)
    record = Record(run)
    with screen.logging_to(run.log):
        job = _job_of(run, frozen, screen)
        screen.stage("winner", f"of {run.path.parent.name}: trial {run.path.name}")
        error = None
        for name, step in (("test", _measure_on_test), ("export", _export)):
            started = time.monotonic()
            try:
                step(job)
            except (YololabError, OSError, RuntimeError, ValueError) as caught:
                error = f"{name}: {caught}"
                screen.warn(error)
            record.add_timing(f"winner_{name}", time.monotonic() - started)
        record.update(winner={"sweep": str(run.path.parent), "time": now(), "error": error})
        if frozen.experiment.report.enabled:
            write_report(run.path)
    return 0 if error is None else 1


def _job_of(run: RunFolder, frozen: Frozen, screen: Screen) -> Job:
    """Return the trial's job as it stood at its end."""
    option = frozen.choices.get("data", "")
    prepared = prepare_job(frozen.experiment, Path.cwd(), None if option.startswith(FREE_PREFIX) else option)
    return Job(
        frozen.experiment,
        prepared,
        run,
        screen,
        Gatekeeper(frozen.experiment.approval, None),
        StopSignal(),
        choices=frozen.choices,
        fingerprints=dict((Record(run).read().get("dataset") or {}).get("fingerprint") or {}),
        data_yaml=run.data,
        metrics=read_metrics(run.metrics),
    )


def _measure_on_test(job: Job) -> None:
    """Measure the winner on the test split, and hold it against the baseline there.

    The trials were ranked on the validation split, which also chose each trial's best epoch: the winner's score there
    is too good. What the test split says was chosen by nothing.
    """
    target, dataset = job.folder.test_evaluation, job.prepared.dataset
    if job.config.evaluation.split is Split.TEST:
        job.screen.detail("the trials were ranked on the test split: no split is left that chose nothing")
        return
    if TEST not in dataset.splits or missing_splits(dataset, (TEST,)):
        job.screen.detail("the dataset has no test split to confirm the winner on")
        return
    comparison = target / job.folder.comparison.name
    if comparison.is_file():
        return
    prints = job.fingerprints | (
        {} if TEST in job.fingerprints else fingerprint_splits(dataset, job.config.train, job.prepared.task.name)
    )
    protocol = replace(make_protocol(job.config.evaluation, job.config.train, job.prepared.task), split=TEST)
    with tempfile.TemporaryDirectory() as scratch:
        data = write_resolved_yaml(dataset, Path(scratch) / "data.yaml", allow_download=False)

        def measure(checkpoint: Path, into: Path) -> MetricsFile:
            return measure_checkpoint(
                checkpoint, dataset, data, job.prepared.task, protocol, prints, into, surroundings(job)
            )

        metrics = measure(job.folder.best, target)
        baseline = _baseline_on_test(job, prints.get(TEST), lambda model: measure(model, target / "baseline"))
    found = compare_metrics(metrics, baseline, job.config.baseline.tolerance, job.config.baseline.guards)
    write_comparison(comparison, found, job.config.baseline.gate or Gate.NONE)
    job.record.update(test={"metrics": str(metrics.path), "verdict": found.verdict, "comparison": str(comparison)})
    job.screen.stage("test", "the winner on the test split")
    comparison_table(job.screen, found)


def _baseline_on_test(job: Job, fingerprint: str | None, measure: Callable[[Path], MetricsFile]) -> MetricsFile | None:
    """Return the baseline's numbers on the test split: promoted there, else its checkpoint measured now, else None."""
    paths, settings = job.prepared.paths, job.config.baseline
    named = settings.model
    if named is None and settings.path is not None:
        checkpoint = read_reference(settings.path, paths.working_directory).checkpoint
        named = None if checkpoint is None else str(checkpoint)
    elif named is None:
        name, task = job.prepared.dataset_name, job.prepared.task.name
        there = baseline_of(paths.tree, name, task, fingerprint)
        if fingerprint and there.exists():
            return there.metrics()
        split = job.config.evaluation.split.value
        named = _promoted_checkpoint(baseline_of(paths.tree, name, task, job.fingerprints.get(split)).provenance)
    if named is None:
        job.screen.detail("the baseline's checkpoint is not there, so it cannot be measured on the test split")
        return None
    model = resolve_model(named, None, True, (paths.working_directory, paths.weights))
    return measure(Path(model.model))


def _promoted_checkpoint(provenance: Path) -> str | None:
    """Return the checkpoint of a promoted baseline, when it still lies where it was and is still the same."""
    if not provenance.is_file():
        return None
    content = read_json(provenance, (BASELINE_VERSION,))
    path = Path(str(content.get("model_path")))
    return str(path) if path.is_file() and sha256_of(path) == content.get("model_sha256") else None


def _export(job: Job) -> None:
    """Export the winner and replace the checklist's item by what was found; one that was exported before stays."""
    content = job.record.read()
    made = content.get("export")
    if job.config.export.format is None or (made and Path(str(made["path"])).exists()):
        return
    item = exported(job)
    named = exported_model_works(None).check
    checks = [Check(**check) for check in (content.get("verification") or {}).get("checks", [])]
    checks = [item if check.check == named else check for check in checks] or [item]
    job.record.update(verification={"passed": all_passed(checks), "checks": [check.to_json() for check in checks]})
    job.screen.stage("export", f"{item.check}: {item.evidence}")


def main(folder: Path) -> int:
    """Finish a winner from the command line of an engine."""
    try:
        sweep = SweepFolder(folder.resolve().parent)
        if sweep.is_sweep():
            os.chdir(sweep.read_settings().working_directory)
        return finish_winner(folder)
    except (YololabError, OSError) as error:
        show_error(error)
        return error.exit_code if isinstance(error, YololabError) else JobError.exit_code


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]).resolve()))
