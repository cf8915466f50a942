"""`python -m yololab` is `yololab`."""

from __future__ import annotations

import os
import runpy
import sys

import pytest

from yololab import __version__


@pytest.mark.heavy
@pytest.mark.parametrize(("asked", "used"), [(None, "1"), ("3", "3")])
def test_it_is_the_same_command_and_heeds_a_users_number_of_blas_threads(monkeypatch, capsys, asked, used):
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    if asked:
        monkeypatch.setenv("OPENBLAS_NUM_THREADS", asked)
    monkeypatch.setattr(sys, "argv", ["yololab", "--version"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("yololab.__main__", run_name="__main__")
    assert not ended.value.code
    assert __version__ in capsys.readouterr().out
    assert os.environ["OPENBLAS_NUM_THREADS"] == used
