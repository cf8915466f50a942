"""A disk that is full, a folder or an image that is gone: the training ends with a true word, and can be resumed."""

from __future__ import annotations

import errno
import os
import shutil

import pytest
from adapter_samples import make_dataset

from yololab.errors import InputError, JobError
from yololab.files import atomic
from yololab.ultralytics_adapter.training.resume_point import read_state
from yololab.ultralytics_adapter.training.training import train
from yololab.ultralytics_adapter.training.training_file import read_training_file

pytestmark = pytest.mark.usefixtures("prepared", "logged")


def resumed(request):
    return train(request, aside=request.save_dir / "attempts" / "1")


@pytest.mark.parametrize("name", ["last.pt", "best.pt", "training.json", "results.csv"])
def test_a_full_disk(name, make_request, monkeypatch):
    """The second epoch's file cannot be written: those of the first are whole."""
    from yololab.ultralytics_adapter.training.trainer import TrainerMixin

    request, epochs = make_request(epochs=3), []
    whole, table = atomic._to_disk, TrainerMixin.save_metrics

    def full(path):
        if epochs and path.name.startswith(f".{name}."):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        whole(path)

    def save_metrics(trainer, metrics):
        if epochs and name == "results.csv":
            with trainer.csv.open("a") as file:
                file.write("2,1.0,0.")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        table(trainer, metrics)

    monkeypatch.setattr(atomic, "_to_disk", full)
    monkeypatch.setattr(TrainerMixin, "save_metrics", save_metrics)
    with pytest.raises(OSError, match="No space left") as caught:
        train(request, on_epoch=epochs.append)
    assert str(request.save_dir) in str(caught.value.filename)
    monkeypatch.undo()
    noted = read_training_file(request.save_dir / "training.json")
    assert noted.status == ("running" if name == "training.json" else "failed")
    assert read_state(request.save_dir / "weights/last.pt").epoch == (1 if name in ("best.pt", "training.json") else 0)
    assert not list(request.save_dir.rglob("*.tmp"))
    result = resumed(request)
    assert (result.status, result.epochs_completed, result.error) == ("complete", 3, None)


def test_a_limit_on_the_size_of_files(make_request):
    """`ulimit -f`, as it is: no checkpoint fits."""
    resource = pytest.importorskip("resource")
    import signal

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    request = make_request(epochs=2)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
        with pytest.raises(OSError, match="File too large"):
            train(request)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert not list((request.save_dir / "weights").iterdir())
    assert resumed(request).epochs_completed == 2


def test_a_run_folder_that_is_gone_is_not_made_again(make_request):
    request = make_request(epochs=3)
    with pytest.raises(OSError, match="folder is gone") as caught:
        train(request, on_epoch=lambda report: shutil.rmtree(request.save_dir))
    assert str(request.save_dir) in str(caught.value.filename)
    assert not request.save_dir.exists()


@pytest.mark.parametrize(("split", "batch"), [("train", 1), ("val", 4)])
def test_images_that_are_gone_are_named_and_can_be_put_back(split, batch, make_request, tmp_path):
    data = make_dataset(tmp_path / "mine")
    request, folder = make_request(data=str(data.yaml), epochs=3, batch=batch), data.images(split)[0].parent

    def unmount(report):
        if report.epoch == 1:
            folder.rename(tmp_path / "away")

    with pytest.raises(JobError, match="the image is gone") as caught:
        train(request, on_epoch=unmount)
    assert str(folder) in str(caught.value)
    assert "yololab resume" in str(caught.value)
    assert read_training_file(request.save_dir / "training.json").status == "failed"
    (tmp_path / "away").rename(folder)
    assert resumed(request).epochs_completed == 3


@pytest.mark.parametrize(
    ("freeze", "found"), [([1, "x"], "'x'"), ([99], "99"), ([-1], "-1"), (40, "40 of the model's 6")]
)
def test_layers_that_are_not_there_are_not_frozen_without_a_word(freeze, found, make_request):
    with pytest.raises(InputError, match="freeze") as caught:
        train(make_request(freeze=freeze))
    assert found in str(caught.value)
    assert "from 0 to 5" in str(caught.value)


def test_modules_are_frozen_by_their_names(make_request):
    names = train(make_request(freeze=["5.cv2"])).setup["frozen_tensors"]
    assert 0 < names < train(make_request(freeze=[5, 0])).setup["frozen_tensors"]
