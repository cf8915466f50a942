"""Findings by severity."""

from __future__ import annotations

from pathlib import Path

import pytest

from yololab.data.problems import DataProblem, Severity, blocking, note, warning


@pytest.mark.parametrize(
    ("make", "severity"), [(blocking, Severity.BLOCKING), (warning, Severity.WARNING), (note, Severity.NOTE)]
)
def test_each_severity_has_its_maker(make, severity):
    found = make("label_class", Path("a.txt"), "class 9", "mend it", 3)
    assert found == DataProblem("label_class", Path("a.txt"), 3, "class 9", severity, "mend it")
    assert make("label_class", Path("a.txt"), "class 9", "mend it").line is None
    assert found.blocking is (severity is Severity.BLOCKING)
