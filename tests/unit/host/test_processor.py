"""What the processor is, read from what the system says of it."""

import pytest

from yololab.host import processor

INFO = "processor\t: 0\nmodel name\t: Some Processor\nflags\t\t: fpu {}\n\nprocessor\t: 1\nflags\t\t: amx_bf16\n"


@pytest.mark.parametrize(("flags", "expected"), [("avx2", False), ("avx512f avx512_bf16", True), ("amx_bf16", True)])
def test_its_numbers_are_read_from_the_first_processor(flags, expected, monkeypatch):
    monkeypatch.setattr(processor, "_lines", INFO.format(flags).partition("\n\n")[0].splitlines)
    assert processor.has_bf16() is expected
    assert processor.processor_features() == tuple(flags.split())
    assert processor.processor_name() == "Some Processor"


def test_a_system_that_does_not_tell_has_a_name_and_no_bf16(monkeypatch):
    monkeypatch.setattr(processor, "_lines", lambda: ())
    monkeypatch.setattr(processor.platform, "processor", lambda: "")  # it may start a process to find out
    assert processor.processor_name()
    assert not processor.has_bf16()
