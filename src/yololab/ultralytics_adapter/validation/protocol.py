"""How a model is measured: what is asked for, and what the validator made of it."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Protocol:
    """How a model is measured; Ultralytics' arguments of the same names.

    Attributes:
        imgsz: Image size, px.
        batch: Images a batch; with `rect` it decides how images are padded.
        conf: Least confidence of a detection that counts.
        iou: IoU above which NMS takes two detections for one.
        max_det: Most detections an image.
        rect: Pad images to the shape of their batch instead of a square.
        quantize: 16 for half precision on a GPU; None for full precision.
        augment: Test-time augmentation.
        nms: False for the NMS-free head of a model that has one; None for the ordinary head with NMS.
        agnostic_nms: NMS over all classes together.
        single_cls: Take all classes for one.
        classes: Only the labels of these classes.
        split: The split of the dataset.
    """

    imgsz: int = 640
    batch: int = 16
    conf: float = 0.001
    iou: float = 0.7
    max_det: int = 300
    rect: bool = True
    quantize: int | str | None = None
    augment: bool = False
    nms: bool | None = None
    agnostic_nms: bool = False
    single_cls: bool = False
    classes: tuple[int, ...] | None = None
    split: str = "val"


def effective_protocol(validator: Any, asked: Protocol, exported: bool) -> tuple[Protocol, dict[str, str]]:
    """Return the protocol as the validator ended up with it, and why it differs from what was asked for."""
    args = validator.args
    imgsz = args.imgsz if isinstance(args.imgsz, int) else max(args.imgsz)
    effective = Protocol(
        imgsz=int(imgsz),
        batch=int(args.batch),
        conf=float(args.conf),
        iou=float(args.iou),
        max_det=int(args.max_det),
        rect=bool(getattr(validator.dataloader.dataset, "rect", False)),
        quantize=args.quantize,
        augment=bool(args.augment) and not exported,
        nms=args.nms,
        agnostic_nms=bool(args.agnostic_nms),
        single_cls=bool(args.single_cls),
        classes=asked.classes,
        split=str(args.split),
    )
    reasons = {
        "imgsz": "the exported model has one image size" if exported else "rounded to a multiple of the stride",
        "batch": "the exported model has one batch size",
        "max_det": "raised to the most objects in one image of the split",
        "rect": "the model, or its task, takes square images only",
        "quantize": "half precision needs a GPU",
        "augment": "an exported model has no test-time augmentation",
    }
    before, after = asdict(asked), asdict(effective)
    return effective, {
        name: reasons.get(name, "changed by Ultralytics") for name in after if not _same(before[name], after[name])
    }


def _same(asked: Any, effective: Any) -> bool:
    """Return whether two values of a protocol mean the same; 32 bits are full precision, as None is."""
    return (None if asked == 32 else asked) == effective
