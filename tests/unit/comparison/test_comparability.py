"""What can be compared, and what is warned of."""

from __future__ import annotations

import pytest
from metrics_samples import PROTOCOL, metrics
from record_samples import records_of, write_evaluation

from yololab.comparison.compare import compare_metrics
from yololab.errors import InputError
from yololab.files.metrics import read_metrics


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"split": "test"}, "split"),
        ({"dataset_fingerprint": "0" * 64}, "fingerprint"),
        ({"names": {"0": "cat", "1": "wolf"}}, "class names"),
        ({"names": {"0": "cat"}}, "class names"),
        ({"protocol": PROTOCOL | {"single_cls": True}}, "single_cls"),
        ({"protocol": PROTOCOL | {"classes": [0]}}, "classes"),
    ],
)
def test_unlike_measurements_are_refused(change, word):
    with pytest.raises(InputError, match=word):
        compare_metrics(metrics(), metrics(**change), tolerance=0.01)


@pytest.mark.parametrize("key", ["imgsz", "batch", "iou", "ultralytics"])
def test_unlike_protocols_are_warned_of(key):
    found = compare_metrics(metrics(), metrics(protocol=PROTOCOL | {key: "other"}), tolerance=0.01)
    assert any(key in warning for warning in found.warnings)
    assert not compare_metrics(metrics(), metrics(), tolerance=0.01).warnings


def test_changed_training_split_is_shown_and_not_refused():
    found = compare_metrics(metrics(), metrics(train_fingerprint="b" * 64), tolerance=0.01)
    assert any("training split" in note for note in found.notes)


def test_numbers_of_two_kinds_are_warned_of_and_unknown_ones_are_not():
    ours = metrics(trained_precision="bf16")
    assert any("bf16" in warning for warning in compare_metrics(ours, metrics(trained_precision="fp32"), 0.01).warnings)
    assert not compare_metrics(ours, metrics(), 0.01).warnings
    assert not compare_metrics(ours, metrics(trained_precision="bf16"), 0.01).warnings
    paced = compare_metrics(metrics(trained_speed="fast"), metrics(trained_speed="exact"), 0.01).warnings
    assert any("speed=fast now, with speed=exact before" in warning for warning in paced)


def test_run_that_changed_its_settings_is_flagged():
    assert any("settings" in w for w in compare_metrics(metrics(comparable=False), metrics(), 0.01).warnings)


def test_a_results_file_that_is_silent_on_images_is_noticed(tmp_path):
    """It may be of a part of the images, and looks like a blind model there."""
    whole = records_of(1.0, 1)
    part = whole.chosen(whole.image >= 6)
    for reading, warned in (([], True), (None, False)):
        said = {} if reading is None else {"reading": reading}
        written = [write_evaluation(tmp_path / name, own, **said) for name, own in (("a", part), ("b", whole))]
        warnings = compare_metrics(*map(read_metrics, written), 0.01).warnings
        assert any("The current model has no detection on 6 of 60 images" in line for line in warnings) is warned
