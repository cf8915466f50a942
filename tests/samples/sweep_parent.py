"""A sweep's parent as a process of its own, with the fake body; it makes the sweep, or goes on with it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from sweep_contract import BODY

from yololab.host.signals import StopSignal
from yololab.sweep.engines.registry import make_executor
from yololab.sweep.loop import TrialLoop, reattach_trials
from yololab.sweep.planning.space import read_space
from yololab.sweep.planning.study_source import StudySource
from yololab.sweep.progress import SweepProgress
from yololab.sweep.results.summary_files import SummaryWriter
from yololab.sweep.state import SweepFolder
from yololab.terminal.screen import Screen


def run(path: Path) -> None:
    folder = SweepFolder(path)
    settings = folder.read_settings()
    space = read_space(settings.arguments, discrete=settings.search.sampler == "grid")

    def freeze(number: int, overrides: Sequence[str]) -> None:
        folder.trial(number).path.mkdir(exist_ok=True)

    executor = make_executor(settings.engine, settings.engine_settings, settings.resources, BODY)
    source = StudySource(folder, settings, space, freeze)
    still_running = reattach_trials(folder, executor, settings.objectives)
    source.catch_up()
    screen = Screen()
    progress = SweepProgress(folder, settings, screen, source.planned, executor.capacity)
    with progress.shown():
        stop = StopSignal()
        with stop.listening(), stop.waiting_for_batch():
            TrialLoop(
                folder,
                source,
                executor,
                settings.objectives,
                (SummaryWriter(folder, settings, screen), progress),
                retries=settings.search.retries,
                still_running=still_running,
                poll_seconds=0.05,
            ).run(stop)


if __name__ == "__main__":
    run(Path(sys.argv[1]))
