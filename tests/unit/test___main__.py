"""`python -m yololab` is `yololab`."""

from __future__ import annotations

import runpy
import sys

import pytest

from yololab import __version__


@pytest.mark.heavy
def test_it_is_the_same_command(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["yololab", "--version"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("yololab.__main__", run_name="__main__")
    assert not ended.value.code
    assert __version__ in capsys.readouterr().out
