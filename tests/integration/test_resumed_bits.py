"""A training that was interrupted and resumed is the one that was not, to the last bit."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
import torch

from yololab.config.device import Precision
from yololab.files.epochs import read_results
from yololab.ultralytics_adapter.training.pace.plan import PACES
from yololab.ultralytics_adapter.training.training import train

pytestmark = pytest.mark.usefixtures("prepared", "logged")

EPOCHS, BATCHES = 4, 4  # 8 images, batches of 2
KINDS = {
    "AdamW": {},
    "a step of three batches": {"optimizer": "SGD", "nbs": 6},
    "in the warm-up": {"optimizer": "SGD", "nbs": 6, "warmup_epochs": 3.0},
    "MuSGD, cosine": {"optimizer": "MuSGD", "cos_lr": True},
    "the mosaic closes later": {"close_mosaic": 1},
    "the mosaic was closed": {"close_mosaic": 3},
    "several sizes": {"multi_scale": 0.5},
    "images in memory": {"cache": "ram"},
    "not validated": {"val": False},
    "bf16": {"amp": "bf16"},
    "growing images, few validations": {"speed": "fast", "epochs": 6, "imgsz": 128},
}


def interrupted(request, batch: int):
    """Stop a training after so many batches, and resume it."""
    batches = itertools.count(1)
    train(request, should_stop=lambda: next(batches) > batch)
    return train(request, aside=request.save_dir / "attempts" / "1")


def weights(request, name: str = "last.pt") -> list[torch.Tensor]:
    model = torch.load(request.save_dir / "weights" / name, weights_only=False)["model"]
    return list(model.float().state_dict().values())


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_the_same(kind, make_request):
    arguments = {"epochs": EPOCHS, "batch": 2, "nbs": 2, "amp": False, "close_mosaic": 0, **KINDS[kind]}
    pace = PACES[arguments.pop("speed", "exact")]
    whole = replace(make_request(**arguments), precision=Precision.AUTO, pace=pace)
    resumed = replace(whole, save_dir=whole.save_dir.with_name("resumed"))
    assert train(whole).setup["precision"] == ("bf16" if kind == "bf16" else "fp32")
    # with few validations after an epoch without one, which is not the best because nobody has measured it
    interrupted(resumed, (3 if pace.sparse else 2) * BATCHES + 2)
    tables = [read_results(request.save_dir / "results.csv") for request in (whole, resumed)]
    assert tables[0].losses == tables[1].losses
    assert tables[0].metrics == tables[1].metrics
    assert tables[0].learning_rates == tables[1].learning_rates
    assert all(map(torch.equal, weights(whole), weights(resumed)))
    assert all(map(torch.equal, weights(whole, "best.pt"), weights(resumed, "best.pt")))
    # the end of a training has taken out what only a resume needs
    content = torch.load(resumed.save_dir / "weights/last.pt", weights_only=False)
    assert content["optimizer"] is None


def test_interrupted_after_each_epoch_it_is_still_the_same(make_request):
    whole = make_request(epochs=EPOCHS, batch=2, nbs=6, amp=False, optimizer="SGD")
    resumed = replace(whole, save_dir=whole.save_dir.with_name("resumed"))
    train(whole)
    batches = itertools.count(1)
    train(resumed, should_stop=lambda: next(batches) > BATCHES + 1)
    for number in range(2):
        batches = itertools.count(1)
        train(resumed, should_stop=lambda: next(batches) > BATCHES + 1, aside=resumed.save_dir / f"attempts/{number}")  # noqa: B023
    train(resumed, aside=resumed.save_dir / "attempts/9")
    assert all(map(torch.equal, weights(whole), weights(resumed)))


def test_a_checkpoint_of_another_trainer_is_resumed_as_before(make_request):
    """What 0.1.0 wrote holds no more than Ultralytics keeps."""
    request = make_request(epochs=3, batch=2, nbs=2)
    batches = itertools.count(1)
    train(request, should_stop=lambda: next(batches) > BATCHES + 1)
    last = request.save_dir / "weights/last.pt"
    content = torch.load(last, weights_only=False)
    del content["optimizer"]["yololab"]
    torch.save(content, last)
    assert train(request, aside=request.save_dir / "attempts/1").epochs_completed == 3


def test_it_is_the_same_when_it_stops_twice_before_a_step_is_due(make_request):
    """A step of eight batches, and a process that trains two: the step is the one of both, neither sooner nor later."""
    whole = make_request(epochs=6, batch=8, nbs=64, optimizer="SGD", lr0=0.05, warmup_epochs=3.0, amp=False)
    resumed = replace(whole, save_dir=whole.save_dir.with_name("resumed"))
    train(whole)
    for attempt, until in enumerate((1, 3, 6)):
        reached: list[int] = []
        train(
            resumed,
            lambda report, reached=reached: reached.append(report.epoch),
            lambda reached=reached, until=until: until in reached,
            aside=resumed.save_dir / "attempts" / str(attempt) if attempt else None,
        )
    tables = [read_results(request.save_dir / "results.csv") for request in (whole, resumed)]
    assert tables[0].losses == tables[1].losses
    assert all(map(torch.equal, weights(whole), weights(resumed)))
