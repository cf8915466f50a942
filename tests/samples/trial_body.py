"""A trial's body in half a second, without PyTorch: what it does stands in its trial.json.

Started like the real one, `python trial_body.py FOLDER`, and held to the same contract: its record is all it returns.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

from yololab.files.paths import RunFolder
from yololab.files.record import Record
from yololab.files.record_content import Status
from yololab.sweep.planning.trial_env import read_trial_environment


class Stopped(BaseException):
    """SIGTERM came: raised, not answered where it was, which may be between taking a lock and giving it back."""


def main(folder: Path) -> int:
    trial = json.loads((folder / "trial.json").read_text(encoding="utf-8"))
    wishes = dict(word.split("=", 1) for word in trial["overrides"])
    with (folder / "starts.txt").open("a") as file:
        file.write(f"{os.getpid()} {os.environ.get('CUDA_VISIBLE_DEVICES', '')} {time.time()}\n")
    starts = len((folder / "starts.txt").read_text().splitlines())
    what = wishes.get("do", "ok")
    if what == "unrecorded":
        print("the machine is on fire")
        return 1
    record = Record(RunFolder(folder))
    if record.path.is_file():
        record.resume(0.0)
    else:
        record.begin({"name": folder.name, "task": "detect"})
    if what == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    elif what != "hang":
        signal.signal(signal.SIGTERM, stop)
    try:
        return body(folder, record, wishes, starts)
    except Stopped:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(float(wishes.get("saving", 0)))
        record.finish(Status.INTERRUPTED, {"message": "interrupted", "kind": "KeyboardInterrupt", "exit_code": 130})
        return 130


def stop(*_: object) -> None:
    raise Stopped


def body(folder: Path, record: Record, wishes: dict[str, str], starts: int) -> int:
    what = wishes.get("do", "ok")
    print("begun", what, flush=True)
    if what == "raise":
        record.finish(Status.FAILED, {"message": "boom", "kind": "JobError", "exit_code": 1})
        return 1
    if what == "exit":
        sys.exit(3)
    if what == "kill" or (what == "once" and starts == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    if what in ("hang", "stubborn", "slow"):
        time.sleep(4 if what == "slow" else 600)
    if what == "greedy":
        hoard = bytearray(400 * 2**20)
        hoard[::4096] = b"x" * len(hoard[::4096])
        time.sleep(600)
    time.sleep(float(wishes.get("seconds", 0.1)))
    value = None if what == "nan" else score(float(wishes.get("lr0", 0.5)), wishes)
    if paused(folder, wishes, value):
        record.finish(Status.PAUSED, {"message": "paused", "kind": "PausedRunError", "exit_code": 0})
        return 0
    pruned = reported(wishes, value)
    (folder / "evaluation").mkdir(exist_ok=True)
    metrics = {"schema_version": 1, "mAP50-95": value, "mAP50": value, "speed_ms": {"inference": 1.0 + (value or 0)}}
    (folder / "evaluation/metrics.json").write_text(json.dumps(metrics))
    record.update(evaluation={"mAP50-95": value})
    record.finish(Status.PRUNED if pruned else Status.COMPLETE)
    return 0


def score(rate: float, wishes: dict[str, str]) -> float:
    """Return a number that is best at 0.3, with a little luck that depends on the seed."""
    return 1 - (rate - 0.3) ** 2 + 0.001 * (int(wishes.get("seed", 0)) % 3)


def paused(folder: Path, wishes: dict[str, str], value: float | None) -> bool:
    """Train until the epoch after which its sweep pauses the trial; the epochs of each process are noted."""
    environment, epochs = read_trial_environment(), int(wishes.get("epochs", 1))
    if environment is None or environment.pruner != "freeze_thaw" or value is None:
        return False
    from yololab.sweep.planning.trial_env import EpochReporter

    until, reporter = environment.until or epochs, EpochReporter(environment)
    table = folder / "results.csv"
    lines = table.read_text().splitlines() if table.is_file() else ["epoch,metrics/mAP50-95(B)"]
    for epoch in range(len(lines), until + 1):
        reporter.should_prune(epoch, value * epoch / epochs)
        lines.append(f"{epoch},{value * epoch / epochs}")
    table.write_text("\n".join(lines) + "\n")
    with (folder / "pieces.txt").open("a") as file:
        file.write(f"{until}\n")
    return until < epochs


def reported(wishes: dict[str, str], value: float | None) -> bool:
    """Report as many epochs as were wished for, and return whether it was given up."""
    environment = read_trial_environment()
    if environment is None or environment.trial_id is None or value is None:
        return False
    from yololab.sweep.planning.trial_env import EpochReporter

    reporter = EpochReporter(environment)
    epochs = int(wishes.get("epochs", 1))
    return any(
        reporter.should_prune(epoch, value * epoch / epochs) and epoch < epochs for epoch in range(1, epochs + 1)
    )


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
