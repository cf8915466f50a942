"""The checklist's item on the export: it is made, and held against its checkpoint."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from yololab.config.measuring.export import CALIBRATED, on_split, reduced_precision
from yololab.config.schema import DryRun
from yololab.data.dataset.layout import split_images
from yololab.data.dataset.resolved_yaml import key_root, write_resolved_yaml
from yololab.errors import InputError, JobError
from yololab.files.paths import DATA_YAML
from yololab.files.reading import read_text
from yololab.job.checklist import EXPORT_CHECK, Check, exported_model_works, nothing_exported
from yololab.job.context import Context
from yololab.job.export.calibration import draw_calibration
from yololab.job.export.comparison import compare_on_split
from yololab.job.measure import make_protocol
from yololab.job.prepare import Prepared
from yololab.ultralytics_adapter.export.exporting import ExportedModel, export_model
from yololab.ultralytics_adapter.export.parity import exported_outputs_differ
from yololab.ultralytics_adapter.isolation.logs import ultralytics_log
from yololab.ultralytics_adapter.validation.evaluation import evaluate

# Settings that are ours, not Ultralytics' arguments of an export.
_OURS = ("format", "tolerance", "compare", "calibration_images", "accept_broken")


def exported(context: Context, prepared: Prepared) -> Check:
    """Export best.pt and hold the export against it, as `export.compare` says; both are recorded.

    A dry run, whose images are few and whose model has learnt nothing, is content with the raw outputs.
    """
    config = context.config
    asked_for = any(key.partition(".")[0] == "export" for key in config.overridden)
    if config.export.format is None or (context.trial is not None and not asked_for):
        return nothing_exported()
    precision = reduced_precision(config.export, config.train.quantize)
    name = f"{config.export.format}{f' {precision}' if precision else ''}"
    images = _evaluated(context, prepared)
    content: dict[str, Any] = {}
    try:
        with (
            ultralytics_log(context.screen.line_of_ultralytics),
            context.screen.working("verify", f"exporting to {name}, and trying it"),
        ):
            made, calibration = _export(context, prepared, images, precision)
            content = {"path": str(made.path), "format": made.format, "bytes": made.size_bytes}
            content |= {"precision": precision, "calibration": calibration, "works": None}
            context.record.update(export=content)
            return _tried(context, prepared, made, images, content, name)
    except (InputError, JobError) as error:
        # What cannot be loaded or run is broken; where a runtime is missing here, nothing is known.
        works = False if isinstance(error, JobError) else None
        if content:
            context.record.update(export=content | {"works": works, "sentence": str(error)})
        return Check(EXPORT_CHECK, False, f"{name}: {error}")


def _tried(
    context: Context,
    prepared: Prepared,
    made: ExportedModel,
    images: Sequence[Path],
    content: dict[str, Any],
    name: str,
) -> Check:
    """Compare raw outputs; then the whole evaluated split, or the metric of a few images. Record what was found."""
    config, folder = context.config, context.folder
    imgsz, threads = config.evaluation.imgsz or config.train.imgsz, config.device.threads
    some = evenly(images, config.verification.images)
    found = exported_outputs_differ(folder.best, made.path, some, imgsz=imgsz, threads=threads)
    reduced = content["precision"] is not None or found.precision is not None
    if on_split(config.export, config.train.quantize) and config.dry_run is DryRun.OFF:
        calibrated_on = content["calibration"]["images"] if content["calibration"] else None
        compared = compare_on_split(context, prepared, made, calibrated_on)
        item = compared.check(f"{name} with {found.runtime}")
        raw = exported_model_works(name, found, config.export.tolerance)
        content = content | compared.to_json()
        if not reduced and raw.passed is False:  # in full precision outputs are the same, whatever the metric says
            item = replace(item, passed=False, evidence=f"{item.evidence} {raw.evidence}.")
            content["sentence"] = raw.evidence
        content["works"] = item.passed
    else:
        # Reduced precision moves raw outputs by design: there the metric alone decides.
        allowed = max(config.export.tolerance, config.baseline.tolerance) if reduced else config.export.tolerance
        maps = _maps(context, prepared, made.path, images)
        item = exported_model_works(name, found, allowed, maps, outputs_decide=not reduced)
        content = content | {"works": item.passed, "sentence": item.evidence}
    context.record.update(export=content)
    return item


def _evaluated(context: Context, prepared: Prepared) -> list[Path]:
    """Return the images that are measured; of a dry run its own few."""
    split = context.config.evaluation.split.value
    listed = context.folder.list_of(split)
    if listed.is_file():
        return [Path(line) for line in read_text(listed).splitlines()]
    return split_images(prepared.dataset, split)


def _export(
    context: Context, prepared: Prepared, evaluated: Sequence[Path], precision: str | None
) -> tuple[ExportedModel, dict[str, Any] | None]:
    """Export best.pt; returns the export and what the record says of its calibration."""
    config = context.config
    options = {key: value for key, value in vars(config.export).items() if key not in _OURS}
    options |= {"imgsz": config.evaluation.imgsz or config.train.imgsz, "device": config.device.id}
    # What was trained quantization-aware carries its ranges.
    with tempfile.TemporaryDirectory() as scratch:
        calibration = None
        if precision in CALIBRATED and config.train.quantize != 8:
            calibration = draw_calibration(context, prepared, evaluated, Path(scratch))
            options |= calibration.options
        threads, format_name = config.device.threads, config.export.format or ""
        made = export_model(context.folder.best, format=format_name, options=options, threads=threads)
    return made, None if calibration is None else calibration.to_json()


def _maps(
    context: Context, prepared: Prepared, exported: Path, images: Sequence[Path]
) -> tuple[str, int, float | None, float | None] | None:
    """Measure the primary metric of checkpoint and export on the same images, letterboxed to a square.

    The export takes them one by one; how many the checkpoint takes at once changes nothing of what it sees.

    Returns:
        The metric, the number of images, and the value of checkpoint and export; None when it is not asked for.
    """
    config, dataset = context.config, prepared.dataset
    wanted = config.verification.map_images
    chosen = list(images) if wanted is None else evenly(images, wanted)
    if not chosen:
        return None
    asked = make_protocol(config.evaluation, config.train, prepared.task)
    protocol = replace(asked, rect=False, quantize=None, augment=False)
    with tempfile.TemporaryDirectory() as scratch:
        names = Path(scratch) / "images.txt"
        names.write_text("".join(f"{image}\n" for image in chosen), encoding="utf-8")
        data = write_resolved_yaml(dataset, Path(scratch) / DATA_YAML, False, {protocol.split: names})

        def value(model: Path) -> float | None:
            root, threads = key_root(dataset, data), config.device.threads
            with context.screen.counting("verify", f"images by {model.name}") as progress:
                how = replace(protocol, batch=protocol.batch if model == context.folder.best else 1)
                measured = evaluate(model, data, root, how, device="cpu", threads=threads, progress=progress)
            return measured.metrics[prepared.task.primary_metric]

        return prepared.task.primary_metric, len(chosen), value(context.folder.best), value(exported)


def evenly(images: Sequence[Path], count: int) -> list[Path]:
    """Return `count` images spread over all of them, all when there are no more.

    >>> evenly(["a", "b", "c", "d"], 2)
    ['a', 'c']
    """
    if count >= len(images):
        return list(images)
    return [images[index * len(images) // count] for index in range(count)]
