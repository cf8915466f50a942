"""One process a run, and what can be known of the one that holds it."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from yololab.errors import InputError
from yololab.files.locks import locked, maybe_running_remotely
from yololab.files.paths import RunFolder
from yololab.host.processes import ProcessIdentity


class TestTheLock:
    def holder(self, folder: RunFolder) -> subprocess.Popen[str]:
        code = (
            "import sys, time; from pathlib import Path; from yololab.files.paths import RunFolder\n"
            "from yololab.files.locks import locked\n"
            "with locked(RunFolder(Path(sys.argv[1]))): print('held', flush=True); time.sleep(60)"
        )
        process = subprocess.Popen([sys.executable, "-c", code, str(folder.path)], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process

    @pytest.mark.process
    def test_a_second_process_is_refused_at_once_and_let_in_after_a_kill(self, tmp_path):
        folder = RunFolder(tmp_path)
        process = self.holder(folder)
        try:
            identity = ProcessIdentity.of(process.pid)
            started = time.monotonic()
            with pytest.raises(InputError, match=f"still running .process {process.pid}"), locked(folder, identity):
                pass
            assert time.monotonic() - started < 5
        finally:
            process.kill()
            process.wait(30)
        with locked(folder, identity):
            pass

    def test_a_process_of_another_machine_may_still_run(self):
        def content(status: str, host: str, started: str) -> dict:
            return {"status": status, "provenance": {"process": {"host": host, "pid": 1, "started": started}}}

        here = ProcessIdentity.current()
        assert maybe_running_remotely(content("running", "elsewhere", "boot:1"))
        assert not maybe_running_remotely(content("interrupted", "elsewhere", "boot:1"))
        assert not maybe_running_remotely(content("running", here.host, "boot:1")), "the machine was booted since"
        if here.started:
            boot = here.started.partition(":")[0]
            assert not maybe_running_remotely(content("running", "another container", f"{boot}:1"))
        assert not maybe_running_remotely({"status": "running"})
