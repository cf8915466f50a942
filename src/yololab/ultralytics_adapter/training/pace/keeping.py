"""A trainer that keeps a pace: some epochs are not validated, images grow."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from torch.nn import functional
from ultralytics.utils.torch_utils import unwrap_model

from yololab.errors import InputError
from yololab.files.atomic import write_text
from yololab.files.reading import MOST_TEXT, read_bytes
from yololab.ultralytics_adapter.training.effective import freeze_problem
from yololab.ultralytics_adapter.training.pace.plan import EXACT, VALIDATIONS, image_size, is_validated, patience_asks

if TYPE_CHECKING:
    from ultralytics.engine.trainer import BaseTrainer as _Base

    from yololab.ultralytics_adapter.training.selection import Selection
    from yololab.ultralytics_adapter.training.trainer import TrainerSettings
else:
    _Base = object


class PaceMixin(_Base):
    """Does what a pace says; put it before Ultralytics' trainer of a task.

    Attributes:
        pace: The pace, without the parts that cannot be on these devices.
        image_side: Side of the images of this epoch, px; None for whole ones.
    """

    settings: TrainerSettings
    selection: Selection
    pace = EXACT
    image_side: int | None = None

    def set_model_attributes(self) -> None:
        """Leave off what these devices cannot do, and refuse layers to freeze that the model does not have.

        Ultralytics would ignore them in silence.

        Raises:
            InputError: `freeze` names other layers, or counts more than there are.
        """
        super().set_model_attributes()
        self.pace = self.settings.pace
        if self.world_size > 1:
            self.pace = self.pace.without(VALIDATIONS, "several GPUs validate each epoch together")
        model: Any = unwrap_model(self.model)
        problem = freeze_problem(self.args.freeze, len(model.model), [name for name, _ in model.named_parameters()])
        if problem:
            raise InputError(problem)

    def grow_images(self) -> None:
        """Choose the size of the images of the epoch that begins."""
        size = image_size(self.pace, self.epoch, self.epochs, self.args.imgsz, self.stride)
        # A GPU whose memory does not hold the whole images must say so in the first epoch: then the batch is halved.
        whole = size >= self.args.imgsz or (self.device.type == "cuda" and self.epoch == 0)
        self.image_side = None if whole else size

    def preprocess_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Make the images smaller; labels are shares of an image, and each loss fits masks to its own maps."""
        batch = super().preprocess_batch(batch)
        if self.image_side is not None:
            images, part = batch["img"], self.image_side / self.args.imgsz
            sides = [max(self.stride, round(side * part / self.stride) * self.stride) for side in images.shape[2:]]
            sharp = self.device.type != "mps"  # which has no such filter
            batch["img"] = functional.interpolate(images, sides, mode="bilinear", align_corners=False, antialias=sharp)
        return batch

    def validate(self) -> Any:
        """Validate this epoch if it is to be; else its metrics are not a number, and its fitness is None."""
        stopper = self.stopper
        # Not at a stop that somebody asks for: a resumed training would choose among other epochs than a whole one.
        asked = patience_asks(self.epoch, stopper.best_epoch, stopper.patience)
        if asked or is_validated(self.pace, self.epoch, self.epochs):
            return super().validate()
        self.selection.skip(self.epoch)
        return dict.fromkeys(self.metrics, math.nan), None

    def save_metrics(self, metrics: Any) -> None:
        """Write the epoch's row; what was not measured is `NaN`, which polars reads as a number, and not `nan`."""
        super().save_metrics(metrics)
        if any(math.isnan(value) for value in metrics.values()):
            lines = read_bytes(self.csv, MOST_TEXT).decode().splitlines(keepends=True)
            write_text(self.csv, "".join((*lines[:-1], lines[-1].replace("nan", "NaN"))))
