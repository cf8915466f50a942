"""The typed schema of an experiment: what can be set, its type, its default.

Ultralytics' train arguments (`train_arguments`) live at top level under their own names; the framework's own settings
are the dataclasses below. Inside the job nobody sees a DictConfig: `validation.py` turns the composed config into an
`ExperimentConfig`.
"""

from dataclasses import dataclass, field, is_dataclass
from enum import StrEnum
from typing import Any

from yololab.config.checkpoint import CheckpointConfig
from yololab.config.device import DeviceConfig
from yololab.config.measuring.evaluation import EvaluationConfig
from yololab.config.measuring.export import ExportConfig
from yololab.config.search import SearchConfig
from yololab.config.settings import same_as, setting, settings_of
from yololab.config.special import (
    Correction,
    read_floors,
    read_limits,
    read_metric_names,
    read_notes,
    read_severity,
    read_source,
    read_subset,
    read_tracking,
)
from yololab.config.train_arguments.arguments import USER_ARGUMENTS, TrainArguments
from yololab.errors import InputError, Problem
from yololab.findings import CHECKS


class Policy(StrEnum):
    """What happens at a gate."""

    ASK = "ask"
    AUTO = "auto"
    NEVER = "never"


class Gate(StrEnum):
    """When a comparison makes the command exit with 4."""

    NONE = "none"
    DEGRADED = "degraded"
    CONFIRMED = "confirmed"
    NOT_IMPROVED = "not_improved"


class Unsettled(StrEnum):
    """What becomes of a guard whose interval holds its limit."""

    PASS = "pass"
    ASK = "ask"
    FAIL = "fail"


class Promote(StrEnum):
    """When a finished run becomes the baseline of its dataset and task."""

    ASK = "ask"
    ALWAYS = "always"
    IF_IMPROVED = "if_improved"
    NEVER = "never"


class DryRun(StrEnum):
    """What is tried out before anything long is started."""

    OFF = "off"
    BATCH = "batch"
    OVERFIT = "overfit"


class Speed(StrEnum):
    """What a training may leave out on the way to its accuracy."""

    EXACT = "exact"
    BALANCED = "balanced"
    FAST = "fast"


class Decode(StrEnum):
    """How much of each image the dataset check reads."""

    HEADER = "header"
    FULL = "full"


@dataclass
class ModelConfig:
    """The model that is trained.

    Attributes:
        weights: A checkpoint or an architecture, in Ultralytics' words: `yolo26n.pt`, `runs/best.pt`, `yolo26n.yaml`.
        architecture: Another architecture to put the weights into; null keeps that of `weights`.
        pretrained: Start from the weights (true), from scratch (false), or from the weights of another file (a path).
    """

    weights: str = "yolo26n.pt"
    architecture: str | None = None
    pretrained: bool | str | None = same_as(USER_ARGUMENTS["pretrained"])


@dataclass
class DataConfig:
    """The dataset.

    Attributes:
        source: A data.yaml, a folder with one, a name that Ultralytics ships (`coco8.yaml`), or `builtin://shapes[-seg|…]`.
        allow_download: Run the `download:` script of the data.yaml when images are missing. It is code: off by default.
        subset: Train on a part: a ratio in (0, 1] or a number of images, drawn with `seed`, every class in proportion.
        fold: Of a dataset that `yololab split … folds=K` wrote: validate on this fold, 0 to K - 1, and train on the
            others. Null takes train and val as its data.yaml has them. `-m data.fold=0,1,2,3,4` is one K-fold result.
    """

    source: str = setting("builtin://shapes", reader=read_source)
    allow_download: bool = False
    subset: int | float | None = setting(None, reader=read_subset)
    fold: int | None = setting(None, at_least=0)


@dataclass
class PathsConfig:
    """Where things lie.

    Attributes:
        root: The folder that holds `outputs/` and `multirun/`.
        weights: Folder where checkpoints are sought and downloaded to.
        datasets: Folder of built-in and downloaded datasets.
        cache: Folder of our caches and of Ultralytics' private settings.
    """

    root: str = "."
    weights: str = ".yololab/weights"
    datasets: str = ".yololab/datasets"
    cache: str = ".yololab/cache"


