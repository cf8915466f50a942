"""One evaluation under one protocol: Ultralytics' own numbers, as plain floats, with the records behind them."""

import math
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from yololab.data.images.appearance import Appearance
from yololab.errors import InputError, JobError, Problem
from yololab.files.atomic import scratch_folder
from yololab.statistics.records.base import Records, RecordsHeader
from yololab.statistics.timing.latency import Timing
from yololab.tasks import task_named
from yololab.text import first_of, read_number
from yololab.ultralytics_adapter.isolation import runtime
from yololab.ultralytics_adapter.isolation.data_guard import check_class_folders, dataset_error, guarded_data
from yololab.ultralytics_adapter.isolation.drawing import charts
from yololab.ultralytics_adapter.isolation.installed import installed_version
from yololab.ultralytics_adapter.isolation.logs import first_line, joined_threads, quiet_progress
from yololab.ultralytics_adapter.isolation.onnx_sessions import modest_sessions
from yololab.ultralytics_adapter.models.exports import describe_model
from yololab.ultralytics_adapter.models.resolve import find_checkpoint
from yololab.ultralytics_adapter.training.batch_reports import validated
from yololab.ultralytics_adapter.validation.confusion import Confusion
from yololab.ultralytics_adapter.validation.protocol import Protocol, effective_protocol
from yololab.ultralytics_adapter.validation.timing import InferenceTimer

__all__ = ["Evaluation", "Protocol", "evaluate"]


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found. None is what cannot be measured: nothing is ever 0 for want of data.

    Attributes:
        task: The model's task.
        metrics: Our name → value; None in a split without any label.
        fitness: Ultralytics' one number, the value that chooses best.pt; None in a split without any label.
        names: Class index → name, of the model.
        per_class: Class index → `name`, the task's values, `instances`, `images`; values are None without a label.
        speed_ms: Step → milliseconds an image.
        timing: The time of an inference, block by block of batches; None of fewer than two batches.
        threads: Number of torch's threads → batches that were computed with it; empty on another device than a CPU.
        confusion: The confusion matrix, of detections at IoU 0.45; None when the task has none.
        protocol: How it was measured in the end, which may differ from what was asked for.
        changes: Keys of the protocol that differ from what was asked for → why.
        ultralytics: The version that measured.
        warnings: What a reader should know.
        records: What was found in each image: every detection's confidence and correctness, or the task's own.
    """

    task: str
    metrics: Mapping[str, float | None]
    fitness: float | None
    names: Mapping[int, str]
    per_class: Mapping[int, Mapping[str, Any]]
    speed_ms: Mapping[str, float]
    timing: Timing | None
    threads: Mapping[str, int]
    confusion: Confusion | None
    protocol: Protocol
    changes: Mapping[str, str]
    ultralytics: str
    warnings: tuple[str, ...]
    records: Records


def evaluate(
    model: Path | str,
    data_yaml: Path,
    dataset_root: Path,
    protocol: Protocol,
    device: Any = None,
    threads: int | None = None,
    save_dir: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Evaluate a checkpoint or an exported model; the numbers are those of Ultralytics' own `val` with the same values.

    Args:
        model: A checkpoint, a name that Ultralytics can download, or an exported model.
        data_yaml: The data.yaml; of a classification dataset the folder.
        dataset_root: The dataset's folder; images are named by their path below it.
        protocol: How to measure.
        device: Ultralytics' `device`.
        threads: Number of torch's threads on a CPU; None follows what is free of the machine.
        save_dir: Where Ultralytics' plots are drawn; None draws none.
        progress: Called after each batch with (done, all).

    Raises:
        InputError: The model, the dataset, the split or the device.
        JobError: The evaluation failed.
    """
    from yololab.ultralytics_adapter.isolation.devices import resolve_device

    path = Path(model).expanduser()
    path = path.resolve() if path.exists() else find_checkpoint(str(model), (runtime.current().weights,))
    runtime.activate()
    task, family, names = describe_model(path)
    resolve_device(device)
    from yololab.ultralytics_adapter.isolation.randomness import preserved_randomness
    from yololab.ultralytics_adapter.isolation.threads import ComputeThreads, limit
    from yololab.ultralytics_adapter.validation.validators import validator_for

    validator_class = validator_for(task, family)
    _check_dataset(data_yaml, protocol.split)
    compute = ComputeThreads(threads)
    cache = runtime.current().cache
    with ExitStack() as stack:
        scratch = stack.enter_context(scratch_folder(cache, "evaluate"))
        stack.enter_context(quiet_progress())
        stack.enter_context(preserved_randomness())
        findings = stack.enter_context(guarded_data(cache))
        stack.enter_context(charts())
        stack.enter_context(modest_sessions(path))
        stack.enter_context(joined_threads())
        arguments = {
            **asdict(protocol),
            "classes": None if protocol.classes is None else list(protocol.classes),
            "model": str(path),
            "data": str(data_yaml),
            "task": task,
            "mode": "val",
            "device": device,
            "plots": save_dir is not None,
            "verbose": False,
            # With `val` set, a split of COCO would be measured by its own tool instead, which needs another package.
            "val": False,
        }
        try:
            validator = validator_class(args=arguments, save_dir=(save_dir or scratch).resolve())
            validator.dataset_root = dataset_root.resolve()
            validator.timer = InferenceTimer(lambda: compute.count, threads or limit())
            validator.add_callback("on_val_batch_start", lambda batch: compute.begin(batch.device))
            validator.add_callback("on_val_batch_end", lambda batch: compute.end())
            if progress is not None:
                validator.add_callback("on_val_batch_end", partial(validated, progress))
            validator(model=str(path))
        except Exception as error:
            raise _error(path, data_yaml, protocol.split, error) from error
    exported = path.suffix.lower() != ".pt"
    threads_used = dict(compute.used) if validator.device.type == "cpu" else {}
    return _evaluation(validator, task, protocol, names, exported, findings.warnings, threads_used)


