"""The items of the checklist after a run: each passed, failed, or not decidable, with its evidence."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Any

import msgspec

from yololab.errors import InputError
from yololab.files.metrics import read_metrics
from yololab.text import counted
from yololab.ultralytics_adapter.export.parity import ExportCheck

MIN_EPOCHS_FOR_SLOPE = 3
CLEAR_SHARE = 0.75
LEARNT_SHARE = 2 / 3
EXPORT_CHECK = "exported model works"


@dataclass(frozen=True)
class Check:
    """One item of the checklist.

    Attributes:
        check: What was checked.
        passed: True, False, or None when it cannot be said.
        evidence: What the answer rests on.
    """

    check: str
    passed: bool | None
    evidence: str


def checks_on_record(record: Mapping[str, Any]) -> tuple[Check, ...]:
    """Return the checklist in a record; empty when there is none, or one that is not whole."""
    try:
        return msgspec.convert((record.get("verification") or {}).get("checks") or (), tuple[Check, ...])
    except msgspec.ValidationError:
        return ()


def training_started(train_losses: Sequence[float | None], first_batch: float | None = None) -> Check:
    """The losses of the first batch and of the first epoch are finite numbers.

    Args:
        train_losses: Sum of the training losses, an entry an epoch; None where it is not finite or not known.
        first_batch: Loss of the first batch; None when it is not known, as of a plain folder of Ultralytics.
    """
    name = "training started"
    if not train_losses:
        return Check(name, False, "no epoch was completed")
    first = train_losses[0]
    if first is None or not math.isfinite(first):
        return Check(name, False, "the loss of the first epoch is not a finite number")
    batch = "" if first_batch is None else f"first batch's loss {first_batch:.4g} (summed over its images), "
    return Check(name, True, f"{batch}first epoch's loss {first:.4g}")


def loss_decreased(train_losses: Sequence[float | None]) -> Check:
    """The training loss falls: the Theil–Sen slope over the epochs is negative.

    The slope is the median of the slopes between all pairs of epochs, so a single jump does not decide (Sen, 1968,
    "Estimates of the regression coefficient based on Kendall's tau").
    """
    name = "loss decreased"
    known = [(epoch, loss) for epoch, loss in enumerate(train_losses) if loss is not None and math.isfinite(loss)]
    if len(known) < MIN_EPOCHS_FOR_SLOPE:
        return Check(name, None, f"too few epochs to say: {len(known)}, at least {MIN_EPOCHS_FOR_SLOPE}")
    pairs = list(combinations(known, 2))
    slope = median((after - before) / (later - epoch) for (epoch, before), (later, after) in pairs)
    falls = sum(after < before for (_, before), (_, after) in pairs)
    evidence = (
        f"{known[0][1]:.4g} to {known[-1][1]:.4g} in {len(known)} epochs, {slope:+.4g} an epoch (median slope); "
        f"it falls in {falls} of {len(pairs)} pairs of epochs"
    )
    if slope < 0 and falls < CLEAR_SHARE * len(pairs):
        evidence += ": weak, noise alone can look like this"
    return Check(name, slope < 0, evidence)


def batch_learnt(train_losses: Sequence[float | None]) -> Check:
    """A model that is trained on one batch learns it: its loss falls by a third at least.

    Whether it does tells a mistake in labels, learning rate or model from a hard dataset (Karpathy, 2019, "A Recipe
    for Training Neural Networks").
    """
    name = "batch learnt"
    known = [loss for loss in train_losses if loss is not None and math.isfinite(loss)]
    if len(known) < MIN_EPOCHS_FOR_SLOPE or known[0] <= 0:
        return Check(name, False, f"{counted(len(known), 'epoch')} with a finite loss")
    share = min(known) / known[0]
    evidence = f"loss {known[0]:.4g} to {min(known):.4g} in {len(known)} epochs ({share:.0%} of the first)"
    return Check(name, share <= LEARNT_SHARE, evidence)


def metrics_saved(path: Path, measured: dict[str, float | None]) -> Check:
    """metrics.json can be read again and holds what the validator measured."""
    name = "metrics saved"
    try:
        saved = read_metrics(path)
    except InputError as error:
        return Check(name, False, str(error))
    different = [metric for metric, value in measured.items() if saved.value(metric) != value]
    if different:
        return Check(name, False, f"{path.name} differs from the validator in {', '.join(different)}")
    return Check(name, True, f"{path.name} holds {len(measured)} metrics equal to the validator's")


def nothing_exported() -> Check:
    """There is no export to check."""
    return Check(EXPORT_CHECK, None, "nothing was exported (export=none)")


def exported_model_works(
    name: str,
    found: ExportCheck,
    tolerance: float,
    maps: tuple[str, int, float | None, float | None] | None = None,
    *,
    outputs_decide: bool = True,
) -> Check:
    """The exported model, run by its own runtime, gives the checkpoint's raw outputs and its mAP.

    Args:
        name: What was exported.
        found: How far the raw outputs are apart, or why they say nothing: the metric alone decides then.
        tolerance: The difference that is allowed, of raw outputs relative.
        maps: The metric, the number of images, and the value of checkpoint and export; None when not measured.
        outputs_decide: Whether raw outputs have to be the same; in reduced precision they are not meant to be.
    """
    evidence, same = f"{name} with {found.runtime}", None
    if found.max_relative_difference is None:
        evidence += f": raw outputs were not compared ({found.reason})"
    else:
        evidence += (
            f", {found.images} images: raw outputs differ by at most {found.max_abs_difference:.3g} "
            f"({found.max_relative_difference:.2g} relative"
        )
        if outputs_decide:
            same = found.max_relative_difference <= tolerance
            evidence += f", {tolerance:g} allowed"
        evidence += ")"
    if maps is not None:
        metric, count, ours, theirs = maps
        if ours is None or theirs is None:
            evidence += f"; {metric}: nothing to measure in {count} images"
        else:
            alike = abs(ours - theirs) <= tolerance
            if same is not None or ours or not alike:  # two zeros alone say nothing of an export
                same = same is not False and alike
            evidence += f"; {metric} on {count} images {ours:.4f} (checkpoint) and {theirs:.4f} (export)"
    return Check(EXPORT_CHECK, same, evidence)


def comparison_executed(verdict: str | None, path: Path) -> Check:
    """The comparison with the baseline was made and saved."""
    name = "comparison executed"
    if verdict is None or not path.is_file():
        return Check(name, False, "no comparison was saved")
    return Check(name, True, f"{verdict}, in {path.name}")
