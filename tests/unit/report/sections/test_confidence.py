"""The curves over confidence and recall on the page."""

from __future__ import annotations

import re

import numpy as np
from record_samples import records_of, write_evaluation, write_task_evaluation
from report_samples import complete_run, html_of
from task_samples import classified

from yololab.comparison.thresholds.choosing import thresholds_of, write_thresholds
from yololab.files.metrics import read_metrics
from yololab.files.paths import RunFolder
from yololab.report.run_files import load_run
from yololab.report.sections.confidence import MOST_CLASSES
from yololab.statistics.metrics.confidence_curves import confidence_curves
from yololab.statistics.metrics.point_metrics import CONFIDENCES, point_metrics
from yololab.statistics.metrics.ranked_detections import rank_classes


def test_the_drawn_mean_is_the_curve_and_the_threshold_is_told(tmp_path):
    run = load_run(complete_run(tmp_path))
    ranked = rank_classes(run.records)
    html = html_of("Confidence", run)
    assert html.count("<figure>") == 4
    assert f"<strong>{point_metrics(ranked).confidence:.2f}</strong>" in html
    curves = confidence_curves(ranked)
    for figure, name in zip(
        html.split("<figure>")[1:], ("precision_at_recall", "f1", "precision", "recall"), strict=True
    ):
        (path,) = re.findall(r'strong" data-name="all classes"><path d="M([^"]*)"', figure)
        points = np.array([point.split() for point in path.split("L")], float)
        assert len(points) < 300
        drawn = np.interp(CONFIDENCES, *points.T)
        assert np.abs(drawn - curves.mean(name)).max() < 0.0012, name


def test_very_many_classes_are_thin_lines_of_the_weakest(tmp_path):
    names = {index: f"class {index}" for index in range(MOST_CLASSES + 40)}
    records = records_of(0.7, images=200, names=names)
    rng = np.random.default_rng(0)
    records.truth_class[:] = rng.integers(0, len(names), len(records.truth_class))
    write_evaluation(tmp_path, records)
    html = html_of("Confidence", load_run(tmp_path))
    assert f"the {MOST_CLASSES} weakest of 119 classes" in html  # one has no label
    assert html.count('class="key"') == 4
    assert len(html) < 600_000


def test_a_classification_has_one_chart_and_no_labels_none(tmp_path):
    records = classified(np.array([0, 1, 1]), np.array([[0, 1], [0, 1], [1, 0]]), 2, confidence=[0.9, 0.8, 0.7])
    write_task_evaluation(tmp_path / "a", records)
    html = html_of("Confidence", load_run(tmp_path / "a"))
    assert html.count("<figure>") == 1
    assert "0.667 of all" in html


def test_the_chosen_threshold_stands_beside_the_curves(tmp_path):
    write_evaluation(tmp_path, records_of(0.8))
    metrics = read_metrics(RunFolder(tmp_path).metrics)
    write_thresholds(metrics.path.parent, thresholds_of(metrics, "recall>=0.7"), metrics.content)
    html = html_of("Confidence", load_run(tmp_path))
    assert "Operating threshold 0." in html
    assert "by recall&gt;=0.7 on val" in html
    assert html.count('<th scope="row">') == 2
    assert "<strong>" not in html
