"""Several GPUs without a GPU: what the launch does to folders, and what a worker would start from."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from yololab.errors import InputError, JobError
from yololab.ultralytics_adapter.isolation import runtime
from yololab.ultralytics_adapter.training import training as training_module
from yololab.ultralytics_adapter.training.trainers import DetectTrainer
from yololab.ultralytics_adapter.training.training import build_trainer, train
from yololab.ultralytics_adapter.training.training_file import read_training_file

pytestmark = pytest.mark.usefixtures("prepared", "logged")
pytest.importorskip("cloudpickle", reason="multi-GPU training needs it")


@pytest.fixture
def launched(make_request, tmp_path):
    """A trainer that believes in two GPUs, in a folder where somebody has already put something."""
    request = make_request(epochs=3, save_dir=tmp_path / "run folder")
    (request.save_dir / ".hydra").mkdir(parents=True)
    (request.save_dir / ".hydra" / "config.yaml").write_text("precious: true\n", encoding="utf-8")
    trainer = build_trainer(request, request.overrides(), tmp_path / "stop", DetectTrainer)
    trainer.ddp, trainer.world_size = True, 2
    return request, trainer


def worker_process(command: list[str]) -> dict:
    """What the launch has prepared for the workers, read as their script reads it."""
    script = Path(command[-1])
    assert "torch.distributed.run" in command
    return torch.load(script.with_suffix(".pt"), map_location="cpu", weights_only=False)


def test_the_run_folder_survives_the_launch_and_a_worker_starts_in_it(launched, monkeypatch):
    request, trainer = launched
    states = []

    def run(self, command, check):
        states.append(worker_process(command))
        assert (request.save_dir / ".hydra" / "config.yaml").is_file()

    monkeypatch.setattr("yololab.ultralytics_adapter.training.ddp_workers.WorkerLaunch.run", run)
    trainer.train()
    assert (request.save_dir / ".hydra" / "config.yaml").read_text(encoding="utf-8") == "precious: true\n"
    assert (request.save_dir / "args.yaml").is_file()
    assert trainer.save_dir == request.save_dir
    assert not list(runtime.current().cache.glob("launch-*"))

    (state,) = states
    assert state["trainer"] is DetectTrainer
    assert state["args"]["save_dir"] == str(request.save_dir)
    from ultralytics.utils import DEFAULT_CFG_DICT

    worker = state["trainer"](
        cfg={**DEFAULT_CFG_DICT, "save_dir": ""}, overrides=state["args"], _callbacks=state["callbacks"]
    )
    assert worker.save_dir == request.save_dir
    assert worker.settings.requested["epochs"] == 3
    assert worker.settings.cache == runtime.current().cache
    worker.model = state["model"]
    worker.train()
    result = read_training_file(request.save_dir / "training.json")
    assert (result.status, result.epochs_completed) == ("complete", 3)
    assert result.setup["threads"] == 1


def test_without_our_handling_the_launch_would_delete_the_run_folder(launched):
    """The reason for all this; should it fail, the scratch folder may no longer be needed."""
    from ultralytics.utils.dist import ddp_cleanup, generate_ddp_command

    request, trainer = launched
    _, file = generate_ddp_command(trainer)
    ddp_cleanup(trainer, file)
    assert not request.save_dir.exists()


def test_a_worker_stops_after_the_epoch_when_the_file_appears(launched, monkeypatch, tmp_path):
    request, trainer = launched
    trainer.ddp, trainer.world_size = False, 0
    (tmp_path / "stop").touch()
    trainer.train()
    result = read_training_file(request.save_dir / "training.json")
    assert (result.stop_reason, result.epochs_completed) == ("interrupted", 1)


def fails(error_kind: str | None):
    """Stand for workers that fail, after writing what ended them (or before they could)."""
    code = "import sys; print('some line'); print('RuntimeError: NCCL is unhappy'); sys.exit(1)"

    def command(trainer):
        if error_kind:
            trainer.log.failed(InputError(()) if error_kind == "input" else MemoryError("worker memory"))
        return [sys.executable, "-c", code], None

    return command


@pytest.mark.parametrize(
    ("kind", "raised", "words"),
    [(None, JobError, "NCCL is unhappy"), ("job", JobError, "worker memory"), ("input", InputError, "training")],
)
def test_what_ended_the_workers_reaches_the_caller(make_request, monkeypatch, kind, raised, words):
    from ultralytics.engine import trainer as engine

    def believing(request, overrides, stop_file, trainer_class, start):
        trainer = build_trainer(request, overrides, stop_file, trainer_class, start)
        trainer.ddp, trainer.world_size = True, 2
        return trainer

    monkeypatch.setattr(training_module, "build_trainer", believing)
    monkeypatch.setattr(engine, "generate_ddp_command", fails(kind))
    with pytest.raises(raised, match=words):
        train(make_request())


def test_observers_stay_in_the_process_that_asked(launched):
    import cloudpickle

    _, trainer = launched
    trainer.should_stop = threading.Lock().locked
    cloudpickle.dumps(trainer.callbacks)
    assert isinstance(trainer.callbacks["yololab"][0].requested, dict)
    assert SimpleNamespace(**trainer.callbacks["yololab"][0].requested).epochs == 3
