"""The trackers, and what their processes are given."""

from __future__ import annotations

import pytest

from yololab.config import special
from yololab.errors import InputError
from yololab.files.paths import TrackingStore
from yololab.tracking import registry
from yololab.tracking.registry import TRACKERS, check_installed, environment_of


def test_each_tracker_that_can_be_named_is_there():
    assert tuple(TRACKERS) == special.TRACKERS


def test_missing_ones_are_named_in_one_sentence_with_the_line_that_installs_them(monkeypatch):
    monkeypatch.setattr(registry, "find_spec", lambda package: None if package != "mlflow" else package)
    check_installed(["mlflow"])
    with pytest.raises(InputError) as caught:
        check_installed(["mlflow", "wandb", "comet"])
    (problem,) = caught.value.problems
    assert problem.found == "2 trackers not installed: wandb, comet"
    assert problem.hints == ('pip install "yololab[wandb,comet]"',)


@pytest.mark.parametrize(
    ("name", "environment", "online"),
    [
        ("mlflow", {}, False),
        ("mlflow", {"MLFLOW_TRACKING_URI": "http://localhost:5000"}, True),
        ("mlflow", {"MLFLOW_TRACKING_URI": ""}, False),
        ("wandb", {"WANDB_API_KEY": "x"}, False),
        ("wandb", {"WANDB_MODE": "offline"}, False),
        ("wandb", {"WANDB_MODE": "online"}, True),
        ("clearml", {"CLEARML_OFFLINE_MODE": "1"}, False),
        ("clearml", {"CLEARML_OFFLINE_MODE": "0"}, True),
        ("comet", {"COMET_API_KEY": "x"}, False),
        ("comet", {"COMET_START_ONLINE": "1"}, True),
        ("trackio", {"TRACKIO_SPACE_ID": "me/runs"}, True),
        ("tensorboard", {"ANYTHING": "1"}, False),
    ],
)
def test_a_server_is_used_only_when_it_is_asked_for(name, environment, online):
    assert TRACKERS[name].online(environment) is online


def test_without_a_server_the_users_home_is_out_of_reach(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "users"))
    monkeypatch.delenv("WANDB_MODE", raising=False)
    store = TrackingStore(tmp_path)
    environment = environment_of("wandb", store)
    assert environment["HOME"] == str(store.home)
    assert "XDG_CONFIG_HOME" not in environment
    assert environment["WANDB_DIR"] == str(store.of("wandb"))
    assert environment["CUDA_VISIBLE_DEVICES"] == ""


def test_with_a_server_the_users_home_holds_the_credentials(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    monkeypatch.setenv("WANDB_MODE", "online")
    monkeypatch.setenv("WANDB_DIR", "/elsewhere")
    environment = environment_of("wandb", TrackingStore(tmp_path))
    assert environment["HOME"] == str(tmp_path / "me")
    assert environment["WANDB_DIR"] == "/elsewhere"
