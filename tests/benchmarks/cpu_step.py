"""What a training step costs on a CPU, by each thing that we do about it: python tests/benchmarks/cpu_step.py

Writes cpu_step.json beside itself. YOLO26n, 16 images with 12 boxes each, forward, loss, backward and AdamW on one
thread; each way of computing is a process of its own. CPU seconds of the fastest of the steps after the first, so that
a busy machine changes little. `a_step_at_all` is what a step costs whatever its images are: where the line through the
steps of two and of 16 images meets none. Takes about four minutes; `cpu_step.py 160 320` measures these sizes alone.
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
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
BATCH, FEW, BOXES, STEPS = 16, 2, 12, 4
SIZES = ("160", "320", "640")
PLAIN = {"layout": False, "memory": False, "fused": False, "bf16": False}
WAYS = {
    "as Ultralytics": PLAIN,
    "channels_last": PLAIN | {"layout": True},
    "channels_last, memory kept": PLAIN | {"layout": True, "memory": True},
    "channels_last, memory kept, fused": PLAIN | {"layout": True, "memory": True, "fused": True},
    "channels_last, memory kept, fused, bf16": {"layout": True, "memory": True, "fused": True, "bf16": True},
}


def step(size: int, images: int, layout: bool, memory: bool, fused: bool, bf16: bool) -> dict[str, float]:
    """Return the CPU seconds of a step's parts."""
    import torch
    from ultralytics.cfg import get_cfg
    from ultralytics.nn.tasks import DetectionModel

    from yololab.ultralytics_adapter.isolation.memory import kept_memory
    from yololab.ultralytics_adapter.training.computing import fused as one_kernel
    from yololab.ultralytics_adapter.training.computing import in_full

    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = DetectionModel("yolo26n.yaml", nc=3, verbose=False)
    model.args = get_cfg()
    if layout:
        model.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5)
    optimizer = one_kernel(optimizer) if fused else optimizer
    count = images * BOXES
    batch = {
        "img": torch.rand(images, 3, size, size),
        "batch_idx": torch.arange(images).repeat_interleave(BOXES).float(),
        "cls": torch.randint(0, 3, (count, 1)).float(),
        "bboxes": torch.cat([torch.rand(count, 2) * 0.8 + 0.1, torch.rand(count, 2) * 0.15 + 0.05], 1),
    }
    best = dict.fromkeys(("forward", "loss", "backward", "optimizer"), float("inf"))
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
            optimizer.step()
            optimizer.zero_grad()
            times.append(time.process_time())
            if number:
                took = [end - begin for begin, end in itertools.pairwise(times)]
                best = {name: min(best[name], seconds) for name, seconds in zip(best, took, strict=True)}
    return {name: round(seconds, 3) for name, seconds in best.items()} | {"step": round(sum(best.values()), 3)}


def write(found: dict[str, dict[str, dict[str, float]]], sizes: Sequence[str]) -> dict[str, dict[str, float]]:
    """Write what has been found so far, and return how many times less CPU time each way takes."""
    from yololab.host.processor import processor_features, processor_name

    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True, check=True)
    less = {
        size: {way: round(ways["as Ultralytics"]["step"] / took["step"], 2) for way, took in ways.items()}
        for size, ways in found.items()
    }
    result = {
        "command": " ".join(("python tests/benchmarks/cpu_step.py", *sizes)),
        "commit": done.stdout.strip(),
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {processor_name()}",
        "features": processor_features(),
        "torch": version("torch"),
        "cpu_seconds": found,
        "times_less_cpu": less,
    }
    (HERE / "cpu_step.json").write_text(json.dumps(result, indent=2) + "\n")
    return less


def main() -> None:
    if len(sys.argv) == 2 and sys.argv[1].startswith("{"):
        print(json.dumps(step(**json.loads(sys.argv[1]))))
        return
    sizes = sys.argv[1:] or SIZES
    from yololab.host.processor import has_bf16

    found: dict[str, dict[str, dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        environment = os.environ | {"YOLO_CONFIG_DIR": scratch, "YOLO_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
        for size in sizes:
            for way, how in WAYS.items():
                if how["bf16"] and not has_bf16():
                    continue
                took = {}
                for images in (BATCH, FEW):
                    command = [sys.executable, __file__, json.dumps({"size": int(size), "images": images, **how})]
                    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
                    took[images] = json.loads(done.stdout.splitlines()[-1])
                an_image = (took[BATCH]["step"] - took[FEW]["step"]) / (BATCH - FEW)
                at_all = round(max(0.0, took[FEW]["step"] - FEW * an_image), 3)
                found.setdefault(size, {})[way] = took[BATCH] | {"a_step_at_all": at_all}
                print(size, way, found[size][way], flush=True)
            less = write(found, list(found))
    print(json.dumps(less, indent=2))


if __name__ == "__main__":
    main()
