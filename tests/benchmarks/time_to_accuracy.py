"""How much sooner `speed` reaches the accuracy of plain Ultralytics, and what each of its parts gives.

    python tests/benchmarks/time_to_accuracy.py --bccd path/to/bccd/data.yaml     # writes time_to_accuracy.json
    python tests/benchmarks/time_to_accuracy.py --bccd … --arms plain fast --minutes 5    # a piece; the rest later
    python tests/benchmarks/time_to_accuracy.py --bccd … --setting large          # 320 px, on an idle machine
    python tests/benchmarks/time_to_accuracy.py --setting rehearsal --data shapes --out try.json    # does it work?
    python tests/benchmarks/time_to_accuracy.py --steps                           # only what a step costs: a minute

All arms fine-tune one checkpoint (the recipe `demo`, eight epochs on the built-in shapes; made on the way, or
`--start`) with equal arguments, in one process with one thread, in an order that turns with the seed. `plain` is
Ultralytics' own trainer, its final validation of best.pt included; ours are the training and the evaluation of best.pt.
Processor seconds count, so that what else the machine does is not counted; plots are off, as they would be most of so
short a training.

Declared before: an arm keeps the accuracy when the comparison of recipes over the seeds says that it is no worse than
`plain` with a tolerance of 0.03 of mAP50-95, on the test split, with ten seeds an arm at most, on a recipe whose seeds
have a standard deviation of 0.015 at most. A training that is done is never repeated; the result file is written after
each.
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

HERE = Path(__file__).parent
TOLERANCE, MOST_SEEDS, LARGEST_SD, REACH = 0.03, 10, 0.015, 2.5
COMMON = {
    "optimizer": "AdamW", "lr0": 0.002, "lrf": 0.05, "warmup_epochs": 1.0, "warmup_bias_lr": 0.0, "close_mosaic": 2,
    "patience": 100, "device": "cpu", "workers": 0, "plots": False, "verbose": False,
}  # fmt: skip
SETTINGS: dict[str, dict[str, Any]] = {
    "rehearsal": {"epochs": 2, "imgsz": 96, "batch": 8, "nbs": 8, "fraction": 16},
    "tiny": {"epochs": 8, "imgsz": 128, "batch": 16, "nbs": 16},
    "large": {"epochs": 20, "imgsz": 320, "batch": 16, "nbs": 16, "close_mosaic": 4},
}
HELD = {"sparse": True, "start": 0.5, "grows_from": 0.4, "full_from": 0.6}
PARTS: dict[str, dict[str, Any]] = {
    "images": {"start": 0.5, "full_from": 0.6},
    "images, held": {"start": 0.5, "grows_from": 0.4, "full_from": 0.6},
    "images, longer": {"start": 0.5, "grows_from": 0.5, "full_from": 0.8},
    "frozen 5": {"frozen": 5},
    "frozen 11": {"frozen": 11},
    "validations, images held": {"sparse": True, "start": 0.5, "grows_from": 0.4, "full_from": 0.6},
    "validations, images held, frozen 5": {
        "sparse": True,
        "start": 0.5,
        "grows_from": 0.4,
        "full_from": 0.6,
        "frozen": 5,
    },
}
ARMS = ("plain", "exact", *PARTS, "balanced", "fast")


def plain(start: Path, data: Path, seed: int, folder: Path, arguments: dict[str, Any]) -> Path:
    """Train as the plain tool does; return best.pt."""
    from ultralytics import YOLO

    YOLO(str(start)).train(data=str(data), seed=seed, save_dir=str(folder), **arguments)
    return folder / "weights/best.pt"


def ours(start: Path, data: Path, seed: int, folder: Path, arguments: dict[str, Any], arm: str) -> Path:
    """Train as a job does; return best.pt."""
    from yololab.ultralytics_adapter.models.resolve import resolve_model
    from yololab.ultralytics_adapter.training.pace.plan import PACES, Pace
    from yololab.ultralytics_adapter.training.training import TrainRequest, train

    pace = PACES[arm] if arm in PACES else Pace(arm, **PARTS[arm])
    asked = {**arguments, "data": str(data), "seed": seed}
    train(TrainRequest(asked, resolve_model(str(start), None, None, ()), folder, threads=1, pace=pace))
    return folder / "weights/best.pt"


def measured(arm: str, start: Path, data: Path, seed: int, folder: Path, arguments: dict[str, Any]) -> dict[str, float]:
    """Train and evaluate; keep the records of the evaluation beside the folder, and no weights."""
    import yololab

    begin = time.process_time()
    best = (plain if arm == "plain" else ours)(start, data, seed, folder, arguments, *([] if arm == "plain" else [arm]))
    trained = time.process_time()
    found = yololab.evaluate(best, data, quiet=True, device="cpu", imgsz=arguments["imgsz"], **SPLIT)
    done = time.process_time()
    shutil.copy(found.path.with_name("predictions.npz"), folder.with_suffix(".npz"))
    shutil.rmtree(found.path.parent)
    shutil.rmtree(folder)
    return {
        "mAP50-95": round(float(found.value("mAP50-95") or 0.0), 5),
        "train_seconds": round(trained - begin, 2),
        "evaluate_seconds": round(done - trained, 2),
    }


SPLIT: dict[str, Any] = {"evaluation": {"split": "test", "plots": False}, "device.threads": 1}


def cost(arm: str, run: dict[str, Any]) -> float:
    """Return the processor seconds of a training whose best.pt is measured once."""
    return run["train_seconds"] + (0.0 if arm == "plain" else run["evaluate_seconds"])


def judged(runs: list[dict[str, Any]], work: Path) -> dict[str, Any]:
    """Return for each arm its scores, how much sooner it is there than `plain`, and the verdict over the seeds."""
    from yololab.comparison.evidence import load_records
    from yololab.statistics.inference.recipe_difference import FEWEST_SEEDS, compare_recipes
    from yololab.statistics.inference.verdict import decide_verdict

    arms: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    for run in runs:
        arms[run["arm"]][run["seed"]] = run
    found: dict[str, Any] = {}
    for arm in (name for name in ARMS if name in arms):
        scores = [run["mAP50-95"] for run in arms[arm].values()]
        row: dict[str, Any] = {"seeds": len(scores), "mean": round(statistics.mean(scores), 4)}
        row["sd"] = round(statistics.stdev(scores), 4) if len(scores) > 1 else None
        row["seconds"] = round(statistics.median(cost(arm, run) for run in arms[arm].values()), 1)
        both = arms[arm].keys() & arms["plain"].keys()
        if arm != "plain" and both:
            ratios = [cost("plain", arms["plain"][seed]) / cost(arm, arms[arm][seed]) for seed in both]
            row["times_sooner"] = round(statistics.median(ratios), 2)
        if arm != "plain" and min(len(arms[arm]), len(arms["plain"])) >= FEWEST_SEEDS:
            sides = [[load_records(work / run["records"]) for run in arms[name].values()] for name in (arm, "plain")]
            difference = compare_recipes(*sides, "mAP50-95").difference
            row["difference"] = round(statistics.mean(scores) - found["plain"]["mean"], 4)
            row["interval90"] = [round(end, 4) for end in difference.ci90]
            row["verdict"] = decide_verdict(difference, TOLERANCE)[0].name
        found[arm] = row
    return found


def step_seconds(imgsz: int, batch: int, frozen: int) -> float:
    """Return the processor seconds of a step of yolo26n with one thread, its images in memory; the best of three."""
    import torch
    from ultralytics.cfg import get_cfg
    from ultralytics.nn.tasks import DetectionModel

    torch.set_num_threads(1)
    torch.manual_seed(0)
    model: Any = DetectionModel("yolo26n.yaml", nc=3, verbose=False).to(memory_format=torch.channels_last).train()
    model.args = get_cfg()
    for name, parameter in model.named_parameters():
        parameter.requires_grad = int(name.split(".")[1]) >= frozen and ".dfl" not in name
    optimizer = torch.optim.AdamW([item for item in model.parameters() if item.requires_grad])
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
    """Return what a step costs of whole images and of those of half the side, with frozen layers and without."""
    return {
        f"{imgsz} px, batch {batch}": {
            f"{side} px, {frozen} layers frozen": step_seconds(side, batch, frozen)
            for side in (imgsz, imgsz // 2)
            for frozen in (0, 5, 11)
        }
        for imgsz, batch in ((128, 16), (320, 8), (640, 4))
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


def write(path: Path, content: dict[str, Any], work: Path, setting: str) -> None:
    """Write a result file anew: what was measured, and what follows from it."""
    from yololab.host.processor import processor_features, processor_name

    runs = content["runs"]
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True, check=True)
    path.write_text(
        json.dumps(
            {
                "command": f"python tests/benchmarks/time_to_accuracy.py --bccd DATA.YAML --setting {setting}",
                "commit": done.stdout.strip(),
                "date": time.strftime("%Y-%m-%d"),
                "machine": f"{platform.machine()}, {os.cpu_count()} cores, {processor_name()}",
                "features": processor_features(),
                "versions": {name: version(name) for name in ("torch", "ultralytics")},
                "arguments": COMMON | SETTINGS[setting],
                "declared": {"tolerance": TOLERANCE, "seeds": MOST_SEEDS, "largest_sd": LARGEST_SD, "reach": REACH},
                "parts": PARTS,
                "datasets": {
                    name: judged([run for run in runs if run["data"] == name], work)
                    for name in dict.fromkeys(run["data"] for run in runs)
                },
                "steps": content.get("steps", {}),
                "runs": runs,
            },
            indent=1,
        )
        + "\n"
    )


def to_do(
    content: dict[str, Any], data: Iterable[str], arms: list[str], seeds: range
) -> Iterable[tuple[str, str, int]]:
    """Yield what is not measured yet: seed by seed, in an order of the arms that turns."""
    known = {(run["data"], run["arm"], run["seed"]) for run in content["runs"]}
    for seed in seeds:
        for name in data:
            turned = [*arms[seed % len(arms) :], *arms[: seed % len(arms)]]
            yield from ((name, arm, seed) for arm in turned if (name, arm, seed) not in known)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bccd", type=Path, help="the data.yaml of BCCD; without it only shapes are measured")
    parser.add_argument("--data", nargs="+", choices=("bccd", "shapes"), default=["bccd", "shapes"])
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--setting", choices=SETTINGS, default="tiny")
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
        write(out, read(out) | {"steps": steps()}, work, asked.setting)
        return
    given = asked.start and asked.start.resolve()
    bccd = asked.bccd and asked.bccd.resolve()
    os.chdir(work)
    start, found = start_of(work, given), datasets_of(work, bccd)
    from yololab.config.schema import ExperimentConfig
    from yololab.job.prepare import isolate, project_paths
    from yololab.ultralytics_adapter.probe.timing import import_early

    isolate(project_paths(ExperimentConfig(), work))
    import_early()
    arguments = COMMON | SETTINGS[asked.setting]
    warm = {**arguments, "epochs": 1, "fraction": 16}
    measured("exact", start, found["shapes"], 0, work / "warm", warm)  # what is imported once is no cost of an arm
    longest = 0.0
    names = [name for name in asked.data if name in found]
    for name, arm, seed in to_do(read(out), names, asked.arms, range(min(asked.seeds, MOST_SEEDS))):
        began = time.monotonic()
        if began + longest > ends:
            break
        folder = work / f"{asked.setting} {name} {arm} {seed}"
        shutil.rmtree(folder, ignore_errors=True)
        run = measured(arm, start, found[name], seed, folder, arguments)
        longest = max(longest, time.monotonic() - began)
        content = read(out)
        content["runs"].append(
            {"data": name, "arm": arm, "seed": seed, **run, "records": folder.with_suffix(".npz").name}
        )
        write(out, content, work, asked.setting)
        print(name, arm, seed, run, flush=True)
    content = read(out)
    if content["runs"]:
        write(out, content, work, asked.setting)
        print(json.dumps(read(out)["datasets"], indent=1))


if __name__ == "__main__":
    main()
