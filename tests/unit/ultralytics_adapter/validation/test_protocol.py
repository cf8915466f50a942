"""What a validator made of the protocol, and why."""

from __future__ import annotations

from dataclasses import asdict, replace
from types import SimpleNamespace

from yololab.ultralytics_adapter.validation.protocol import Protocol, effective_protocol

ASKED = Protocol()


def validator(rect: bool = True, **changes):
    return SimpleNamespace(
        args=SimpleNamespace(**(asdict(ASKED) | changes)),
        dataloader=SimpleNamespace(dataset=SimpleNamespace(rect=rect)),
    )


def test_what_was_used_as_asked_for_is_no_change():
    assert effective_protocol(validator(), ASKED, exported=False) == (ASKED, {})
    assert effective_protocol(validator(imgsz=[640, 480]), ASKED, exported=False) == (ASKED, {})


def test_32_bits_are_full_precision():
    asked = replace(ASKED, quantize=32)
    assert effective_protocol(validator(quantize=None), asked, exported=False)[1] == {}


def test_each_change_has_its_reason():
    effective, changes = effective_protocol(
        validator(rect=False, imgsz=64, max_det=310, quantize=None),
        replace(ASKED, imgsz=50, quantize=16),
        exported=False,
    )
    assert (effective.imgsz, effective.rect, effective.max_det) == (64, False, 310)
    assert changes.keys() == {"imgsz", "rect", "max_det", "quantize"}
    assert "stride" in changes["imgsz"]
    assert "GPU" in changes["quantize"]


def test_an_export_has_its_own_size_and_no_augmentation():
    asked = replace(ASKED, augment=True)
    effective, changes = effective_protocol(validator(augment=True, imgsz=320, batch=1), asked, exported=True)
    assert not effective.augment
    assert changes.keys() == {"imgsz", "batch", "augment"}
    assert "exported" in changes["imgsz"]


def test_the_classes_that_were_asked_for_stay():
    asked = replace(ASKED, classes=(1, 2))
    assert effective_protocol(validator(classes=[1, 2]), asked, exported=False) == (asked, {})
