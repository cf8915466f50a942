"""How much sooner `hparams=short` is where plain Ultralytics ends, and what each of its parts gives.

    python tests/benchmarks/time_to_accuracy.py --bccd path/to/bccd/data.yaml     # writes time_to_accuracy.json
    python tests/benchmarks/time_to_accuracy.py --bccd … --arms plain exact --minutes 5    # a piece; the rest later
    python tests/benchmarks/time_to_accuracy.py --data shapes --seeds 1 --epochs 2 --out try.json    # does it work?
    python tests/benchmarks/time_to_accuracy.py --steps                           # only what a step costs: a minute

Each arm is a command as a user types it, from one checkpoint (the recipe `demo`, eight epochs on the built-in shapes;
made on the way, or `--start`) to a measured best.pt: `plain` is `yolo train` with model, data, epochs, image size,
device and seed, all else its own default; ours are whole jobs with check, estimate and report, without export. One
thread each, in an order that turns with the seed; a ratio is that of two commands of one seed, in the processor seconds
of the whole process tree, so that what else the machine does is not counted.

Declared before: an arm keeps the accuracy when the comparison of recipes over the seeds says that it is no worse than
`plain` with a tolerance of 0.03 of mAP50-95, on the test split, with ten seeds an arm at most, on a recipe whose seeds
have a standard deviation of 0.015 at most. What `hparams=short` holds was chosen on the images of val with seeds from
100 on; seeds here begin at 0. A run that is done is never repeated; the result file is written after each.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parent))
from whole_job import YOLO, timed

HERE = Path(__file__).parent
CONF = HERE.parents[1] / "conf"
TOLERANCE, MOST_SEEDS, LARGEST_SD, REACH = 0.03, 10, 0.015, 2.5
EPOCHS, IMGSZ = 25, 128  # of plain; ours end when the preset says so
PRESET = ("hparams=short", "augmentation=light")
FP32 = "device.precision=fp32"
# Arm → what is typed besides; those named plain are `yolo train`.
ARMS: dict[str, tuple[str, ...]] = {
    "plain": (),
    "plain, our hparams": PRESET,
    "exact": (*PRESET, FP32),
    "balanced": (*PRESET, FP32, "speed=balanced"),
    "fast": (*PRESET, FP32, "speed=fast"),
    "exact, bf16": (*PRESET, "device.precision=bf16"),
}
# Beside `plain`, what an arm is held against.
AGAINST = {"exact, bf16": "exact", "balanced": "exact", "fast": "exact"}


def values_of(group: str, name: str) -> dict[str, Any]:
    """Return what an option says, with what it starts from."""
    content = yaml.safe_load((CONF / group / f"{name}.yaml").read_text(encoding="utf-8"))
    found: dict[str, Any] = {}
    for base in content.pop("defaults", []):
        found |= {} if base == "_self_" else values_of(group, base)
    return found | content


def spelled_out(options: Iterable[str]) -> list[str]:
    """Return what options of ours say, as `yolo train` is told it; the size of the images is given beside it."""
    values: dict[str, Any] = {}
    for option in options:
        values |= values_of(*option.split("="))
    return [f"{key}={value}" for key, value in values.items() if key != "imgsz"]


def trained(arm: str, start: Path, data: Path, seed: int, folder: Path, epochs: int) -> tuple[float, Path]:
    """Run the command of an arm; return its processor seconds and best.pt."""
    common = (f"model={start}", f"data={data}", f"imgsz={IMGSZ}", "device=cpu", f"seed={seed}")
    if arm.startswith("plain"):
        own = spelled_out(ARMS[arm]) or [f"epochs={epochs}"]
        took = timed(*YOLO, "train", *common, *own, f"save_dir={folder / 'run'}", cwd=folder)
        return took["cpu_seconds"], folder / "run/weights/best.pt"
    ours = ("device.threads=1", "export=none", "approval=auto")
    took = timed(sys.executable, "-m", "yololab", "train", *common, *ARMS[arm], *ours, cwd=folder)
    return took["cpu_seconds"], folder / "outputs/training/latest/weights/best.pt"


def measured(arm: str, start: Path, data: Path, seed: int, folder: Path, epochs: int) -> dict[str, float]:
    """Train, and measure best.pt on the test split; keep the records of that beside the folder, and no weights."""
    import yololab

    folder.mkdir()
    seconds, best = trained(arm, start, data, seed, folder, epochs)
    split = {"split": "test", "plots": False}
    found = yololab.evaluate(best, data, quiet=True, device="cpu", imgsz=IMGSZ, evaluation=split)
    shutil.copy(found.path.with_name("predictions.npz"), folder.with_suffix(".npz"))
    shutil.rmtree(found.path.parent)
    shutil.rmtree(folder)
    return {"mAP50-95": round(float(found.value("mAP50-95") or 0.0), 5), "seconds": round(seconds, 2)}


def judged(runs: list[dict[str, Any]], work: Path) -> dict[str, Any]:
    """Return for each arm its scores, how much sooner it is there than `plain`, and the verdicts over the seeds."""
    arms: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    for run in runs:
        arms[run["arm"]][run["seed"]] = run
    found: dict[str, Any] = {}
    for arm in (name for name in ARMS if name in arms):
        scores = [run["mAP50-95"] for run in arms[arm].values()]
        row: dict[str, Any] = {"seeds": len(scores), "mean": round(statistics.mean(scores), 4)}
        row["sd"] = round(statistics.stdev(scores), 4) if len(scores) > 1 else None
        row["seconds"] = round(statistics.median(run["seconds"] for run in arms[arm].values()), 1)
        for other in dict.fromkeys(("plain", AGAINST.get(arm, "plain"))):
            if other != arm and other in arms:
                row[f"against {other}"] = held_against(arms[arm], arms[other], work)
        found[arm] = row
    return found


def held_against(ours: dict[int, dict[str, Any]], theirs: dict[int, dict[str, Any]], work: Path) -> dict[str, Any]:
    """Return how much sooner an arm is there than another, seeds paired, and what the comparison of recipes says."""
    from yololab.comparison.evidence import load_records
    from yololab.statistics.inference.recipe_difference import FEWEST_SEEDS, compare_recipes
    from yololab.statistics.inference.verdict import decide_verdict

    ratios = [theirs[seed]["seconds"] / ours[seed]["seconds"] for seed in ours.keys() & theirs.keys()]
    row: dict[str, Any] = {"times_sooner": round(statistics.median(ratios), 2)} if ratios else {}
    if min(len(ours), len(theirs)) >= FEWEST_SEEDS:
        sides = [[load_records(work / run["records"]) for run in side.values()] for side in (ours, theirs)]
        difference = compare_recipes(*sides, "mAP50-95").difference
        means = [statistics.mean(run["mAP50-95"] for run in side.values()) for side in (ours, theirs)]
        row["difference"] = round(means[0] - means[1], 4)
        row["interval90"] = [round(end, 4) for end in difference.ci90]
        row["verdict"] = decide_verdict(difference, TOLERANCE)[0].name
    return row


def step_seconds(imgsz: int, batch: int) -> float:
    """Return the processor seconds of a step of yolo26n with one thread, its images in memory; the best of three."""
    import torch
    from ultralytics.cfg import get_cfg
    from ultralytics.nn.tasks import DetectionModel

    torch.set_num_threads(1)
    torch.manual_seed(0)
    model: Any = DetectionModel("yolo26n.yaml", nc=3, verbose=False).to(memory_format=torch.channels_last).train()
    model.args = get_cfg()
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    images = torch.rand(batch, 3, imgsz, imgsz).contiguous(memory_format=torch.channels_last)
    objects = {"cls": torch.randint(0, 3, (12 * batch, 1)).float(), "bboxes": torch.rand(12 * batch, 4) * 0.3 + 0.2}
    content = {"img": images, **objects, "batch_idx": torch.arange(batch).repeat_interleave(12).float()}
    took = []
    for _ in range(4):
        begin = time.process_time()
        model(content)[0].sum().backward()
        optimizer.step()
        optimizer.zero_grad()
        took.append(time.process_time() - begin)
    return round(min(took[1:]), 4)


def steps() -> dict[str, dict[str, float]]:
    """Return what a step costs of whole images and of those of half the side."""
    return {
        f"{imgsz} px, batch {batch}": {f"{side} px": step_seconds(side, batch) for side in (imgsz, imgsz // 2)}
        for imgsz, batch in ((128, 4), (128, 16), (320, 8), (640, 4))
    }


def start_of(work: Path, given: Path | None) -> Path:
    """Return the checkpoint that all arms start from; made by the recipe `demo` when it is not there."""
    start = work / "start.pt"
    if given is not None and not start.is_file():
        shutil.copy(given, start)
    if not start.is_file():
        words = ("experiment=demo", "epochs=8", "device.threads=1", "export=none", "approval=auto", "name=start")
        subprocess.run([sys.executable, "-m", "yololab", *words], cwd=work, stdin=subprocess.DEVNULL, check=True)
        shutil.copy(work / "outputs/training/latest/weights/best.pt", start)
    return start


def datasets_of(work: Path, bccd: Path | None) -> dict[str, Path]:
    """Return each dataset's data.yaml: shapes are drawn, BCCD is copied, since Ultralytics writes beside images.

    Of BCCD 120 images are trained on and 30 choose the checkpoint; those that are left of val are tested on, too.
    """
    from yololab.data.shapes.builtin import ShapesSpec, ensure_shapes

    found = {"shapes": ensure_shapes(ShapesSpec(seed=7, train=120, val=30, test=128), work / "shapes")}
    if bccd is not None:
        copied = work / "bccd"
        if not copied.is_dir():
            shutil.copytree(bccd.parent, copied)
        images = {split: sorted(copied.glob(f"{split}/images/*.jpg")) for split in ("train", "val", "test")}
        parts = {"train": images["train"][:120], "val": images["val"][:30], "test": images["val"][30:] + images["test"]}
        for split, files in parts.items():
            (copied / f"{split}.txt").write_text("".join(f"./{file.relative_to(copied)}\n" for file in files))
        names = "nc: 3\nnames: [WBC, RBC, Platelets]\n"
        found["bccd"] = copied / "part.yaml"
        found["bccd"].write_text("".join(f"{split}: {split}.txt\n" for split in parts) + names)
    return found


def read(path: Path) -> dict[str, Any]:
    """Return a result file; one without a training when there is none."""
    content: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {"runs": []}
    return content


def write(path: Path, content: dict[str, Any], work: Path, epochs: int) -> None:
    """Write a result file anew: what was measured, and what follows from it."""
    from yololab.host.processor import processor_features, processor_name

    runs = content["runs"]
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True, check=True)
    path.write_text(
        json.dumps(
            {
                "command": "python tests/benchmarks/time_to_accuracy.py --bccd DATA.YAML",
                "commit": done.stdout.strip(),
                "date": time.strftime("%Y-%m-%d"),
                "machine": f"{platform.machine()}, {os.cpu_count()} cores, {processor_name()}",
                "features": processor_features(),
                "versions": {name: version(name) for name in ("torch", "ultralytics")},
                "declared": {"tolerance": TOLERANCE, "seeds": MOST_SEEDS, "largest_sd": LARGEST_SD, "reach": REACH},
                "plain": {"epochs": epochs, "imgsz": IMGSZ},
                "preset": spelled_out(PRESET),
                "arms": ARMS,
                "datasets": {
                    name: judged([run for run in runs if run["data"] == name], work)
                    for name in dict.fromkeys(run["data"] for run in runs)
                },
                "steps": content.get("steps", {}),
                # Trainings by which the preset was chosen; what an earlier version measured, and is gone.
                "choice": content.get("choice", []),
                "refused": content.get("refused", {}),
                "runs": runs,
            },
            indent=1,
        )
        + "\n"
    )


def to_do(content: dict[str, Any], data: list[str], arms: list[str], seeds: int) -> Iterable[tuple[str, str, int]]:
    """Yield what is not measured yet: seed by seed, in an order of the arms that turns."""
    known = {(run["data"], run["arm"], run["seed"]) for run in content["runs"]}
    for seed in range(seeds):
        for name in data:
            turned = [*arms[seed % len(arms) :], *arms[: seed % len(arms)]]
            yield from ((name, arm, seed) for arm in turned if (name, arm, seed) not in known)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bccd", type=Path, help="the data.yaml of BCCD; without it only shapes are measured")
    parser.add_argument("--data", nargs="+", choices=("bccd", "shapes"), default=["bccd", "shapes"])
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="epochs of plain")
    parser.add_argument("--start", type=Path)
    parser.add_argument("--minutes", type=float, default=600.0, help="begin no training that would end later")
    parser.add_argument("--work", type=Path, default=Path("time_to_accuracy"))
    parser.add_argument("--steps", action="store_true", help="measure what a step costs, and nothing else")
    parser.add_argument("--out", type=Path, default=HERE / "time_to_accuracy.json")
    asked = parser.parse_args()
    ends = time.monotonic() + 60 * asked.minutes
    work, out = asked.work.resolve(), asked.out.resolve()
    work.mkdir(parents=True, exist_ok=True)
    os.environ |= {"YOLO_OFFLINE": "1", "YOLO_CONFIG_DIR": str(work / "settings"), "OMP_NUM_THREADS": "1"}
    if asked.steps:
        write(out, read(out) | {"steps": steps()}, work, asked.epochs)
        return
    given, bccd = asked.start and asked.start.resolve(), asked.bccd and asked.bccd.resolve()
    os.chdir(work)
    start, found = start_of(work, given), datasets_of(work, bccd)
    longest = 0.0
    names = [name for name in asked.data if name in found]
    for name, arm, seed in to_do(read(out), names, asked.arms, min(asked.seeds, MOST_SEEDS)):
        began = time.monotonic()
        if began + longest > ends:
            break
        folder = work / f"{name} {arm} {seed}"
        shutil.rmtree(folder, ignore_errors=True)
        run = measured(arm, start, found[name], seed, folder, asked.epochs)
        longest = max(longest, time.monotonic() - began)
        content = read(out)
        content["runs"].append(
            {"data": name, "arm": arm, "seed": seed, **run, "records": folder.with_suffix(".npz").name}
        )
        write(out, content, work, asked.epochs)
        print(name, arm, seed, run, flush=True)
    content = read(out)
    if content["runs"]:
        write(out, content, work, asked.epochs)
        print(json.dumps(read(out)["datasets"], indent=1))


if __name__ == "__main__":
    main()
