"""yololab from Python: the same job as the command line, for notebooks and scripts."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yololab.errors import InputError, Problem
from yololab.files.json_files import read_json
from yololab.files.metrics import MetricsFile, read_metrics
from yololab.files.paths import RunFolder
from yololab.files.record import Record, Status


@dataclass(frozen=True)
class Experiment:
    """A finished (or unfinished) run, as its folder tells it.

    Attributes:
        folder: The paths of its files.
        record: The content of experiment_log.json.
        exit_code: What `yololab train` would have returned; None for a run that was loaded.
    """

    folder: RunFolder
    record: dict[str, Any]
    exit_code: int | None = None

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self.folder.path

    @property
    def status(self) -> Status:
        """What became of it."""
        return Status(self.record["status"])

    @property
    def metrics(self) -> MetricsFile | None:
        """What its evaluation measured; None when it was not reached."""
        return read_metrics(self.folder.metrics) if self.folder.metrics.is_file() else None

    @property
    def comparison(self) -> dict[str, Any] | None:
        """The content of its comparison.json; None when it was not reached."""
        from yololab.comparison.comparison_file import COMPARISON_VERSION

        return read_json(self.folder.comparison, (COMPARISON_VERSION,)) if self.folder.comparison.is_file() else None

    @property
    def weights(self) -> Path | None:
        """Its best checkpoint; None when there is none."""
        return self.folder.best if self.folder.best.is_file() else None


def run_experiment(*overrides: str, quiet: bool = False, **settings: Any) -> Experiment:
    """Run one job, as `yololab train` does.

    Args:
        overrides: What would stand on the command line: `"experiment=demo"`, `"model=yolo26s"`, `"device.threads=2"`.
        quiet: Print nothing.
        settings: The same as keywords, with Python values: `epochs=3`, `model="best.pt"`, `scale=(0.3, 0.7)`.

    Returns:
        The run; its `status` and `exit_code` say how it ended.

    Raises:
        InputError: Config, dataset or model is not right; no folder was made.

    Example:
        >>> from yololab import run_experiment
        >>> run = run_experiment("experiment=demo", approval="auto", epochs=5)  # doctest: +SKIP
        >>> run.metrics.value("mAP50-95")  # doctest: +SKIP
        0.31
    """
    from yololab.cli.commands.runs.train import launch_single

    words = _words(overrides, settings)
    request = _request("train", words, quiet=quiet)
    folder, code = launch_single(request)
    return Experiment(folder, Record(folder).read(), code)


def resume(run: str | Path, quiet: bool = False, **settings: Any) -> Experiment:
    """Go on with a run that was killed or interrupted, as `yololab resume` does; one that is complete is left alone.

    Args:
        run: The run's folder.
        quiet: Print nothing.
        settings: Who answers at the gates (`approval="auto"`), `notes`, and `resuming={"changed_data": True}`.

    Raises:
        InputError: The folder is no run's, the run is still running, or its data has changed.
    """
    from yololab.cli.commands.runs.resume import resume_run

    request = _request("resume", [str(run), *_words((), settings)], quiet=quiet)
    folder = RunFolder(Path(run).expanduser().resolve())
    code = resume_run(folder, request.compose().experiment, request)
    return Experiment(folder, Record(folder).read(), code)


def load_experiment(run: str | Path) -> Experiment:
    """Read a run from its folder.

    Args:
        run: The folder, e.g. `outputs/training/latest`.

    Raises:
        InputError: There is no record, or it is of an unknown version.
    """
    folder = RunFolder(Path(run).expanduser().resolve())
    return Experiment(folder, Record(folder).read())


def evaluate(model: str | Path, data: str | Path, quiet: bool = False, **settings: Any) -> MetricsFile:
    """Measure a checkpoint under the pinned protocol, as `yololab evaluate` does.

    Args:
        model: The checkpoint.
        data: The data.yaml, or the name of a dataset.
        quiet: Print nothing.
        settings: Further settings: `device="cpu"`, `evaluation={"split": "test"}`.

    Returns:
        The metrics.json that was written.

    Raises:
        InputError: Model or dataset is not right.
    """
    from yololab.cli.commands.models.evaluate import evaluate_checkpoint

    words = _words((), {"model": str(model), "data": str(data), **settings})
    return evaluate_checkpoint(_request("evaluate", words, quiet=quiet))


def compare(
    current: str | Path, baseline: str | Path | None = None, quiet: bool = True, **settings: Any
) -> dict[str, Any]:
    """Compare two models, as `yololab compare` does.

    Args:
        current: A run folder or a metrics.json.
        baseline: The same; None takes the promoted baseline.
        quiet: Print nothing.
        settings: Further settings: `baseline={"tolerance": 0.02}`.

    Returns:
        The content of comparison.json.

    Raises:
        InputError: Something is missing, or the two did not measure the same thing.
    """
    from yololab.cli.commands.models.compare import compare_operands

    operands = [str(current)] if baseline is None else [str(current), str(baseline)]
    return compare_operands(_request("compare", [*operands, *_words((), settings)], quiet=quiet)).content


def _words(overrides: Sequence[str], settings: Mapping[str, Any]) -> list[str]:
    """Return the command line that says the same; a mapping becomes dotted keys."""
    words = list(overrides)
    for key, value in settings.items():
        if isinstance(value, Mapping):
            words += _words((), {f"{key}.{inner}": item for inner, item in value.items()})
        else:
            words.append(f"{key}={str(value) if isinstance(value, Path) else value}")
    return words


def _request(command: str, words: Sequence[str], *, quiet: bool) -> Any:
    """Translate a command as the command line does."""
    from yololab.cli.request import Request
    from yololab.config.arguments.commands import PROTOCOL_ARGUMENTS, Syntax
    from yololab.config.arguments.translate import translate
    from yololab.config.folders import group_options

    cwd = Path.cwd()
    commands = {
        "train": Syntax(mode="train", multirun=True),
        "evaluate": Syntax(mode="val", protocol=PROTOCOL_ARGUMENTS),
        "resume": Syntax(operands=(1, 1)),
        "compare": Syntax(operands=(1, 2)),
    }
    translation = translate([command, *words], commands, group_options(cwd), cwd)
    if translation.problems:
        raise InputError(translation.problems)
    if translation.multirun:
        raise InputError(Problem("run_experiment", "-m", "one job", "sweep on the command line: yololab -m …"))
    typed = ("python", sys.argv[0] or "-", *words)
    return Request(translation.operands, translation.overrides, False, typed, cwd, quiet=quiet)
