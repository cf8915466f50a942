"""A trial without a training: half a second of epochs, saved like real ones, and whatever goes wrong with trials.

`python half_second_body.py FOLDER`; FOLDER/behaviour holds a word, FOLDER/epochs the number of epochs. Every start adds
a line to FOLDER/starts, and the epochs that are done stand in FOLDER/weights/last.pt.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

EPOCH_SECONDS = 0.1


def main(folder: Path) -> None:
    stop: list[int] = []
    for number in (signal.SIGTERM, signal.SIGUSR2):
        signal.signal(number, lambda number, frame: stop.append(number))
    behaviour = _text(folder / "behaviour", "complete")
    epochs = int(_text(folder / "epochs", "5"))
    last = folder / "weights/last.pt"
    last.parent.mkdir(exist_ok=True)
    done = int(_text(last, "0"))
    with (folder / "starts").open("a") as starts:
        starts.write(
            f"{done} {os.getpid()} {os.environ.get('SLURMD_NODENAME', '')} {os.environ.get('CUDA_VISIBLE_DEVICES')}\n"
        )
    print("behaves:", behaviour)
    _record(folder, "running")
    while behaviour == "hang-at-once":
        time.sleep(0.05)
    while done < epochs:
        time.sleep(EPOCH_SECONDS)
        done += 1
        _write(last, str(done))
        if stop:
            _record(folder, "interrupted")
            raise SystemExit(130)
        if done == 2:
            (folder / "environment.json").write_text(json.dumps(dict(os.environ)))
            _misbehave(behaviour, folder, stop)
    _record(folder, "complete", {"epochs": done})


def _misbehave(behaviour: str, folder: Path, stop: list[int]) -> None:
    if behaviour == "raise":
        raise RuntimeError("as told")
    if behaviour == "fail":
        _record(folder, "failed", error={"message": "as told", "kind": "JobError", "exit_code": 1})
        sys.exit(1)
    if behaviour == "exit":
        sys.exit(3)
    if behaviour == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if behaviour == "kill-once" and len(_text(folder / "starts", "").splitlines()) == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    while behaviour == "hang" or (behaviour == "stuck-until-stop" and not stop):
        time.sleep(0.05)


def _record(folder: Path, status: str, results=None, error=None) -> None:
    _write(
        folder / "experiment_log.json",
        json.dumps({"schema_version": 1, "status": status, "results": results or {}, "error": error}),
    )


def _write(path: Path, text: str) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text)
    temporary.replace(path)


def _text(path: Path, default: str) -> str:
    return path.read_text() if path.exists() else default


if __name__ == "__main__":
    main(Path(sys.argv[1]))
