"""How a training computes: in which numbers, and how its images and weights lie in memory.

Ultralytics trains in fp32 on a CPU, and ignores `amp` and `channels_last` there.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from ultralytics.nn.tasks import BaseModel
from ultralytics.utils.torch_utils import unwrap_model

from yololab.config.device import Precision
from yololab.host.processor import has_bf16
from yololab.ultralytics_adapter.isolation.memory import kept_memory

if TYPE_CHECKING:
    from ultralytics.engine.trainer import BaseTrainer as _Base

    from yololab.ultralytics_adapter.training.trainer import TrainerSettings
    from yololab.ultralytics_adapter.training.training_log import TrainingLog
else:
    _Base = object

_NO_AMP = (False, "fp32")
_FUSED = (torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD)


def cpu_precision(asked: Precision, amp: Any, native: bool) -> Precision:
    """Return the numbers of a training on a CPU.

    Args:
        asked: What was asked for.
        amp: Ultralytics' `amp` as it was asked for; False wins.
        native: Whether the processor computes in bf16: without, it takes longer than fp32.

    >>> cpu_precision(Precision.AUTO, True, native=True).value, cpu_precision(Precision.AUTO, False, native=True).value
    ('bf16', 'fp32')
    """
    if amp in _NO_AMP or asked is Precision.FP32:
        return Precision.FP32
    wanted = asked is Precision.BF16 or amp == "bf16"
    return Precision.BF16 if wanted or (native and amp != "fp16") else Precision.FP32


def gpu_amp(asked: Precision, amp: Any) -> Any:
    """Return Ultralytics' `amp` for a training on a GPU; False wins.

    >>> gpu_amp(Precision.BF16, True), gpu_amp(Precision.FP32, True), gpu_amp(Precision.AUTO, "fp16")
    ('bf16', False, 'fp16')
    """
    if amp in _NO_AMP or asked is Precision.AUTO:
        return amp
    return "bf16" if asked is Precision.BF16 else False


class Bf16Network(nn.Module):
    """A model whose network computes in bf16, and its loss in fp32: boxes of 8 significant bits would be off by pixels.

    It stands before the model as a parallel wrapper does, so that Ultralytics finds the model in `module`.

    Args:
        module: A model that `splits`.
    """

    def __init__(self, module: Any) -> None:
        super().__init__()
        self.module = module

    def forward(self, batch: dict[str, Any]) -> Any:
        """Return the loss of a batch and its items."""
        with torch.autocast("cpu", torch.bfloat16):
            predictions = self.module.predict(batch["img"])
        return self.module.loss(batch, in_full(predictions))


def in_full(predictions: Any) -> Any:
    """Return predictions, in whatever lists and dictionaries they lie, in fp32."""
    if isinstance(predictions, dict):
        return {name: in_full(part) for name, part in predictions.items()}
    if isinstance(predictions, (list, tuple)):
        return type(predictions)(in_full(part) for part in predictions)
    return predictions.float() if isinstance(predictions, torch.Tensor) else predictions


def splits(model: Any) -> bool:
    """Return whether a model's loss takes the predictions of its network; RT-DETR and YOLOE have ways of their own."""
    kind = type(model)
    return isinstance(model, BaseModel) and kind.loss is BaseModel.loss and kind.predict is BaseModel.predict


def fused(optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
    """Return an optimizer that steps in one kernel for all weights, where PyTorch has one for it on a CPU.

    Ultralytics asks for it on a GPU alone. A state that is loaded later brings its own choice.
    """
    if type(optimizer) in _FUSED:
        for group in optimizer.param_groups:
            group["fused"] = True
    return optimizer


class ComputingMixin(_Base):
    """Computes as the device does best; put it before Ultralytics' trainer of the task.

    Attributes:
        precision: The numbers of the training: `fp32`, `fp16` or `bf16`.
    """

    settings: TrainerSettings
    log: TrainingLog
    model: Any
    precision = "fp32"

    def train(self) -> Any:
        """Train; on a CPU with the memory of one batch kept for the next."""
        with kept_memory() if self.device.type == "cpu" else nullcontext():
            return super().train()

    def _setup_train(self) -> None:
        """Set up in the numbers that were asked for."""
        asked, amp = self.settings.precision, self.settings.requested.get("amp", True)
        if self.device.type != "cpu":
            self.args.amp = gpu_amp(asked, self.args.amp)
            super()._setup_train()
            self.precision = ("bf16" if self.args.amp == "bf16" else "fp16") if self.amp else "fp32"
            return
        self.args.amp, self.args.channels_last = False, None  # what Ultralytics would refuse, or warn of
        super()._setup_train()
        self.args.channels_last = self.settings.requested.get("channels_last")
        if cpu_precision(asked, amp, has_bf16()) is Precision.BF16:
            if splits(self.model) and not self.args.compile:
                self.model, self.precision = Bf16Network(self.model), "bf16"
            elif asked is Precision.BF16:
                self.log.warn("bf16 on a CPU is not for this model, or not with torch.compile: it is trained in fp32")

    def set_model_attributes(self) -> None:
        """Lay the weights out, before the optimizer and the average are made of them."""
        super().set_model_attributes()
        if self.device.type == "cpu" and self.settings.requested.get("channels_last") is not False:
            unwrap_model(self.model).to(memory_format=torch.channels_last)

    def build_optimizer(self, *arguments: Any, **keywords: Any) -> Any:
        """Build the optimizer, on a CPU a fused one."""
        optimizer = super().build_optimizer(*arguments, **keywords)
        return fused(optimizer) if self.device.type == "cpu" else optimizer

    @property
    def effective_amp(self) -> Any:
        """Ultralytics' `amp` as it was used; its default allows what a CPU has, and asks for nothing."""
        if self.device.type != "cpu":
            return self.args.amp if self.amp else False
        amp = self.settings.requested.get("amp", True)
        heeded = self.precision == "bf16" or (amp is True and self.settings.precision is Precision.AUTO)
        return amp if heeded else False
