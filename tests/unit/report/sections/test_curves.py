"""The section of the training curves."""

from __future__ import annotations

from report_samples import complete_run, html_of

from yololab.report.run_files import load_run
from yololab.report.sections.curves import cost_charts, loss_charts, metric_charts, rate_chart


def test_train_and_validation_loss_share_a_chart():
    charts = loss_charts(
        {"train/box_loss": [1.0], "train/l1_loss": [1.0], "val/box_loss": [2.0], "val/l1_loss": [None]}
    )
    assert {title: [line.name for line in lines] for title, lines in charts.items()} == {
        "Box loss": ["train", "val"],
        "L1 loss": ["train"],
    }
    assert [line.style for line in charts["Box loss"]] == ["", "dashed"]


def test_metrics_that_share_an_axis_share_a_chart():
    def titles(*columns):
        charts = metric_charts({f"metrics/{column}": [0.5] for column in columns})
        return {title: [line.name for line in lines] for title, lines in charts.items()}

    assert titles("precision(B)", "recall(B)", "mAP50(B)", "mAP50-95(B)") == {
        "mAP": ["mAP50", "mAP50-95"],
        "Precision and recall": ["precision", "recall"],
    }
    assert list(titles("mAP50(B)", "mAP50-95(B)", "mAP50(M)", "mAP50-95(M)")) == ["mAP (boxes)", "mAP (masks)"]
    assert titles("accuracy_top1", "accuracy_top5") == {"Accuracy": ["accuracy_top1", "accuracy_top5"]}
    assert titles("mIoU", "pixel_acc") == {"IoU and pixel accuracy": ["mIoU", "pixel_acc"]}
    assert list(titles("delta1", "delta2", "delta3").values()) == [["delta1", "delta2", "delta3"]]
    assert titles("rmse", "abs_rel") == {"rmse": ["rmse"], "abs_rel": ["abs_rel"]}


def test_parameter_groups_with_equal_rates_are_one_line():
    charts = rate_chart({"lr/pg0": (0.1, 0.2), "lr/pg1": (0.1, 0.2), "lr/pg2": (0.3, 0.2)})
    assert [line.name for line in charts["Learning rate"]] == ["pg0 = pg1", "pg2"]
    assert rate_chart({}) == {}


def test_what_an_epoch_cost():
    training = {"setup": {"images": {"train": 100}}, "epoch_memory_bytes": [2**30, None, 3 * 2**30]}
    seconds, pace, memory = cost_charts([1, 2, 3], [4.0, None, 2.0], training)
    assert "M1 4M3 2" in seconds
    assert "M1 25M3 50" in pace
    assert "M1 1M3 3" in memory
    assert cost_charts([1], [None], {"epoch_memory_bytes": "much"}) == ["", "", ""]


def test_the_cost_of_the_epochs_stands_with_the_training(tmp_path):
    html = html_of("Training", load_run(complete_run(tmp_path)))
    assert "Seconds an epoch" in html
    assert "Images a second" not in html  # the record does not say how many there were
