"""What tests run in a fresh process: a spawned one imports it by name, which it cannot do with a test module."""

from __future__ import annotations

from pathlib import Path

from yololab.files.paths import RunFolder
from yololab.files.record import Record


def take_notes(path: str, number: int) -> None:
    for index in range(10):
        Record(RunFolder(Path(path))).add_note(f"{number}.{index}")


def make_study(url: str, count: int) -> None:
    import optuna

    from yololab.sweep.planning.storage import open_study
    from yololab.sweep.planning.strategies import make_sampler

    study = open_study(url, "shared", ["maximize"], make_sampler("random", 0, {}))
    distributions = {"a": optuna.distributions.FloatDistribution(0, 1)}
    for _ in range(count):
        study.tell(study.ask(distributions), 0.5)
