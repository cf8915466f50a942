"""`yololab rerun RUN`: the same frozen config and seed again, saying what is different this time."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from yololab.commands.request import Request
from yololab.config.frozen import thaw
from yololab.config.hydra_text import FREE_PREFIX
from yololab.measuring import fingerprint_splits
from yololab.record import Record
from yololab.runfolder import RunFolder, create_folder

USAGE = "rerun RUN [approval=auto]"


def run(request: Request) -> int:
    """Run a frozen experiment again, in a new folder.

    Settings given here may only say who answers and where things lie; anything else would make it another experiment.

    Returns:
        The exit code of the job.
    """
    (word,) = request.expect_operands(USAGE, 1, 1)
    origin = RunFolder((request.working_directory / Path(word).expanduser()).resolve())
    frozen = thaw(origin.path)
    before = Record(origin).read()
    now = request.compose().experiment
    experiment = replace(frozen.experiment, approval=now.approval)
    from yololab.experiment import Launch, run_job
    from yololab.preparation import prepare_job
    from yololab.provenance import collect_provenance
    from yololab.stages.approve import Gatekeeper, terminal_asker

    option = frozen.choices.get("data", "")
    choice = None if option.startswith(FREE_PREFIX) else option
    prepared = prepare_job(experiment, request.working_directory, choice)
    screen = request.screen(verbose=bool(experiment.train["verbose"]))
    screen.stage("rerun", str(origin.path))
    provenance = collect_provenance(request.working_directory, request.command, int(experiment.train["seed"]))
    fingerprints = fingerprint_splits(prepared.dataset, experiment.train)
    differences = what_differs(before, provenance, fingerprints, prepared.model.lineage)
    for line in differences or ["data, packages, machine and starting weights are the same as then"]:
        screen.detail(line)
    name = experiment.train["name"] or origin.path.name.rsplit("_", 2)[0]
    folder = RunFolder(create_folder(prepared.paths.tree.training, str(name)))
    shutil.copytree(origin.hydra, folder.hydra)
    return run_job(
        Launch(
            config=experiment,
            tree=frozen.tree,
            choices=frozen.choices,
            folder=folder,
            working_directory=request.working_directory,
            command=request.command,
            screen=screen,
            gatekeeper=Gatekeeper(experiment.approval, terminal_asker(screen.ask)),
            prepared=prepared,
            origin=str(origin.path),
            rerun_differences=tuple(differences),
        )
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
    for split in sorted(old_prints.keys() | fingerprints.keys()):
        if old_prints.get(split) != fingerprints.get(split):
            lines.append(f"data: the {split} split has changed")
    if (before.get("model") or {}).get("lineage") != weights_sha256:
        lines.append("model: the starting checkpoint is another one")
    old_packages, new_packages = then.get("packages") or {}, now["packages"]
    for name in sorted(old_packages.keys() | new_packages.keys()):
        if old_packages.get(name) != new_packages.get(name):
            lines.append(f"package {name}: {old_packages.get(name)} then, {new_packages.get(name)} now")
    old_git, new_git = then.get("git") or {}, now["git"] or {}
    for key in ("commit", "diff_sha256"):
        if old_git.get(key) != new_git.get(key):
            lines.append(f"git {key}: {old_git.get(key)} then, {new_git.get(key)} now")
    for key in ("cpu", "cores", "os", "python"):
        old, new = (then.get("hardware") or {}).get(key), now["hardware"].get(key)
        if old != new:
            lines.append(f"{key}: {old} then, {new} now")
    return lines