@dataclass
class ApprovalConfig:
    """Who answers at the gates; null means: as `policy` says.

    Attributes:
        policy: ask (a person at the terminal), auto (yes, and log it), never (refuse).
        cpu: Training on a CPU.
        long: Training estimated to take longer than `long_training_hours`.
        dataset: Training although the dataset check warns.
        worse: Accepting a result that is worse than the baseline.
        promote: Making the run the baseline; `auto` never does.
        long_training_hours: Hours from which a training counts as long.
    """

    policy: Policy = Policy.ASK
    cpu: Policy | None = None
    long: Policy | None = None
    dataset: Policy | None = None
    worse: Policy | None = None
    promote: Policy | None = None
    long_training_hours: float = setting(1.0, at_least=0)


@dataclass
class GuardsConfig:
    """Limits beside the primary metric; what is null is not watched.

    Attributes:
        class_floors: Class name → least value of its own primary metric (AP50-95 for detections): {cat:0.5,dog:0.4}.
        class_drop: The largest drop of any class's primary metric, where enough images hold it to tell.
        precision: Least precision at `confidence`, mean over the classes.
        recall: Least recall at `confidence`, mean over the classes.
        confidence: The confidence from which a detection counts for `precision` and `recall`: that of your product.
        latency_ms: The longest inference in ms an image, as measured on this machine.
        latency_rise: The largest rise of that time over the baseline's, as a share (0.1 for a tenth), where both were
            timed on the same device.
        custom: Guard of another package → its limit: {small_objects:0.3}.
        unsettled: What becomes of a guard that the images do not settle (its interval, corrected for the number of
            guards, holds the limit): `pass` shows it, `ask` has a run ask before its result is accepted and promotes
            nothing by itself, `fail` counts it as broken.
    """

    class_floors: dict[str, float] | None = setting(None, reader=read_floors)
    class_drop: float | None = setting(None, at_least=0)
    precision: float | None = setting(None, at_least=0)
    recall: float | None = setting(None, at_least=0)
    confidence: float = setting(0.25, at_least=0)
    latency_ms: float | None = setting(None, at_least=0)
    latency_rise: float | None = setting(None, at_least=0)
    custom: dict[str, float] | None = setting(None, reader=read_limits)
    unsettled: Unsettled = Unsettled.PASS


@dataclass
class BaselineConfig:
    """What the run is compared with.

    Attributes:
        path: A run folder, a metrics.json or a baseline folder; null takes what was promoted for the dataset and task.
        model: A checkpoint that is evaluated under the same protocol to be the baseline.
        metric: Metrics that decide together, as [mAP50-95,recall]; null: the task's own.
        correction: How they share α: `holm`, or `hierarchy`, one after the other.
        tolerance: The drop of the primary metric that still counts as no worse (absolute).
        gate: When the command exits with 4; null means `degraded` for `yololab compare`, `none` for training.
        promote: When the run becomes the baseline.
        guards: Limits beside it: `class_floors`, `class_drop`, `precision`, `recall`, `confidence`, `latency_ms`,
            `latency_rise`. A broken one is named in the verdict and stops at the gate.
        looks: How many candidates the promoted baseline will meet: `if_improved` and the gate go by p below 0.05/looks.
    """

    path: str | None = None
    model: str | None = None
    metric: list[str] | None = setting(None, reader=read_metric_names)
    correction: Correction = Correction.HOLM
    tolerance: float = setting(0.01, at_least=0)
    gate: Gate | None = None
    promote: Promote = Promote.ASK
    guards: GuardsConfig = field(default_factory=GuardsConfig)
    looks: int | None = setting(None, at_least=1)


@dataclass
class CheckConfig:
    """The dataset check.

    Attributes:
        decode: header (format, size, end marker) or full (every pixel is decoded: about 5 ms an image more).
        near_duplicates: Look for images of one split that are nearly the same as one of another; an evaluation keeps
            which of its own images look alike.
        near_duplicate_distance: How many of the 256 bits of two perceptual hashes may differ.
        small_object_pixels: Side in px, at the training's imgsz, below which an object counts as small.
        workers: Processes that read the files; null takes every core that the process may use.
        severity: Check → blocking, warning, note or off; null leaves its findings as they are rated.
    """

    decode: Decode = Decode.HEADER
    near_duplicates: bool = True
    near_duplicate_distance: int = setting(32, at_least=0, at_most=256)
    small_object_pixels: float = setting(8.0, at_least=0)
    workers: int | None = setting(None, at_least=1)
    severity: dict[str, str | None] = setting(lambda: dict.fromkeys(CHECKS), reader=read_severity)


