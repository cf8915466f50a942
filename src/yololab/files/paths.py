"""Where everything lies: the only place that spells the names of our files and folders."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from itertools import chain, count, islice
from pathlib import Path

from yololab.errors import InputError, Problem

TIMESTAMP = "%Y%m%d_%H%M%S"
# Names that lie in more than one kind of folder: a run's, a baseline's, a plain one of Ultralytics, a scratch folder.
METRICS, PREDICTIONS, COMPARISON, PROVENANCE = "metrics.json", "predictions.npz", "comparison.json", "provenance.json"
THRESHOLDS = "thresholds.json"
BEST, LAST, ARGUMENTS, DATA_YAML = "best.pt", "last.pt", "args.yaml", "data.yaml"
_MOST_NAMES = 10_000  # that are looked at for one that is spelled nearly alike
_LONGEST_NAME = 200  # bytes: a file system takes 255, and a time, a fingerprint or a number come behind
TUNING, TUNING_TABLE = "tune_results.ndjson", "tune_results.csv"  # of `yolo tune`: since 8.4, and before
RECORD, TRIAL, REPORT, LOG = "experiment_log.json", "trial.json", "report.html", "yololab.log"


@dataclass(frozen=True)
class Folder:
    """A folder in which everything has its place.

    Attributes:
        path: The folder itself, absolute.
    """

    path: Path


class At:
    """What lies at a fixed place in a `Folder`: an attribute of its class that is a path in each object."""

    def __init__(self, *parts: str) -> None:
        self.parts = parts

    def __get__(self, folder: Folder, owner: type) -> Path:
        """Return the path in this folder."""
        return folder.path.joinpath(*self.parts)


class RunFolder(Folder):
    """What a run leaves (also a trial, and a plain evaluation); Ultralytics' `save_dir` and Hydra's run directory."""

    hydra = At(".hydra")  # Hydra's folder: the composed config, the overrides, Hydra's own settings
    config = At(".hydra", "config.yaml")  # The frozen, composed config
    overrides = At(".hydra", "overrides.yaml")  # The overrides of the command, as Hydra writes them
    hydra_settings = At(".hydra", "hydra.yaml")  # Hydra's own settings
    weights = At("weights")  # Folder of the checkpoints
    best = At("weights", BEST)  # The checkpoint with the best fitness
    last = At("weights", LAST)  # The checkpoint of the last epoch
    args = At(ARGUMENTS)  # The arguments as Ultralytics wrote them
    results = At("results.csv")  # Ultralytics' table of epochs
    batch_labels = At("val_batch0_labels.jpg")  # Ultralytics' drawing of the first evaluated batch: what is there
    batch_predictions = At("val_batch0_pred.jpg")  # The same: what the model says
    training = At("training.json")  # What the trainer reports of itself (effective optimizer, batch, image size, stops)
    data = At(DATA_YAML)  # The resolved data.yaml that Ultralytics was given
    subset = At("train_subset.txt")  # The training images that `data.subset` drew
    git_diff = At("git.diff")  # The user's uncommitted changes when the run started
    evaluation = At("evaluation")  # Folder of the evaluation
    metrics = At("evaluation", METRICS)  # The evaluation's numbers
    predictions = At("evaluation", PREDICTIONS)  # The evaluation's per-detection records
    thresholds = At("evaluation", THRESHOLDS)  # The operating threshold, chosen on the evaluated split
    baseline_evaluation = At("evaluation", "baseline")  # Folder of the evaluation of a baseline that is a model
    test_evaluation = At("evaluation", "test")  # Folder of a sweep's winner's other evaluation, on the test split
    export_check = At("evaluation", "export")  # Folder of the export's evaluation, compared with the checkpoint's
    export_reference = At("evaluation", "export", "checkpoint")  # The checkpoint's, measured in the way of the export
    calibration = At("evaluation", "export", "calibration.txt")  # The images that an INT8 export takes its ranges from
    dataset_report = At("dataset_report.json")  # All findings of the dataset check
    manifest = At("dataset_manifest.json.gz")  # The dataset's files and their hashes
    dry_run_data = At("dry_run.yaml")  # The data.yaml of a dry run: a batch of each split

    def list_of(self, split: str) -> Path:
        """The images that stand for a whole split: those of a dry run."""
        return self.path / f"dry_run_{split}.txt"

    comparison = At(COMPARISON)  # The comparison with the baseline, for programs
    comparison_markdown = At("comparison.md")  # The comparison with the baseline, for a pull request
    record = At(RECORD)  # The versioned record of the run
    report = At(REPORT)  # The self-contained HTML page
    log = At(LOG)  # Everything printed, Ultralytics' lines included
    trial = At(TRIAL)  # What a sweep notes of its trial
    output = At("output.log")  # What the process of a trial prints; it is appended to when the trial starts again
    slurm = At(".slurm")  # What submitit keeps of the trial's jobs
    ray = At(".ray")  # What the trial's tasks in Ray tell of themselves
    record_lock = At(f".{RECORD}.lock")  # The file that whoever changes the record holds locked meanwhile
    promoted = At("promoted.json")  # Which baselines were made of it: their checkpoint is never cleaned away
    reserve = At(".reserve")  # Room on the disk for the end of the record, while the run is running
    lock = At(".run.lock")  # The file that the process which runs the job holds locked

    def attempt(self, number: int) -> Path:
        """What an attempt left that a later one cannot resume from, counted from 1."""
        return self.path / "attempts" / str(number)

    def checkpoints(self) -> list[Path]:
        """Every checkpoint of the training, last.pt first; epochs that `save_period` kept come after best.pt."""
        kept = sorted(self.weights.glob("epoch*.pt"))
        return [path for path in (self.last, self.best, *kept) if path.is_file()]

    def holds_a_run(self) -> bool:
        """Whether a training has been started here (its results would be deleted by another one)."""
        return any(path.exists() for path in (self.results, self.best, self.last))


class TrackingFolder(Folder):
    """What experiment trackers leave in the folder of a run or a sweep."""

    tensorboard = At("tensorboard")  # The event files of TensorBoard
    dvclive = At("dvclive")  # The tables of DVCLive

    def state(self, tracker: str) -> Path:
        """What a tracker has been told."""
        return self.path / ".tracking" / f"{tracker}.json"

    def log(self, tracker: str) -> Path:
        """What the process that feeds a tracker prints."""
        return self.path / ".tracking" / f"{tracker}.log"


class TrackingStore(Folder):
    """Where experiment trackers keep what belongs to a project: `outputs/tracking`."""

    home = At(".home")  # What stands for the user's home, where a tracker needs no server
    mlflow_database = At("mlflow", "mlflow.db")  # Runs and registry of MLflow
    mlflow_artifacts = At("mlflow", "artifacts")  # Files of MLflow
    mlflow_lock = At("mlflow", ".lock")  # Held by whoever makes tables or runs

    def of(self, tracker: str) -> Path:
        """The folder of a tracker."""
        return self.path / tracker


class SweepPaths(Folder):
    """What a sweep leaves next to its trials."""

    settings_file = At("sweep.json")  # What was asked for; a folder with this file is a sweep's
    study_file = At("study.log")  # The study's journal, when the study has no other storage
    config = At(".conf")  # A copy of the config folders: what is edited later does not change the sweep
    multirun = At("multirun.yaml")  # Hydra's config of the whole sweep
    summary = At("summary.json")  # The summary for programs
    summary_table = At("summary.csv")  # The summary as a table
    best = At("best")  # Link to the winner's folder
    approvals = At("approvals.json")  # What was asked before the first trial, and answered
    report = At(REPORT)  # The page of the sweep
    log = At(LOG)  # Everything that the sweep printed
    checks = At(".checks")  # The dataset checks that the parent made for all trials
    out_of_fold = At("out_of_fold")  # Of folds: the pooled evaluation of each recipe, named by its first trial
    lock = At(".sweep.lock")  # The file that the parent which changes the trials holds locked meanwhile

    def heartbeat(self, host: str, pid: int, started: str) -> Path:
        """Return the file whose age tells when a parent was last alive."""
        return self.path / ".parents" / safe_name(f"{host}_{pid}_{started}")

    def trial(self, number: int) -> RunFolder:
        """Return the folder of a trial."""
        return RunFolder(self.path / str(number))

    def pooled(self, number: int) -> RunFolder:
        """Return where the evaluation of a recipe over its folds lies; `number` is that of its first trial."""
        return RunFolder(self.out_of_fold / str(number))

    def out_of_fold_evaluations(self) -> list[Path]:
        """Return the folders of the evaluations over folds that there are, by number."""
        found = (path for path in self.out_of_fold.glob("*") if path.name.isdecimal())
        return sorted(found, key=lambda path: int(path.name))


class OutputTree(Folder):
    """A project's results: the folder with `outputs/` and `multirun/`, where the command is run or `paths.root`."""

    root = At()  # The folder itself

    @classmethod
    def of_project(cls, root: str, working_directory: Path, *, to_write: bool = True) -> OutputTree:
        """Return where the results of a project lie; the folder need not exist yet.

        Args:
            root: `paths.root`.
            working_directory: The folder that it is relative to.
            to_write: Whether something will be written there.

        Raises:
            InputError: It cannot be made, or written to.
        """
        folder = (working_directory / Path(root).expanduser()).resolve()
        missing = [place for place in (folder, *folder.parents) if not place.exists()]
        try:
            folder.mkdir(parents=True, exist_ok=True)
            writable = os.access(folder, os.W_OK | os.X_OK)
            # Only to know: what was made is taken away again, a command that fails leaves nothing.
            for place in missing:
                place.rmdir()
        except OSError as error:
            raise InputError(Problem("paths.root", f"{folder} cannot be made ({error.strerror})", "a folder")) from None
        if to_write and not writable:
            raise InputError(Problem("paths.root", f"{folder} is not writable", "a folder that can be written"))
        return cls(folder)

    training = At("outputs", "training")  # Folder of the runs
    latest = At("outputs", "training", "latest")  # Link to the newest trained run
    evaluation = At("outputs", "evaluation")  # Folder of plain evaluations
    newest_metrics = At("outputs", "evaluation", METRICS)  # Copy of the newest evaluation's numbers
    predictions = At("outputs", "predictions")  # Folder of what `yololab predict` says of images
    comparisons = At("outputs", "comparisons")  # Folder of plain comparisons
    checks = At("outputs", "checks")  # Folder of plain dataset checks
    baselines = At("outputs", "baselines")  # Folder of promoted baselines
    tracking = At("outputs", "tracking")  # Folder of the experiment trackers
    referee = At("outputs", "referee")  # Folder of the nights of proposals
    labels = At("outputs", "labels")  # Folder of the lists of labels that may be wrong
    multirun = At("multirun")  # Folder of the sweeps
    index = At("outputs", "index.html")  # The page over all runs

    def records(self) -> Iterator[Path]:
        """Yield the record of each run and of each trial."""
        yield from self.training.glob(f"*/{RECORD}")
        yield from self.multirun.glob(f"*/*/{RECORD}")


