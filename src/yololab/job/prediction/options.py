"""What can be said of a prediction besides the settings of an experiment."""

from dataclasses import dataclass

from yololab.config.settings import setting
from yololab.tasks import TASKS


@dataclass
class PredictOptions:
    """What the user says of a prediction.

    Attributes:
        model: A run, `baseline`, a checkpoint or an export; null takes the newest trained run.
        task: The task of the baseline, where there are several.
        conf: One threshold for all classes; null takes the model's own.
        imgsz: The image size, px; null takes that of the evaluation.
        draw: Draw what was found.
        save_conf: Have the labels say how sure the model is.
        vid_stride: Of a film, every so many frames.
    """

    model: str | None = None
    task: str | None = setting(None, choices=tuple(TASKS))
    conf: float | None = setting(None, at_least=0, at_most=1)
    imgsz: int | None = setting(None, at_least=32)
    draw: bool = True
    save_conf: bool = False
    vid_stride: int = setting(1, at_least=1)
