"""Which device a training runs on."""

from dataclasses import dataclass
from typing import Any

from yololab.errors import InputError, Problem
from yololab.text import counted, one_of
from yololab.ultralytics_adapter.isolation.logs import muted


@dataclass(frozen=True)
class Device:
    """A device that is there.

    Attributes:
        id: Ultralytics' canonical text: `cpu`, `mps`, `0`, `0,1`.
        kind: torch's device type: `cpu`, `cuda`, `mps`, …
        count: Number of devices.
        names: The name of each.
    """

    id: str
    kind: str
    count: int
    names: tuple[str, ...]


def resolve_device(device: Any) -> Device:
    """Return the device that Ultralytics would take for `device`.

    Args:
        device: `cpu`, `mps`, an index, several, `-1` for an idle GPU; None or empty for the first GPU, else the CPU.

    Raises:
        InputError: It is not there; the message names what is.
    """
    from yololab.ultralytics_adapter.isolation.runtime import activate

    activate()
    import torch
    from ultralytics.utils.torch_utils import parse_device, select_device

    try:
        with muted():
            text = parse_device(device)
            selected = select_device(text, verbose=False)
    except ValueError:
        raise _not_there(device) from None
    kind = getattr(selected, "type", str(selected))
    if text.startswith("mps") and kind != "mps":  # Ultralytics silently takes the CPU instead
        raise _not_there(device)
    if kind != "cuda":
        return Device(text or kind, kind, max(1, text.count(",") + 1), (kind,))
    indices = [int(index) for index in text.split(",")] if text else [torch.cuda.current_device()]
    names = tuple(torch.cuda.get_device_name(index) for index in indices)
    return Device(",".join(map(str, indices)), kind, len(indices), names)


def _not_there(device: Any) -> InputError:
    """Return the error for a device that is not there, with those that are."""
    import torch

    gpus = [str(index) for index in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    available = ("cpu", *gpus, *(["mps"] if torch.backends.mps.is_available() else []))
    remedy = f"torch sees {counted(len(gpus), 'CUDA GPU')}" if gpus else "torch sees no CUDA GPU; use device=cpu"
    return InputError(Problem("device", f"{device!r} is not available", one_of(available), remedy))
