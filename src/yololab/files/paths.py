"""Where everything lies: with `sweep_paths` the only place that spells the names of our files and folders."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from yololab.errors import InputError, Problem

TIMESTAMP = "%Y%m%d_%H%M%S"
# Names that lie in more than one kind of folder: a run's, a baseline's, a plain one of Ultralytics, a scratch folder.
METRICS, PREDICTIONS, COMPARISON, PROVENANCE = "metrics.json", "predictions.npz", "comparison.json", "provenance.json"
BEST, LAST, ARGUMENTS, DATA_YAML = "best.pt", "last.pt", "args.yaml", "data.yaml"
RECORD, REPORT, LOG = "experiment_log.json", "report.html", "yololab.log"


@dataclass(frozen=True)
class RunFolder:
    """Paths of everything that a run leaves (also of a trial, and of a plain evaluation).

    Attributes:
        path: The run's own folder, absolute. It is Ultralytics' `save_dir` and Hydra's run directory.
    """

    path: Path

    @property
    def hydra(self) -> Path:
        """Hydra's folder: the composed config, the overrides, Hydra's own settings."""
        return self.path / ".hydra"

    @property
    def config(self) -> Path:
        """The frozen, composed config."""
        return self.hydra / "config.yaml"

    @property
    def overrides(self) -> Path:
        """The overrides of the command, as Hydra writes them."""
        return self.hydra / "overrides.yaml"

    @property
    def hydra_settings(self) -> Path:
        """Hydra's own settings."""
        return self.hydra / "hydra.yaml"

    @property
    def weights(self) -> Path:
        """Folder of the checkpoints."""
        return self.path / "weights"

    @property
    def best(self) -> Path:
        """The checkpoint with the best fitness."""
        return self.weights / BEST

    @property
    def last(self) -> Path:
        """The checkpoint of the last epoch."""
        return self.weights / LAST

    @property
    def args(self) -> Path:
        """The arguments as Ultralytics wrote them."""
        return self.path / ARGUMENTS

    @property
    def results(self) -> Path:
        """Ultralytics' table of epochs."""
        return self.path / "results.csv"

    @property
    def training(self) -> Path:
        """What the trainer reports of itself (effective optimizer, batch, image size, stops)."""
        return self.path / "training.json"

    @property
    def data(self) -> Path:
        """The resolved data.yaml that Ultralytics was given."""
        return self.path / DATA_YAML

    @property
    def subset(self) -> Path:
        """The training images that `data.subset` drew."""
        return self.path / "train_subset.txt"

    @property
    def git_diff(self) -> Path:
        """The user's uncommitted changes when the run started."""
        return self.path / "git.diff"

    @property
    def evaluation(self) -> Path:
        """Folder of the evaluation."""
        return self.path / "evaluation"

    @property
    def metrics(self) -> Path:
        """The evaluation's numbers."""
        return self.evaluation / METRICS

    @property
    def predictions(self) -> Path:
        """The evaluation's per-detection records."""
        return self.evaluation / PREDICTIONS

    @property
    def baseline_evaluation(self) -> Path:
        """Folder of the evaluation of a baseline that was given as a model."""
        return self.evaluation / "baseline"

    @property
    def test_evaluation(self) -> Path:
        """Folder of the evaluation on the test split that a sweep's winner gets besides its own."""
        return self.evaluation / "test"

    @property
    def dataset_report(self) -> Path:
        """All findings of the dataset check."""
        return self.path / "dataset_report.json"

    @property
    def manifest(self) -> Path:
        """The dataset's files and their hashes."""
        return self.path / "dataset_manifest.json.gz"

    @property
    def dry_run_data(self) -> Path:
        """The data.yaml of a dry run: a batch of each split."""
        return self.path / "dry_run.yaml"

    def list_of(self, split: str) -> Path:
        """The images that stand for a whole split: those of a dry run."""
        return self.path / f"dry_run_{split}.txt"

    @property
    def comparison(self) -> Path:
        """The comparison with the baseline, for programs."""
        return self.path / COMPARISON

    @property
    def comparison_markdown(self) -> Path:
        """The comparison with the baseline, for a pull request."""
        return self.path / "comparison.md"

    @property
    def record(self) -> Path:
        """The versioned record of the run."""
        return self.path / RECORD

    @property
    def report(self) -> Path:
        """The self-contained HTML page."""
        return self.path / REPORT

    @property
    def log(self) -> Path:
        """Everything printed, Ultralytics' lines included."""
        return self.path / LOG

    @property
    def trial(self) -> Path:
        """What a sweep notes of its trial."""
        return self.path / "trial.json"

    @property
    def output(self) -> Path:
        """What the process of a trial prints; it is appended to when the trial starts again."""
        return self.path / "output.log"

    @property
    def slurm(self) -> Path:
        """What submitit keeps of the trial's jobs."""
        return self.path / ".slurm"

    @property
    def ray(self) -> Path:
        """What the trial's tasks in Ray tell of themselves."""
        return self.path / ".ray"

    @property
    def record_lock(self) -> Path:
        """The file that whoever changes the record holds locked meanwhile."""
        return self.path / f".{RECORD}.lock"

    @property
    def lock(self) -> Path:
        """The file that the process which runs the job holds locked."""
        return self.path / ".run.lock"

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


