"""One process a run, and what can be known of the one that holds it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from yololab.errors import InputError
from yololab.files.locks import locked, maybe_running_remotely, own_files
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


def test_a_link_that_stays_in_the_folder_is_its_own_and_one_that_leads_out_is_not(tmp_path):
    run = tmp_path / "run"
    (run / ".slurm").mkdir(parents=True)
    (run / ".slurm/7.sh").write_text("job")
    (run / ".slurm/.submission.sh").symlink_to(run / ".slurm/7.sh")
    own_files(run)
    for target in (tmp_path / "out", tmp_path, Path("../../run2/x")):
        (run / "link").symlink_to(target)
        with pytest.raises(InputError, match="is a link"):
            own_files(run)
        (run / "link").unlink()
