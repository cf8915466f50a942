"""What `search=freeze_thaw` spends until it has the best mAP of Ultralytics' `model.tune()`, seed by seed.

    python tests/benchmarks/search_paired.py path/to/bccd/data.yaml --start best.pt --seed 0 --arm tune
    python tests/benchmarks/search_paired.py path/to/bccd/data.yaml --start best.pt --seed 0 --arm ours
    python tests/benchmarks/search_paired.py … --seeds 5      # all of both arms, 25 minutes on two idle cores

Each call adds what it has measured to search_paired.json, so that an interruption loses one arm of one seed. Both arms
fine-tune the same checkpoint (YOLO26n trained on the built-in shapes) on the same images with AdamW, one thread, the
same seed, over the same ranges of lr0 and momentum. `tune()` runs its 10 iterations and begins, as it does for its
users, with Ultralytics' own lr0 of 0.01 and momentum of 0.937; ours begins with those of `hparams=finetune`, 0.001 and
0.9, as it does for its users. The score of a trial is the best mAP50-95 of its results.csv. Ours is charged for all
that the command spends until the trial that first reaches `tune()`'s best has trained its last epoch, and for all of
`tune()`'s budget when none does. CPU seconds of the whole process tree, sampled twice a second.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml
from search_cost import LR0, MOMENTUM, TUNE, arm, small_dataset

HERE = Path(__file__).resolve().parent
TRIALS, BUDGET_EPOCHS = 10, 30
SHARED = {
    "epochs": 6, "imgsz": 96, "batch": 4, "nbs": 4, "optimizer": "AdamW", "device": "cpu", "workers": 0,
    "plots": False, "close_mosaic": 2, "warmup_epochs": 1, "warmup_bias_lr": 0.0, "patience": 100, "cos_lr": False,
}  # fmt: skip
IMAGES = 48
START_OF_TUNE = {"lr0": 0.01, "momentum": 0.937}


def dataset(data: Path, target: Path) -> Path:
    """Write a data.yaml with few images in both splits."""
    file = small_dataset(data, IMAGES, target)
    content = yaml.safe_load(file.read_text())
    every = sorted((data.parent / yaml.safe_load(data.read_text())["val"]).iterdir())
    (target / "val.txt").write_text("".join(f"{path}\n" for path in every[::4]))
    file.write_text(yaml.safe_dump(content | {"val": str(target / "val.txt")}))
    return file


def measure(name: str, data: Path, start: str, seed: int, folder: Path) -> dict:
    """Run one arm with one seed."""
    shared = SHARED | {"data": str(dataset(data, folder / "data")), "seed": seed}
    if name == "tune":
        words = shared | START_OF_TUNE | {"project": str(folder / "tune")}
        command = [sys.executable, "-c", TUNE % (LR0, MOMENTUM), json.dumps(words), str(TRIALS), start]
        return arm(command, folder / "tune", "**/results.csv")
    command = [sys.executable, "-m", "yololab", "-m", f"model={start}", *(f"{k}={v}" for k, v in shared.items())]
    command += ["hparams=finetune", "approval=auto", "export=none", "evaluation.plots=false", "device.threads=1"]
    command += ["search=freeze_thaw", f"search.budget_epochs={BUDGET_EPOCHS}", f"search.seed={seed}", "search.space={}"]
    command += [f"lr0=tag(log,interval({LR0[0]},{LR0[1]}))", f"momentum=interval({MOMENTUM[0]},{MOMENTUM[1]})"]
    return arm(command, folder / "ours", "multirun/*/[0-9]*/results.csv")


def share(ours: dict, tune: dict) -> dict:
    """Return what ours spent until it had the other's best, as a share of all that the other spent."""
    spent = [trial["cpu_seconds"] for trial in ours["trials"] if trial["mAP50-95"] >= tune["best"]]
    reached = min(spent, default=tune["cpu_seconds"])
    return {
        "target": tune["best"],
        "reached": bool(spent),
        "our_cpu_seconds": round(reached),
        "their_cpu_seconds": round(tune["cpu_seconds"]),
        "share": round(reached / tune["cpu_seconds"], 3),
    }


def main() -> None:
    """Run what was asked for, and add it to the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--start", type=Path, required=True, help="the checkpoint that both arms start from")
    parser.add_argument("--arm", choices=("tune", "ours"))
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=HERE / "search_paired.json")
    options = parser.parse_args()
    seeds = range(options.seeds) if options.seed is None else (options.seed,)
    for seed in seeds:
        for name in (options.arm,) if options.arm else ("tune", "ours"):
            with tempfile.TemporaryDirectory() as scratch:
                found = measure(name, options.data.resolve(), str(options.start.resolve()), seed, Path(scratch))
            found.pop("bodies", None)
            add(options.out, seed, name, found)


def add(out: Path, seed: int, name: str, found: dict) -> None:
    """Add what an arm has measured, and what all pairs so far say."""
    content = json.loads(out.read_text()) if out.exists() else {"pairs": {}}
    content["pairs"].setdefault(str(seed), {})[name] = found
    whole = {number: pair for number, pair in content["pairs"].items() if len(pair) == 2}
    shares = {number: share(pair["ours"], pair["tune"]) for number, pair in whole.items()}
    values = [item["share"] for item in shares.values()]
    rng = random.Random(0)
    means = sorted(statistics.fmean(rng.choices(values, k=len(values))) for _ in range(2000)) if values else []
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True, check=True
    )
    content |= {
        "command": "python tests/benchmarks/search_paired.py DATA.YAML --start BEST.PT",
        "commit": commit.stdout.strip(),
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, no GPU",
        "shares": shares,
        "share": round(statistics.fmean(values), 3) if values else None,
        "share_ci": [round(means[50], 3), round(means[-51], 3)] if len(values) > 2 else None,
    }
    out.write_text(json.dumps(content, indent=2) + "\n")
    print(json.dumps({key: content[key] for key in ("shares", "share", "share_ci")}, indent=2))


if __name__ == "__main__":
    main()
