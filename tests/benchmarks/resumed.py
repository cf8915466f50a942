"""A resumed training against one that was not interrupted: python tests/benchmarks/resumed.py [PAIRS]

Each pair trains a very small detector on the built-in shapes twice with one seed: in one go, and interrupted in the
middle of an epoch and resumed. Beside the differences within pairs stand those of two seeds, which they must not
exceed. Single precision, one thread, images loaded in the process that trains. Writes resumed.json beside itself, after
about five minutes.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from yololab.data.shapes.builtin import ShapesSpec, ensure_shapes
from yololab.files.epochs import read_results
from yololab.files.paths import RunFolder
from yololab.host.provenance import hardware
from yololab.ultralytics_adapter.isolation.runtime import Isolation, activate, prepare, ultralytics_log
from yololab.ultralytics_adapter.models.resolve import resolve_model
from yololab.ultralytics_adapter.training.training import TrainRequest, train

RESULT = Path(__file__).with_suffix(".json")
EPOCHS, IMAGES, BATCH = 4, 52, 8
MODEL = """
nc: 3
backbone:
  - [-1, 1, Conv, [16, 3, 2]]
  - [-1, 1, Conv, [16, 3, 2]]
  - [-1, 1, Conv, [32, 3, 2]]
  - [-1, 1, Conv, [32, 3, 2]]
  - [-1, 1, Conv, [32, 3, 2]]
head:
  - [[2, 3, 4], 1, Detect, [nc]]
"""
# 7 batches an epoch, the last one not full: with four batches a step, epochs end between two steps. The last epoch
# closes the mosaic.
KINDS: tuple[dict[str, Any], ...] = (
    {"optimizer": "SGD", "lr0": 0.02, "nbs": 4 * BATCH},
    {"optimizer": "AdamW", "lr0": 0.004, "nbs": BATCH, "warmup_epochs": 1.0},
    {"optimizer": "MuSGD", "lr0": 0.02, "nbs": 4 * BATCH, "cos_lr": True},
)


class Trainings:
    """Trainings in a scratch folder.

    Attributes:
        folder: The folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self._numbers = folder, itertools.count()
        self._data = ensure_shapes(ShapesSpec(image_size=64, train=IMAGES, val=48, test=1), folder / "data")
        (folder / "model.yaml").write_text(MODEL)
        self._model = resolve_model(str(folder / "model.yaml"), None, None, ())

    def run(self, seed: int, kind: dict[str, Any], epoch: int | None = None) -> RunFolder:
        """Train; with an `epoch`, from 1, interrupt the training in the middle of it and resume."""
        arguments = {"data": str(self._data), "imgsz": 64, "batch": BATCH, "epochs": EPOCHS, "close_mosaic": 1}
        arguments |= {"workers": 0, "device": "cpu", "amp": False, "plots": False, "seed": seed, **kind}
        folder = self.folder / f"run{next(self._numbers)}"
        request = TrainRequest(arguments, self._model, folder, threads=1)
        with ultralytics_log(lambda level, line: None):
            if epoch is None:
                train(request)
            else:
                batches = itertools.count(1)
                train(request, should_stop=lambda: next(batches) > (epoch - 1) * (-(-IMAGES // BATCH) + 1) + 3)
                train(request, aside=folder / "attempts" / "1")
        return RunFolder(folder)


def losses(folder: RunFolder) -> list[float]:
    """Return the training loss of each epoch."""
    return [value if value is not None else math.nan for value in read_results(folder.results).train_losses()]


def score(folder: RunFolder) -> float:
    """Return the last epoch's mAP50-95."""
    return read_results(folder.results).metrics["metrics/mAP50-95(B)"][-1] or 0.0


def same_weights(first: RunFolder, second: RunFolder) -> bool:
    """Return whether the last checkpoints of two trainings hold the same bits."""
    states = [
        torch.load(folder.last, weights_only=False)["model"].float().state_dict().values() for folder in (first, second)
    ]
    return all(torch.equal(one, other) for one, other in zip(*states, strict=True))


def pairs(trainings: Trainings, count: int) -> Iterator[dict[str, Any]]:
    """Yield what the two trainings of each pair came to, and a third with another seed."""
    for number in range(count):
        kind, epoch = KINDS[number % len(KINDS)], 2 + number // len(KINDS) % (EPOCHS - 1)
        whole = trainings.run(number, kind)
        resumed, other = trainings.run(number, kind, epoch), trainings.run(number + 1000, kind)
        yield {
            "optimizer": kind["optimizer"],
            "interrupted_in_epoch": epoch,
            "same_bits": same_weights(whole, resumed),
            "loss": {"whole": losses(whole)[-1], "resumed": losses(resumed)[-1], "other_seed": losses(other)[-1]},
            "mAP50-95": {"whole": score(whole), "resumed": score(resumed), "other_seed": score(other)},
        }


def main() -> None:
    """Run the pairs and keep their table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", type=int, nargs="?", default=12)
    parser.add_argument("--no-save", action="store_true")
    asked = parser.parse_args()
    begin, rows = time.monotonic(), []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        prepare(Isolation(folder / "cache", folder / "weights", folder / "datasets", offline=True))
        activate()
        for row in pairs(Trainings(folder), asked.pairs):
            rows.append(row)
            print(json.dumps(row), flush=True)
    ratios = {name: [row["loss"][name] / row["loss"]["whole"] for row in rows] for name in ("resumed", "other_seed")}
    summary = {
        name: {"smallest": min(values), "median": statistics.median(values), "largest": max(values)}
        for name, values in ratios.items()
    }
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    machine = hardware()
    body = {
        "command": " ".join(["python tests/benchmarks/resumed.py", *sys.argv[1:]]),
        "commit": commit,
        "machine": {key: machine[key] for key in ("cpu", "cores", "os", "python")},
        "features": torch.backends.cpu.get_cpu_capability(),
        "packages": {name: version(name) for name in ("torch", "ultralytics", "numpy")},
        "seconds": round(time.monotonic() - begin),
        "same_bits": sum(row["same_bits"] for row in rows),
        "last_loss_relative_to_the_whole_training": summary,
        "pairs": rows,
    }
    print(json.dumps(body | {"pairs": len(rows)}, indent=2))
    if not asked.no_save:
        RESULT.write_text(json.dumps(body, indent=2) + "\n")


if __name__ == "__main__":
    main()
