import logging
import subprocess
import sys
import time

import pytest

from yololab.ultralytics_adapter.isolation.logs import ultralytics_log
from yololab.ultralytics_adapter.training.ddp_workers import WorkerLaunch

HEADER = "epoch,time,train/box_loss,metrics/mAP50(B),val/box_loss,lr/pg0"


@pytest.fixture
def launch(tmp_path):
    def make(on_epoch=lambda report: None, should_stop=lambda: False):
        return WorkerLaunch(
            tmp_path / "results.csv", tmp_path / "stop", "detect", 3, True, on_epoch=on_epoch, should_stop=should_stop
        )

    return make


def python(code):
    return [sys.executable, "-c", code]


@pytest.mark.process
def test_lines_and_epochs_of_the_workers_are_reported(launch, tmp_path):
    code = f"""
import sys, time
print("\\x1b[34mhello\\x1b[0m \\rworld")
print("WARNING something", file=sys.stderr)
with open({str(tmp_path / "results.csv")!r}, "w") as f:
    f.write("{HEADER}\\n1,2,3,0.5,4,0.1\\n2,4,2,0.6,3,0.1\\n")
"""
    reports, lines = [], []
    with ultralytics_log(lambda level, text: lines.append((level, text))):
        launch(reports.append).run(python(code), check=True)
    assert [report.epoch for report in reports] == [1, 2]
    assert reports[1].metrics["mAP50"] == 0.6
    assert reports[1].metrics["recall"] is None
    assert reports[1].seconds_left == 2.0
    assert (logging.INFO, "world") in lines
    assert (logging.WARNING, "WARNING something") in lines


@pytest.mark.process
def test_a_stop_is_asked_for_by_the_file(launch, tmp_path):
    code = f"""
import os, time
for _ in range(300):
    if os.path.exists({str(tmp_path / "stop")!r}): raise SystemExit(0)
    time.sleep(0.05)
raise SystemExit(7)
"""
    launch(should_stop=lambda: True).run(python(code), check=True)


@pytest.mark.process
def test_failed_workers_raise_with_their_last_lines(launch):
    with pytest.raises(subprocess.CalledProcessError) as caught:
        launch().run(python("print('first'); raise RuntimeError('broken here')"), check=True)
    assert "broken here" in caught.value.output


@pytest.mark.process
def test_workers_end_when_the_parent_is_interrupted(launch, tmp_path):
    started = tmp_path / "started"

    def interrupt():
        if started.exists():
            raise KeyboardInterrupt
        return False

    code = f"""
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open({str(started)!r} + ".tmp", "w").write(str(child.pid))
os.replace({str(started)!r} + ".tmp", {str(started)!r})
time.sleep(60)
"""
    with pytest.raises(KeyboardInterrupt):
        launch(should_stop=interrupt).run(python(code), check=True)
    child = int(started.read_text())
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        state = subprocess.run(["ps", "-o", "stat=", "-p", str(child)], capture_output=True, text=True, check=False)
        if not state.stdout.strip() or state.stdout.startswith("Z"):
            return
        time.sleep(0.1)
    pytest.fail("a child of the workers is still running")


@pytest.mark.process
@pytest.mark.parametrize(("alive", "code"), [(True, 0), (False, 1)])
def test_a_worker_ends_when_the_process_that_asked_for_it_is_gone(alive, code):
    from yololab.host.processes import ProcessIdentity

    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = ProcessIdentity.of(process.pid)
    if not alive:
        process.kill()  # and not waited for: a zombie is gone, too
        time.sleep(0.2)
    code_of_worker = (
        "from yololab.host.processes import ProcessIdentity\n"
        "from yololab.ultralytics_adapter.training.ddp_workers import end_orphan\n"
        f"end_orphan(ProcessIdentity.from_json({owner.to_json()}))"
    )
    assert subprocess.run([sys.executable, "-c", code_of_worker], check=False).returncode == code
    process.kill()
    process.wait(30)
