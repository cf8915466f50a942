"""Where a job runs, and what it computes with."""

from dataclasses import dataclass
from enum import StrEnum

from yololab.config.settings import same_as, setting
from yololab.config.special import read_device, read_threads
from yololab.config.train_arguments.arguments import USER_ARGUMENTS


class Precision(StrEnum):
    """The floating point numbers that a training computes with."""

    AUTO = "auto"
    FP32 = "fp32"
    BF16 = "bf16"


@dataclass
class DeviceConfig:
    """Where the job runs.

    Attributes:
        id: Ultralytics' device string: `cpu`, `0`, `0,1`, `mps`; null picks a GPU when there is one.
        threads: CPU threads of PyTorch; null (or `auto`) takes the cores that are free, never more than the user's
            OMP_NUM_THREADS, fewer while other processes are busy. A number stays, and repeats a run bit by bit.
        amp: Mixed precision: true, false, fp16, bf16, fp32; false wins over `precision`.
        precision: Numbers of the training: `fp32`, `bf16`, or `auto`: bf16 on a CPU that has it; on a GPU as `amp`.
        channels_last: NHWC memory layout; null takes it on a CPU, and on CUDA where Ultralytics does.
        compile: torch.compile: false, true, or one of its modes.
        workers: Data loader processes (Ultralytics uses none on a CPU).
    """

    id: str | None = setting(None, reader=read_device)
    threads: int | None = setting(None, reader=read_threads)
    amp: bool | str = same_as(USER_ARGUMENTS["amp"])
    precision: Precision = Precision.AUTO
    channels_last: bool | None = same_as(USER_ARGUMENTS["channels_last"])
    compile: bool | str = same_as(USER_ARGUMENTS["compile"])
    workers: int = setting(8, at_least=0)
