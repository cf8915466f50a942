"""The training curves: losses, metrics and learning rate over the epochs."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from yololab.report.charts.lines import STYLES, Series, Values, line_chart
from yololab.report.run_files import RunFiles, inside, texts
from yololab.text import as_number

# Ultralytics' metrics that share an axis: pattern of the column's name → caption, {} is its suffix, e.g. " (mask)".
_TOGETHER = (
    (re.compile(r"metrics/mAP[\d-]*(\(\w\))?$"), "mAP{}"),
    (re.compile(r"metrics/(?:precision|recall)(\(\w\))?$"), "Precision and recall{}"),
    (re.compile(r"metrics/accuracy_top\d+()$"), "Accuracy"),
    (re.compile(r"metrics/(?:mIoU|pixel_acc)()$"), "IoU and pixel accuracy"),
    (re.compile(r"metrics/delta\d+()$"), "Depth within a factor of 1.25, 1.25², 1.25³"),
)
# Ultralytics' suffix of a metric → what was measured; only worth saying where a task measures several.
_SUFFIXES = {"(B)": "boxes", "(M)": "masks", "(P)": "keypoints"}
# Ultralytics' losses whose names are better written out, or in capitals.
_LOSSES = {"cls": "Class", "dfl": "DFL", "giou": "GIoU", "seg": "Mask", "kobj": "Keypoint objectness", "rle": "RLE"}


def curves(run: RunFiles) -> dict[str, Any] | None:
    """Prepare one chart for each loss, group of metrics, and the learning rate; None without a finished epoch."""
    epochs = run.epochs.epochs
    training = run.recorded("training")
    best = as_number(training.get("best_epoch"))
    of_epochs = run.epochs
    grouped = metric_charts(of_epochs.metrics) | loss_charts(of_epochs.losses) | rate_chart(of_epochs.learning_rates)
    charts = [line_chart(title, epochs, series, int(best) if best else None) for title, series in grouped.items()]
    charts = [chart for chart in [*charts, *cost_charts(epochs, of_epochs.seconds, training)] if chart]
    if not charts:
        return None
    return {
        "charts": charts,
        "epochs": len(epochs),
        "remarks": _remarks(training),
        "stop_reason": str(training.get("stop_reason") or ""),
    }


def loss_charts(losses: Mapping[str, Values]) -> dict[str, list[Series]]:
    """Pair each training loss with its validation loss: caption → lines."""
    charts: dict[str, list[Series]] = {}
    for column, values in losses.items():
        phase, _, name = column.partition("/")
        parts = name.split("_")
        caption = " ".join([_LOSSES.get(parts[0], parts[0].capitalize()), *parts[1:]])
        validated = phase == "val"
        series = Series("val" if validated else "train", values, colour=int(validated), style=STYLES[validated])
        if any(value is not None for value in values):
            charts.setdefault(caption, []).append(series)
    return charts


def metric_charts(metrics: Mapping[str, Values]) -> dict[str, list[Series]]:
    """Group the metrics that share an axis: caption → lines; any other metric has a chart of its own."""
    charts: dict[str, list[Series]] = {}
    suffixes = {match[0] for column in metrics if (match := re.search(r"\(\w\)$", column))}
    for column, values in sorted(metrics.items(), key=_rank):
        if all(value is None for value in values):
            continue
        name = column.partition("/")[2]
        caption = name
        for pattern, together in _TOGETHER:
            if match := pattern.match(column):
                suffix = match[1] or ""
                of_what = f" ({_SUFFIXES.get(suffix, suffix.strip('()'))})" if suffix and len(suffixes) > 1 else ""
                caption = together.format(of_what)
        series = charts.setdefault(caption, [])
        series.append(Series(re.sub(r"\(\w\)$", "", name), values, 2 + len(series), STYLES[len(series) % 2]))
    return charts


def _rank(metric: tuple[str, Values]) -> int:
    """Return the place of a metric: those with a pattern in its order, then the others."""
    matching = (index for index, (pattern, _) in enumerate(_TOGETHER) if pattern.match(metric[0]))
    return next(matching, len(_TOGETHER))


def rate_chart(rates: Mapping[str, Values]) -> dict[str, list[Series]]:
    """Return the learning rates in one chart; parameter groups with the same rates share a line."""
    alike: dict[tuple[float | None, ...], list[str]] = {}
    for column, values in rates.items():
        alike.setdefault(tuple(values), []).append(column.partition("/")[2])
    series = [
        Series(_joined(names), values, index, STYLES[index % 2])
        for index, (values, names) in enumerate(alike.items())
        if any(value is not None for value in values)
    ]
    return {"Learning rate": series} if series else {}


def cost_charts(epochs: Sequence[int], seconds: Values, training: Mapping[str, Any]) -> list[Markup]:
    """Draw what each epoch took, how many images it trained on a second, and what memory was held at its end."""
    images = as_number(inside(training, "setup", "images", "train"))
    held = training.get("epoch_memory_bytes")
    known = held if isinstance(held, list) else []
    memory = [as_number(known[epoch - 1]) if 0 < epoch <= len(known) else None for epoch in epochs]
    pace = [images / took if images and took else None for took in seconds]
    gib = [None if value is None else value / 2**30 for value in memory]
    return [
        line_chart("Seconds an epoch, with its validation", epochs, [Series("seconds", seconds, 5)]),
        line_chart("Images a second", epochs, [Series("training images, validation included", pace, 5)]),
        line_chart("Memory held at the end of an epoch, GiB", epochs, [Series("memory", gib, 5)]),
    ]


def _joined(names: Sequence[str]) -> str:
    """Name a line that stands for several parameter groups."""
    return names[0] if len(names) == 1 else "all groups" if len(names) > 3 else " = ".join(names)


def _remarks(training: Mapping[str, Any]) -> list[str]:
    """Return what a reader of the curves must know."""
    remarks = texts(training.get("warnings"))
    said = " ".join(remarks).lower()
    if pace := inside(training, "setup", "pace", "text"):
        remarks.append(f"{pace}.")
    if training.get("unstable") and "nan" not in said and "unstable" not in said:
        remarks.append("Unstable: the loss was not a finite number at some point.")
    if training.get("not_learning") and "learning" not in said:
        remarks.append("Not learning: the score never left zero, so early stopping could not work.")
    if training.get("model_selection") is False and "selection" not in said:
        remarks.append("No model selection: the epochs were not validated, so the best checkpoint is the last one.")
    return remarks
