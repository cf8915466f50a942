"""Which precision an export has, and whether it is compared on the whole split."""

from __future__ import annotations

import pytest

from yololab.config.measuring.export import NEVER_FULL, ExportCompare, ExportConfig, on_split, reduced_precision


@pytest.mark.parametrize(
    ("export", "trained", "precision", "whole"),
    [
        (ExportConfig(), None, None, False),
        (ExportConfig(quantize=32), None, None, False),
        (ExportConfig(quantize=16), None, "FP16", True),
        (ExportConfig(quantize=8, compare=ExportCompare.PARITY), None, "INT8", False),
        (ExportConfig(quantize="w8a32"), None, "w8a32", True),
        (ExportConfig("rknn"), None, "FP16", True),
        (ExportConfig(), 8, "INT8", True),
        (ExportConfig(compare=ExportCompare.SPLIT), None, None, True),
    ],
)
def test_reduced_precision_is_compared_on_the_whole_split(export, trained, precision, whole):
    assert reduced_precision(export, trained) == precision
    assert on_split(export, trained) is whole


@pytest.mark.torch
def test_the_formats_without_full_precision_are_ultralytics_own():
    from ultralytics.engine.exporter import FP32_UNSUPPORTED_FORMATS

    assert set(NEVER_FULL) == FP32_UNSUPPORTED_FORMATS