@dataclass(frozen=True)
class OutputTree:
    """Where a project's results lie.

    Attributes:
        root: The folder that holds `outputs/` and `multirun/`: where the command is run, or `paths.root`.
    """

    root: Path

    @classmethod
    def of_project(cls, root: str, working_directory: Path) -> OutputTree:
        """Return where the results of a project lie; the folder need not exist yet.

        Args:
            root: `paths.root`.
            working_directory: The folder that it is relative to.

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
        if not writable:
            raise InputError(Problem("paths.root", f"{folder} is not writable", "a folder that can be written"))
        return cls(folder)

    @property
    def training(self) -> Path:
        """Folder of the runs."""
        return self.root / "outputs" / "training"

    @property
    def latest(self) -> Path:
        """Link to the newest run."""
        return self.training / "latest"

    @property
    def evaluation(self) -> Path:
        """Folder of plain evaluations."""
        return self.root / "outputs" / "evaluation"

    @property
    def newest_metrics(self) -> Path:
        """Copy of the newest evaluation's numbers."""
        return self.evaluation / METRICS

    @property
    def comparisons(self) -> Path:
        """Folder of plain comparisons."""
        return self.root / "outputs" / "comparisons"

    @property
    def checks(self) -> Path:
        """Folder of plain dataset checks."""
        return self.root / "outputs" / "checks"

    @property
    def baselines(self) -> Path:
        """Folder of promoted baselines."""
        return self.root / "outputs" / "baselines"

    @property
    def multirun(self) -> Path:
        """Folder of the sweeps."""
        return self.root / "multirun"

    def provenances(self) -> Iterator[Path]:
        """Yield the provenance of each promoted baseline, and of each version that was one before."""
        yield from self.baselines.glob(f"*/*/{PROVENANCE}")
        yield from self.baselines.glob(f"*/*/history/*/{PROVENANCE}")

    def records(self) -> Iterator[Path]:
        """Yield the record of each run and of each trial."""
        yield from self.training.glob(f"*/{RECORD}")
        yield from self.multirun.glob(f"*/*/{RECORD}")

    def find(self, text: str, working_directory: Path) -> Path:
        """Return the folder or file that a user means: a path, or the name of a run as `yololab runs` prints it."""
        path = (working_directory / Path(text).expanduser()).resolve()
        named = (self.training / text, self.root / text)
        return path if path.exists() else next((item for item in named if item.exists()), path)


@dataclass(frozen=True)
class BaselineFolder:
    """Paths of the baseline of one dataset and task.

    Attributes:
        folder: `outputs/baselines/<dataset>/<task>`.
    """

    folder: Path

    @property
    def provenance(self) -> Path:
        """The file that names the version in force and where it came from."""
        return self.folder / PROVENANCE

    @property
    def history(self) -> Path:
        """The folder of all versions."""
        return self.folder / "history"

    @property
    def lock(self) -> Path:
        """The file that whoever promotes holds locked meanwhile."""
        return self.folder / ".lock"


@dataclass(frozen=True)
class CacheFolder:
    """Paths of what is made again when it is missing; several projects and processes may share it.

    Attributes:
        path: `paths.cache`.
    """

    path: Path

    @property
    def labels(self) -> Path:
        """Ultralytics' label caches, which it would write next to the data."""
        return self.path / "labels"

    @property
    def ultralytics(self) -> Path:
        """Ultralytics' private settings."""
        return self.path / "ultralytics"

    @property
    def other_libraries(self) -> Path:
        """What other libraries keep in the user's cache folder."""
        return self.path / "xdg"

    def images(self, version: int) -> Path:
        """What is known of images that have not changed, in the layout of `version`."""
        return self.path / f"images-{version}.sqlite"

    def files(self) -> Iterator[Path]:
        """Yield every file that we put there; anything else is not ours to delete. Folders that are links are left."""
        yield from self.path.glob("images-*.sqlite*")
        for name in ("labels", "ultralytics", "matplotlib", "torch", "triton", "cuda", "xdg"):
            if not (self.path / name).is_symlink():
                yield from (self.path / name).rglob("*")


def safe_name(text: str) -> str:
    """Turn `text` into a file name: letters, digits, dot, dash and underscore stay, the rest becomes a dash.

    >>> safe_name("my model (v2)")
    'my-model-v2'
    """
    return re.sub(r"[^\w.-]+", "-", text).strip("-.") or "run"


def create_folder(parent: Path, name: str, now: datetime | None = None) -> Path:
    """Create a new folder `<name>_<timestamp>` in `parent` that nobody else has; `<timestamp>` without a name.

    A suffix keeps two runs of one second apart; creation is atomic, so two processes never share a folder.

    Raises:
        InputError: The parent cannot be made.
    """
    stem = f"{safe_name(name)}_" if name else ""
    stem += (now or datetime.now()).strftime(TIMESTAMP)
    try:
        parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        found = f"cannot be made ({error.strerror})"
        raise InputError(Problem(str(parent), found, remedy="choose another folder with paths.root=…")) from None
    attempt = 1
    while True:
        candidate = parent / (stem if attempt == 1 else f"{stem}_{attempt}")
        try:
            candidate.mkdir()
        except FileExistsError:
            attempt += 1
        else:
            return candidate.resolve()


def existing_folder(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    return next(place for place in (folder, *folder.parents) if place.exists())
