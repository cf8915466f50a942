"""What only the winner of a sweep gets: its score on the test split, its export with the check of it, and its page.

Started as `python -m yololab.sweep.results.winner FOLDER` by the engine that ran the trials; what is there already is
not made again, so it can be killed and started anew.
"""

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from yololab.comparison.compare import compare_metrics
from yololab.comparison.multiplicity.primary_metrics import declared_metrics
from yololab.comparison.result import write_comparison
from yololab.comparison.run_reference import read_reference
from yololab.config.frozen import thaw
from yololab.config.hydra.grammar import named_option
from yololab.config.measuring.evaluation import Split
from yololab.config.schema import Gate
from yololab.data.dataset.layout import missing_splits
from yololab.data.dataset.resolved_yaml import write_resolved_yaml
from yololab.errors import YololabError
from yololab.files.baseline import baseline_of
from yololab.files.locks import own_files
from yololab.files.metrics import MetricsFile
from yololab.files.paths import DATA_YAML, RunFolder
from yololab.files.record import Record, now
from yololab.job.baseline import resolve_baseline
from yololab.job.checklist import EXPORT_CHECK, checks_on_record
from yololab.job.context import Context
from yololab.job.export.exported import exported
from yololab.job.gatekeeper import Gatekeeper
from yololab.job.measure import Measurement, fingerprint_splits, measure_checkpoint, measurement_of, whole_evaluation
from yololab.job.prepare import Prepared, prepare_job
from yololab.job.stages import compare, report, verify
from yololab.sweep.state import SweepFolder, TrialStatus
from yololab.terminal.output import exit_code_of
from yololab.terminal.screen import Screen
from yololab.terminal.tables import comparison_table
from yololab.ultralytics_adapter.training.atomic_checkpoints import strip_checkpoints

TEST = Split.TEST.value


def finish_winner(folder: Path) -> int:
    """Give a complete trial what a winner gets, and keep its record true.

    Args:
        folder: The trial's folder.

    Returns:
        0, also when the export does not work (that stands in the checklist); 1 when something could not be done.
    """
    run = RunFolder(folder.resolve())
    own_files(run.path)
    frozen, started_in, sweep = thaw(run.path), Path.cwd(), SweepFolder(run.path.parent)
    if sweep.is_sweep():
        frozen.experiment.paths, started_in = sweep.whereabouts(frozen.experiment.paths)
    screen = Screen(verbose=frozen.experiment.train.verbose)
    record = Record(run)
    with screen.logging_to(run.log):
        context = Context(run, frozen, screen, Gatekeeper(frozen.experiment.approval, None), started_in, sys.orig_argv)
        prepared = prepare_job(frozen.experiment, context.working_directory, named_option(frozen.choices, "data"))
        screen.stage("winner", f"of {run.path.parent.name}: trial {run.path.name}")
        error = None
        for name, step in (("test", _measure_on_test), ("export", _export)):
            started = time.monotonic()
            try:
                step(context, prepared)
            except (YololabError, OSError, RuntimeError, ValueError) as caught:
                error = f"{name}: {caught}"
                screen.warn(error)
            record.add_timing(f"winner_{name}", time.monotonic() - started)
        _strip_pruned(sweep)
        record.update(winner={"sweep": str(run.path.parent), "time": now(), "error": error})
        if report.wanted(context):
            report.run(context)
    return 0 if error is None else 1


def _strip_pruned(sweep: SweepFolder) -> None:
    """Take out of checkpoints what a training goes on from, where none will: of trials that were paused, and pruned."""
    for entry in sweep.trials() if sweep.is_sweep() else ():
        if entry.pauses and entry.status is TrialStatus.PRUNED:
            run = sweep.trial(entry.number)
            strip_checkpoints(run.last, run.best)


def _measure_on_test(context: Context, prepared: Prepared) -> None:
    """Measure the winner on the test split, and hold it against the baseline there.

    The trials were ranked on the validation split, which also chose each trial's best epoch: the winner's score there
    is too good. What the test split says was chosen by nothing.
    """
    config, dataset, target = context.config, prepared.dataset, context.folder.test_evaluation
    if config.evaluation.split is Split.TEST:
        context.screen.detail("the trials were ranked on the test split: no split is left that chose nothing")
        return
    if TEST not in dataset.splits or missing_splits(dataset, (TEST,)):
        context.screen.detail("the dataset has no test split to confirm the winner on")
        return
    comparison = target / context.folder.comparison.name
    if whole_evaluation(target) is not None and compare.whole_comparison(comparison) is not None:
        return
    prints = dict((context.record.read().get("dataset") or {}).get("fingerprint") or {})
    if TEST not in prints:
        prints |= fingerprint_splits(dataset, config.train, prepared.task.name)
    with tempfile.TemporaryDirectory() as scratch:
        data = write_resolved_yaml(dataset, Path(scratch) / DATA_YAML, allow_download=False)
        how = measurement_of(config, prepared, data, prints, context.screen)
        how = replace(how, protocol=replace(how.protocol, split=TEST))
        metrics = measure_checkpoint(context.folder.best, target, how)
        baseline = _baseline_on_test(context, prepared, how, target / context.folder.baseline_evaluation.name)
    declared = declared_metrics(config.baseline)
    found = compare_metrics(metrics, baseline, config.baseline.tolerance, config.baseline.guards, metrics=declared)
    write_comparison(comparison, found, config.baseline.gate or Gate.NONE)
    context.record.update(test={"metrics": str(metrics.path), "verdict": found.verdict, "comparison": str(comparison)})
    context.screen.stage("test", "the winner on the test split")
    comparison_table(context.screen, found)


def _baseline_on_test(context: Context, prepared: Prepared, how: Measurement, target: Path) -> MetricsFile | None:
    """Return the baseline's numbers on the test split: promoted there, else its checkpoint measured now, else None."""
    paths, settings = prepared.paths, context.config.baseline
    named = settings.model
    if named is None and settings.path is not None:
        checkpoint = read_reference(settings.path, paths.working_directory).checkpoint
        named = None if checkpoint is None else str(checkpoint)
    elif named is None:
        name, task = prepared.dataset_name, prepared.task.name
        there = baseline_of(paths.tree, name, task, how.fingerprints.get(TEST))
        if how.fingerprints.get(TEST) and there.exists():
            return there.metrics()
        evaluated = how.fingerprints.get(context.config.evaluation.split.value)
        promoted = baseline_of(paths.tree, name, task, evaluated)
        checkpoint = promoted.checkpoint() if promoted.exists() else None
        named = None if checkpoint is None else str(checkpoint)
    if named is None:
        context.screen.detail("the baseline's checkpoint is not there, so it cannot be measured on the test split")
        return None
    return measure_checkpoint(Path(resolve_baseline(named, prepared).model), target, how)


def _export(context: Context, prepared: Prepared) -> None:
    """Export the winner and replace the checklist's item by what was found; one that was exported before stays."""
    content = context.record.read()
    made = content.get("export")
    if context.config.export.format is None or (made and Path(str(made["path"])).exists()):
        return
    item = exported(context, prepared)
    checks = checks_on_record(content)
    verify.record_checks(context, [item if check.check == EXPORT_CHECK else check for check in checks] or [item])
    context.screen.stage("export", f"{item.check}: {item.evidence}")


def main(folder: Path) -> int:
    """Finish a winner from the command line of an engine."""
    return exit_code_of(lambda: finish_winner(folder))


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1]).resolve()))
