"""What `search=freeze_thaw` spends until it has the best mAP of Ultralytics' `model.tune()`, seed by seed.

    python tests/benchmarks/search_paired.py path/to/bccd/data.yaml --start best.pt --seed 0 --arm tune
    python tests/benchmarks/search_paired.py path/to/bccd/data.yaml --start best.pt --seed 0 --arm same
    python tests/benchmarks/search_paired.py … --seed 0 --arm warm --earlier SWEEP --earlier-cpu 61

Each call adds what it has measured to search_paired.json, so that an interruption loses one arm of one seed. All arms
fine-tune the same checkpoint (YOLO26n trained on the built-in shapes) on the same images with AdamW, one thread, the
same seed, over the same ranges of lr0 and momentum. `tune` runs its 10 iterations and begins, as it does for its
users, with Ultralytics' own lr0 of 0.01 and momentum of 0.937; `tune_from_ours` is given the start of ours. Ours has
half of those epochs and begins with what `hparams=finetune` has, 0.001 and 0.9, as it does for its users: `same` with
all other arguments as `tune` has them, `light` with augmentation=light and half an epoch of warm-up, `warm` as `same`
but with `search.warm_start` from an earlier sweep with another seed, whose cost stands beside it and is not charged: it
was made with the same words, `yololab -m … lr0=0.0007,0.0014 momentum=0.8,0.9 seed=11` instead of a search.
The score of a trial is the best mAP50-95 of its results.csv. Ours is charged for all that the command
spends until the trial that first reaches `tune`'s best has trained its last epoch, when it is stopped, and for all of
`tune`'s budget when none does. CPU seconds of the whole process tree, sampled twice a second.
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
from search_cost import LR0, MOMENTUM, TUNE, arm, score_of, small_dataset

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


# Arm → what it is given beside the shared arguments.
OURS: dict[str, dict[str, str]] = {"same": {}, "light": {"augmentation": "light", "warmup_epochs": "0.5"}, "warm": {}}
START_OF_OURS = {"lr0": 0.001, "momentum": 0.9}
TABLES = "multirun/*/[0-9]*/results.csv"


def measure(name: str, data: Path, start: str, seed: int, folder: Path, warm: Path | None, target: float) -> dict:
    """Run one arm with one seed; ours ends as soon as a trial that has come to its end has the target."""
    shared = SHARED | {"data": str(dataset(data, folder / "data")), "seed": seed}
    if name not in OURS:
        first = START_OF_TUNE if name == "tune" else START_OF_OURS
        words = shared | first | {"project": str(folder / "tune")}
        command = [sys.executable, "-c", TUNE % (LR0, MOMENTUM), json.dumps(words), str(TRIALS), start]
        return arm(command, folder / "tune", "**/results.csv")
    command = [sys.executable, "-m", "yololab", "-m", f"model={start}"]
    command += [f"{key}={value}" for key, value in (shared | OURS[name]).items()]
    command += ["hparams=finetune", "approval=auto", "export=none", "evaluation.plots=false", "device.threads=1"]
    command += ["search=freeze_thaw", f"search.budget_epochs={BUDGET_EPOCHS}", f"search.seed={seed}", "search.space={}"]
    command += [f"lr0=tag(log,interval({LR0[0]},{LR0[1]}))", f"momentum=interval({MOMENTUM[0]},{MOMENTUM[1]})"]
    command += [f"search.warm_start={warm}"] if warm else []

    def reached() -> bool:
        return any(len(table.read_text().splitlines()) > SHARED["epochs"] and score_of(table) >= target
                   for table in (folder / "ours").glob(TABLES))  # fmt: skip

    return arm(command, folder / "ours", TABLES, reached)


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
    parser.add_argument("--start", type=Path, required=True, help="the checkpoint that all arms start from")
    parser.add_argument("--arm", choices=("tune", "tune_from_ours", *OURS), required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--earlier", type=Path, help="the folder of the sweep that `warm` begins with")
    parser.add_argument("--earlier-cpu", type=float, help="the CPU seconds that it took")
    parser.add_argument("--out", type=Path, default=HERE / "search_paired.json")
    options = parser.parse_args()
    pair = read(options.out)["pairs"].get(str(options.seed), {})
    target = pair["tune"]["best"] if options.arm in OURS and "tune" in pair else float("inf")
    warm = options.earlier.resolve() if options.arm == "warm" else None
    with tempfile.TemporaryDirectory() as scratch:
        place = options.data.resolve(), str(options.start.resolve()), options.seed, Path(scratch)
        found = measure(options.arm, *place, warm, target)
    found.pop("bodies", None)
    content = read(options.out)  # now, since another arm may have been measured meanwhile
    content["pairs"].setdefault(str(options.seed), {})[options.arm] = found
    if warm:
        rows = json.loads((warm / "summary.json").read_text())["trials"]
        trials = [{**row["values"], "mAP50-95": row["objectives"][0]} for row in rows]
        content["earlier"] = {"trials": trials, "cpu_seconds": options.earlier_cpu}
    keep(options.out, content)


def read(out: Path) -> dict:
    """Return what has been measured so far."""
    return json.loads(out.read_text()) if out.exists() else {"pairs": {}}


def keep(out: Path, content: dict) -> None:
    """Write what was measured, and what all pairs so far say."""
    content["shares"] = {}
    for name in ("same", "light", "warm"):
        whole = {number: pair for number, pair in sorted(content["pairs"].items()) if {"tune", name} <= pair.keys()}
        found = {number: share(pair[name], pair["tune"]) for number, pair in whole.items()}
        values, rng = [item["share"] for item in found.values()], random.Random(0)
        means = sorted(statistics.fmean(rng.choices(values, k=len(values))) for _ in range(2000)) if values else []
        if found:
            mean, ends = round(statistics.fmean(values), 3), [round(means[50], 3), round(means[-51], 3)]
            content["shares"][name] = {"pairs": found, "mean": mean, "ci": ends if len(values) > 2 else None}
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True, check=True
    )
    content |= {
        "command": "python tests/benchmarks/search_paired.py DATA.YAML --start BEST.PT --seed SEED --arm ARM",
        "commit": commit.stdout.strip(),
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, no GPU",
    }
    out.write_text(json.dumps(content, indent=2) + "\n")
    print(json.dumps(content["shares"], indent=2))


if __name__ == "__main__":
    main()