class BaselineFolder(Folder):
    """The baseline of one dataset and task: `outputs/baselines/<dataset>/<task>`."""

    provenance = At(PROVENANCE)  # The file that names the version in force and where it came from
    history = At("history")  # The folder of all versions
    weights = At("weights")  # Link to checkpoint, export and threshold of the version in force: a place that stays
    looks = At("looks.json")  # Which candidates were held against it, with what each may claim

    @property
    def project(self) -> OutputTree:
        """The project that it lies in."""
        return OutputTree(Path(self.path, *[".."] * 4).resolve())

    lock = At(".lock")  # The file that whoever promotes holds locked meanwhile


class PredictionFolder(Folder):
    """What `yololab predict` leaves: `outputs/predictions/<model>_<time>`."""

    images = At("images")  # The images and frames with what was found
    labels = At("labels")  # The same as labels of a dataset; class maps and depths where the task has those
    predictions = At("predictions.json")  # What was found, as COCO results
    summary = At("summary.json")  # With which model, under which protocol, and what came of it
    log = At(LOG)  # Everything printed


class NightFolder(Folder):
    """A night of proposals that a referee judges: `outputs/referee/<time>`."""

    night = At("night.json")  # What was declared, and every proposal with its judgement
    report = At(REPORT)  # The page of the night
    lock = At(".night.lock")  # The file that whoever judges holds locked meanwhile

    def kept(self, name: str) -> RunFolder:
        """Return where the evaluation of a reference is kept: of a run of the baseline, or of a proposal."""
        return RunFolder(self.path / "references" / safe_name(name))


