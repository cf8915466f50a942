"""yololab from Python: the same job as the command line, for notebooks and scripts."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from yololab.config.arguments.commands import Syntax
from yololab.config.arguments.translate import DEFAULT_COMMAND, Translation, translate
from yololab.config.folders import group_options
from yololab.config.hydra.compose import Composed, compose_experiment
from yololab.errors import InputError, Problem
from yololab.files.paths import OutputTree, RunFolder
from yololab.files.record import Record
from yololab.terminal.screen import Screen

if TYPE_CHECKING:
    from yololab.job.prediction.predict import Predictions
    from yololab.job.standalone.compare import ComparisonResult
    from yololab.job.standalone.labels import LabelReview
    from yololab.results import CostEstimate, DatasetCheck, Evaluation, Experiment, Sweep

RESULTS = ("CostEstimate", "DatasetCheck", "Evaluation", "Experiment", "Sweep")


def __getattr__(name: str) -> Any:
    """Import what the functions return on first use: it is half a second that a command line need not pay."""
    if name in RESULTS:
        return getattr(import_module("yololab.results"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


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
    from yololab.results import Experiment

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
    from yololab.results import Experiment

    tokens = _tokens((), settings)
    given = _compose(tokens, Syntax()).experiment
    folder = RunFolder(Path(run).expanduser().resolve())
    code = resume_run(folder, given, _typed([str(run), *tokens]), Path.cwd(), Screen(quiet=quiet))
    return Experiment(folder, Record(folder).read(), code)


def extend(run: str | Path, epochs: int, quiet: bool = False, **settings: Any) -> Experiment:
    """Train a finished run further, as `yololab extend` does; the new run has a folder of its own.

    Args:
        run: The run's folder.
        epochs: How many epochs more.
        quiet: Print nothing.
        settings: `weights` (`"last"` or `"best"`), `lr0`, `lrf`, `warmup_epochs`; `approval`, `notes`.

    Raises:
        InputError: The run is not finished, or its weights are gone.
    """
    from yololab.config.validation import read_own
    from yololab.job.extending.extend import ExtendOptions, extend_run
    from yololab.results import Experiment

    own = {item.name: settings.pop(item.name) for item in fields(ExtendOptions) if item.name in settings}
    options, _ = read_own(ExtendOptions, own | {"epochs": epochs})
    tokens = _tokens((), settings)
    parent, given = RunFolder(Path(run).expanduser().resolve()), _compose(tokens, Syntax()).experiment
    folder, code = extend_run(parent, options, given, _typed([str(run), *tokens]), Path.cwd(), Screen(quiet=quiet))
    return Experiment(folder, Record(folder).read(), code)


def load_experiment(run: str | Path) -> Experiment:
    """Read a run from its folder.

    Args:
        run: The folder, e.g. `outputs/training/latest`.

    Raises:
        InputError: There is no record, or it is of an unknown version.
    """
    from yololab.results import Experiment

    folder = RunFolder(Path(run).expanduser().resolve())
    return Experiment(folder, Record(folder).read())


def evaluate(model: str | Path, data: str | Path, quiet: bool = False, **settings: Any) -> Evaluation:
    """Measure a checkpoint under the pinned protocol, as `yololab evaluate` does.

    Args:
        model: The checkpoint.
        data: The data.yaml, or the name of a dataset.
        quiet: Print nothing.
        settings: Further settings: `device="cpu"`, `evaluation={"split": "test"}`.

    Returns:
        The numbers, as they stand in the metrics.json that was written.

    Raises:
        InputError: Model or dataset is not right.
    """
    from yololab.job.standalone.evaluate import evaluate_checkpoint
    from yololab.results import Evaluation

    tokens = _tokens((), {"model": str(model), "data": str(data), **settings})
    composed = _compose(tokens, Syntax(mode="val"))
    found = evaluate_checkpoint(composed, Path.cwd(), Screen(quiet=quiet))
    return Evaluation(found.path, found.content)


def check(data: str | Path, quiet: bool = False, **settings: Any) -> DatasetCheck:
    """Look at a dataset, and only that, as `yololab check` does.

    Args:
        data: The data.yaml, or the name of a dataset.
        quiet: Print nothing.
        settings: Further settings: `task="segment"`, `imgsz=640`, `check={"decode": "full"}`.

    Returns:
        What was found; `passes` says whether anything blocks a training.

    Raises:
        InputError: The dataset cannot be read, or is none for the task.
    """
    from yololab.job.standalone.check import check_data
    from yololab.results import DatasetCheck

    read = _translate(_tokens((), {"data": str(data), **settings}), Syntax())
    folder, name, report = check_data(compose_experiment(read.overrides), read.task, Path.cwd(), Screen(quiet=quiet))
    return DatasetCheck(folder, name, report)


def estimate(*overrides: str, quiet: bool = False, **settings: Any) -> CostEstimate:
    """Say what a training would cost, as `yololab estimate` does; nothing is left behind.

    Args:
        overrides: As of `run_experiment`.
        quiet: Print nothing.
        settings: The same.

    Returns:
        Seconds, disk, and what was measured.

    Raises:
        InputError: Config, dataset or model is not right.
    """
    from yololab.job.standalone.estimate import estimate_run
    from yololab.results import CostEstimate

    composed = _compose(_tokens(overrides, settings), Syntax(mode="train"))
    return CostEstimate(*estimate_run(composed, Path.cwd(), Screen(quiet=quiet)))


def sweep(*overrides: str, quiet: bool = False, **settings: Any) -> Sweep:
    """Run a sweep, as `yololab -m` does.

    Args:
        overrides: What would stand on the command line: `"lr0=0.001,0.01"`, `"search=tpe"`.
        quiet: Print nothing.
        settings: The same as keywords, with Python values; each has one value.

    Returns:
        The sweep: its trials, the winner, the answer.

    Raises:
        InputError: The config, the dataset or the model of a trial is not right; nothing was started.
        ApprovalError: Somebody declined, or nobody was there to ask.
        JobError: No trial completed.

    Example:
        >>> from yololab import sweep
        >>> found = sweep("lr0=0.001,0.01", "experiment=demo", approval="auto")  # doctest: +SKIP
        >>> found.winner.values  # doctest: +SKIP
        {'lr0': 0.01}
    """
    from yololab.results import sweep_in
    from yololab.sweep.start import start_sweep
    from yololab.sweep.sweeper import noting_folder

    read = _translate(["-m", *_tokens(overrides, settings)], Syntax(mode="train", multirun=True), multirun=True)
    with noting_folder() as made:
        code = start_sweep(read.overrides, Path.cwd(), Screen(quiet=quiet))
    return sweep_in(made[-1], code)


def load_sweep(path: str | Path) -> Sweep:
    """Read a sweep from its folder.

    Args:
        path: The folder, e.g. `multirun/yolo26n_20260117_143000`.

    Raises:
        InputError: The folder is not a sweep's.
    """
    from yololab.results import sweep_in

    return sweep_in(Path(path).expanduser().resolve())


def compare(
    current: str | Path | Sequence[str | Path], baseline: str | Path | None = None, quiet: bool = True, **settings: Any
) -> ComparisonResult:
    """Compare two models, as `yololab compare` does.

    Args:
        current: A run folder, the name of a run, a metrics.json, …: what `yololab compare --help` lists; or several,
            each against the baseline.
        baseline: The same; None takes the promoted baseline.
        quiet: Print nothing.
        settings: Further settings: `evaluation={"imgsz": 640}`, `**{"baseline.tolerance": 0.02}`.

    Returns:
        The content of comparison.json as a dictionary that also has `verdict`, `passes`, `comparison`, `path`; a
        card in a notebook.

    Raises:
        InputError: Something is missing, or the two did not measure the same thing.
    """
    from yololab.job.standalone.compare import compare_models

    arms = [current] if isinstance(current, (str, Path)) else [*current]
    references = [str(side) for side in (*arms, baseline) if side is not None]
    experiment = _compose(_tokens((), settings), Syntax()).experiment
    return compare_models(references, experiment, Path.cwd(), Screen(quiet=quiet))


def labels(run: str | Path, **settings: Any) -> LabelReview:
    """Rank the labels that may be wrong, as `yololab labels` does; none is changed.

    Args:
        run: A run's folder or name, an evaluation's metrics.json, a baseline, or with `truth=` a COCO results file.
        settings: What is listed: `limit=50`, `kind="missing"`, `score=0.5`, `seen="outputs/labels/…"`;
            `**{"class": "cat"}`.

    Returns:
        `listed`, the most likely first, each with image, label file, line, and both classes and boxes; `expected`.

    Raises:
        InputError: There are no records, or a setting is not right.
    """
    from yololab.config.validation import read_own
    from yololab.files.run_names import find_run
    from yololab.job.standalone.labels import ReviewSettings, review_labels

    own, paths = read_own(ReviewSettings, {f"{key}_" if key == "class" else key: settings[key] for key in settings})
    tree = OutputTree.of_project(paths.root, Path.cwd())
    return review_labels(find_run(tree, str(run), Path.cwd()), own, tree)


def predict(*sources: str | Path, model: str | Path | None = None, quiet: bool = False, **settings: Any) -> Predictions:
    """Say what a model finds in images and films, as `yololab predict` does.

    Args:
        sources: Images, films, folders, patterns, lists of files.
        model: A run, `"baseline"`, a checkpoint or an export; None takes the newest trained run.
        quiet: Print nothing.
        settings: `conf`, `imgsz`, `draw`, `save_conf`, `vid_stride`, `task`; `device`, `evaluation={…}`.

    Returns:
        What came of it; `rows()` yields each detection.

    Raises:
        InputError: Sources or model are not right, or none of the sources could be read.
    """
    from yololab.config.validation import read_own
    from yololab.job.prediction.options import PredictOptions
    from yololab.job.prediction.predict import predict_sources

    names = [item.name for item in fields(PredictOptions)]
    own = {name: settings.pop(name) for name in names if name in settings}
    own |= {} if model is None else {"model": str(model)}
    options, _ = read_own(PredictOptions, own)
    experiment = _compose(_tokens((), settings), Syntax()).experiment
    return predict_sources([str(item) for item in sources], options, experiment, Path.cwd(), Screen(quiet=quiet))


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


def _translate(tokens: Sequence[str], syntax: Syntax, *, multirun: bool = False) -> Translation:
    """Read settings as the command line does.

    Raises:
        InputError: They are not right.
    """
    cwd = Path.cwd()
    translation = translate(tokens, {DEFAULT_COMMAND: syntax}, group_options(cwd), cwd)
    if translation.problems:
        raise InputError(translation.problems)
    if translation.multirun and not multirun:
        raise InputError(Problem("run_experiment", "-m", "one job", "sweep(…) runs several"))
    return translation


def _compose(tokens: Sequence[str], syntax: Syntax) -> Composed:
    """Compose the config that settings ask for."""
    return compose_experiment(_translate(tokens, syntax).overrides)
