"""The whole job by command: yololab against `yolo train` and `yolo val` (and `yolo export format=onnx`).

    python tests/benchmarks/whole_job.py path/to/bccd/data.yaml               # writes whole_job.json beside itself
    python tests/benchmarks/whole_job.py path/to/bccd/data.yaml --rounds 1    # half as long
    python tests/benchmarks/whole_job.py … --out elsewhere.json

Both train the same checkpoint (YOLO26n with random weights) with equal arguments: 3 epochs at 160 px. In each round
every arm runs once, in reversed order in every second round; a ratio is that of two arms of one round. CPU seconds are
those of the whole process tree. `arithmetic_alone` is what the steps of such a training take by themselves, on random
images that are there, with their losses, the optimizer, and the forward passes of its validations: nothing is imported,
read, augmented, measured, saved or drawn. No job can be faster by more than `at_most`, the plain tool's time over that.
Without bf16 in the processor the bf16 arms are left out. Two rounds take about five
minutes on two idle cores.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

from yololab.host.processor import has_bf16, processor_features, processor_name

HERE = Path(__file__).parent
COMMON = ("epochs=3", "imgsz=160", "batch=16", "device=cpu", "optimizer=AdamW", "lr0=0.002", "patience=100", "seed=0")
YOLO = (sys.executable, "-c", "from ultralytics.cfg import entrypoint; entrypoint()")
MAKE = "import sys, torch; from ultralytics import YOLO; torch.manual_seed(0); YOLO('yolo26n.yaml').save(sys.argv[1])"

# What a job computes, and nothing else; as many threads as there are cores, which wait as those of our jobs do.
ARITHMETIC = """
import os, sys, time
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
import torch
from ultralytics.cfg import get_cfg
from ultralytics.nn.tasks import DetectionModel
from yololab.ultralytics_adapter.isolation.memory import kept_memory
from yololab.ultralytics_adapter.training.computing import Bf16Network, fused
precision, steps, images = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(os.cpu_count())
torch.manual_seed(0)
model = DetectionModel("yolo26n.yaml", nc=3, verbose=False)
model.args = get_cfg()
model.to(memory_format=torch.channels_last)
network = Bf16Network(model) if precision == "bf16" else model
optimizer = fused(torch.optim.AdamW(model.parameters(), lr=1e-5))
boxes = torch.cat([torch.rand(16 * 12, 2) * 0.8 + 0.1, torch.rand(16 * 12, 2) * 0.15 + 0.05], 1)
batch = {
    "img": torch.rand(16, 3, 160, 160), "batch_idx": torch.arange(16).repeat_interleave(12).float(),
    "cls": torch.randint(0, 3, (16 * 12, 1)).float(), "bboxes": boxes,
}
def step():
    network(dict(batch))[0].sum().backward()
    optimizer.step()
    optimizer.zero_grad()
