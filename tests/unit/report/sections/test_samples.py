"""Sample predictions and the worst images, in every kind of task."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
from PIL import Image
from record_samples import records_of, write_task_evaluation
from report_samples import HOSTILE, complete_run, hostile_run, html_of
from task_samples import classified, confusion, depth

from yololab.files.paths import RunFolder
from yololab.report.run_files import load_run
from yololab.report.sections.samples import SAMPLES, WORST


def test_pictures_with_boxes_classes_and_confidences(tmp_path):
    html = html_of("Predictions", load_run(complete_run(tmp_path)))
    assert SAMPLES < html.count('class="panel"') <= SAMPLES + WORST
    worst = html.partition('id="worst"')[2].partition("A sample")[0]
    for kind in ("found", "false", "missed"):
        assert f'class="outline {kind}"' in worst
    assert re.search(r"<text[^>]*>(RBC|WBC) 0\.\d\d</text>", worst)
    assert re.search(r"<text[^>]*>(RBC|WBC), missed</text>", worst)
    assert "(no picture)" in worst
    assert html.count('href="#picture-') >= 1


def test_the_filters_know_each_class_and_kind(tmp_path):
    html = html_of("Predictions", load_run(complete_run(tmp_path)))
    options = dict(re.findall(r'<option value="(\w*)">([^<]*)', html))
    assert options["0"] == "RBC"
    assert options["missed"].startswith("misses (")
    found = {index for value in re.findall(r'data-classes="([\d ]*)"', html) for index in value.split()}
    assert found == {index for index in options if index.isdigit()}
    assert {kind for value in re.findall(r'data-kinds="([\w ]*)"', html) for kind in value.split()} <= set(options)


def test_hostile_names_of_classes_are_only_text(tmp_path):
    html = html_of("Predictions", load_run(hostile_run(tmp_path)))
    assert HOSTILE[0] not in html
    assert "&lt;script&gt;" in html


def test_a_classification_says_what_it_is_and_what_was_said(tmp_path):
    records = classified(np.array([0, 1, 1]), np.array([[0, 1], [0, 1], [1, 0]]), 2, confidence=[0.9, 0.8, 0.7])
    write_task_evaluation(tmp_path, records)
    html = html_of("Predictions", load_run(tmp_path))
    assert "class 0 0.80, is class 1" in html
    assert "class 0 0.90, right" in html
    assert html.partition('id="worst"')[2].partition("A sample")[0].count("<figure") == 1


def test_other_tasks_have_the_images_with_the_worst_values_and_ultralytics_drawings(tmp_path):
    rng = np.random.default_rng(0)
    tasks = {
        "semantic": confusion([np.diag([90, 9]) + number for number in range(4)], 2),
        "depth": depth(rng.uniform(0.1, 0.9, (4, 6))),
        "pose": records_of(0.7, images=4, task="pose"),
    }
    tasks["pose"].flags["pose"] = tasks["pose"].flags["box"]
    for task, records in tasks.items():
        write_task_evaluation(tmp_path / task, records)
        Image.new("RGB", (900, 700)).save(RunFolder(tmp_path / task).batch_predictions)
        html = html_of("Predictions", load_run(tmp_path / task))
        assert "as Ultralytics draws it" in html
        assert html.count("<figure") >= 5
    assert "by the boxes" in html


def test_without_a_mistake_there_is_nothing_wrong_to_show(tmp_path):
    records = classified(np.array([0]), np.array([[0, 1]]), 2)
    write_task_evaluation(tmp_path, records)
    assert "Nothing is wrong on any image." in html_of("Predictions", load_run(tmp_path))
    empty = classified(np.zeros(0, int), np.zeros((0, 2), int), 2)
    assert empty.keys == ()


def test_pictures_are_found_where_the_project_was_moved_to_and_their_absence_is_said_once(tmp_path):
    old = tmp_path / "old/outputs/training/run"
    complete_run(old)
    metrics = json.loads(RunFolder(old).metrics.read_text())
    RunFolder(old).metrics.write_text(json.dumps(metrics | {"model": str(RunFolder(old).best)}))
    RunFolder(old).comparison.unlink()
    (tmp_path / "old").rename(tmp_path / "new")
    run = tmp_path / "new/outputs/training/run"
    assert "<use" in html_of("Predictions", load_run(run))
    shutil.rmtree(run / "data")
    html = html_of("Predictions", load_run(run))
    assert "<use" not in html
    assert html.count("not where they were") == 1
    assert "(no picture)" not in html
