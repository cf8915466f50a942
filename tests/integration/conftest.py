"""A small dataset and small checkpoints, made once a session: real Ultralytics, 64 px, seconds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tiny
from adapter_samples import MICRO, NO_AUGMENTATION, PLAIN, Lines, TinyDataset, TinyRun, make_dataset

from yololab.ultralytics_adapter.isolation.runtime import Isolation, activate, prepare, ultralytics_log
from yololab.ultralytics_adapter.models.resolve import resolve_model
from yololab.ultralytics_adapter.training.training import TrainRequest, train


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


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a very small architecture, and four images in each of three splits: seconds a trial."""
    folder = tmp_path_factory.mktemp("project")
    tiny.make_dataset(folder / "pictures", images=4, splits=("train", "val", "test"))
    (folder / "micro.yaml").write_text(MICRO)
    return folder


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
