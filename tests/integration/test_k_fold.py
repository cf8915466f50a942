"""A dataset that is split into folds, trained over them, and the result: as a user would, with real trainings."""

from __future__ import annotations

import json

import command_line
import pytest
from adapter_samples import MICRO
from command_line import finish, start
from sweeps import sweep_of
from tiny import make_dataset

from yololab.comparison.folds.out_of_fold import out_of_fold
from yololab.data.dataset.layout import load_dataset, split_images

SETTINGS = ("model=./micro.yaml", "approval=auto", *command_line.QUICK, "epochs=1", "evaluation.plots=false")


@pytest.mark.slow
def test_every_image_is_measured_once_by_a_model_that_has_not_seen_it(tmp_path):
    dataset = load_dataset(make_dataset(tmp_path / "pictures", images=4))
    (tmp_path / "micro.yaml").write_text(MICRO)
    finish(start(tmp_path, "split", "data=pictures/data.yaml", "out=folds", "folds=2"))
    output = finish(start(tmp_path, "-m", "data=folds/data.yaml", "data.fold=0,1", "name=folded", *SETTINGS))
    folder = sweep_of(tmp_path, "folded")
    assert "the mean over 2 folds" in output
    assert not folder.best.exists()
    (found,) = out_of_fold(folder.path)
    keys = {
        image.relative_to(dataset.root).as_posix() for name in dataset.splits for image in split_images(dataset, name)
    }
    assert set(found.records().keys) == keys
    trained = [set((run / "data_train.txt").read_text().splitlines()) for run in found.runs]
    for fold, run in enumerate(found.runs):
        measured = set((run / "data_val.txt").read_text().splitlines())
        assert not measured & trained[fold]
        assert measured == trained[1 - fold]
    assert json.loads(folder.summary.read_text())["winner"] is None
    compared = finish(
        start(tmp_path, "compare", str(folder.path), f"{folder.path}/out_of_fold/0", "baseline.gate=none")
    )
    assert "Pooled over 2 folds" in compared