with kept_memory():
    step()
    begin = time.perf_counter()
    for _ in range(steps):
        step()
    model.eval()
    with torch.inference_mode():
        for _ in range(images // 16):
            model(batch["img"])
    print(time.perf_counter() - begin)
"""


def arithmetic(data: Path, precision: str, folder: Path) -> float:
    """Return the seconds of what a job computes, and of nothing else."""
    train, val = (len(list((data.parent / split / "images").iterdir())) for split in ("train", "val"))
    command = (sys.executable, "-c", ARITHMETIC, precision, str(3 * math.ceil(train / 16)), str(4 * val))
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])


def timed(*command: str, cwd: Path) -> dict[str, float]:
    """Run a command to its end, and return its seconds and the CPU seconds of all its processes."""
    begin = time.perf_counter()
    with (cwd / "output.txt").open("wb") as output:
        process = subprocess.Popen(command, cwd=cwd, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(
            f"{' '.join(command)}: exit {process.returncode}\n{(cwd / 'output.txt').read_text()[-3000:]}"
        )
    return {"seconds": time.perf_counter() - begin, "cpu_seconds": usage.ru_utime + usage.ru_stime}


def added(*parts: dict[str, float]) -> dict[str, float]:
    """Add up what commands took."""
    return {key: sum(part[key] for part in parts) for key in parts[0]}


def plain(data: Path, start: Path, folder: Path) -> dict[str, dict[str, float]]:
    """Train, validate and export as the plain tool does."""
    best = folder / "run/weights/best.pt"
    trained = timed(*YOLO, "train", f"model={start}", f"data={data}", f"save_dir={folder / 'run'}", *COMMON, cwd=folder)
    val = ("val", f"model={best}", f"data={data}", "imgsz=160", "device=cpu", f"save_dir={folder / 'val'}")
    both = added(trained, timed(*YOLO, *val, cwd=folder))
    exported = timed(*YOLO, "export", f"model={best}", "format=onnx", "imgsz=160", "device=cpu", cwd=folder)
    return {"none": both, "onnx": added(both, exported)}


def ours(data: Path, start: Path, folder: Path, precision: str, export: str) -> dict[str, float]:
    """Do the job by yololab."""
    own = (f"device.precision={precision}", f"export={export}", "approval=auto")
    return timed(sys.executable, "-m", "yololab", f"model={start}", f"data={data}", *COMMON, *own, cwd=folder)


def stages(folder: Path) -> dict[str, float]:
    """Return how long the stages of a run took, as it says itself."""
    (record,) = (folder / "outputs/training").glob("*_*/experiment_log.json")
    return {name: seconds for name, seconds in json.loads(record.read_text())["timings"].items() if seconds >= 0.1}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--out", type=Path, default=HERE / "whole_job.json")
    asked = parser.parse_args()
    data = asked.data.resolve()
    arms = [(p, e) for p in ("fp32", *(["bf16"] if has_bf16() else [])) for e in ("none", "onnx")]
    rounds = []
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        os.environ |= {"YOLO_CONFIG_DIR": str(place / "settings"), "YOLO_OFFLINE": "1"}
        start = place / "start.pt"
        subprocess.run([sys.executable, "-c", MAKE, str(start)], cwd=place, check=True, capture_output=True)
        for number in range(asked.rounds):
            found: dict[str, dict[str, float]] = {}
            shares: dict[str, dict[str, float]] = {}
            order = ["plain", *arms] if number % 2 == 0 else [*reversed(arms), "plain"]
            for arm in order:
                folder = place / f"{number} {arm}"
                folder.mkdir()
                if arm == "plain":
                    found |= {f"plain, {export}": took for export, took in plain(data, start, folder).items()}
                else:
                    found[", ".join(arm)] = ours(data, start, folder, *arm)
                    shares[", ".join(arm)] = stages(folder)
                print(arm, {name: round(took["seconds"], 1) for name, took in found.items()}, flush=True)
            alone = {precision: arithmetic(data, precision, place) for precision in dict(arms)}
            rounds.append({"took": found, "stages": shares, "arithmetic_alone": alone})

    def ratio(arm: tuple[str, str], key: str) -> float:
        took = [entry["took"] for entry in rounds]
        return round(statistics.median(one[f"plain, {arm[1]}"][key] / one[", ".join(arm)][key] for one in took), 3)

    alone = {name: statistics.median(entry["arithmetic_alone"][name] for entry in rounds) for name in dict(arms)}
    most = {
        ", ".join(arm): round(
            statistics.median(entry["took"][f"plain, {arm[1]}"]["seconds"] for entry in rounds) / alone[arm[0]], 2
        )
        for arm in arms
    }
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True, check=True)
    result = {
        "command": f"python tests/benchmarks/whole_job.py DATA.YAML --rounds {asked.rounds}",
        "commit": done.stdout.strip(),
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {processor_name()}",
        "features": processor_features(),
        "versions": {name: version(name) for name in ("torch", "ultralytics")},
        "threads": os.environ.get("OMP_NUM_THREADS"),
        "arguments": " ".join(COMMON),
        "dataset": data.parent.name,
        "times_faster": {", ".join(arm): ratio(arm, "seconds") for arm in arms},
        "times_less_cpu": {", ".join(arm): ratio(arm, "cpu_seconds") for arm in arms},
        "arithmetic_alone": {name: round(seconds, 2) for name, seconds in alone.items()},
        "at_most": most,
        "rounds": rounds,
    }
    asked.out.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps({key: value for key, value in result.items() if key != "rounds"}, indent=2))


if __name__ == "__main__":
    main()
