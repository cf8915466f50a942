"""Slurm's programs, played by scripts."""

from __future__ import annotations

import pytest


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Put scripts in the place of Slurm's commands; each prints its file and ends with its code."""

    def make(name: str, text: str = "", code: int = 0) -> None:
        (tmp_path / "bin").mkdir(exist_ok=True)
        (tmp_path / f"{name}.txt").write_text(text)
        script = tmp_path / "bin" / name
        script.write_text(
            f"#!/bin/sh\necho \"$@\" >> '{tmp_path}/{name}.calls'\ncat '{tmp_path}/{name}.txt'\nexit {code}\n"
        )
        script.chmod(0o755)

    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return make
