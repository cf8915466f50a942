"""COCO results files as sides of a comparison."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from coco_samples import detections_of, labels_of, write_dataset, write_instances, write_results
from record_samples import records_of, write_run

from yololab.comparison.evidence import load_records
from yololab.config.hydra.compose import compose_experiment
from yololab.errors import InputError
from yololab.files.baseline import baseline_of, promote
from yololab.files.json_files import write_json
from yololab.files.metrics import read_metrics
from yololab.files.paths import OutputTree
from yololab.job.standalone.compare import compare_models
from yololab.job.standalone.detections import BoxMeasurement
from yololab.terminal.screen import Screen

FIXTURE = Path(__file__).parents[3] / "data/v0_1_0"


def compare(project: Path, *references: str, overrides: tuple[str, ...] = ()):
    return compare_models(references, compose_experiment(overrides).experiment, project, Screen(quiet=True))


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    labels = labels_of()
    write_instances(tmp_path / "instances.json", labels)
    write_dataset(tmp_path / "set", labels)
    write_results(tmp_path / "good.json", detections_of(labels, 0.95))
    write_results(tmp_path / "bad.json", detections_of(labels, 0.5, seed=2))
    write_results(tmp_path / "named.json", detections_of(labels, 0.95), "{:03}".format, ("cat", "dog", "owl"))
    return tmp_path


@pytest.mark.heavy
def test_two_files_and_both_definitions(project):
    found = compare(project, "bad.json", "good.json", overrides=("truth=instances.json",))
    assert (found.verdict, found.passes) == ("DEGRADED", False)
    assert any(note.startswith("By COCO's definition mAP50-95 is 0.") for note in found["notes"])
    assert found["image_changes"]["images"]
    assert (found.path.parent / "report.html").is_file()
    by_coco = compare(
        project, "bad.json", "good.json", overrides=("truth=instances.json", "evaluation.definition=coco")
    )
    rows = [{row["metric"]: row["current"] for row in result["metrics"]}["mAP50-95"] for result in (found, by_coco)]
    assert rows[0] != rows[1]
    assert any(note.startswith("By Ultralytics' definition mAP50-95 is 0.") for note in by_coco["notes"])


@pytest.mark.heavy
def test_patterns_of_files_are_the_seeds_of_recipes(project):
    labels = labels_of()
    for seed in range(3):
        write_results(project / f"new_{seed}.json", detections_of(labels, 0.95, seed=seed))
        write_results(project / f"old_{seed}.json", detections_of(labels, 0.5, seed=10 + seed))
    found = compare(project, "new_*.json", "old_*.json", overrides=("truth=instances.json",))
    assert found.verdict == "IMPROVED"
    assert found["statistics"]["claim"] == "two recipes"
    assert len(found["current"]["runs"]) == 3


@pytest.mark.heavy
def test_an_evaluation_on_a_yolo_dataset_with_files_of_any_ids(project):
    first = compare(project, "bad.json", "good.json", overrides=("truth=instances.json",))
    measured = read_metrics(Path(first["baseline"]["path"])).path.parent
    # the same detections, named otherwise: against the evaluation's own labels, and against those of the dataset
    for settings in ((), ("truth=set/data.yaml",), ("truth=instances.json", "evaluation.definition=coco")):
        found = compare(project, "named.json", str(measured), overrides=settings)
        # measured again for COCO's rules, from boxes that are kept to 1/16 px
        assert found["metrics"][1]["delta"] == pytest.approx(0, abs=2e-3 if len(settings) > 1 else 1e-9)
    several = compare(project, "bad.json", "named.json", "good.json", overrides=("truth=instances.json",))
    assert [arm["verdict"] for arm in several["arms"]] == ["DEGRADED", "EQUIVALENT"]


def test_a_run_of_ours_with_its_own_detections_as_a_file(tmp_path, monkeypatch):
    project = shutil.copytree(FIXTURE, tmp_path / "project", symlinks=True)
    monkeypatch.chdir(project)
    (run,) = (project / "outputs/training").glob("detect_2*")
    records = load_records(run / "evaluation/predictions.npz")
    rows = [
        {"image_id": records.keys[image], "category_id": records.names[int(index)], "score": float(score),
         "bbox": [*box[:2].tolist(), *(box[2:] - box[:2]).tolist()]}
        for image, index, score, box in zip(
            records.image, records.classes, records.confidence, records.boxes, strict=True
        )
    ]  # fmt: skip
    (project / "same.json").write_text(json.dumps(rows))
    found = compare(project, "same.json", run.name)
    # Recorded boxes end at the border of the image, as those in Ultralytics' own predictions.json; a hardly trained
    # model has many that went beyond.
    assert found.verdict in ("EQUIVALENT", "INCONCLUSIVE")
    assert abs(found["metrics"][1]["delta"]) < 0.02
    by_coco = compare(project, run.name, "same.json", overrides=("evaluation.definition=coco",))
    assert by_coco["metrics"][1]["delta"] == pytest.approx(0, abs=1e-9)


def test_what_is_missing_is_said(project):
    with pytest.raises(InputError, match="name the labels of the images"):
        compare(project, "bad.json", "good.json")
    with pytest.raises(InputError, match=r"truth=instances\.json"):
        compare(project, "instances.json", "good.json")
    (project / "object.json").write_text('{"predictions": [], "x": NaN}')
    with pytest.raises(InputError, match="take the list out"):
        compare(project, "object.json", "good.json")
    assert not (project / "outputs/comparisons").exists()


def test_one_side_alone_is_refused_before_anything_is_measured(project):
    with pytest.raises(InputError, match=r"named\.json: one side alone; no baseline of set \(detect\) was promoted"):
        compare(project, "named.json", overrides=("truth=set/data.yaml",))
    with pytest.raises(InputError, match="one side alone\n") as error:
        compare(project, "named.json")
    assert [problem.where.rpartition("/")[2] for problem in error.value.problems] == ["named.json", "truth"]
    assert not (project / "outputs").exists()
    # One of other images was promoted: whether it is of these, only a measurement tells.
    write_json(project / "metrics.json", {"task": "detect", "split": "val", "mAP50-95": 0.4}, 1)
    promote(
        baseline_of(OutputTree(project), "set", "detect", "0" * 64),
        read_metrics(project / "metrics.json"),
        None,
        project / "run",
    )
    with pytest.raises(InputError, match="no baseline of this dataset"):
        compare(project, "named.json", overrides=("truth=set/data.yaml",))


def test_a_side_is_measured_here_when_it_has_boxes_alone(project):
    from yololab.comparison.run_reference import read_reference

    reference = read_reference("good.json", project)
    experiment = compose_experiment(("truth=instances.json",)).experiment
    measurement = BoxMeasurement(["good.json"], experiment, project, Screen(quiet=True))
    assert reference.results
    assert measurement.concerns(reference)
    assert measurement.measure(reference).content["reading"] == []


@pytest.mark.heavy
def test_images_that_look_alike_are_noticed_where_they_are_at_hand(project):
    """Six frames each of fifteen films; both models see a film, or do not see it."""
    rng = np.random.default_rng(0)
    labels = [own for own in labels_of(15) for _ in range(6)]
    shutil.rmtree(project / "set")
    data = write_dataset(project / "set", labels)
    films = [cv2.resize(rng.integers(0, 255, (8, 8), np.uint8), (200, 160)) for _ in range(15)]
    for place in range(90):
        cv2.imwrite(str(project / f"set/val/images/{place:03}.png"), films[place // 6])
    for name in ("one", "other"):
        seen = np.repeat(rng.random(15) < 0.6, 6)
        rows = [row for row in detections_of(labels, 1.0, noise=0.0) if seen[row["image_id"]]]
        write_results(project / f"{name}.json", rows, "{:03}".format, ("cat", "dog", "owl"))
    settings = (f"truth={data}", "evaluation.split=val")
    found = compare(project, "one.json", "other.json", overrides=settings)
    assert any("90 images look like others of them" in warning for warning in found["warnings"])
    grouped = compare(project, "one.json", "other.json", overrides=(*settings, "evaluation.group=alike"))
    assert (grouped["statistics"]["unit"], grouped["statistics"]["images"]) == ("groups", 15)


def test_a_run_that_is_measured_by_cocos_rules_keeps_its_groups(project):
    write_run(project / "a", records_of(0.9, 1), {}, group=r"(\d)\.jpg")
    write_run(project / "b", records_of(0.9, 2), {}, group=r"(\d)\.jpg")
    found = compare(project, "a", "b", overrides=("evaluation.definition=coco",))
    assert (found["statistics"]["unit"], found["statistics"]["images"]) == ("groups", 10)
