"""`export.*`: the format and precision of the exported model, and how it is held against its checkpoint."""

from dataclasses import dataclass
from enum import StrEnum

from yololab.config.settings import same_as, setting
from yololab.config.train_arguments.arguments import USER_ARGUMENTS

# Formats that Ultralytics never exports in full precision, whatever was asked for, and what they get instead.
NEVER_FULL = {
    **dict.fromkeys(("axelera", "deepx", "edgetpu", "hailo", "imx", "xilinx"), "INT8"),
    "qnn": "w8a16",
    **dict.fromkeys(("ascend", "rknn"), "FP16"),
}
_NAMES = {8: "INT8", 16: "FP16"}
# They need the ranges of values that real images give.
CALIBRATED = ("INT8", "w8a16")


class ExportCompare(StrEnum):
    """How thoroughly an export is held against its checkpoint."""

    PARITY = "parity"
    SPLIT = "split"


@dataclass
class ExportConfig:
    """The exported model that the verification tries.

    Attributes:
        format: onnx, torchscript, openvino, engine, …; null exports nothing.
        dynamic: Variable image sizes.
        simplify: Simplify the ONNX graph.
        opset: ONNX operator set; null for Ultralytics' choice.
        quantize: Precision of the export: 8, 16, 32; null for full.
        nms: Put the suppression into the exported model.
        optimize: Stronger compiler optimisation where the format has it.
        workspace: TensorRT's working memory, in GiB.
        tolerance: Largest difference from the checkpoint that still counts as the same: of a raw output (boxes relative
            to the image's size), and of the mAP (absolute).
        compare: How it is held against the checkpoint: `parity` (raw outputs, and the mAP of a few images) or `split`
            (a paired comparison on the whole evaluated split, with the margin of `baseline.tolerance`). Null takes
            `split` for reduced precision, `parity` for full.
        calibration_images: Images of the training split that INT8 takes its ranges from, every class in proportion;
            none of them is of the evaluated split.
        accept_broken: Promote a run although its export is worse than its checkpoint.
    """

    format: str | None = "onnx"
    dynamic: bool = False
    simplify: bool = True
    opset: int | None = None
    quantize: int | str | None = same_as(USER_ARGUMENTS["quantize"])
    nms: bool | None = None
    optimize: bool = False
    workspace: float | None = None
    tolerance: float = setting(0.001, at_least=0)
    compare: ExportCompare | None = None
    calibration_images: int = setting(300, at_least=2)
    accept_broken: bool = False


def reduced_precision(export: ExportConfig, trained: int | str | None = None) -> str | None:
    """Return the name of the precision that an export will have; None for full precision.

    Args:
        export: `export.*`.
        trained: The training's own `quantize`: what was trained quantization-aware with 8 is exported as INT8.

    >>> [reduced_precision(export) for export in (ExportConfig(quantize=16), ExportConfig("imx"), ExportConfig())]
    ['FP16', 'INT8', None]
    """
    asked = None if export.quantize == 32 else export.quantize
    if asked is None and export.format in NEVER_FULL:
        return NEVER_FULL[export.format]
    if asked is None and trained == 8:
        asked = 8
    return _NAMES.get(asked, str(asked)) if isinstance(asked, int) else asked


def on_split(export: ExportConfig, trained: int | str | None = None) -> bool:
    """Return whether the export is compared with its checkpoint on the whole evaluated split."""
    if export.compare is None:
        return reduced_precision(export, trained) is not None
    return export.compare is ExportCompare.SPLIT
