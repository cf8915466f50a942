"""best.pt by another rule than Ultralytics' fitness: the weights are those of the epoch, also after an interruption."""

from __future__ import annotations

from dataclasses import replace

import pytest
from adapter_samples import NO_AUGMENTATION

from yololab.files.epochs import read_results
from yololab.ultralytics_adapter.training.selection import SelectionRule
from yololab.ultralytics_adapter.training.training import train

FITNESS = [0.1, 0.9, 0.1, 0.5, 0.6, 0.5, 0.2]  # smoothed .5 .37 .5 .4 .53 .43 .35


def weights_of(path):
    import torch

    content = torch.load(path)
    model = content["ema"] or content["model"]
    return torch.cat([value.float().flatten() for value in model.state_dict().values()])


@pytest.mark.parametrize(("select", "stop_after", "epoch"), [("smoothed", 5, 5), ("smoothed", 0, 5), ("last", 3, 7)])
def test_best_holds_the_weights_of_the_epoch_that_was_chosen(
    make_request, logged, monkeypatch, select, stop_after, epoch
):
    from ultralytics.utils.metrics import DetMetrics

    values = iter(FITNESS)
    monkeypatch.setattr(DetMetrics, "fitness", property(lambda self: next(values)))
    request = make_request(epochs=len(FITNESS), save_period=1, **NO_AUGMENTATION)
    request, reports = replace(request, selection=SelectionRule(select=select)), []
    result = train(request, reports.append, lambda: 0 < stop_after == len(reports))
    if stop_after:
        assert result.stop_reason == "interrupted"
        result = train(request, aside=request.save_dir / "attempts" / "1")
    assert (result.epochs_completed, result.best_epoch) == (len(FITNESS), epoch)
    weights = request.save_dir / "weights"
    assert weights_of(weights / "best.pt").equal(weights_of(weights / f"epoch{epoch - 1}.pt"))


def test_patience_follows_the_metric_and_a_class_has_its_own(make_request, logged):
    """Recall of one class at its best; with patience 2 the training ends two epochs after its last improvement."""
    rule = SelectionRule("per_class.red.recall")
    result = train(replace(make_request(epochs=30, patience=2, **NO_AUGMENTATION), selection=rule))
    assert result.stop_reason == "early_stopping"
    assert result.best_epoch in (result.epochs_completed - 2, result.epochs_completed)
    error = SelectionRule("precision", lower_is_better=True)
    request = replace(make_request(epochs=3, **NO_AUGMENTATION), selection=error)
    result = train(request)
    precision = read_results(request.save_dir / "results.csv").metrics["metrics/precision(B)"]
    assert precision[result.best_epoch - 1] == min(precision)
