"""What runs inside a worker of Ray, without Ray."""

from __future__ import annotations

import platform

import pytest

import yololab
from yololab.sweep.engines.body import TrialBody
from yololab.sweep.engines.ray.task import Ended, NodeView, look_around, run_body


def body_of(folder, script: str) -> TrialBody:
    return TrialBody(str(folder), ("-c", script), own_python=True)


def test_a_node_says_what_it_sees(tmp_path):
    assert look_around(str(tmp_path)) == NodeView(platform.node(), True, yololab.__version__)
    assert not look_around(str(tmp_path / "gone")).sees_folder


@pytest.mark.process
@pytest.mark.parametrize("code", [0, 7])
def test_the_bodys_exit_code_comes_back_and_its_start_is_seen(tmp_path, code):
    started = tmp_path / ".ray" / "started"
    started.parent.mkdir()
    assert run_body(body_of(tmp_path, f"raise SystemExit({code})"), str(started), None, 5) == Ended(code)
    assert started.read_text() == platform.node()


@pytest.mark.process
def test_beyond_its_time_it_may_save_its_state_and_the_reason_is_told(tmp_path):
    script = "import signal, time; signal.signal(signal.SIGTERM, lambda *_: exit(130)); time.sleep(60)"
    ended = run_body(body_of(tmp_path, script), str(tmp_path / "started"), 2 / 60, 30)
    assert ended.code == 130
    assert "time limit" in (ended.reason or "")


@pytest.mark.process
def test_one_that_does_not_listen_is_killed_after_the_grace(tmp_path):
    script = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    assert run_body(body_of(tmp_path, script), str(tmp_path / "started"), 2 / 60, 0.5).code == 137
