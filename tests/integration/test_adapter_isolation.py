"""A process of its own: nothing at home, no control characters, and the same weights as in any other process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from yololab.ultralytics_adapter.isolation import runtime
from yololab.ultralytics_adapter.isolation.runtime import Isolation, activate, prepare
from yololab.ultralytics_adapter.training.training import train

CODE = """
import json, os, sys
from pathlib import Path
from yololab.ultralytics_adapter.isolation.runtime import Isolation, prepare
from yololab.ultralytics_adapter.models.resolve import resolve_model
from yololab.ultralytics_adapter.training.training import TrainRequest, train

request = json.loads(sys.argv[1])
base = Path(request["base"])
prepare(Isolation(base / "cache", base / "weights", base / "datasets", offline=True))
threads = os.environ["OMP_NUM_THREADS"]
model = resolve_model(request["model"], None, None, ())
train(TrainRequest(request["arguments"], model, base / "run", 1))
import torch, ultralytics.utils
print(json.dumps({
    "threads": threads,
    "omp": os.environ["OMP_NUM_THREADS"],
    "offline": os.environ["YOLO_OFFLINE"],
    "home": str(ultralytics.utils.USER_CONFIG_DIR),
}))
"""


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return torch.load(folder / "weights" / "last.pt", weights_only=False)["model"].state_dict()


@pytest.mark.usefixtures("prepared", "logged")
def test_a_fresh_process_with_an_empty_home(make_request, tmp_path):
    request, again = make_request(epochs=2, plots=True), make_request(epochs=2, plots=True)
    home, base, cwd = tmp_path / "home", tmp_path / "base", tmp_path / "cwd"
    home.mkdir()
    cwd.mkdir()
    hidden = ("XDG_", "YOLO", "MPL", "TORCH", "OMP", "ULTRALYTICS", "TRITON", "CUDA_CACHE")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    environment |= {"HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    arguments = {"base": str(base), "model": request.model.model, "arguments": dict(request.arguments)}
    done = subprocess.run(
        [sys.executable, "-c", CODE, json.dumps(arguments)],
        env=environment,
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr

    assert not list(home.rglob("*"))
    assert not list(cwd.iterdir())

    said = json.loads(done.stdout.splitlines()[-1])
    assert said["threads"] == said["omp"] != "0"
    assert said["offline"] == "1"
    assert Path(said["home"]).is_relative_to(base)
    printed = done.stdout + done.stderr
    assert printed.count("\r") == 0
    assert printed.count("\x1b[K") == 0

    train(request)
    train(again)  # what the first one has done to the process must not matter
    fresh, first, second = weights(base / "run"), weights(request.save_dir), weights(again.save_dir)
    assert fresh.keys() == first.keys() == second.keys()
    for key, value in fresh.items():
        assert torch.equal(value, first[key]), key
        assert torch.equal(value, second[key]), key


def test_an_ultralytics_that_the_host_has_imported_is_told_too(prepared, tmp_path):
    """As in a notebook: constants and settings that were read at the import are replaced wherever they lie."""
    import ultralytics.utils as live
    from ultralytics.data import utils as data_utils
    from ultralytics.nn import tasks
    from ultralytics.utils import checks, downloads

    foreign = tmp_path / "home" / "settings.json"
    foreign.parent.mkdir()
    foreign.write_text('{"sync": true}', encoding="utf-8")
    live.SETTINGS.file = live.SETTINGS.file_path = foreign
    dict.update(live.SETTINGS, sync=True, wandb=True)
    for module in (live, checks):
        module.AUTOINSTALL = module.ONLINE = True
    live.SAFE_LOAD = tasks.SAFE_LOAD = False
    data_utils.DATASETS_DIR = Path("/somewhere")

    mine = Isolation(tmp_path / "cache", tmp_path / "weights", tmp_path / "datasets", offline=True)
    prepare(mine)
    assert live.SETTINGS["sync"] is live.SETTINGS["wandb"] is False
    assert live.SETTINGS["weights_dir"] == str(tmp_path / "weights")
    live.SETTINGS["openvino_msg"] = False  # Ultralytics does this on export, and writes its file
    assert foreign.read_text(encoding="utf-8") == '{"sync": true}'
    assert not checks.AUTOINSTALL
    assert not checks.ONLINE
    assert tasks.SAFE_LOAD
    assert tmp_path / "datasets" == data_utils.DATASETS_DIR
    assert mine.user_folder == checks.USER_CONFIG_DIR
    with pytest.raises(ConnectionError, match="offline"):
        downloads.safe_download("https://example.org/x.pt")
    with pytest.raises(ConnectionError, match="offline"):
        data_utils.safe_download("https://example.org/x.zip")


def test_fonts_never_ask_the_network(prepared, monkeypatch):
    from ultralytics.utils import checks, downloads

    def asked(*arguments, **keywords):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(downloads, "is_url", asked)
    for name in ("Arial.ttf", "Arial.Unicode.ttf"):
        assert Path(checks.check_font(name)).is_file()


def test_online_again_downloads_are_ultralytics_own(prepared, tmp_path):
    from ultralytics.utils import downloads

    prepare(Isolation(tmp_path / "cache", tmp_path / "weights", tmp_path / "datasets", offline=False))
    assert downloads.safe_download is runtime._state.download
    prepare(prepared)
    assert downloads.safe_download is not runtime._state.download


def test_telemetry_is_off(prepared):
    import ultralytics.utils.events as events

    activate()
    assert events.events.enabled is False