@dataclass
class EstimateConfig:
    """The estimate before the training.

    Attributes:
        batches: Training batches that are timed at most.
        limit_seconds: Seconds that the probe may take at most; it takes no more than 5 s, or 2 % of a longer job, and
            less before a training of half a minute, of which one batch tells enough.
    """

    batches: int = setting(4, at_least=1)
    limit_seconds: float = setting(30.0, at_least=1)


@dataclass
class VerificationConfig:
    """The checklist after the run.

    Attributes:
        strict: A failed check makes the command exit with 1.
        images: Images whose raw outputs are compared, checkpoint against export.
        map_images: Images of the evaluated split on which the mAP of both is measured; null for all, 0 for none.
    """

    strict: bool = False
    images: int = setting(8, at_least=1)
    map_images: int | None = setting(128, at_least=0)


@dataclass
class ReportConfig:
    """The HTML page.

    Attributes:
        enabled: Write report.html.
    """

    enabled: bool = True


@dataclass
class ResumeConfig:
    """What `yololab resume` does although something stands in its way; other commands do not read it.

    Attributes:
        even_if_running: Resume a run that may still be running on another machine, which cannot be looked at from here.
        changed_data: Resume though the dataset is not what the run was started with.
        launcher_commands: Run the lines of shell, and set the variables, that a sweep's folder names for its trials.
    """

    even_if_running: bool = False
    changed_data: bool = False
    launcher_commands: bool = False


def _read_dry_run(where: str, value: Any) -> DryRun:
    """Read false, true, or `overfit`."""
    meaning = {None: DryRun.OFF, False: DryRun.OFF, True: DryRun.BATCH, "overfit": DryRun.OVERFIT}
    if isinstance(value, (bool, str, type(None))) and value in meaning:
        return meaning[value]
    raise InputError(Problem(where, f"{value!r}", "false, true (one batch through every stage), or overfit"))


@dataclass
class ExperimentConfig:
    """A whole experiment, checked.

    Attributes:
        train: Ultralytics' train arguments by their own names, as requested; those at null that a group owns are left
            to the group.
        speed: `exact` trains as the other settings say; `balanced` leaves out validations that cannot change the choice
            of best.pt; `fast` begins with small images as well, which can cost accuracy.
        dry_run: false; true takes one batch through every stage; `overfit` trains on it until it should be learnt.
        tracking: Experiment trackers: none, tensorboard, mlflow, wandb, trackio, clearml, comet or dvc; or a list.
        notes: The user's words on this run.
        truth: The labels that `compare` holds COCO results files against: an instances JSON, or a data.yaml with
            `evaluation.split`. Null takes those of the first run among the operands.
        overridden: Keys that were set on the command line (or by a sweep), in dotted form.
    """

    train: TrainArguments = field(default_factory=TrainArguments)
    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    device: DeviceConfig = field(default_factory=DeviceConfig)
    paths: PathsConfig = field(default_factory=PathsConfig)
    approval: ApprovalConfig = field(default_factory=ApprovalConfig)
    baseline: BaselineConfig = field(default_factory=BaselineConfig)
    checkpoint: CheckpointConfig = field(default_factory=CheckpointConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    export: ExportConfig = field(default_factory=ExportConfig)
    check: CheckConfig = field(default_factory=CheckConfig)
    estimate: EstimateConfig = field(default_factory=EstimateConfig)
    verification: VerificationConfig = field(default_factory=VerificationConfig)
    report: ReportConfig = field(default_factory=ReportConfig)
    search: SearchConfig = field(default_factory=SearchConfig)
    resume: ResumeConfig = field(default_factory=ResumeConfig)
    speed: Speed = Speed.EXACT
    dry_run: DryRun = setting(DryRun.OFF, reader=_read_dry_run)
    tracking: list[str] = setting(list, reader=read_tracking)
    notes: str = setting("", reader=read_notes)
    truth: str | None = None
    overridden: frozenset[str] = frozenset()


# What can be set besides Ultralytics' arguments, and which of these are groups.
OWN_SETTINGS = {
    name: item for name, item in settings_of(ExperimentConfig).items() if name not in ("train", "overridden")
}
GROUP_CLASSES: dict[str, Any] = {name: item.kind for name, item in OWN_SETTINGS.items() if is_dataclass(item.kind)}
