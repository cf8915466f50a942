"""Finding models: names, files, checkpoints of all kinds of health."""

from __future__ import annotations

import pickle
import shutil

import pytest
import torch

from yololab.errors import InputError
from yololab.ultralytics_adapter.isolation import runtime
from yololab.ultralytics_adapter.isolation.installed import package_folder
from yololab.ultralytics_adapter.models.checkpoints import inspect_checkpoint
from yololab.ultralytics_adapter.models.resolve import resolve_model

pytestmark = pytest.mark.usefixtures("prepared", "logged")


@pytest.fixture
def cwd(tmp_path, monkeypatch):
    folder = tmp_path / "working directory"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    ("name", "model", "family"),
    [
        ("yolo26n.pt", "yolo26n.yaml", "yolo"),
        ("yolo26n", "yolo26n.yaml", "yolo"),
        ("yolo11s.yaml", "yolo11s.yaml", "yolo"),
        ("rtdetr-l.pt", "rtdetr-l.yaml", "rtdetr"),
    ],
)
def test_from_scratch_by_name(cwd, name, model, family):
    resolved = resolve_model(name, None, False, ())
    assert (resolved.model, resolved.pretrained, resolved.task, resolved.family) == (model, False, "detect", family)
    assert resolved.lineage is None


def test_other_tasks_are_recognised(cwd):
    tasks = {"yolo26n-seg.yaml": "segment", "yolo11n-pose.yaml": "pose", "yolo26n-cls.yaml": "classify"}
    assert {name: resolve_model(name, None, False, ()).task for name in tasks} == tasks


@pytest.mark.parametrize(
    ("packaged", "task", "head"),
    [
        ("yolo26-seg.yaml", "segment", "Segment26"),
        ("yolo26-pose.yaml", "pose", "Pose26"),
        ("yolo11-pose.yaml", "pose", "Pose"),
        ("yolo26-obb.yaml", "obb", "OBB26"),
        ("yolov8-cls.yaml", "classify", "Classify"),
        ("yolo26-sem.yaml", "semantic", "SemanticSegment"),
        ("yolo26-depth.yaml", "depth", "Depth"),
    ],
)
def test_an_architecture_and_a_checkpoint_of_ones_own_of_any_task(cwd, packaged, task, head):
    from ultralytics import YOLO

    (shipped,) = (package_folder() / "cfg/models").rglob(packaged)
    shutil.copy(shipped, cwd / "my.yaml")
    mine = resolve_model("my.yaml", None, True, ())
    assert (mine.model, mine.task, mine.family, mine.lineage) == (str(cwd / "my.yaml"), task, "yolo", None)
    assert mine.head == head
    YOLO(str(cwd / "my.yaml")).save("best.pt")
    trained = resolve_model("best.pt", None, True, ())
    assert (trained.model, trained.task, trained.head) == (str(cwd / "best.pt"), task, head)
    assert resolve_model("best.pt", None, False, ()).pretrained is False


def test_a_checkpoint_is_sought_in_the_working_directory_then_in_the_folders(cwd, tmp_path, tiny_checkpoint, micro_run):
    (tmp_path / "weights").mkdir()
    shutil.copy(tiny_checkpoint, tmp_path / "weights" / "mine.pt")
    found = resolve_model("mine.pt", None, True, (tmp_path / "weights",))
    assert found.model == str(tmp_path / "weights" / "mine.pt")
    shutil.copy(micro_run.best, cwd / "mine.pt")
    nearer = resolve_model("mine.pt", None, True, (tmp_path / "weights",))
    assert nearer.model == str(cwd / "mine.pt")
    assert found.names == nearer.names == {0: "green", 1: "red"}
    assert len(found.lineage) == 64
    assert found.lineage != nearer.lineage


def test_a_downloadable_name_is_taken_from_the_weights_folder(cwd, prepared, tiny_checkpoint):
    prepared.weights.mkdir(parents=True, exist_ok=True)
    shutil.copy(tiny_checkpoint, prepared.weights / "yolo26s.pt")
    resolved = resolve_model("yolo26s", None, None, (prepared.weights,))
    assert resolved.model == str((prepared.weights / "yolo26s.pt").resolve())


def test_the_architecture_of_a_local_checkpoint_without_its_weights(cwd, tiny_checkpoint):
    resolved = resolve_model(str(tiny_checkpoint), None, False, ())
    assert (resolved.model, resolved.pretrained) == (str(tiny_checkpoint), False)
    assert resolved.names is resolved.lineage is None


def test_weights_put_into_another_architecture(cwd, tiny_checkpoint, micro_yaml):
    resolved = resolve_model("yolo26s.yaml", None, str(tiny_checkpoint), ())
    assert (resolved.model, resolved.pretrained) == ("yolo26s.yaml", str(tiny_checkpoint))
    resolved = resolve_model(str(tiny_checkpoint), str(micro_yaml), True, ())
    assert (resolved.model, resolved.pretrained) == (str(micro_yaml), str(tiny_checkpoint))
    assert resolved.lineage is not None


def test_weights_of_another_family_do_not_fit(cwd, tiny_checkpoint):
    with pytest.raises(InputError, match="same task and family"):
        resolve_model("rtdetr-l.yaml", None, str(tiny_checkpoint), ())


