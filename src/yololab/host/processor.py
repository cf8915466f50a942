"""What the processor is, and which numbers it computes with."""

import functools
import platform
from pathlib import Path

# As Linux spells them: AVX-512 with bf16 (AMD since Zen 4, Intel since Cooper Lake), and Intel's matrix tiles.
_BF16 = ("avx512_bf16", "amx_bf16")
# What decides how fast a network is on a processor.
_TELLING = ("avx2", "avx512f", "avx512_vnni", *_BF16, "amx_int8")


@functools.cache
def _lines() -> tuple[str, ...]:
    """Return what Linux says of the first processor, line by line; nothing elsewhere."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ()
    return tuple(text.partition("\n\n")[0].splitlines())


def _value(key: str) -> str:
    """Return the value of a line; empty without it."""
    found = (line.partition(":")[2].strip() for line in _lines() if line.partition(":")[0].strip() == key)
    return next(found, "")


def processor_name() -> str:
    """Return the processor's name."""
    return _value("model name") or platform.processor() or platform.machine()


def processor_features() -> tuple[str, ...]:
    """Return the instructions that decide how fast a network is; none where the system does not tell."""
    flags = set(_value("flags").split())
    return tuple(name for name in _TELLING if name in flags)


def has_bf16() -> bool:
    """Return whether the processor is known to compute in bf16."""
    return not set(_BF16).isdisjoint(processor_features())