class SplitFolder(Folder):
    """A dataset that `yololab split` has split: lists of images, and a data.yaml that names them."""

    data = At(DATA_YAML)  # The data.yaml, for us and for `yolo train`
    summary = At("split.json")  # How it was split, and what came out

    def list_of(self, part: str) -> Path:
        """The images of a part: `train`, `val`, `test`, or `fold_0`, `fold_1`, …."""
        return self.path / f"{part}.txt"


class ConvertedFolder(Folder):
    """A YOLO dataset that `yololab convert` has written."""

    data = At(DATA_YAML)  # The data.yaml
    report = At("conversion.json")  # What was read, left out and changed, with counts before and after

    def images(self, split: str) -> Path:
        """The folder of a split's images, which ends in what Ultralytics looks for."""
        return self.path.joinpath("images", split)

    def labels(self, split: str) -> Path:
        """The folder of a split's labels."""
        return self.path.joinpath("labels", split)


class ReviewFolder(Folder):
    """A list of labels that may be wrong: `outputs/labels/<run>_<time>`."""

    table = At("list.csv")  # A line a label, the most likely first
    report = At(REPORT)  # The page with their pictures


class CacheFolder(Folder):
    """What is made again when it is missing, `paths.cache`; several projects and processes may share it."""

    labels = At("labels")  # Ultralytics' label caches, which it would write next to the data
    pixels = At("pixels")  # The decoded images of `cache=disk`, which it would write next to the images
    checks = At("checks")  # What dataset checks have found, each under the name of its question
    ultralytics = At("ultralytics")  # Ultralytics' private settings
    other_libraries = At("xdg")  # What other libraries keep in the user's cache folder

    def images(self, version: int) -> Path:
        """What is known of images that have not changed, in the layout of `version`."""
        return self.path / f"images-{version}.sqlite"

    def runs(self, version: int, tree: OutputTree) -> Path:
        """What is known of a project's runs; a cache that several projects share has one of each."""
        shared = not self.path.is_relative_to(tree.root)
        return self.path / f"runs-{version}{f'-{zlib.crc32(os.fsencode(tree.root)):08x}' if shared else ''}.sqlite"

    def files(self) -> Iterator[Path]:
        """Yield every file that we put there; anything else is not ours to delete. Folders that are links are left."""
        yield from self.path.glob("images-*.sqlite*")
        yield from self.path.glob("runs-*.sqlite*")
        for name in ("labels", "pixels", "checks", "ultralytics", "matplotlib", "torch", "triton", "cuda", "xdg"):
            if not (self.path / name).is_symlink():
                yield from (self.path / name).rglob("*")


