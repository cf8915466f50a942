"""Which images an INT8 export takes its ranges from."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from tiny import make_dataset
from whole_run import context_of, write_whole_run

from yololab.data.dataset.layout import load_dataset, split_images
from yololab.errors import InputError
from yololab.job.export.calibration import draw_calibration
from yololab.tasks import task_named


@pytest.fixture
def drawn(tmp_path):
    """Draw the images of a run, given those that are measured; returns them and the dataset's own."""
    dataset = load_dataset(make_dataset(tmp_path / "set", images=6), datasets_dir=tmp_path)
    context = context_of(write_whole_run(tmp_path / "run"))
    prepared = SimpleNamespace(dataset=dataset, task=task_named("detect"))

    def draw(measured, subset=()):
        if subset:
            context.folder.subset.write_text("".join(f"{image}\n" for image in subset))
        found = draw_calibration(context, prepared, measured, tmp_path)
        lines = found.list.read_text().splitlines()
        assert found.images == len(lines)
        return lines

    return draw, [str(image) for image in split_images(dataset, "train")]


def test_all_training_images_where_there_are_few_but_none_that_is_measured(drawn):
    draw, train = drawn
    assert draw([]) == train
    assert draw(map(Path, train[:2])) == train[2:]
    assert draw([], subset=train[1:4]) == train[1:4]


def test_where_every_training_image_is_measured_nothing_is_left(drawn):
    draw, train = drawn
    with pytest.raises(InputError, match="none is left to calibrate on"):
        draw(list(map(Path, train)))
