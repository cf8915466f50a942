"""A night of proposals in a project of made-up runs."""

from __future__ import annotations

from record_samples import records_of, write_run

from yololab.files.paths import OutputTree
from yololab.sweep.referee.start import NightSettings, start_night


def run_of(root, name: str, found: float, seed: int, **config):
    """Write a run of a project, which finds an object so often."""
    folder = root / "outputs/training" / name
    settings = {"lr0": 0.01, "data": {"source": "animals.yaml"}, "seed": seed} | config
    write_run(folder, records_of(found, seed), settings)
    (folder / "weights/best.pt").write_bytes(name.encode())
    return folder


def begin(root, text: str, **declared):
    """Begin a night in a project."""
    return start_night(text, NightSettings(**declared), OutputTree(root), root)
