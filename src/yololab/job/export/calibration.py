"""The images that a quantised export takes its ranges from: of the training split, never of the one that is measured.

Left to itself, Ultralytics calibrates on the `val` split, which makes the loss that is measured there too small; told
of no data at all it takes a few images of COCO, which says nothing of the ranges that other data needs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yololab.config.schema import DryRun
from yololab.data.dataset.layout import split_images
from yololab.data.dataset.resolved_yaml import write_resolved_yaml
from yololab.errors import InputError, Problem
from yololab.files.atomic import write_text
from yololab.files.paths import DATA_YAML
from yololab.files.reading import read_text
from yololab.job.context import Context
from yololab.job.prepare import Prepared
from yololab.job.train_inputs import drawn_from

SPLIT = "train"
_OF_A_DRY_RUN = 16


@dataclass(frozen=True)
class Calibration:
    """What an export is calibrated on.

    Attributes:
        images: How many images.
        list: The file that names them.
        data: What Ultralytics is given as `data`.
    """

    images: int
    list: Path
    data: Path

    @property
    def options(self) -> dict[str, Any]:
        """The arguments of the export."""
        return {"data": str(self.data), "split": SPLIT}

    def to_json(self) -> dict[str, Any]:
        """Return what the record says of it."""
        return {"split": SPLIT, "images": self.images, "list": str(self.list)}


def draw_calibration(context: Context, prepared: Prepared, evaluated: Sequence[Path], scratch: Path) -> Calibration:
    """Draw the images with the seed of the training, every class in proportion, and write their list into the run.

    Args:
        context: The attempt.
        prepared: Its dataset.
        evaluated: The images that the export will be measured on; none of them is drawn.
        scratch: Where the data.yaml for Ultralytics is written.

    Raises:
        InputError: No image is left.
    """
    config, dataset, folder = context.config, prepared.dataset, context.folder
    if folder.subset.is_file():  # what was trained on
        images = [Path(line) for line in read_text(folder.subset).splitlines()]
    else:
        images = split_images(dataset, SPLIT)
    measured = {image.resolve() for image in evaluated}
    images = [image for image in images if image.resolve() not in measured]
    if not images:
        found = f"every image of {SPLIT} is also of the split that is measured: none is left to calibrate on"
        remedy = "train and validate on different images, or export in full precision (export.quantize=null)"
        raise InputError(Problem("export.quantize", found, remedy=remedy))
    wanted = config.export.calibration_images
    if config.dry_run is not DryRun.OFF:
        wanted = min(wanted, _OF_A_DRY_RUN)
    chosen = drawn_from(images, dataset, prepared.task.name, min(wanted, len(images)), config.train.seed)
    write_text(folder.calibration, "".join(f"{image}\n" for image in chosen))
    data = write_resolved_yaml(dataset, scratch / DATA_YAML, False, {SPLIT: folder.calibration})
    return Calibration(len(chosen), folder.calibration, data)