def checked_name(text: str, where: str) -> str:
    """Return a name that a file gives for something in a folder, when it is a name: never a path, never hidden.

    >>> checked_name("20260117_143000", "provenance.json, version")
    '20260117_143000'

    Raises:
        InputError: It has a separator, a control character, begins with a dot, is empty or too long.
    """
    if re.fullmatch(r"(?!\.)[^/\\:\x00-\x1f\x7f]{1,100}", text):
        return text
    raise InputError(Problem(where, f"{text[:100]!r}", "a name, no path", "the file is damaged, or was tampered with"))


def safe_name(text: str) -> str:
    """Turn `text` into a file name: letters, digits, dot, dash and underscore stay, the rest becomes a dash.

    Nothing else can come of it than a name in its folder, however long the text is.

    >>> safe_name("my model (v2)")
    'my-model-v2'
    """
    name = re.sub(r"[^\w.-]+", "-", text).strip("-.").encode()[:_LONGEST_NAME]
    return name.decode(errors="ignore").rstrip("-.") or "run"


def new_names(parent: Path, name: str, now: datetime | None = None) -> Iterator[Path]:
    """Yield what a new folder in `parent` may be called: `<name>_<timestamp>`, then the same with a suffix.

    Args:
        parent: The folder, which is made.
        name: The first part; without it the timestamp stands alone.
        now: The time; the present by default.
    """
    stem = f"{safe_name(name)}_" if name else ""
    stem += (now or datetime.now()).strftime(TIMESTAMP)
    try:
        parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise not_made(parent, error) from None
    names = chain([stem], (f"{stem}_{attempt}" for attempt in count(2)))
    yield from (place for name in names if not (place := parent.resolve() / name).exists())


def not_made(folder: Path, error: OSError) -> InputError:
    """Return the error for a folder that cannot be made, or filled."""
    remedy = "make room, or choose another folder with paths.root=…"
    return InputError(Problem(str(folder), f"cannot be made ({error.strerror or error})", remedy=remedy))


def similar_path(text: str, folder: Path) -> str:
    """Return the file or folder that a misspelt path may mean, name for name; empty when there is none like it.

    Args:
        text: The path as it was written.
        folder: What it is relative to.
    """
    path = Path(text)
    place = Path(path.anchor)
    for part in path.parts[1 if path.anchor else 0 :]:
        try:
            names = [item.name for item in islice((folder / place).iterdir(), _MOST_NAMES)]
        except OSError:
            return ""
        # by stems, which a common suffix does not make alike; of two the one with the suffix that was written
        stems = {Path(name).stem: name for name in sorted(names, key=lambda name: Path(name).suffix == path.suffix)}
        close = get_close_matches(Path(part).stem, stems, n=1)
        if part not in (*names, "..") and not close:
            return ""
        place /= part if part in (*names, "..") else stems[close[0]]
    return str(place)


def existing_folder(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    return next(place for place in (folder, *folder.parents) if place.exists())


def project_of(folder: Path, likely: OutputTree) -> OutputTree | None:
    """Return the results that a run, a sweep or a trial is part of; None for a folder that lies in no project.

    Args:
        folder: The folder, absolute.
        likely: Results that are preferred when they hold the folder, also by another path: `outputs` may be a link.
    """
    holders = [place for place in folder.parents[:2] if place.name in (likely.training.name, likely.multirun.name)]
    for place in holders:
        for known in (likely.training, likely.multirun):
            if known.exists() and known.samefile(place):
                return likely
        root = place.parent.parent if place.name == likely.training.name else place.parent
        tree = OutputTree(root)
        if place in (tree.training, tree.multirun):
            return tree
    return None
