"""`yololab rerun RUN`: the same frozen config and seed again, saying what is different this time."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from yololab.cli.request import Request, answering
from yololab.config.frozen import refreeze, thaw
from yololab.config.hydra_text import FREE_PREFIX
from yololab.errors import InputError, Problem
from yololab.files.paths import RunFolder, create_folder
from yololab.files.record import Record
from yololab.host.provenance import what_differs as provenance_differs
from yololab.job.measure import fingerprint_splits

USAGE = "rerun RUN [approval=auto]"


def run(request: Request) -> int:
    """Run a frozen experiment again, in a new folder.

    Settings given here may only say who answers (`approval.…`) and add a note; anything else would make it another
    experiment, and is refused.

    Returns:
        The exit code of the job.
    """
    (word,) = request.expect_operands(USAGE, 1, 1)
    origin = RunFolder(request.path_of(word))
    frozen = thaw(origin.path)
    before = Record(origin).read()
    now = request.compose().experiment
    _refuse_other_settings(now.overridden)
    approval = answering(now, frozen.experiment.approval)
    experiment = replace(frozen.experiment, approval=approval, notes=now.notes or frozen.experiment.notes)
    from yololab.host.provenance import collect_provenance
    from yololab.job.gatekeeper import Gatekeeper, terminal_asker
    from yololab.job.prepare import prepare_job
    from yololab.job.run import Launch, run_job

    option = frozen.choices.get("data", "")
    choice = None if option.startswith(FREE_PREFIX) else option
    # Relative paths of the frozen config start where the run was started.
    recorded = Path(before["provenance"]["working_directory"])
    working_directory = recorded if recorded.is_dir() else request.working_directory
    prepared = prepare_job(experiment, working_directory, choice)
    screen = request.screen(verbose=experiment.train.verbose)
    screen.stage("rerun", str(origin.path))
    gpus = prepared.device.names if prepared.device.kind == "cuda" else ()
    provenance = collect_provenance(working_directory, request.command, experiment.train.seed, gpus)
    fingerprints = fingerprint_splits(prepared.dataset, experiment.train, prepared.task.name)
    differences = what_differs(before, provenance, fingerprints, prepared.model.lineage)
    for line in differences or ["data, packages, machine and starting weights are the same as then"]:
        screen.detail(line)
    stem = re.sub(r"_\d{8}_\d{6}(_\d+)?$", "", origin.path.name)
    name = experiment.train.name or (Path(experiment.model.weights).stem if stem.isdigit() else stem)
    folder = RunFolder(create_folder(prepared.paths.tree.training, str(name)))
    refreeze(origin, folder)
    return run_job(
        Launch(
            config=experiment,
            tree=frozen.tree,
            choices=frozen.choices,
            folder=folder,
            working_directory=working_directory,
            command=request.command,
            screen=screen,
            gatekeeper=Gatekeeper(experiment.approval, terminal_asker(screen.ask)),
            prepared=prepared,
            origin=str(origin.path),
            rerun_differences=tuple(differences),
        )
    )


def _refuse_other_settings(overridden: Collection[str]) -> None:
    """Refuse settings that a rerun would have to ignore."""
    others = [key for key in sorted(overridden) if key != "notes" and key.partition(".")[0] != "approval"]
    if others:
        remedy = "start a new run with the settings: yololab …"
        raise InputError(
            [Problem(key, "a rerun has the settings of its run", "approval.… and notes", remedy) for key in others]
        )


def what_differs(
    before: Mapping[str, Any], now: Mapping[str, Any], fingerprints: Mapping[str, str], weights_sha256: str | None
) -> list[str]:
    """Return what is not as it was, in words.

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
