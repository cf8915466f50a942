"""Starting a run of its own: what `yololab train` does without `-m`."""

from collections.abc import Callable, Sequence
from pathlib import Path

from yololab.config.frozen import Frozen, freeze
from yololab.config.hydra.app import run_config, run_in
from yololab.config.hydra.compose import Composed, plain_settings
from yololab.config.hydra.grammar import named_option
from yololab.config.hydra.keys import asked_folder, sweep_only
from yololab.config.schema import DryRun
from yololab.config.search import Sampler
from yololab.errors import InputError, Problem
from yololab.files.paths import RunFolder
from yololab.terminal.screen import Screen


def start_run(
    composed: Composed, task: str | None, command: Sequence[str], working_directory: Path, screen: Screen
) -> tuple[RunFolder, int]:
    """Start a run in a folder of its own; nothing is left when config, dataset or model are not right.

    Args:
        composed: The composed settings.
        task: The task that was named; None when none was.
        command: The command as it was typed.
        working_directory: The user's folder.
        screen: Where to print.

    Returns:
        The run, and its exit code.

    Raises:
        InputError: Config, dataset or model is not right; no folder was made.
    """
    experiment = composed.experiment
    sampler = experiment.search.sampler
    if sampler is not Sampler.NONE:
        # A recipe may bring the search: what was typed is repeated, whichever it was.
        typed = [word for word in composed.overrides if word.startswith(("experiment=", "search"))]
        remedy = f"-m is missing: yololab -m {' '.join(typed)} … starts a run for each trial"
        found = f"{sampler}, and this is a single run"
        raise InputError(Problem("search.sampler", found, "none: a single run searches nothing", remedy))
    problems = sweep_only(experiment.overridden)
    if composed.is_multirun:
        problems.append(Problem("hydra.mode", "MULTIRUN", "one run", "yololab -m … starts a sweep"))
    if problems:
        raise InputError(problems)
    # What follows imports PyTorch; a config error has been reported by now.
    from yololab.job.context import Context
    from yololab.job.gatekeeper import Gatekeeper, terminal_asker
    from yololab.job.lifecycle import start_new
    from yololab.job.prepare import prepare_job

    screen.verbose = experiment.train.verbose
    with screen.working("start", "looking for data, model and device"):
        prepared = prepare_job(experiment, working_directory, composed.data_option)
    if task not in (None, prepared.task.name):
        found = f"{task!r}, but the model {prepared.model.model} is for {prepared.task.name}"
        raise InputError(Problem("task", found, "the model's own task", "choose a model of that task"))
    training = prepared.paths.tree.training
    place = asked_folder(composed.config, "run", training, working_directory)
    frozen = Frozen(experiment, composed.tree, composed.choices, composed.overrides)
    gatekeeper = Gatekeeper(experiment.approval, terminal_asker(screen))
    context = Context(RunFolder(training), frozen, screen, gatekeeper, working_directory, command)

    def write_config(folder: RunFolder, place: Path) -> None:
        settings = plain_settings(run_config(composed, place).hydra)
        freeze(folder, composed.tree, settings, composed.hydra.overrides.task)

    def in_hydra(folder: RunFolder, run: Callable[[], int]) -> int:
        return int(run_in(folder.path, composed, lambda _config: run()))

    return start_new(context, prepared, run_name(composed), write_config, in_hydra, place)


def run_name(composed: Composed) -> str:
    """Return the first part of the run folder's name: `name=…`, else the model's: its option, or its file's stem."""
    weights = composed.experiment.model.weights
    model = named_option(composed.choices, "model")
    name = composed.name or (Path(weights).stem if model is None else model)
    return f"{name}{'' if composed.experiment.dry_run is DryRun.OFF else '_dry_run'}"
