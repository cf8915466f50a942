import os
import subprocess
import sys
import time

import pytest

from yololab.host import load
from yololab.host.load import CoreMeter, StepMeter, thread_waited_seconds, waited_seconds


def test_the_waiting_of_all_threads_is_added_up(tmp_path):
    for name, text in {"1": "5 2000000000 1\n", "2": "7 500000000 3\n", "3": "", "4": "1 2"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "schedstat").write_text(text)
    (tmp_path / "5").mkdir()
    assert waited_seconds(tmp_path) == pytest.approx(2.500000002)
    assert waited_seconds(tmp_path / "5") is waited_seconds(tmp_path / "none") is None
    assert thread_waited_seconds(tmp_path / "none") is None


def test_what_others_use_is_not_free(monkeypatch):
    looks = iter([load._Look(0.0, 10.0, 1.0), load._Look(0.1, 10.0, 1.0), load._Look(2.0, 11.0, 2.4)])
    monkeypatch.setattr(load, "_look", lambda: next(looks))
    meter = CoreMeter()
    assert meter.idle() is None  # too short a look
    assert meter.free() == pytest.approx(0.5 + 0.7)


def test_a_forked_process_takes_nothing_over(monkeypatch):
    looks = iter([load._Look(0.0, 10.0, 9.0, 1), load._Look(5.0, 12.0, 0.1, 2), load._Look(7.0, 13.0, 1.5, 2)])
    monkeypatch.setattr(load, "_look", lambda: next(looks))
    meter = CoreMeter()
    assert meter.free() is None
    assert meter.free() == pytest.approx(0.5 + 0.7)


def test_without_a_count_nothing_is_known(monkeypatch):
    looks = iter([load._Look(0.0, None, 1.0), load._Look(2.0, None, 2.4)])
    monkeypatch.setattr(load, "_look", lambda: next(looks))
    assert CoreMeter().free() is None


@pytest.mark.skipif(waited_seconds() is None, reason="this system does not count it")
@pytest.mark.process
def test_a_step_beside_a_busy_process_waits_for_its_core():
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as busy:
            time.sleep(0.2)
            meter = StepMeter(CoreMeter())
            meter.begin()
            while time.process_time() - meter._began[1] < 0.15:
                pass
            step = meter.end()
            busy.kill()
    finally:
        os.sched_setaffinity(0, allowed)
    assert step.cpu >= 0.15
    assert step.waited > 0.05
    assert step.wall >= 0.9 * (step.cpu + step.waited)
