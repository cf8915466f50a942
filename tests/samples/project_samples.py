"""A project with records of runs, without a training."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from yololab.files.paths import RunFolder

SETTINGS = {"lr0": 0.01, "epochs": 20, "seed": 0, "name": None, "model": {"weights": "yolo26n.pt"}}
SETTINGS |= {"evaluation": {"split": "val"}, "optimizer": "AdamW", "device": {"id": "cpu"}}
OLD = 1_600_000_000  # seconds since 1970: written long ago, so that its times show a change


def write_run(root: Path, name: str, settings: dict[str, Any] | None = None, **sections: Any) -> RunFolder:
    """Write the record of a run, or with `multirun/<sweep>/<number>` as name of a trial.

    Args:
        root: The project.
        name: The run's name.
        settings: What its config has that is not the sample's.
        sections: Sections of the record; `value` is the mAP50-95.
    """
    folder = RunFolder(root / name if name.startswith("multirun/") else root / "outputs/training" / name)
    folder.path.mkdir(parents=True, exist_ok=True)
    value = sections.pop("value", 0.5)
    content = {
        "schema_version": 1,
        "timestamp": "2026-01-17T14:30:00+00:00",
        "status": "complete",
        "task": "detect",
        "requested_config": SETTINGS | (settings or {}),
        "dataset": {"name": "shapes", "fingerprint": {"val": "v" * 64}},
        "evaluation": None if value is None else {"mAP50-95": value, "mAP50": value / 2},
        "results": {"final_epoch": 20},
    }
    folder.record.write_text(json.dumps(content | sections), encoding="utf-8")
    os.utime(folder.record, (OLD, OLD))
    return folder
