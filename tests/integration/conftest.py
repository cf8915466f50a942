"""A small dataset and small checkpoints, made once a session: real Ultralytics, 64 px, seconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from yololab.ultralytics_adapter.models import resolve_model
from yololab.ultralytics_adapter.runtime import Isolation, activate, prepare, ultralytics_log
from yololab.ultralytics_adapter.training import TrainRequest, TrainResult, train

SIZE = 64
NAMES = ("green", "red")

# Five convolutions and a head: trains at some hundred images a second, and still is a YOLO to Ultralytics.
MICRO = """
nc: 2
backbone:
  - [-1, 1, Conv, [16, 3, 2]]
  - [-1, 1, Conv, [16, 3, 2]]
  - [-1, 1, Conv, [32, 3, 2]]
  - [-1, 1, Conv, [32, 3, 2]]
  - [-1, 1, Conv, [32, 3, 2]]
head:
  - [[2, 3, 4], 1, Detect, [nc]]
"""

PLAIN = {
    "imgsz": SIZE,
    "batch": 4,
    "nbs": 4,
    "workers": 0,
    "device": "cpu",
    "optimizer": "AdamW",
    "lr0": 0.02,
    "warmup_epochs": 0,
    "plots": False,
}
NO_AUGMENTATION = {"mosaic": 0.0, "scale": 0.0, "translate": 0.0, "hsv_h": 0.0, "hsv_s": 0.0, "hsv_v": 0.0}


@dataclass(frozen=True)
class TinyDataset:
    """A generated detection dataset: one green and one red square an image."""

    root: Path
    yaml: Path

    def images(self, split: str) -> list[Path]:
        return sorted((self.root / split / "images").glob("*.jpg"))


@dataclass(frozen=True)
class TinyRun:
    """A finished training."""

    folder: Path
    result: TrainResult

    @property
    def best(self) -> Path:
        return self.folder / "weights" / "best.pt"


@dataclass
class Lines:
    """What Ultralytics logged."""

    lines: list[tuple[int, str]] = field(default_factory=list)

    def __call__(self, level: int, text: str) -> None:
        self.lines.append((level, text))

    @property
    def text(self) -> str:
        return "\n".join(text for _, text in self.lines)


def make_dataset(
    root: Path, *, train: int = 8, val: int = 4, size: tuple[int, int] = (SIZE, SIZE), names: tuple[str, ...] = NAMES
) -> TinyDataset:
    """Write a dataset; the same arguments give the same pixels."""
    rng = np.random.default_rng(0)
    height, width = size
    for split, count in (("train", train), ("val", val)):
        (root / split / "images").mkdir(parents=True)
        (root / split / "labels").mkdir(parents=True)
        for index in range(count):
            image = rng.integers(0, 60, (height, width, 3), dtype=np.uint8)
            rows = []
            for label, colour in ((0, (0, 255, 0)), (1, (0, 0, 255))):
                side = 20
                x, y = (int(rng.integers(2, extent - side - 2)) for extent in (width, height))
                cv2.rectangle(image, (x, y), (x + side, y + side), colour, -1)
                rows.append(
                    f"{label} {(x + side / 2) / width} {(y + side / 2) / height} {side / width} {side / height}"
                )
            cv2.imwrite(str(root / split / "images" / f"{index}.jpg"), image)
            (root / split / "labels" / f"{index}.txt").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (root / "data.yaml").write_text(
        f"train: train/images\nval: val/images\nnames: [{', '.join(names)}]\n", encoding="utf-8"
    )
    return TinyDataset(root, root / "data.yaml")


@pytest.fixture(scope="session")
def isolation(tmp_path_factory: pytest.TempPathFactory) -> Isolation:
    """Private settings of this session, without any network."""
    base = tmp_path_factory.mktemp("isolated")
    return Isolation(base / "cache", base / "weights", base / "datasets", offline=True)


@pytest.fixture(scope="session")
def _session_prepared(isolation: Isolation) -> Isolation:
    prepare(isolation)
    activate()
    return isolation


@pytest.fixture
def prepared(_session_prepared: Isolation) -> Isolation:
    """The session's settings in force, whatever a test before has prepared."""
    prepare(_session_prepared)
    activate()
    return _session_prepared


@pytest.fixture(scope="session")
def micro_yaml(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A very small architecture."""
    path = tmp_path_factory.mktemp("micro") / "micro.yaml"
    path.write_text(MICRO, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def tiny_dataset(tmp_path_factory: pytest.TempPathFactory) -> TinyDataset:
    """Eight training and four validation images; the folder's name has a space, an accent and an apostrophe."""
    return make_dataset(tmp_path_factory.mktemp("data") / "tiny é's data")


@pytest.fixture(scope="session")
def make_request(
    micro_yaml: Path, tiny_dataset: TinyDataset, _session_prepared: Isolation, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., TrainRequest]:
    """A training of the micro architecture on the tiny dataset; keywords are Ultralytics' arguments."""

    def request(model: str | None = None, save_dir: Path | None = None, **arguments: Any) -> TrainRequest:
        return TrainRequest(
            arguments={"data": str(tiny_dataset.yaml), **PLAIN, "epochs": 1, **arguments},
            model=resolve_model(model or str(micro_yaml), None, None, ()),
            save_dir=save_dir or tmp_path_factory.mktemp("run") / "run",
            threads=1,
            cache=_session_prepared.cache,
        )

    return request


@pytest.fixture(scope="session")
def tiny_run(make_request: Callable[..., TrainRequest]) -> TinyRun:
    """One epoch of yolo26n from scratch: a real architecture that has learnt nothing."""
    request = make_request(model="yolo26n.yaml", plots=True)
    with ultralytics_log(Lines()):
        return TinyRun(request.save_dir, train(request))


@pytest.fixture(scope="session")
def tiny_checkpoint(tiny_run: TinyRun) -> Path:
    """The checkpoint of `tiny_run`."""
    return tiny_run.best


@pytest.fixture(scope="session")
def micro_run(make_request: Callable[..., TrainRequest]) -> TinyRun:
    """The micro architecture, trained until it finds most of the squares."""
    request = make_request(epochs=60, val=False, **NO_AUGMENTATION)
    with ultralytics_log(Lines()):
        return TinyRun(request.save_dir, train(request))


@pytest.fixture
def logged() -> Any:
    """Ultralytics' log lines of a test, off the screen."""
    lines = Lines()
    with ultralytics_log(lines):
        yield lines
