"""A sweep over folds is one result: recipes are ranked over all images, and no fold is ranked at all."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from record_samples import records_of, write_evaluation
from sweep_samples import write_sweep, write_trial

from yololab.cli.main import main
from yololab.comparison.arms import read_arms
from yololab.comparison.folds.out_of_fold import out_of_fold
from yololab.errors import InputError
from yololab.statistics.metrics.point_metrics import point_metrics
from yololab.statistics.metrics.ranked_detections import rank_classes
from yololab.sweep.results.finalize import finalize_sweep
from yololab.sweep.results.folds import has_folds
from yololab.sweep.results.summary import winner_of
from yololab.terminal.screen import Screen


def write_folds(path, found, count=3, images=40, **sweep):
    """A sweep of recipes over folds; each fold has images of its own.

    Args:
        path: The sweep's folder.
        found: lr0 → how often the model finds an object.
        count: Number of folds.
        images: Images of a fold.
        sweep: Further arguments of `write_sweep`.
    """
    folder = write_sweep(path, keys=("lr0", "data.fold"), budget=count * len(found), **sweep)
    for recipe, (lr0, rate) in enumerate(found.items()):
        for fold in range(count):
            number = recipe * count + fold
            run = write_trial(folder, number, {"lr0": lr0, "data.fold": fold}, rate, images=images)
            records = records_of(rate, seed=number, images=images, labels_seed=fold)
            keys = tuple(f"images/{fold}_{place:03}.jpg" for place in range(images))
            write_evaluation(run.path, replace(records, keys=keys), dataset_fingerprint=f"{fold}" * 64)
    return folder


@pytest.mark.heavy
def test_the_folds_of_a_recipe_are_one_evaluation(tmp_path, capsys):
    folder = write_folds(tmp_path / "multirun/a", {0.1: 0.7, 0.2: 0.4})
    summary = finalize_sweep(folder, Screen(quiet=True))
    assert has_folds(summary.settings.keys)
    assert summary.winner is None
    assert not folder.best.exists()
    found = out_of_fold(folder.path)
    assert [item.values for item in found] == [{"lr0": 0.1}, {"lr0": 0.2}]
    assert [path.resolve() for path in found[1].runs] == [folder.trial(number).path for number in (3, 4, 5)]
    records = found[0].records()
    assert len(records.keys) == 120
    # the numbers are those of all detections together, and the mean and SD those of the folds
    assert found[0].metrics.value("mAP50-95") == pytest.approx(point_metrics(rank_classes(records)).means["mAP50-95"])
    content = json.loads(folder.summary.read_text())
    first, second = content["folds"]
    assert (first["values"], first["folds"], first["missing"]) == ({"lr0": 0.1}, [0, 1, 2], [])
    assert found[0].spread("mAP50-95") == (pytest.approx(first["mean"]), pytest.approx(first["deviation"]))
    assert first["ci_low"] < first["pooled"] < first["ci_high"]
    assert first["could_be_best"]
    assert not second["could_be_best"]
    assert content["winner"] is None
    assert {row["rank"] for row in content["trials"]} == {None}
    assert content["answer"].startswith("Of 2 recipes lr0=0.1 came out first: mAP50-95 is ")
    assert "better than each of the others" in content["answer"]
    with pytest.raises(InputError, match="none is better"):
        winner_of(folder)
    assert "All folds together" in folder.report.read_text()


@pytest.mark.heavy
def test_a_fold_that_is_missing_leaves_the_mean_of_the_others(tmp_path):
    folder = write_folds(tmp_path / "a", {0.1: 0.7, 0.2: 0.5})
    (folder.trial(4).path / "trial.json").unlink()
    content = json.loads(finalize_sweep(folder, Screen(quiet=True)).folder.summary.read_text())
    whole, partial = content["folds"]
    assert (partial["folds"], partial["missing"], partial["pooled"]) == ([0, 2], [1], None)
    assert partial["mean"] is not None
    assert any("lr0=0.2: fold 1 is not complete" in note for note in content["notes"])
    assert whole["pooled"] is not None


@pytest.mark.heavy
def test_two_sweeps_over_folds_are_compared_image_by_image(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for name, rate in (("a", 0.8), ("b", 0.4)):
        folder = write_folds(tmp_path / f"multirun/{name}", {0.1: rate})
        finalize_sweep(folder, Screen(quiet=True))
    assert json.loads(folder.summary.read_text())["answer"].startswith("With lr0=0.1 mAP50-95 is ")
    capsys.readouterr()
    assert main(["compare", "multirun/a", "multirun/b", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["verdict"], found["statistics"]["images"]) == ("IMPROVED", 120)
    assert any("Fold by fold mAP50-95 is better in 3 of 3" in note for note in found["notes"])
    assert main(["compare", "multirun/b", "multirun/a"]) == 4
    finalize_sweep(write_folds(tmp_path / "multirun/two", {0.1: 0.8, 0.2: 0.3}), Screen(quiet=True))
    capsys.readouterr()
    main(["compare", "multirun/two", "multirun/b", "--json", "baseline.gate=none"])
    assert len(json.loads(capsys.readouterr().out)["arms"]) == 2
    with pytest.raises(InputError, match="2 recipes over folds"):
        from yololab.comparison.run_reference import read_reference

        read_reference("multirun/two", tmp_path)
    (arm,) = read_arms("multirun/a", tmp_path)
    assert arm.files[0].split == "folds"
