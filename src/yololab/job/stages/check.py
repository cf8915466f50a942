"""The dataset check: what was found, the fingerprint of every split, and what the trainer is to be given."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from yololab.comparison.groups import check_groups
from yololab.config.schema import CheckConfig, Decode, DryRun, ExperimentConfig
from yololab.config.train_arguments.arguments import TrainArguments
from yololab.data.checks.cached_check import cached_check, check_key, dataset_state, forget_old_checks, save_check
from yololab.data.checks.check_report import CheckReport, CheckSettings, DatasetReport, SplitCounts
from yololab.data.checks.dataset_check import check_dataset
from yololab.data.dataset.image_names import image_key
from yololab.data.dataset.layout import Dataset
from yololab.data.identity.manifest import (
    changes_json,
    describe_changes,
    manifest_changes,
    read_manifest,
    write_manifest,
)
from yololab.data.labels.task_labels import label_source
from yololab.data.problems import Severity
from yololab.errors import InputError, NotContinuedError, Problem
from yololab.extensions import Point, extensions
from yololab.files.json_files import read_json, write_json
from yololab.files.paths import CacheFolder, RunFolder
from yololab.files.reading import read_text
from yololab.job.baseline import refuse_unlike_baseline, run_of_baseline
from yololab.job.context import Context, Stage
from yololab.job.prepare import Prepared, needed_splits
from yololab.job.train_inputs import TrainInputs, write_inputs
from yololab.terminal.screen import Screen, shown_name
from yololab.text import counted, shortened

DATASET_REPORT_VERSION = 2
SHOWN_PROBLEMS = 20
SHOWN_EXAMPLES = 3
REMEDY_COLUMNS = 200


@dataclass(frozen=True)
class Checked:
    """What is known of the data.

    Attributes:
        report: What the check found.
        fingerprints: Content hash of each split; none in a dry run, whose numbers are those of a few images, and are
            held against no baseline.
        inputs: What the trainer is given.
        images: Images of each split, of the training split those that are used.
    """

    report: CheckReport
    fingerprints: Mapping[str, str]
    inputs: TrainInputs
    images: Mapping[str, int]


def run(context: Context, prepared: Prepared) -> Checked:
    """Check the dataset, fingerprint every split, keep its manifest, and write what Ultralytics is to be given.

    Raises:
        InputError: Something blocks a training, or the result could not be compared with the baseline.
        NotContinuedError: The dataset has changed since the previous attempt.
    """
    config, folder, screen = context.config, context.folder, context.screen
    cached = None if context.trial is None else context.trial.cached_checks
    report = checked_dataset(config, prepared.dataset, prepared.task.name, prepared.paths.cache, screen, cached)
    show_findings(screen, prepared.dataset_name, report)
    fingerprints = fingerprints_of(report, config.train)
    _refuse_changed_data(context, report, fingerprints)
    content = write_findings(folder, report, fingerprints)
    names = {Severity.BLOCKING: "blocking", Severity.WARNING: "warnings", Severity.NOTE: "notes"}
    count = {name: sum(p.severity is severity for p in report.problems) for severity, name in names.items()}
    context.record.update(
        dataset={
            "name": prepared.dataset_name,
            "source": str(prepared.dataset.yaml),
            "counts": content["splits"],
            "problems": count,
            "fingerprint": fingerprints or None,
        }
    )
    refuse_blocking(report, folder.dataset_report)
    _check_groups(config, prepared, report, screen)
    refuse_unlike_baseline(context, prepared, fingerprints)
    _show_changes(context, prepared, report, fingerprints)
    inputs = write_inputs(config, prepared, folder)
    images = {split: counts.images for split, counts in report.splits.items()}
    if config.data.subset is not None:
        images["train"] = len(read_text(folder.subset).splitlines())
        screen.detail(f"data.subset: {images['train']} training images, drawn with seed {context.seed}")
    if config.train.fraction != 1.0:
        screen.warn("fraction takes the first images in the order of their names; data.subset draws at random")
    if inputs.rehearsal is not None:
        _show_dry_run(context, inputs)
    return Checked(report, {} if inputs.rehearsal else fingerprints, inputs, images)


def _check_groups(config: ExperimentConfig, prepared: Prepared, report: CheckReport, screen: Screen) -> None:
    """Look whether `evaluation.group` can be used, and whether training shares groups with what is evaluated.

    Raises:
        InputError: It cannot be used, or an image of the evaluated split has no group.
    """
    root, settings = prepared.dataset.root, config.evaluation
    keys = {split: [image_key(str(file.image), root) for file in files] for split, files in report.files.items()}
    if shared := check_groups(keys, settings.split.value, settings.group, prepared.paths.working_directory):
        screen.warn(shared)


def done(context: Context) -> bool | None:
    """Whether the findings and the manifest can be read."""
    try:
        content = read_json(context.folder.dataset_report, (DATASET_REPORT_VERSION,), DatasetReport)
        read_manifest(context.folder.manifest)
    except InputError:
        return None
    return True if "splits" in content and "fingerprint" in content else None


STAGE = Stage("check", run, done, always=True)


def fingerprint_on_record(context: Context) -> str | None:
    """Return the fingerprint of the evaluated split, as the newest check has put it on record; None in a dry run."""
    if context.config.dry_run is not DryRun.OFF:
        return None
    prints = (context.record.read().get("dataset") or {}).get("fingerprint") or {}
    found: str | None = prints.get(context.config.evaluation.split.value)
    return found


def check_settings(config: CheckConfig, imgsz: int, cache: Path) -> CheckSettings:
    """Return how deep to look.

    Args:
        config: `check.*`.
        imgsz: The training's image size, px.
        cache: Our cache folder.
    """
    return CheckSettings(**vars(config) | {"decode": config.decode is Decode.FULL, "imgsz": imgsz, "cache": cache})


def checked_dataset(
    config: ExperimentConfig, dataset: Dataset, task: str, cache: Path, screen: Screen, cached: Path | None = None
) -> CheckReport:
    """Check a dataset as an experiment says, or take the check that its sweep has made.

    Args:
        config: The experiment.
        dataset: The dataset.
        task: What it is to be used for.
        cache: Our cache folder.
        screen: Shows the progress.
        cached: Where the sweep has put its checks; None makes an own one.
    """
    single_cls, needed = config.train.single_cls, needed_splits(config)
    settings = check_settings(config.check, config.train.imgsz, cache)
    began, state = time.perf_counter(), dataset_state(dataset, label_source(dataset, task, single_cls))
    # What the checks of other packages look at is known to them alone.
    ours = None if extensions(Point.CHECKS) else CacheFolder(cache).checks
    key = check_key(dataset, task, single_cls, needed, settings)
    for folder in filter(None, (cached, ours)):
        if (found := cached_check(folder / key, state)) is not None:
            images = sum(map(len, found.files.values()))
            return replace(found, cached=images, seconds={"files": time.perf_counter() - began})
    with screen.counting("check", "images") as progress:
        made = check_dataset(dataset, task, progress=progress, single_cls=single_cls, needed=needed, settings=settings)
    if ours is not None and state.settled:
        with suppress(OSError):  # a cache that cannot be written is a finding already
            save_check(ours / key, made, state)
            forget_old_checks(ours)
    return made


def fingerprints_of(report: CheckReport, train: TrainArguments) -> dict[str, str]:
    """Return the content hash of each split; none when a file of them could not be read.

    Args:
        report: The check.
        train: The training's arguments: `single_cls` and `classes` change labels, so they enter the hash.
    """
    if not all(file.digest for files in report.files.values() for file in files):
        return {}
    return report.fingerprints(train.single_cls, train.class_ids)


def write_findings(folder: RunFolder, report: CheckReport, fingerprints: Mapping[str, str]) -> dict[str, Any]:
    """Write dataset_report.json and the manifest; return the content of the first."""
    content = report.to_json() | {"fingerprint": fingerprints}
    write_json(folder.dataset_report, content, DATASET_REPORT_VERSION)
    write_manifest(folder.manifest, report.manifest())
    return content


def _refuse_changed_data(context: Context, report: CheckReport, fingerprints: Mapping[str, str]) -> None:
    """Refuse to resume with another dataset than the run was started with: nobody could say what its numbers mean.

    Raises:
        NotContinuedError: The splits that differ, with what was added, removed, replaced or relabelled.
    """
    then = ((context.previous or {}).get("dataset") or {}).get("fingerprint") or {}
    changed = [split for split in then if fingerprints and then[split] != fingerprints.get(split)]
    if not changed or context.permissions.changed_data:
        for split in changed:
            context.screen.warn(f"the {split} split has changed since the run was started")
        return
    found = f"has changed since the run was started ({', '.join(changed)})"
    if context.folder.manifest.is_file():
        lines = describe_changes(manifest_changes(read_manifest(context.folder.manifest), report.manifest()))
        found += "".join(f"; {line}" for line in lines)
    remedy = "put it back, start a new run, or resume all the same with resume.changed_data=true"
    raise NotContinuedError(Problem(str(report.dataset.yaml), found, "the data that the run was started with", remedy))


def _show_changes(context: Context, prepared: Prepared, report: CheckReport, fingerprints: Mapping[str, str]) -> None:
    """Show what changed in the dataset since the baseline, or since the run that this one repeats or extends."""
    record = context.record.read()
    repeated = (record.get("repeats") or record.get("extends") or {}).get("run")
    other = RunFolder(Path(repeated)) if repeated else run_of_baseline(context, prepared, fingerprints)
    if other is None or not other.manifest.is_file():
        return
    changes = manifest_changes(read_manifest(other.manifest), report.manifest())
    for line in (lines := describe_changes(changes)):
        context.screen.detail(f"changed since {shown_name(other.path)}: {line}")
    splits = {split: changes_json(found) for split, found in changes.items()}
    context.record.update(data_changes={"since": str(other.path), "splits": splits, "summary": lines})


def _show_dry_run(context: Context, inputs: TrainInputs) -> None:
    """Show and record how much of the data a dry run uses."""
    assert inputs.rehearsal is not None
    mode, epochs = context.config.dry_run.value, inputs.rehearsal.arguments["epochs"]
    context.record.update(dry_run={"mode": mode, "images": inputs.rehearsed_images, "epochs": epochs})
    batch = f"one batch of {inputs.rehearsed_images} images"
    context.screen.stage("dry run", f"{batch} through every stage, {counted(epochs, 'epoch')}; nothing is promoted")


def show_findings(screen: Screen, name: str, report: CheckReport) -> None:
    """Print the counts of each split, and each kind of finding with its number, first examples, and what to do."""
    counts = ", ".join(f"{split} {describe(found, report.unit)}" for split, found in report.splits.items())
    screen.stage("check", f"{name}: {counts}")
    for kind in report.summary():
        screen.detail(f"{kind['severity']}: {kind['check']} × {kind['count']} ({kind['description']})")
        for example in kind["examples"][: SHOWN_EXAMPLES if kind["severity"] != "note" else 1]:
            place = example["file"] + (f":{example['line']}" if example["line"] else "")
            screen.detail(f"    {place}: {example['what']}")
        if kind["remedy"]:
            screen.detail(f"    → {shortened(kind['remedy'], REMEDY_COLUMNS)}")


def describe(counts: SplitCounts, unit: str) -> str:
    """Return what a split holds.

    >>> from yololab.data.checks.check_report import ClassCounts
    >>> describe(SplitCounts(1, 1, 0, 0, 5, {}), "objects")
    '1 image with 5 objects'
    >>> describe(SplitCounts(3, 3, 0, 0, 3, {0: ClassCounts(3, 3)}), "images")
    '3 images of 1 class'
    """
    if unit == "images":
        classes = sum(bool(found.images) for found in counts.per_class.values())
        return f"{counted(counts.images, 'image')} of {counted(classes, 'class', 'classes')}"
    return f"{counted(counts.images, 'image')} with {counted(counts.instances, unit.removesuffix('s'), unit)}"


def refuse_blocking(report: CheckReport, where: Path | None = None) -> None:
    """Stop here when training should not start.

    Args:
        report: The check.
        where: The file that lists everything, when there is one.

    Raises:
        InputError: Something blocks.
    """
    blocking = report.blocking
    problems = [
        Problem(f"{found.file}" + (f":{found.line}" if found.line else ""), found.what, remedy=found.remedy)
        for found in blocking[:SHOWN_PROBLEMS]
    ]
    if len(blocking) > SHOWN_PROBLEMS:
        place, found = str(where or report.dataset.yaml), f"{len(blocking)} problems in all"
        problems.append(Problem(place, found, remedy="nothing was trained"))
    if problems:
        raise InputError(problems)
