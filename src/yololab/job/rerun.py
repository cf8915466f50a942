"""Running a frozen experiment again, with the same seed, saying what is different this time."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from yololab.config.frozen import refreeze
from yololab.config.hydra.grammar import named_option
from yololab.config.schema import ExperimentConfig
from yololab.files.paths import RunFolder
from yololab.files.record import Record
from yololab.host.provenance import collect_provenance
from yololab.host.provenance import what_differs as provenance_differs
from yololab.host.threads import thread_counts, threads_differ
from yololab.job.context import Context
from yololab.job.gatekeeper import Gatekeeper, terminal_asker
from yololab.job.lifecycle import start_new
from yololab.job.measure import fingerprint_splits
from yololab.job.prepare import prepare_job
from yololab.job.resume import reopen
from yololab.terminal.screen import Screen

# The settings that may be given with a rerun; any other would make it another experiment.
READ = ("approval", "notes")


def rerun_run(
    origin: RunFolder, given: ExperimentConfig, command: Sequence[str], working_directory: Path, screen: Screen
) -> tuple[RunFolder, int]:
    """Run a frozen experiment again, in a new folder.

    Args:
        origin: The run.
        given: What was said now: who answers, and a note.
        command: The command as it was typed.
        working_directory: The user's folder.
        screen: Where to print.

    Returns:
        The new run, and the exit code.

    Raises:
        InputError: The folder is no run's, another setting was given, or dataset or model are gone.
    """
    frozen, started_in = reopen(origin, given, working_directory, "a rerun has the settings of its run", READ)
    before, experiment = Record(origin).read(), frozen.experiment
    experiment.notes = given.notes or experiment.notes
    prepared = prepare_job(experiment, started_in, named_option(frozen.choices, "data"))
    screen.verbose = experiment.train.verbose
    screen.place("once more", origin.path, "rerun")
    gpus = prepared.device.names if prepared.device.kind == "cuda" else ()
    provenance = collect_provenance(started_in, command, experiment.train.seed, gpus)
    fingerprints = fingerprint_splits(prepared.dataset, experiment.train, prepared.task.name)
    differences = what_differs(before, provenance, fingerprints, prepared.model.lineage)
    counts = thread_counts((before.get("training") or {}).get("threads"))
    differences += threads_differ(counts, experiment.device.threads)
    for line in differences or ["data, packages, machine and starting weights are the same as then"]:
        screen.detail(line)
    stem = re.sub(r"_\d{8}_\d{6}(_\d+)?$", "", origin.path.name)
    name = experiment.train.name or (Path(experiment.model.weights).stem if stem.isdigit() else stem)
    gatekeeper = Gatekeeper(experiment.approval, terminal_asker(screen))
    repeats = {"run": str(origin.path), "differences": differences}
    context = Context(origin, frozen, screen, gatekeeper, started_in, command, repeats=repeats)
    return start_new(context, prepared, str(name), lambda folder, place: refreeze(origin, folder, place))


def what_differs(
    before: Mapping[str, Any], now: Mapping[str, Any], fingerprints: Mapping[str, str], weights_sha256: str | None
) -> list[str]:
    """Return what is not as it was, a line each.

    Args:
        before: The record of the earlier run.
        now: The provenance of this one.
        fingerprints: Content hash of each split now.
        weights_sha256: Hash of the starting checkpoint now.
    """
    lines = []
    then = before.get("provenance") or {}
    old_prints = (before.get("dataset") or {}).get("fingerprint") or {}
    if not old_prints:
        lines.append("data: the run did not get far enough to record its fingerprint")
    for split in sorted(old_prints.keys() | fingerprints.keys()) if old_prints else ():
        if old_prints.get(split) != fingerprints.get(split):
            lines.append(f"data: the {split} split has changed")
    if (before.get("model") or {}).get("lineage") != weights_sha256:
        lines.append("model: the starting checkpoint is another one")
    return lines + provenance_differs(then, now)