def _check_dataset(data_yaml: Path, split: str) -> None:
    """Refuse a dataset that Ultralytics cannot read, or whose images are not there: nothing is downloaded here."""
    from ultralytics.data.utils import check_det_dataset

    try:
        if data_yaml.is_dir():
            check_class_folders(data_yaml, split)
        else:
            check_det_dataset(str(data_yaml), autodownload=False, split=split)
    except Exception as error:  # a file that somebody gave us: whatever it makes the reader raise, it is the cause
        raise dataset_error(f"{data_yaml}, split {split!r}", error) from error


def _error(path: Path, data_yaml: Path, split: str, error: Exception) -> Exception:
    """Return what made the validator fail as ours: missing and unusable images are the user's, all else the job's."""
    line = first_line(error)
    if isinstance(error, FileNotFoundError) or "No valid images" in line:
        return dataset_error(f"{data_yaml}, split {split!r}", error)
    if isinstance(error, ImportError):
        remedy = f"pip install {error.name}"
        return InputError(Problem(str(path), f"its runtime is not installed ({line})", remedy=remedy))
    return JobError(f"the evaluation of {path.name} failed: {type(error).__name__}: {line}")


def _evaluation(
    validator: Any,
    task: str,
    asked: Protocol,
    names: Mapping[int, str],
    exported: bool,
    findings: list[str],
    threads: Mapping[str, int],
) -> Evaluation:
    """Turn a validator that has run into plain values."""
    row = task_named(task)
    names = {int(index): str(name) for index, name in dict(validator.names or names).items()}
    results = validator.metrics.results_dict
    protocol, changes = effective_protocol(validator, asked, exported)
    version = installed_version()
    header = RecordsHeader(
        names=names,
        task=task,
        split=asked.split,
        label_fingerprint=validator.label_fingerprint,
        protocol=asdict(protocol),
        ultralytics=version,
    )
    values = validator.class_values(names, row.per_class) if row.per_class else {}
    return Evaluation(
        task=task,
        metrics={m.name: read_number(results[m.source]) if validator.labelled else None for m in row.metrics},
        fitness=read_number(results["fitness"]) if validator.labelled else None,
        names=names,
        per_class={index: {"name": names[index], **found} for index, found in values.items()},
        speed_ms={step: float(value) for step, value in validator.speed.items()},
        timing=validator.timer.timing(),
        threads=threads,
        confusion=validator.confusion(),
        protocol=protocol,
        changes=changes,
        ultralytics=version,
        warnings=(*_warnings(names, validator), *findings),
        records=_with_appearances(validator.packed(header), validator.appearances),
    )


def _with_appearances(records: Records, seen: Mapping[str, Appearance]) -> Records:
    """Return records that hold how each image looked."""
    unknown = Appearance(math.nan, math.nan)
    values = np.array([seen.get(key, unknown) for key in records.keys], np.float32).reshape(-1, len(Appearance._fields))
    properties = {name: np.ascontiguousarray(column) for name, column in zip(Appearance._fields, values.T, strict=True)}
    return replace(records, properties=properties) if seen else records


def _warnings(names: Mapping[int, str], validator: Any) -> list[str]:
    """Return what makes the numbers less than they seem."""
    warnings = []
    theirs = {int(index): str(name) for index, name in validator.data["names"].items()}
    different = sorted(index for index in names.keys() | theirs.keys() if names.get(index) != theirs.get(index))
    if different:
        shown = first_of(f"{index}: {names.get(index)!r} / {theirs.get(index)!r}" for index in different)
        found = f"{len(different)} classes of the model are not the dataset's"
        warnings.append(f"{found} ({shown}); {validator.classes_differ}")
    if validator.left_out:
        warnings.append(f"{validator.left_out} images were left out: damaged, or of classes that the model lacks")
    if not validator.labelled:
        warnings.append("the split has no labels: nothing could be measured")
    return warnings
