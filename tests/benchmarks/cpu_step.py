"""What a training step costs on a CPU, by each thing that we do about it: python tests/benchmarks/cpu_step.py

Writes cpu_step.json beside itself. YOLO26n, 16 images with 12 boxes each, forward, loss and backward on one thread;
each way of computing is a process of its own. CPU seconds of the fastest of the steps after the first, so that a busy
machine changes little. Takes about three minutes; `cpu_step.py 160 320` measures these sizes alone, in one.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
BATCH, BOXES, STEPS = 16, 12, 4
SIZES = ("160", "320", "640")
WAYS = {
    "as Ultralytics": {"layout": False, "memory": False, "bf16": False},
    "channels_last": {"layout": True, "memory": False, "bf16": False},
    "channels_last, memory kept": {"layout": True, "memory": True, "bf16": False},
    "channels_last, memory kept, bf16": {"layout": True, "memory": True, "bf16": True},
}


def step(size: int, layout: bool, memory: bool, bf16: bool) -> dict[str, float]:
    """Return the CPU seconds of a step's parts."""
    import torch
    from ultralytics.cfg import get_cfg
    from ultralytics.nn.tasks import DetectionModel

    from yololab.ultralytics_adapter.isolation.memory import kept_memory
    from yololab.ultralytics_adapter.training.computing import in_full

    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = DetectionModel("yolo26n.yaml", nc=3, verbose=False)
    model.args = get_cfg()
    if layout:
        model.to(memory_format=torch.channels_last)
    count = BATCH * BOXES
    batch = {
        "img": torch.rand(BATCH, 3, size, size),
        "batch_idx": torch.arange(BATCH).repeat_interleave(BOXES).float(),
        "cls": torch.randint(0, 3, (count, 1)).float(),
        "bboxes": torch.cat([torch.rand(count, 2) * 0.8 + 0.1, torch.rand(count, 2) * 0.15 + 0.05], 1),
    }
    best = {"forward": float("inf"), "loss": float("inf"), "backward": float("inf")}
    with kept_memory() if memory else contextlib.nullcontext():
        for number in range(STEPS):
            times = [time.process_time()]
            with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
                predictions = model.predict(batch["img"])
            predictions = in_full(predictions)
            times.append(time.process_time())
            loss = model.loss(batch, predictions)[0].sum()
            times.append(time.process_time())
            loss.backward()
            times.append(time.process_time())
            for parameter in model.parameters():
                parameter.grad = None
            if number:
                took = [end - begin for begin, end in itertools.pairwise(times)]
                best = {name: min(best[name], seconds) for name, seconds in zip(best, took, strict=True)}
    return {name: round(seconds, 3) for name, seconds in best.items()} | {"step": round(sum(best.values()), 3)}


def main() -> None:
    if len(sys.argv) == 2 and sys.argv[1].startswith("{"):
        print(json.dumps(step(**json.loads(sys.argv[1]))))
        return
    sizes = sys.argv[1:] or SIZES
    from yololab.host.processor import has_bf16, processor_features, processor_name

    found: dict[str, dict[str, dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        environment = os.environ | {"YOLO_CONFIG_DIR": scratch, "YOLO_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
        for size in sizes:
            for way, how in WAYS.items():
                if how["bf16"] and not has_bf16():
                    continue
                command = [sys.executable, __file__, json.dumps({"size": int(size), **how})]
                done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
                found.setdefault(size, {})[way] = json.loads(done.stdout.splitlines()[-1])
                print(size, way, found[size][way], flush=True)
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True, check=True)
    result = {
        "command": " ".join(("python tests/benchmarks/cpu_step.py", *sys.argv[1:])),
        "commit": done.stdout.strip(),
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {processor_name()}",
        "features": processor_features(),
        "torch": version("torch"),
        "cpu_seconds": found,
        "times_less_cpu": {
            size: {way: round(ways["as Ultralytics"]["step"] / took["step"], 2) for way, took in ways.items()}
            for size, ways in found.items()
        },
    }
    (HERE / "cpu_step.json").write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result["times_less_cpu"], indent=2))


if __name__ == "__main__":
    main()
