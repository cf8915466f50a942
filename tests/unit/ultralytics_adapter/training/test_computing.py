"""In which numbers a training computes."""

from __future__ import annotations

import pytest

from yololab.config.device import Precision

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(
    ("asked", "amp", "native", "expected"),
    [
        ("auto", True, True, "bf16"),
        ("auto", True, False, "fp32"),
        ("auto", "fp16", True, "fp32"),  # what a GPU has, and a CPU has not
        ("auto", "bf16", False, "bf16"),
        ("bf16", True, False, "bf16"),
        ("bf16", False, True, "fp32"),
        ("bf16", "fp32", True, "fp32"),
        ("fp32", "bf16", True, "fp32"),
    ],
)
def test_amp_off_wins_and_auto_takes_what_the_processor_has(asked, amp, native, expected):
    from yololab.ultralytics_adapter.training.computing import cpu_precision

    assert cpu_precision(Precision(asked), amp, native).value == expected


def test_predictions_keep_their_shape_and_become_fp32():
    import torch

    from yololab.ultralytics_adapter.training.computing import in_full

    half = torch.ones(2, dtype=torch.bfloat16)
    found = in_full({"boxes": half, "more": [half, (half, 3)]})
    assert found["boxes"].dtype == found["more"][0].dtype == found["more"][1][0].dtype == torch.float32
    assert found["more"][1][1] == 3


def test_the_network_computes_in_bf16_and_the_loss_and_the_gradients_are_those_of_fp32():
    import torch
    from ultralytics.cfg import get_cfg
    from ultralytics.nn.tasks import DetectionModel, RTDETRDetectionModel
    from ultralytics.utils.torch_utils import unwrap_model

    from yololab.ultralytics_adapter.training.computing import Bf16Network, splits

    assert not splits(RTDETRDetectionModel.__new__(RTDETRDetectionModel))
    torch.manual_seed(0)
    model = DetectionModel("yolo26n.yaml", nc=3, verbose=False)
    model.args = get_cfg()
    assert splits(model)
    wrapped = Bf16Network(model)
    assert unwrap_model(wrapped) is model
    batch = {
        "img": torch.rand(2, 3, 64, 64),
        "batch_idx": torch.tensor([0.0, 1.0]),
        "cls": torch.tensor([[0.0], [2.0]]),
        "bboxes": torch.tensor([[0.5, 0.5, 0.4, 0.3], [0.3, 0.6, 0.2, 0.2]]),
    }
    exact, items = model(batch)
    near, near_items = wrapped(batch)
    assert near.dtype == torch.float32
    assert items.keys() == near_items.keys()
    assert near.sum().item() == pytest.approx(exact.sum().item(), rel=0.02)
    assert near.sum().item() != exact.sum().item()
    near.sum().backward()
    assert {weights.grad.dtype for weights in model.parameters() if weights.grad is not None} == {torch.float32}


@pytest.mark.parametrize(("name", "keywords"), [("AdamW", {}), ("SGD", {"momentum": 0.9, "nesterov": True})])
def test_a_fused_optimizer_steps_as_the_plain_one_does(name, keywords):
    import torch

    from yololab.ultralytics_adapter.training.computing import fused

    ends = []
    for change in (lambda optimizer: optimizer, fused):
        torch.manual_seed(0)
        weights = [torch.nn.Parameter(torch.rand(4, 3)), torch.nn.Parameter(torch.rand(5))]
        optimizer = change(getattr(torch.optim, name)(weights, lr=0.1, weight_decay=0.01, **keywords))
        for _ in range(3):
            sum((weight**2).sum() for weight in weights).backward()
            optimizer.step()
            optimizer.zero_grad()
        ends.append(torch.cat([weight.detach().ravel() for weight in weights]))
    torch.testing.assert_close(*ends)
    assert optimizer.param_groups[0]["fused"]


def test_an_optimizer_without_such_a_kernel_stays_as_it_is():
    import torch

    from yololab.ultralytics_adapter.training.computing import fused

    optimizer = torch.optim.NAdam([torch.nn.Parameter(torch.rand(2))])
    assert "fused" not in fused(optimizer).param_groups[0]
