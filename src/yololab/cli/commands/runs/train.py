"""`yololab train`: one job, or a sweep of jobs with `-m`."""

from __future__ import annotations

from yololab.cli.request import Request
from yololab.config.compose import Composed
from yololab.config.hydra_app import has_sweeps, run_in, sweep
from yololab.config.hydra_text import FREE_PREFIX
from yololab.config.schema import DryRun
from yololab.config.search import Sampler
from yololab.errors import InputError, Problem
from yololab.files.paths import RunFolder, create_folder


def run(request: Request) -> int:
    """Run one job in a folder of its own; nothing is left when config, dataset or model are not right.

    Returns:
        The exit code.
    """
    return launch_single(request)[1]


def launch_single(request: Request) -> tuple[RunFolder, int]:
    """Run one job and return its folder and exit code.

    Raises:
        InputError: Config, dataset or model is not right; no folder was made.
    """
    if has_sweeps(request.overrides):
        raise InputError(Problem("command line", "several values for one key", "one value", "yololab -m … sweeps"))
    composed = request.compose()
    sampler = composed.experiment.search.sampler
    if sampler is not Sampler.NONE:
        remedy = f"yololab -m search={composed.choices.get('search', sampler)} … searches, with a run for each trial"
        raise InputError(Problem("search", f"{sampler} without -m", "none: a single run searches nothing", remedy))
    # What follows imports PyTorch; a config error has been reported by now.
    from yololab.job.gatekeeper import Gatekeeper, terminal_asker
    from yololab.job.prepare import prepare_job
    from yololab.job.run import Launch, run_job

    experiment = composed.experiment
    screen = request.screen(verbose=experiment.train.verbose)
    prepared = prepare_job(experiment, request.working_directory, data_choice(composed))
    if request.task not in (None, prepared.task.name):
        found = f"{request.task!r}, but the model {prepared.model.model} is for {prepared.task.name}"
        raise InputError(Problem("task", found, "the model's own task", "choose a model of that task"))
    folder = RunFolder(create_folder(prepared.paths.tree.training, run_name(composed)))
    launch = Launch(
        config=experiment,
        tree=composed.tree,
        choices=composed.choices,
        folder=folder,
        working_directory=request.working_directory,
        command=request.command,
        screen=screen,
        gatekeeper=Gatekeeper(experiment.approval, terminal_asker(screen.ask)),
        prepared=prepared,
    )
    return folder, int(run_in(folder.path, lambda _config: run_job(launch), request.overrides))


def run_multirun(request: Request) -> int:
    """Run a sweep: one trial for each combination of values.

    Returns:
        The exit code: 0 when a trial completed.
    """
    from yololab.sweep.planning.plan import plan_space, plan_trial

    # Hydra composes the sweep's own config first and stops at its first complaint; ours are complete.
    # glob(…) needs Hydra's own loader, which the sweeper has.
    if not any("glob(" in override for override in request.overrides):
        space, _ = plan_space(request.overrides, request.working_directory)
        plan_trial(0, space.overrides(space.representatives()[0]))
    return int(sweep(request.overrides))


def run_name(composed: Composed) -> str:
    """Return the first part of the run folder's name: `name=…`, else the model's."""
    suffix = "" if composed.experiment.dry_run is DryRun.OFF else "_dry_run"
    name = composed.experiment.train.name
    if name:
        return f"{name}{suffix}"
    return f"{_model_name(composed)}{suffix}"


def _model_name(composed: Composed) -> str:
    """Return the name of the model: its option, or its file's stem."""
    model = composed.choices.get("model", "")
    return composed.experiment.model.weights.rpartition("/")[2].rpartition(".")[0] if _is_free(model) else model


def data_choice(composed: Composed) -> str | None:
    """Return the chosen option of the group `data`; None for a file or a name of Ultralytics."""
    option = composed.choices.get("data", "")
    return None if _is_free(option) else option


def _is_free(option: str) -> bool:
    return option.startswith(FREE_PREFIX)
