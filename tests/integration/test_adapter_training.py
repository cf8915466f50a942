"""Training through our trainer: real Ultralytics, a micro architecture, a few steps."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import pytest
import torch
import yaml
from omegaconf import OmegaConf

from yololab.errors import InputError, JobError
from yololab.files.epochs import read_results
from yololab.files.paths import RunFolder
from yololab.ultralytics_adapter.isolation.threads import set_threads
from yololab.ultralytics_adapter.training.resume_point import read_state
from yololab.ultralytics_adapter.training.training import TrainRequest, train
from yololab.ultralytics_adapter.training.training_file import read_training_file

pytestmark = pytest.mark.usefixtures("prepared", "logged")


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "results.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def checkpoint(path: Path) -> dict:
    return torch.load(path, weights_only=False)


class TestWhatIsRecorded:
    """One training whose every request Ultralytics changes."""

    @pytest.fixture(scope="class")
    @staticmethod
    def run(make_request, _session_prepared):
        reports = []
        request = make_request(
            imgsz=50, workers=3, epochs=2, lr0=0.003, momentum=0.8, weight_decay=0.001, amp=True, patience=7
        )
        return request, train(request, reports.append), reports

    def test_the_requested_rates_reach_the_optimizer(self, run):
        _, result, _ = run
        assert result.optimizer["name"] == "AdamW"
        groups = {group["name"]: group for group in result.optimizer["groups"]}
        assert {group["lr"] for group in groups.values()} == {0.003}
        assert {group["momentum"] for group in groups.values()} == {0.8}
        assert groups["bn"]["weight_decay"] == groups["bias"]["weight_decay"] == 0.0
        assert math.isclose(groups["weight"]["weight_decay"], 0.001)

    def test_every_silent_change_is_named_with_its_reason(self, run):
        _, result, _ = run
        changed = {item.name: (item.requested, item.effective) for item in result.differences}
        assert changed == {"imgsz": (50, 64), "workers": (3, 0), "amp": (True, False)}
        assert not result.comparable
        assert result.effective["imgsz"] == 64
        assert result.effective["patience"] == 7

    def test_the_epochs_are_reported_once_each(self, run):
        request, result, reports = run
        assert [(report.epoch, report.epochs) for report in reports] == [(1, 2), (2, 2)]
        assert result.epochs_completed == 2
        assert len(rows(request.save_dir)) == 2
        assert set(reports[0].metrics) == {"mAP50", "mAP50-95", "precision", "recall"}
        assert reports[-1].seconds_left == 0.0
        table = read_results(request.save_dir / "results.csv")
        assert table.losses["train/box_loss"][1] == pytest.approx(reports[1].losses["train/box_loss"], rel=1e-4)

    def test_nothing_is_evaluated_at_the_end(self, run):
        request, result, _ = run
        assert result.stop_reason == "finished"
        assert not (request.save_dir / "confusion_matrix.png").exists()

    def test_both_checkpoints_are_stripped(self, run):
        request, *_ = run
        for name in ("best.pt", "last.pt"):
            info = read_state(request.save_dir / "weights" / name)
            assert info.epoch == -1
        content = checkpoint(request.save_dir / "weights" / "best.pt")
        assert content["train_results"]["epoch"] == [1, 2]
        assert next(content["model"].parameters()).dtype == torch.float16

    def test_the_files_are_ultralytics_own(self, run):
        request, *_ = run
        arguments = yaml.safe_load((request.save_dir / "args.yaml").read_text(encoding="utf-8"))
        assert arguments["save_dir"] == str(request.save_dir)
        assert arguments["lr0"] == 0.003

    def test_the_file_says_what_the_result_says(self, run):
        request, result, _ = run
        assert read_training_file(RunFolder(request.save_dir).training) == result
        assert result.status == "complete"
        assert result.callback_errors == 0
        assert result.setup["threads"] == 1
        assert result.setup["images"] == {"train": 8, "val": 4}


def test_threads_are_set_again_after_each_choice_of_a_device():
    from ultralytics.utils.torch_utils import select_device

    try:
        set_threads(9)  # Ultralytics itself never takes more than 8
        torch.set_num_threads(2)
        select_device("cpu", verbose=False)
        assert torch.get_num_threads() == 9
    finally:
        set_threads(1)


def test_the_optimizer_that_auto_chooses_is_recorded(make_request):
    result = train(make_request(optimizer="auto", lr0=0.5, momentum=0.5))
    changed = {item.name: item for item in result.differences}
    assert changed["lr0"].requested == 0.5
    assert changed["lr0"].effective == result.optimizer["groups"][0]["lr"] != 0.5
    assert "auto" in changed["optimizer"].reason
    assert result.optimizer["name"] == changed["optimizer"].effective == "AdamW"


def test_auto_batch_on_a_cpu_is_a_default(make_request):
    result = train(make_request(batch=-1))
    (difference,) = result.differences
    assert (difference.name, difference.requested, difference.effective) == ("batch", -1, 16)
    assert "GPU" in difference.reason


def test_max_det_is_raised_by_a_crowded_image(make_request, tmp_path):
    from adapter_samples import make_dataset

    data = make_dataset(tmp_path / "crowd", train=2, val=1)
    label = data.root / "val" / "labels" / "0.txt"
    label.write_text("".join(f"0 0.5 0.5 0.1 {0.1 + n / 10_000}\n" for n in range(310)), encoding="utf-8")
    result = train(make_request(data=str(data.yaml), batch=2, max_det=300))
    assert [(d.name, d.effective) for d in result.differences] == [("max_det", 310)]
    assert any("310" in warning for warning in result.warnings)


class TestStopping:
    def test_a_stop_after_a_batch_leaves_a_run_that_can_go_on(self, make_request):
        request = make_request(epochs=5)
        asked = []

        def should_stop():
            asked.append(True)
            return len(asked) >= 4

        result = train(request, should_stop=should_stop)
        assert result.stop_reason == "interrupted"
        assert result.epochs_completed == 1
        info = read_state(request.save_dir / "weights" / "last.pt")
        assert info.epoch == 0, "the second epoch was not over, and is given up"

    def test_a_stop_after_an_epoch(self, make_request):
        request, reports = make_request(epochs=5), []
        result = train(request, reports.append, lambda: bool(reports))
        assert result.stop_reason == "interrupted"
        assert result.epochs_completed == 1
        assert len(reports) == 1

    def test_early_stopping(self, make_request, monkeypatch):
        from ultralytics.utils.metrics import DetMetrics

        falling = iter([0.5, 0.4, 0.3, 0.2, 0.1])
        monkeypatch.setattr(DetMetrics, "fitness", property(lambda self: next(falling)))
        result = train(make_request(epochs=9, patience=2))
        assert result.stop_reason == "early_stopping"
        assert (result.epochs_completed, result.best_epoch) == (3, 1)

    def test_a_time_limit(self, make_request):
        result = train(make_request(epochs=500, time=1 / 3600))
        assert result.stop_reason == "time"
        assert result.effective["epochs"] != 500
        assert "time limit" in {item.name: item.reason for item in result.differences}["epochs"]


class TestSelection:
    def test_without_validation_the_best_is_the_last(self, micro_run):
        assert not micro_run.result.model_selection
        assert micro_run.result.best_epoch == 60
        table = read_results(micro_run.folder / "results.csv", validated=False)
        assert set(table.metrics["metrics/mAP50(B)"][:-1]) == {None}
        assert table.metrics["metrics/mAP50(B)"][-1] > 0.5
        assert None not in table.train_losses()

    def test_an_epoch_without_validation_reports_no_metrics(self, make_request):
        reports = []
        train(make_request(epochs=2, val=False), reports.append)
        assert set(reports[0].metrics.values()) == {None}
        assert {v for k, v in reports[0].losses.items() if k.startswith("val/")} <= {None}
        assert None not in reports[1].metrics.values()

    def test_a_fitness_that_stays_0_is_warned_of(self, make_request):
        result = train(make_request(epochs=4, patience=2, lr0=0.0, iou=0.7, conf=0.99))
        assert result.not_learning
        assert result.stop_reason == "finished"
        assert sum("not learning" in warning for warning in result.warnings) == 1


class TestMishaps:
    def test_a_failing_observer_costs_nothing(self, make_request):
        def broken(report):
            raise ZeroDivisionError("in the observer")

        result = train(make_request(epochs=2), broken)
        assert result.epochs_completed == 2
        assert result.callback_errors == 2
        assert any("in the observer" in warning for warning in result.warnings)

    def test_nan_is_recovered_from_and_counted(self, make_request, monkeypatch):
        from yololab.ultralytics_adapter.training.trainers import DetectTrainer

        original, poisoned = DetectTrainer.validate, []

        def validate(self):
            if self.epoch == 1 and not poisoned:
                poisoned.append(True)
                self.loss = self.loss * float("nan")
            return original(self)

        monkeypatch.setattr(DetectTrainer, "validate", validate)
        result = train(make_request(epochs=3))
        assert result.nan_recoveries == 1
        assert result.unstable
        assert result.stop_reason == "finished"

    def test_a_crash_is_a_job_error_with_its_cause(self, make_request, monkeypatch):
        from yololab.ultralytics_adapter.training.trainers import DetectTrainer

        def broken(self):
            raise RuntimeError("the matrix fell over\nsecond line")

        monkeypatch.setattr(DetectTrainer, "optimizer_step", broken)
        request = make_request()
        with pytest.raises(JobError, match="the matrix fell over") as caught:
            train(request)
        assert isinstance(caught.value.__cause__, RuntimeError)
        noted = json.loads((request.save_dir / "training.json").read_text(encoding="utf-8"))
        assert noted["status"] == "failed"
        assert "the matrix fell over" in noted["error"]["message"]

    def test_memory_that_runs_out_halves_the_batch_and_is_told(self, make_request, monkeypatch):
        from yololab.ultralytics_adapter.training.trainers import DetectTrainer

        original = DetectTrainer.preprocess_batch

        def preprocess_batch(self, batch):
            if len(batch["im_file"]) > 2:
                raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
            return original(self, batch)

        monkeypatch.setattr(DetectTrainer, "preprocess_batch", preprocess_batch)
        result = train(make_request(batch=8))
        (difference,) = result.differences
        assert (difference.name, difference.requested, difference.effective) == ("batch", 8, 2)
        assert "halved 2 time" in difference.reason
        assert result.effective["batch"] == 2


class TestBadInput:
    def test_a_folder_that_holds_a_run(self, make_request, micro_run):
        before = (micro_run.folder / "results.csv").read_bytes()
        with pytest.raises(InputError, match="already holds a run"):
            train(make_request(save_dir=micro_run.folder))
        assert (micro_run.folder / "results.csv").read_bytes() == before

    def test_omegaconf_containers(self, make_request):
        for value in (OmegaConf.create([0, 1]), OmegaConf.create({"a": 1})):
            with pytest.raises(TypeError, match="freeze"):
                train(make_request(freeze=value))

    def test_a_frozen_list_and_a_frozen_tuple_freeze_the_same(self, make_request):
        frozen = [train(make_request(freeze=value)).setup["frozen_tensors"] for value in ([0, 1], (0, 1), None)]
        assert frozen[0] == frozen[1] > frozen[2]

    def test_no_data(self, make_request):
        for value in (None, ""):
            with pytest.raises(InputError, match="coco8"):
                train(make_request(data=value))

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ({"device": 0}, ["device", "cpu"]),
            ({"device": "0,1"}, ["device", "cpu"]),
            ({"device": "mps"}, ["device", "cpu"]),
            ({"learning_rate": 1}, ["learning_rate", "not a valid"]),
            ({"epochs": "many"}, ["epochs"]),
            ({"lr0": 7.0}, ["lr0", "1.0"]),
            ({"data": "no/such.yaml"}, ["no/such.yaml"]),
        ],
    )
    def test_arguments(self, make_request, arguments, words):
        request = make_request(**arguments)
        with pytest.raises(InputError) as caught:
            train(request)
        assert all(word in str(caught.value) for word in words)
        assert "Traceback" not in str(caught.value)

    def test_a_download_entry_never_runs(self, make_request, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        data = tmp_path / "data.yaml"
        code = "from pathlib import Path; Path('exploded').touch()"
        data.write_text(f'train: a\nval: b\nnames: [x]\ndownload: "{code}"\n', encoding="utf-8")
        with pytest.raises(InputError, match="not found"):
            train(make_request(data=str(data)))
        assert not (tmp_path / "exploded").exists()

    def test_images_without_labels(self, make_request, tmp_path):
        from adapter_samples import make_dataset

        data = make_dataset(tmp_path / "bare", train=2, val=1)
        for label in data.root.rglob("*.txt"):
            label.unlink()
        with pytest.raises(InputError, match="No labels found"):
            train(make_request(data=str(data.yaml)))

    def test_a_model_that_nothing_can_train(self, make_request):
        with pytest.raises(InputError, match="world"):
            train(make_request(model="yolov8s-world.yaml"))


def test_the_checkpoint_names_the_users_repository(make_request, tmp_path, monkeypatch):
    git = tmp_path / "project" / ".git"
    git.mkdir(parents=True)
    (git / "HEAD").write_text("0123456789abcdef0123456789abcdef01234567\n")
    (git / "config").write_text('[remote "origin"]\n\turl = https://me:secret@example.org/r.git\n')
    monkeypatch.chdir(git.parent)
    request = make_request()
    train(request)
    noted = checkpoint(request.save_dir / "weights" / "best.pt")["git"]
    assert noted["commit"] == "0123456789abcdef0123456789abcdef01234567"
    assert noted["root"] == str(git.parent)
    assert noted["origin"] == "https://example.org/r.git"


def test_outside_of_a_repository_it_names_none(make_request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    request = make_request()
    train(request)
    assert checkpoint(request.save_dir / "weights" / "best.pt")["git"]["commit"] is None


def test_rtdetr_has_its_trainer():
    from ultralytics.models.rtdetr.train import RTDETRTrainer

    from yololab.ultralytics_adapter.training.trainer import TrainerMixin
    from yololab.ultralytics_adapter.training.trainers import trainer_for

    assert issubclass(trainer_for("detect", "rtdetr"), (TrainerMixin, RTDETRTrainer))


def test_trackers_are_told_of_trainings_and_not_of_probes():
    from yololab.ultralytics_adapter.probe.timing import _probing
    from yololab.ultralytics_adapter.training.trainers import TRAINERS

    for trainer in TRAINERS.values():
        assert "Trainer" in trainer.__name__
        assert "Trainer" not in _probing(trainer).__name__


def test_requests_are_plain_and_complete(make_request):
    request: TrainRequest = make_request(scale=(0.3, 0.7), epochs=3)
    overrides = request.overrides()
    assert overrides["scale"] == [0.3, 0.7]
    assert Path(overrides["save_dir"]).is_absolute()
    assert overrides["mode"] == "train"
    assert overrides["task"] == "detect"