def test_offline_the_error_names_the_ways_out(cwd):
    with pytest.raises(InputError) as caught:
        resolve_model("yolo26n.pt", None, True, ())
    assert "model.pretrained=false" in str(caught.value)
    assert "local checkpoint" in str(caught.value)


def test_a_failing_download_says_the_same_and_leaves_nothing(cwd, prepared, monkeypatch):
    from ultralytics.utils import downloads

    def refused(*arguments, **keywords):
        raise ConnectionError("❌ Download failure for x. Environment may be offline.")

    monkeypatch.setattr(runtime, "is_offline", lambda: False)
    monkeypatch.setattr(runtime._state, "download", refused)
    monkeypatch.setattr(downloads, "safe_download", refused)
    with pytest.raises(InputError, match=r"could not be downloaded.*may be offline") as caught:
        resolve_model("yolo26l.pt", None, True, ())
    assert "model.pretrained=false" in str(caught.value)
    assert not list(cwd.iterdir())
    assert not (prepared.weights / "yolo26l.pt").exists()


@pytest.mark.parametrize(
    ("name", "suggestion"), [("yolo62n.yaml", "yolo26n.yaml"), ("yolo26nn.pt", "yolo26n.pt"), ("bset.pt", "best.pt")]
)
def test_misspelled_names_are_answered_with_near_ones(cwd, name, suggestion):
    (cwd / "best.pt").write_bytes(b"")
    with pytest.raises(InputError, match=f"did you mean.*{suggestion}"):
        resolve_model(name, None, True, ())


class TestBadFiles:
    def refused(self, path, word):
        with pytest.raises(InputError) as caught:
            resolve_model(str(path), None, True, ())
        (problem,) = caught.value.problems
        assert str(path) in problem.where
        assert word in str(problem)
        assert "\n" not in problem.found

    def test_damaged(self, cwd, tiny_checkpoint):
        content = tiny_checkpoint.read_bytes()
        for name, part in (("empty", b""), ("cut", content[:20_000]), ("noise", b"\x89PNG\r\n" * 50)):
            path = cwd / f"{name}.pt"
            path.write_bytes(part)
            self.refused(path, "checkpoint")

    def test_torchscript(self, cwd):
        path = cwd / "scripted.pt"
        torch.jit.trace(torch.nn.Linear(2, 2), torch.zeros(1, 2)).save(str(path))
        self.refused(path, "TorchScript")

    def test_somebody_elses(self, cwd):
        for name, content in (("state", torch.nn.Linear(2, 2).state_dict()), ("list", [1]), ("none", {"model": None})):
            path = cwd / f"{name}.pt"
            torch.save(content, path)
            self.refused(path, "checkpoint")

    def test_code_in_a_checkpoint_does_not_run(self, cwd):
        class Bomb:
            def __reduce__(self):
                import os

                return os.mkdir, ("exploded",)

        path = cwd / "bomb.pt"
        torch.save({"model": Bomb()}, path)
        self.refused(path, "classes that Ultralytics does not have: posix.mkdir")
        path.write_bytes(pickle.dumps(Bomb()))
        self.refused(path, "checkpoint")
        assert not (cwd / "exploded").exists()

    def test_architectures(self, cwd):
        for name, text in (("list", "- 1"), ("data", "train: x\nnames: [a]"), ("empty", "")):
            path = cwd / f"{name}.yaml"
            path.write_text(text, encoding="utf-8")
            self.refused(path, "architecture")

    def test_folders_and_other_suffixes(self, cwd):
        (cwd / "folder.pt").mkdir()
        self.refused(cwd / "folder.pt", "folder")
        (cwd / "model.onnx").write_bytes(b"x")
        self.refused(cwd / "model.onnx", ".pt")

    def test_code_in_an_architecture_does_not_run(self, cwd, make_request, micro_yaml):
        from yololab.ultralytics_adapter.training.training import train

        path = cwd / "bomb.yaml"
        text = micro_yaml.read_text(encoding="utf-8")
        path.write_text(f"activation: __import__('os').mkdir('exploded') or nn.SiLU()\n{text}", encoding="utf-8")
        with pytest.raises(Exception, match="activation"):
            train(make_request(model=str(path)))
        assert not (cwd / "exploded").exists()


def test_a_path_with_an_apostrophe(tmp_path, tiny_checkpoint):
    path = tmp_path / "John's ü" / "it's.pt"
    path.parent.mkdir()
    shutil.copy(tiny_checkpoint, path)
    info = inspect_checkpoint(path)
    assert info.path == path
    assert (info.task, info.family) == ("detect", "yolo")
    assert info.train_args["imgsz"] == 64


def test_a_checkpoint_is_read_again_when_its_file_has_changed_and_only_then(tiny_checkpoint, tmp_path):
    path = tmp_path / "it.pt"
    shutil.copy(tiny_checkpoint, path)
    info = inspect_checkpoint(path)
    assert inspect_checkpoint(path) is info
    shutil.copy(tiny_checkpoint, path)
    assert inspect_checkpoint(path) is not info
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(InputError):
        inspect_checkpoint(path)
