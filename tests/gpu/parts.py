"""What only a GPU can show, part by part: `tests/gpu/run.sh` starts it, and says how.

A part runs commands as a user types them, in a project folder of its own, and returns what it saw. It fails by an
exception, which costs this part alone. `--rehearse` does the same on a CPU, with a smaller model and fewer images: it
shows that the script works, and its figures mean nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests/samples"))
from terminal_session import TerminalSession  # noqa: E402

YOLOLAB = ("-m", "yololab")
PLAIN = ("-c", "from ultralytics.cfg import entrypoint; entrypoint()")
# Each tool draws these once the first batch is done.
FIRST_BATCH = {YOLOLAB: r"batch [1-9]\d*/", PLAIN: r"\s1/\d+\s+[\d.]+G\s"}
TABLES = {YOLOLAB: "outputs/training/*_*/results.csv", PLAIN: "runs/*/results.csv"}
FREE_MEMORY = "import torch; print(*torch.cuda.mem_get_info())"


@dataclass(frozen=True)
class Machine:
    """Where and how large: a card, or the CPU in a rehearsal.

    Attributes:
        device: Ultralytics' device.
        imgsz: Pixels.
        batch: Images a step.
        epochs: Of a training that is timed.
        pairs: Timed trainings of each tool.
        share: Of the real images that are trained on then.
        data: The data.yaml of real images; None where none was given.
        scratch: Where projects are made.
        until: When the time is over, by the monotonic clock.
    """

    device: str
    imgsz: int
    batch: int
    epochs: int
    pairs: int
    share: float
    data: Path | None
    scratch: Path
    until: float

    @property
    def gpu(self) -> bool:
        """Whether there is a card."""
        return self.device != "cpu"

    def project(self, name: str) -> Path:
        """Make an empty project."""
        folder = self.scratch / name
        folder.mkdir()
        return folder

    def job(self, *words: str) -> tuple[str, ...]:
        """Return the words of a training of this size, on the built-in data unless they say otherwise."""
        size = (f"device={self.device}", f"imgsz={self.imgsz}", f"batch={self.batch}", "model=yolo26n.yaml")
        part = () if self.gpu else (f"data.subset={self.share}",)
        return (*size, *part, "approval=auto", "plots=false", "export=none", *words)


class MissingError(Exception):
    """What a part needs is not there."""


def run(
    machine: Machine, folder: Path, *words: str, tool: tuple[str, ...] = YOLOLAB, code: int = 0
) -> tuple[float, str]:
    """Run a command to its end, and return its seconds and what it printed."""
    begin = time.monotonic()
    with (folder / "output.txt").open("ab+") as output:
        start = output.tell()
        process = subprocess.Popen(
            [sys.executable, *tool, *words],
            cwd=folder,
            env=os.environ | {"YOLO_OFFLINE": "true", "YOLO_CONFIG_DIR": str(machine.scratch)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            process.wait(max(machine.until - begin, 1.0))
        except subprocess.TimeoutExpired as late:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise MissingError("time was over") from late
        output.seek(start)
        text = output.read().decode(errors="replace")
    if process.returncode != code:
        raise AssertionError(f"exit code {process.returncode}, not {code}: {text[-1500:]}")
    return time.monotonic() - begin, text


def record_of(folder: Path, pattern: str = "outputs/training/*_*/experiment_log.json") -> tuple[Path, dict]:
    """Return the folder and the record of the only run that a pattern finds."""
    (file,) = folder.glob(pattern)
    return file.parent, json.loads(file.read_text(encoding="utf-8"))


def verified(record: dict) -> dict[str, bool | None]:
    """Return the checklist of a run: what was checked → whether it passed."""
    return {item["check"]: item["passed"] for item in record["verification"]["checks"]}


def facts(machine: Machine) -> dict:
    """What the figures depend on."""
    import torch

    card = torch.cuda.get_device_properties(0) if machine.gpu else None
    return {
        "gpu": None if card is None else card.name,
        "gpu_memory_gib": None if card is None else round(card.total_memory / 2**30, 1),
        "cuda": torch.version.cuda,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "cores": len(os.sched_getaffinity(0)),
    }


def job(machine: Machine, name: str, *words: str) -> dict:
    """Run a whole job, and return how it ended and whether the estimate was right."""
    folder = machine.project(name)
    seconds, _ = run(machine, folder, *words)
    place, record = record_of(folder)
    training = json.loads((place / "training.json").read_text(encoding="utf-8"))
    effective = record["effective_config"]["values"]
    memory = [size for size in training.get("epoch_memory_bytes", ()) if size]
    estimate = record["estimate"]
    return {
        "seconds": round(seconds, 1),
        "status": record["status"],
        "mAP50-95": record["results"].get("best_mAP50-95"),
        "verification": verified(record),
        "effective": {key: effective.get(key) for key in ("amp", "batch", "workers", "cache")},
        "estimate_seconds": estimate.get("seconds"),
        "actual_seconds": estimate.get("actual_seconds"),
        "estimated_memory_gib": gib(estimate.get("peak_memory_bytes")),
        "memory_gib": gib(max(memory, default=None)),
    }


def gib(size: float | None) -> float | None:
    """Return bytes as GiB."""
    return None if size is None else round(size / 2**30, 2)


def job_on_shapes(machine: Machine) -> dict:
    """The recipe of the README from end to end, export and its check included."""
    short = () if machine.gpu else ("epochs=2", "imgsz=64", "data.subset=0.1")
    return job(machine, "shapes", "experiment=demo", f"device={machine.device}", "approval=auto", *short)


def job_on_real_images(machine: Machine) -> dict:
    """Real images, with the export."""
    if machine.data is None:
        raise MissingError("no real images: --data DATA.YAML")
    words = [word for word in machine.job(f"data={machine.data}", "epochs=3") if word != "export=none"]
    return job(machine, "real", *words)


def amp(machine: Machine) -> dict:
    """Mixed precision: what was asked for, what came of it, and the memory of both."""
    if not machine.gpu:
        raise MissingError("no GPU")
    found = {}
    for asked in ("true", "false"):
        seen = job(machine, f"amp_{asked}", *machine.job("epochs=1", f"amp={asked}"))
        found[asked] = {"effective": seen["effective"]["amp"], "memory_gib": seen["memory_gib"]}
    return found


def automatic_batch(machine: Machine) -> dict:
    """batch=-1: how many images fit, and that the training goes on with them."""
    if not machine.gpu:
        raise MissingError("no GPU")
    seen = job(machine, "auto_batch", *machine.job("epochs=1", "batch=-1"))
    return {"batch": seen["effective"]["batch"], "memory_gib": seen["memory_gib"], "status": seen["status"]}


def out_of_memory(machine: Machine) -> dict:
    """A batch that does not fit: the estimate says so, the training halves it, the record has both."""
    if not machine.gpu:
        raise MissingError("no GPU")
    free = int(subprocess.check_output([sys.executable, "-c", FREE_MEMORY], text=True).split()[0])
    # YOLO26x takes about 3.5 GiB an image of 1,280 px: twice what fits, and no more than there are images
    wanted = min(max(8, int(2 * free / 2**30 / 3.5)), 256)
    words = machine.job("epochs=1", "model=yolo26x.yaml", "imgsz=1280", f"batch={wanted}", "amp=false")
    seen = job(machine, "memory", *words)
    return {"asked": wanted, "effective": seen["effective"]["batch"], "status": seen["status"]}


def resume(machine: Machine) -> dict:
    """A training that is killed in its third epoch goes on after the second."""
    folder = machine.project("resume")
    words = machine.job("epochs=5", "name=killed")
    process = subprocess.Popen(
        [sys.executable, *YOLOLAB, *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while epochs_done(folder) < 2:
            if process.poll() is not None or time.monotonic() > machine.until:
                raise AssertionError(f"the training ended by itself: code {process.poll()}")
            time.sleep(0.02)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    before = epochs_done(folder)
    run(machine, folder, "resume", "latest" if (folder / "outputs/training/latest").exists() else "killed")
    _, record = record_of(folder)
    return {"killed_after_epoch": before, "epochs": epochs_done(folder), "status": record["status"]}


def epochs_done(folder: Path, pattern: str = TABLES[YOLOLAB]) -> int:
    """Return how many epochs the only run has written."""
    tables = [file for file in folder.glob(pattern) if not file.parent.is_symlink()]
    return max(len(tables[0].read_text(encoding="utf-8").splitlines()) - 1, 0) if tables else 0


def sweep(machine: Machine) -> dict:
    """Two trials that share the card, half of it each."""
    folder = machine.project("sweep")
    slots = ("hydra.launcher.gpus=0.5",) if machine.gpu else ("hydra.launcher.jobs=2",)
    seconds, _ = run(machine, folder, "-m", *machine.job("epochs=2", "lr0=0.001,0.01"), *slots)
    trials = [
        json.loads(file.read_text(encoding="utf-8")) for file in folder.glob("multirun/*/[01]/experiment_log.json")
    ]
    begins = [trial["timestamp"] for trial in trials]
    return {"seconds": round(seconds, 1), "status": [trial["status"] for trial in trials], "began": sorted(begins)}


def throughput(machine: Machine) -> dict:
    """Equal trainings by both tools in turn: images a second from the second epoch on, whole command, first batch."""
    if machine.data is None:
        raise MissingError("no real images: --data DATA.YAML")
    equal = (f"data={machine.data}", "model=yolo26n.yaml", f"epochs={machine.epochs}", f"imgsz={machine.imgsz}")
    equal = (*equal, f"batch={machine.batch}", f"device={machine.device}", "plots=False", "seed=0", "amp=False")
    equal = (
        *equal,
        "optimizer=AdamW",
        "lr0=0.002",
        "momentum=0.9",
        "patience=100",
        "workers=8",
        f"fraction={machine.share}",
    )
    ours, plain = [], []
    for number in range(machine.pairs):
        ours.append(timed(machine, f"ours_{number}", YOLOLAB, *equal, "approval=auto", "export=none"))
        plain.append(
            timed(machine, f"plain_{number}", PLAIN, "train", *equal, f"project={machine.scratch}/plain_{number}/runs")
        )
    found = {"pairs": [list(pair) for pair in zip(ours, plain, strict=True)]}
    for key, better in (("seconds", -1), ("first_batch_seconds", -1), ("images_per_second", 1)):
        ratios = [(our[key] / other[key]) ** better for our, other in zip(ours, plain, strict=True)]
        found[f"times_better_{key}"] = round(statistics.median(ratios), 3)
    return found


def timed(machine: Machine, name: str, tool: tuple[str, ...], *words: str) -> dict:
    """Run one training at a terminal, and return its seconds, those until the first batch, and its pace."""
    folder = machine.project(name)
    session = TerminalSession(*tool, *words, cwd=folder, columns=160, YOLO_CONFIG_DIR=str(machine.scratch))
    ends: dict[int, float] = {}
    try:
        first = session.wait_for(FIRST_BATCH[tool], max(machine.until - time.monotonic(), 1.0))
        while session.process.poll() is None:
            if time.monotonic() > machine.until:
                raise MissingError("time was over")
            session._read(time.monotonic() + 0.05)
            ends.setdefault(epochs_done(folder, TABLES[tool]), time.monotonic() - session.started)
        ended = time.monotonic() - session.started
    finally:
        if session.process.poll() is None:
            session.process.kill()
        code = session.finish(1.0)
    if code != 0:
        raise AssertionError(f"exit code {code}: {session.text[-1500:]}")
    images = machine.share * sum(1 for _ in (machine.data.parent / "train/images").iterdir())
    last = max(ends)
    pace = images * (last - 1) / (ends[last] - ends[1])
    return {"seconds": round(ended, 2), "first_batch_seconds": round(first, 2), "images_per_second": round(pace, 1)}


PARTS: tuple[Callable[[Machine], dict], ...] = (
    facts,
    job_on_shapes,
    job_on_real_images,
    throughput,
    resume,
    sweep,
    amp,
    automatic_batch,
    out_of_memory,
)


def main() -> None:
    """Run the parts that were asked for, one after the other, until the time is over."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rehearse", action="store_true", help="on a CPU, and small")
    parser.add_argument("--data", type=Path, help="a data.yaml of real images with train/images beside it")
    parser.add_argument("--limit", type=float, default=480.0, help="seconds")
    parser.add_argument("--parts", default=",".join(part.__name__ for part in PARTS))
    parser.add_argument("--result", type=Path, default=HERE / "result.json")
    asked = parser.parse_args()
    wanted = asked.parts.split(",")
    unknown = sorted(set(wanted) - {part.__name__ for part in PARTS})
    if unknown:
        parser.error(f"--parts {','.join(unknown)}: there are {', '.join(part.__name__ for part in PARTS)}")
    if asked.rehearse and asked.result == HERE / "result.json":
        asked.result = Path(tempfile.gettempdir()) / "yololab_gpu_rehearsal.json"
    data = None if asked.data is None else asked.data.resolve()
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True, check=False
    )
    result = {
        "command": " ".join(["tests/gpu/run.sh", *sys.argv[1:]]),
        "commit": commit.stdout.strip() or None,
        "date": date.today().isoformat(),
        "rehearsal": asked.rehearse,
        "parts": {},
    }
    until = time.monotonic() + asked.limit
    with tempfile.TemporaryDirectory(prefix="yololab_gpu_", ignore_cleanup_errors=True) as scratch:
        size = ("cpu", 64, 8, 2, 1, 0.1) if asked.rehearse else ("0", 640, 16, 4, 2, 1.0)
        machine = Machine(*size, data, Path(scratch), until)
        for part in PARTS:
            if part.__name__ not in wanted:
                continue
            begin = time.monotonic()
            try:
                if begin > until:
                    raise MissingError("time was over")
                seen = {"passed": True} | part(machine)
            except MissingError as missing:
                seen = {"passed": None, "missing": str(missing)}
            except Exception as error:  # a part that fails costs itself alone
                seen = {"passed": False, "error": f"{type(error).__name__}: {error}"}
            result["parts"][part.__name__] = seen | {"took_seconds": round(time.monotonic() - begin, 1)}
            asked.result.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
            print(part.__name__, json.dumps(result["parts"][part.__name__], ensure_ascii=False), flush=True)
    sys.exit(1 if any(part["passed"] is False for part in result["parts"].values()) else 0)


if __name__ == "__main__":
    main()
