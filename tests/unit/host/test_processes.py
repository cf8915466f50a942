"""A process is known by when it started, in the same words as in the files of earlier versions."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from yololab.host.processes import ProcessIdentity


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_an_identity_reads_as_the_first_version_wrote_it():
    """0.1.0 took the boot's id and field 22 of /proc/<pid>/stat: its records must still find their process."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    assert ProcessIdentity.current().started == f"{boot}:{fields[19]}"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_clock_that_was_set_changes_nothing(monkeypatch):
    before = ProcessIdentity.current()
    real_boot, real_created = psutil.boot_time, psutil.Process.create_time
    monkeypatch.setattr(psutil, "boot_time", lambda: real_boot() - 3600)
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: real_created(self) - 3600)
    assert before.is_alive() is True


def test_a_number_that_was_given_out_again_is_another_process():
    me = ProcessIdentity.current()
    assert replace(me, started=me.started + "1").is_alive() is False
    assert me.same_boot() is (sys.platform == "linux")


def test_without_its_start_the_number_has_to_do():
    me = ProcessIdentity.from_json({"host": ProcessIdentity.current().host, "pid": os.getpid()})
    assert me.started == ""
    assert me.is_alive() is True
    assert replace(me, pid=2**22 + 1).is_alive() is False
    assert not me.same_boot()


def test_a_process_that_is_not_there_has_no_start():
    assert ProcessIdentity.of(2**22 + 1).started == ""


@pytest.mark.process
def test_a_process_is_known_by_more_than_its_number():
    me = ProcessIdentity.current()
    assert me.is_alive() is True
    assert ProcessIdentity.from_json(me.to_json()) == me
    assert replace(me, started="another boot:1").is_alive() is False
    assert replace(me, host="elsewhere").is_alive() is None
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    identity = ProcessIdentity.of(child.pid)
    assert identity.is_alive() is True
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert identity.is_alive() is False, "a zombie does not live"
    child.wait()
    assert identity.is_alive() is False


@pytest.mark.process
@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_forked_process_is_not_its_parent():
    ProcessIdentity.current()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, str(ProcessIdentity.current().pid).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert int(os.read(reader, 20)) == child
