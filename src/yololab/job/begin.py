"""The first lines of a run, on the screen and in the record: what was composed, on which machine, what has changed."""

from dataclasses import asdict
from typing import Any

from yololab.comparison.groups import absolute_group
from yololab.comparison.registration.registered import criteria_of, register
from yololab.config.differences import changed_settings
from yololab.config.hydra.grammar import FREE_PREFIX
from yololab.config.train_arguments.applicability import idle_settings
from yololab.files.atomic import write_text
from yololab.host.provenance import collect_provenance, git_diff, hardware, what_differs
from yololab.job.context import Context
from yololab.job.prepare import Prepared
from yololab.ultralytics_adapter.training.training_file import training_noted

GROUP_ORDER = ("experiment", "model", "data", "hparams", "augmentation", "device", "approval", "export")


def begin_record(context: Context, name: str | None = None) -> None:
    """Write the record's first version, or note in it that another attempt begins.

    Args:
        context: The attempt.
        name: What the run will be called, when its folder has another name so far.
    """
    if context.previous is not None:
        noted = training_noted(context.folder.training)
        context.record.resume(noted.seconds if noted else 0.0)
        return
    first: dict[str, Any] = {
        "name": name or context.folder.path.name,
        "config": context.frozen.tree,
        "requested_config": context.frozen.tree,
        "provenance": collect_provenance(context.working_directory, context.command, context.seed),
        "estimate": context.trial.estimate if context.trial else None,
        "repeats": context.repeats,
        "extends": context.extends,
    }
    context.record.begin(first, context.config.notes)


def introduce(context: Context, prepared: Prepared) -> None:
    """Show what was composed and what differs from the defaults; record what is known now of machine and model."""
    config, screen, device = context.config, context.screen, prepared.device
    free = {"model": config.model.weights, "data": config.data.source, "device": str(config.device.id)}
    chosen = [(group, context.frozen.choices.get(group)) for group in GROUP_ORDER]
    shown = [
        f"{group}={free[group] if option.startswith(FREE_PREFIX) else option}"
        for group, option in chosen
        if option not in (None, "None")
    ]
    screen.stage("config", "  ".join(shown))
    changed = ", ".join(f"{key} {value} ({default})" for key, value, default in changed_settings(config))
    if changed:
        screen.detail(f"not the defaults (these in brackets): {changed}")
    screen.detail(f"device: {device.id} ({', '.join(device.names)})")
    idle = idle_settings(config.train, prepared.usage)
    for line in idle:
        screen.detail(line)
    screen.place("run folder", context.folder.path)
    gpus = device.names if device.kind == "cuda" else ()
    if context.previous is not None:
        _show_differences(context, gpus)
        return
    diff = git_diff(context.working_directory)
    if diff:
        write_text(context.folder.git_diff, diff)
    group = absolute_group(config.evaluation.group, prepared.paths.working_directory)
    criteria = criteria_of(config.baseline, config.evaluation, prepared.task.primary_metric, group)
    registered = register(criteria, context.folder)
    screen.log(f"registered before the training: {registered}")
    context.record.update(
        registered=registered,
        task=prepared.task.name,
        provenance=(context.record.read().get("provenance") or {}) | {"hardware": hardware(gpus)},
        model=asdict(prepared.model),
        idle_settings=idle,
        dataset={"name": prepared.dataset_name, "source": str(prepared.dataset.yaml)},
    )


def _show_differences(context: Context, gpus: tuple[str, ...]) -> None:
    """Show and record what of packages, git and machine is not as it was when the run was started."""
    present = collect_provenance(context.working_directory, context.command, context.seed, gpus)
    differences = what_differs((context.previous or {}).get("provenance") or {}, present)
    for line in differences:
        context.screen.warn(f"changed since the run was started: {line}")
    context.record.describe_attempt(differences=differences, command=list(context.command))
