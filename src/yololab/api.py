"""yololab from Python: the same job as the command line, for notebooks and scripts."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yololab.config.arguments.commands import Syntax
from yololab.config.arguments.translate import DEFAULT_COMMAND, Translation, translate
from yololab.config.folders import group_options
from yololab.config.hydra.compose import Composed, compose_experiment
from yololab.errors import InputError, Problem
from yololab.files.json_files import read_json
from yololab.files.metrics import MetricsFile, read_metrics
from yololab.files.paths import RunFolder
from yololab.files.record import Record
from yololab.files.record_content import RecordContent, Status
from yololab.terminal.screen import Screen

if TYPE_CHECKING:
    from yololab.job.standalone.compare import ComparisonResult


@dataclass(frozen=True)
class Experiment:
    """A finished (or unfinished) run, as its folder tells it.

    Attributes:
        folder: The paths of its files.
        record: The content of experiment_log.json.
        exit_code: What `yololab train` would have returned; None for a run that was loaded.
    """

    folder: RunFolder
    record: RecordContent
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
    def comparison(self) -> Mapping[str, Any] | None:
        """The content of its comparison.json; None when it was not reached."""
        from yololab.comparison.result import COMPARISON_VERSION, ComparisonContent

        file = self.folder.comparison
        return read_json(file, (COMPARISON_VERSION,), ComparisonContent) if file.is_file() else None

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
    from yololab.job.start import start_run

    tokens = _tokens(overrides, settings)
    read = _translate(tokens, Syntax(mode="train", multirun=True))
    composed = compose_experiment(read.overrides)
    folder, code = start_run(composed, read.task, _typed(tokens), Path.cwd(), Screen(quiet=quiet))
    return Experiment(folder, Record(folder).read(), code)


def resume(run: str | Path, quiet: bool = False, **settings: Any) -> Experiment:
    """Resume a run that was killed or interrupted, as `yololab resume` does; one that is complete is left alone.

    Args:
        run: The run's folder.
        quiet: Print nothing.
        settings: Who answers at the gates (`approval="auto"`), `notes`, and `resume={"changed_data": True}`.

    Raises:
        InputError: The folder is no run's, the run is still running, or its data has changed.
    """
    from yololab.job.resume import resume_run

    tokens = _tokens((), settings)
    given = _compose(tokens, Syntax()).experiment
    folder = RunFolder(Path(run).expanduser().resolve())
    code = resume_run(folder, given, _typed([str(run), *tokens]), Path.cwd(), Screen(quiet=quiet))
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
    from yololab.job.standalone.evaluate import evaluate_checkpoint

    tokens = _tokens((), {"model": str(model), "data": str(data), **settings})
    composed = _compose(tokens, Syntax(mode="val"))
    return evaluate_checkpoint(composed, Path.cwd(), Screen(quiet=quiet))


def compare(
    current: str | Path, baseline: str | Path | None = None, quiet: bool = True, **settings: Any
) -> ComparisonResult:
    """Compare two models, as `yololab compare` does.

    Args:
        current: A run folder, the name of a run, a metrics.json, …: what `yololab compare --help` lists.
        baseline: The same; None takes the promoted baseline.
        quiet: Print nothing.
        settings: Further settings: `evaluation={"imgsz": 640}`, `**{"baseline.tolerance": 0.02}`.

    Returns:
        The content of comparison.json as a dictionary that also has `verdict`, `passes`, `comparison` and `path`.

    Raises:
        InputError: Something is missing, or the two did not measure the same thing.
    """
    from yololab.job.standalone.compare import compare_models

    references = [str(current)] if baseline is None else [str(current), str(baseline)]
    experiment = _compose(_tokens((), settings), Syntax()).experiment
    return compare_models(references, experiment, Path.cwd(), Screen(quiet=quiet))


def _tokens(overrides: Sequence[str], settings: Mapping[str, Any]) -> list[str]:
    """Return what a command line would say; a mapping becomes dotted keys."""
    tokens = list(overrides)
    for key, value in settings.items():
        if isinstance(value, Mapping):
            tokens += _tokens((), {f"{key}.{inner}": item for inner, item in value.items()})
        else:
            tokens.append(f"{key}={value}")
    return tokens


def _typed(tokens: Sequence[str]) -> tuple[str, ...]:
    """Return the command that a record shows."""
    return ("python", sys.argv[0] or "-", *tokens)


def _translate(tokens: Sequence[str], syntax: Syntax) -> Translation:
    """Read settings as the command line does.

    Raises:
        InputError: They are not right.
    """
    cwd = Path.cwd()
    translation = translate(tokens, {DEFAULT_COMMAND: syntax}, group_options(cwd), cwd)
    if translation.problems:
        raise InputError(translation.problems)
    if translation.multirun:
        raise InputError(Problem("run_experiment", "-m", "one job", "sweep on the command line: yololab -m …"))
    return translation


def _compose(tokens: Sequence[str], syntax: Syntax) -> Composed:
    """Compose the config that settings ask for."""
    return compose_experiment(_translate(tokens, syntax).overrides)
