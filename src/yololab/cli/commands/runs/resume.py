"""`yololab resume RUN_OR_SWEEP`: go on after a crash, a kill or an interruption; only what is missing is done."""

from __future__ import annotations

from collections.abc import Iterable

from yololab.cli.request import Request, answering
from yololab.config.frozen import thaw
from yololab.config.schema import ExperimentConfig
from yololab.errors import InputError, Problem
from yololab.files.paths import RunFolder

USAGE = "resume RUN_OR_SWEEP [approval=auto]"
SWEEP_FILE = "sweep.json"
_READ = ("approval", "resuming")


def run(request: Request) -> int:
    """Go on with a run or a sweep.

    Settings given here may only say who answers (`approval.…`), add a note, and lift what stands in the way
    (`resuming.…`); anything else would make it another experiment, and is refused.

    Returns:
        The exit code of the job; 0 when nothing was missing.
    """
    (word,) = request.expect_operands(USAGE, 1, 1)
    path = request.path_of(word)
    given = request.compose().experiment
    if (path / SWEEP_FILE).is_file():
        from yololab.sweep.resume import resume_sweep

        _refuse(given.overridden, "a sweep is continued with what it was started with", "nothing")
        return resume_sweep(path, request.screen())
    return resume_run(RunFolder(path), given, request)


def resume_run(folder: RunFolder, given: ExperimentConfig, request: Request) -> int:
    """Go on with a single run.

    Args:
        folder: The run's folder.
        given: What was said with the command.
        request: The command.
    """
    others = [key for key in given.overridden if key != "notes" and key.partition(".")[0] not in _READ]
    _refuse(others, "a run is continued with its own settings", "approval.…, resuming.… and notes")
    frozen = thaw(folder.path).experiment
    from yololab.job.gatekeeper import terminal_asker
    from yololab.job.resume import Terms, start_or_continue

    screen = request.screen(verbose=frozen.train.verbose)
    terms = Terms(
        screen=screen,
        command=request.command,
        working_directory=request.working_directory,
        ask=terminal_asker(screen.ask),
        approval=answering(given, frozen.approval),
        notes=given.notes,
        take_over=given.resuming.take_over,
        changed_data=given.resuming.changed_data,
    )
    return start_or_continue(folder, terms)


def _refuse(keys: Iterable[str], found: str, allowed: str) -> None:
    """Refuse settings that would have to be ignored.

    Raises:
        InputError: There are some.
    """
    remedy = "start a new run: yololab … (a longer training is one, too: model=RUN/weights/last.pt)"
    problems = [Problem(key, found, allowed, remedy) for key in sorted(keys)]
    if problems:
        raise InputError(problems)
