"""How well every recipe of conf/experiment does over seeds, and how long it takes; run on demand.

    python tests/benchmarks/recipes.py                          # all recipes, five seeds each: about an hour and a half
    python tests/benchmarks/recipes.py demo_pose --seeds 0 1    # one of them; the others keep their figures
    python tests/benchmarks/recipes.py --check                  # one seed each, against the figures that are there
    python tests/benchmarks/recipes.py finetune --data path/to/bccd/data.yaml --seeds 0 --threads 1 --start best.pt

Writes recipes.json beside itself, and runtime and score into the head of each recipe that was measured. The check ends
with 1 when a score is more than three standard deviations (0.05 at least) below the mean of its recipe. Seconds are
those of the processor over the run's threads, so that what else the machine does is not counted (Linux and macOS).

Demos run as they are, on their own data. Recipes for work need data (`--data`, BCCD), and are measured in a short form
that a CPU can do: SHORT lists what is changed, and the head of the recipe says so. No pretrained weights of COCO take
part: where a recipe starts from weights they are those of `experiment=demo`, trained on the built-in shapes by this
script (`experiment=demo epochs=8`) or given by `--start`; a score with COCO's weights is another one.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yololab.host.processor import processor_features

FOLDER = Path(__file__).parents[2] / "conf/experiment"
RECIPES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
RESULT = Path(__file__).with_suffix(".json")
LEAST_MARGIN = 0.05
GATE = 4  # exit code of a run that is worse than its baseline
UNMEASURED = "# Not measured yet: "
RESULT_LINE = "#   "


@dataclass(frozen=True)
class Short:
    """A recipe for work as it is measured: less of it, on a CPU.

    Attributes:
        more: What is set besides.
        pretrained: Whether it starts from weights.
        several: Whether it is a sweep; its runs are the trials, of a search the best one.
        best: Whether the best trial counts, not their mean.
    """

    more: tuple[str, ...]
    pretrained: bool = True
    several: bool = False
    best: bool = False

    @property
    def said(self) -> str:
        """What the head says of it."""
        changed = ", ".join(self.more)
        start = "from weights of the built-in shapes" if self.pretrained else "without weights"
        return f"# BCCD in short, {start}: {changed}"


# A step after each batch, as so few epochs of so few images would else have a few dozen steps.
_SMALL = ("model=yolo26n", "imgsz=160", "batch=8", "nbs=8")
SHORT = {
    "finetune": Short((*_SMALL, "epochs=12")),
    "few_images": Short(("imgsz=160", "epochs=30", "data.subset=40", "freeze=0")),
    "small_objects": Short(("imgsz=320", "batch=8", "nbs=8", "epochs=6", "close_mosaic=2")),
    "edge": Short((*_SMALL, "epochs=12")),
    "scratch": Short((*_SMALL, "epochs=20", "warmup_epochs=1"), pretrained=False),
    "kfold": Short((*_SMALL, "epochs=8"), several=True),
    "three_seeds": Short((*_SMALL, "epochs=8"), several=True),
    "beat_baseline": Short((*_SMALL, "epochs=12", "lr0=0.002")),
    "overnight": Short((*_SMALL, "epochs=8", "search.trials=8"), several=True, best=True),
}


def run(recipe: str, seed: int, project: Path, more: list[str]) -> dict[str, Any]:
    """Run a recipe with one seed in a process of its own; return its primary metric, score, seconds and record.

    Of a sweep the score is the mean over its trials, or of a search that of the best one; the trials' own scores are
    kept.
    """
    short = SHORT.get(recipe)
    seeds = [] if short is not None and short.several else [f"seed={seed}"]
    command = [sys.executable, "-m", "yololab", *command_of(recipe, more), *seeds, f"name={recipe}"]
    before = processor_seconds()
    finished = subprocess.run(command, cwd=project, stdin=subprocess.DEVNULL, check=False)
    if finished.returncode not in (0, GATE):  # worse than the baseline is a result as well
        raise SystemExit(finished.returncode)
    seconds = processor_seconds() - before
    if short is not None and short.several:
        folders = sorted(path.parent for path in project.glob(f"multirun/{recipe}_*/*/evaluation"))
    else:
        folders = [(project / "outputs/training/latest").resolve()]
    found = [json.loads((folder / "evaluation/metrics.json").read_text(encoding="utf-8")) for folder in folders]
    record = json.loads((folders[0] / "experiment_log.json").read_text(encoding="utf-8"))
    metric = found[0]["primary_metric"]
    scores = [content[metric] for content in found]
    threads = record["training"]["setup"]["threads"]
    score = max(scores) if short is not None and short.best else statistics.mean(scores)
    result = {"seed": seed, "score": score, "seconds": round(seconds / threads, 1)}
    if len(scores) > 1:
        result["trials"] = scores
    export = record.get("export") or {}
    if export.get("verdict"):
        result["export"] = {key: export[key] for key in ("precision", "verdict", "sentence", "inference")}
    return {"metric": metric, "run": result, "provenance": record["provenance"], "threads": threads}


def start_of(project: Path) -> Path:
    """Train the weights that recipes for work start from: the demo's, on the built-in shapes."""
    command = [sys.executable, "-m", "yololab", *command_of("demo", ["epochs=8", "device.threads=1"]), "name=start"]
    subprocess.run(command, cwd=project, stdin=subprocess.DEVNULL, check=True)
    return (project / "outputs/training/latest/weights/best.pt").resolve()


def prepared(recipe: str, project: Path, data: Path, start: Path | None, more: list[str]) -> list[str]:
    """Do what the recipe's head says comes before it; return what is set besides."""
    short = SHORT[recipe]
    yololab = [sys.executable, "-m", "yololab"]
    added = [*short.more, "device=cpu", *more]
    if start is not None:
        added = [f"model={start}", *(item for item in added if not item.startswith("model="))]
    if recipe == "kfold":
        folds = [*yololab, "split", f"data={data}", "out=folds", "folds=5", "keep=test"]
        subprocess.run(folds, cwd=project, stdin=subprocess.DEVNULL, check=True)
        data = project / "folds/data.yaml"
    if recipe == "beat_baseline":  # the recipe with the rate of its file is the baseline
        first = [word for word in added if not word.startswith("lr0=")]
        command = [*yololab, *command_of(recipe, [*first, f"data={data}"]), "baseline.promote=always"]
        subprocess.run(command, cwd=project, stdin=subprocess.DEVNULL, check=True)
    return [*added, f"data={data}"]


def processor_seconds() -> float:
    """Return the processor time of all processes that were started from here and have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def command_of(recipe: str, more: list[str]) -> list[str]:
    """Return the arguments that start a recipe."""
    sweep = ["-m"] if recipe in SHORT and SHORT[recipe].several else []
    export = [] if recipe == "edge" else ["export=none"]
    return [*sweep, f"experiment={recipe}", "approval=auto", *export, *more]


def public(more: list[str]) -> list[str]:
    """Return what was set, without the paths of this machine."""
    names = {"data": "path/to/bccd/data.yaml", "model": "shapes.pt"}
    given = [item.partition("=") for item in more]
    return [f"{key}={names[key] if key in names and '/' in value else value}" for key, _, value in given]


def figures(recipe: str, found: list[dict[str, Any]], more: list[str]) -> dict[str, Any]:
    """Return what is written of a recipe: its runs, their mean and spread, and where they come from."""
    runs, provenance = [item["run"] for item in found], found[0]["provenance"]
    short = SHORT.get(recipe)
    scores = [score for item in runs for score in item.get("trials", [item["score"]])]
    mean = statistics.mean(item["score"] for item in runs)
    spread = len(scores) > 1 and not (short is not None and short.best)
    several = short is not None and short.several
    seeds = [] if several else ["seed=" + ",".join(str(item["seed"]) for item in runs)]
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    return {
        "command": " ".join(["yololab", *command_of(recipe, public(more)), *seeds]),
        "commit": commit,
        "machine": {key: provenance["hardware"][key] for key in ("cpu", "cores", "os", "python")}
        | {"features": list(processor_features())},
        "threads": found[0]["threads"],
        "packages": {name: provenance["packages"][name] for name in ("torch", "ultralytics", "numpy")},
        "metric": found[0]["metric"],
        "runs": runs,
        "mean": round(mean, 3),
        "sd": round(statistics.stdev(scores), 3) if spread else None,
        "worst": round(min(scores), 3),
        "seconds": round(statistics.median(item["seconds"] for item in runs)),
    }


def save(recipe: str, measured: dict[str, Any]) -> None:
    """Write the figures of a recipe beside those of the others."""
    content = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else {}
    ordered = dict(sorted((content | {recipe: measured}).items()))
    RESULT.write_text(json.dumps(ordered, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def head_line(measured: dict[str, Any], recipe: str = "") -> str:
    """Return the line of a recipe's head that says what was measured."""
    short = SHORT.get(recipe)
    count = len(measured["runs"])
    score = f"{measured['metric']} {measured['mean']:.3f}"
    if measured["sd"] is not None:
        score += f" ± {measured['sd']:.3f}"
    seeds = f"{count} seed{'s' if count > 1 else ''}"
    if short is not None and short.several:
        trials = len(measured["runs"][0]["trials"])
        seeds = (
            f"the best of {trials} trials" if short.best else f"{trials} {'folds' if recipe == 'kfold' else 'seeds'}"
        )
    cores = f"{measured['threads']} core{'s' if measured['threads'] > 1 else ''}"
    if short is None:
        return f"# About {measured['seconds']} s on {cores}; {score} ({seeds}; recipes.json)."
    return f"{short.said}\n{RESULT_LINE}{score} ({seeds}), about {measured['seconds']} s on {cores}; recipes.json."


def write_head(recipe: str, measured: dict[str, Any]) -> None:
    """Write the line into the recipe."""
    path = FOLDER / f"{recipe}.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith(RESULT_LINE)]
    places = ("# About ", UNMEASURED, "# BCCD in short")
    kept = [head_line(measured, recipe) if line.startswith(places) else line for line in kept]
    path.write_text("\n".join(kept) + "\n", encoding="utf-8")


def check(recipe: str, score: float) -> bool:
    """Return whether a score is as the recipe's figures promise, and say so."""
    expected = json.loads(RESULT.read_text(encoding="utf-8"))[recipe]
    least = expected["mean"] - max(3 * (expected["sd"] or 0.0), LEAST_MARGIN)
    print(f"{recipe}: {expected['metric']} {score:.3f}, at least {least:.3f} expected", flush=True)
    return score >= least


def main() -> int:
    """Measure or check the recipes that are named, all by default."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", metavar="RECIPE", help=f"all by default: {', '.join(RECIPES)}")
    parser.add_argument("--seeds", nargs="+", type=int, default=list(range(5)))
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--threads", type=int, help="cores of a run; for a machine that does other things as well")
    parser.add_argument("--data", type=Path, help="data.yaml of BCCD, for the recipes for work")
    parser.add_argument("--start", type=Path, help="weights to start from; those of the demo are trained without it")
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.recipes) - set(RECIPES)):
        parser.error(f"no recipe of conf/experiment: {', '.join(unknown)}; there are {', '.join(RECIPES)}")
    recipes = arguments.recipes or RECIPES
    if arguments.data is None and (work := sorted(set(recipes) & set(SHORT))):
        parser.error(f"--data is needed for {', '.join(work)}")
    threads = [f"device.threads={arguments.threads}"] if arguments.threads else []
    passed = True
    for recipe in recipes:
        with tempfile.TemporaryDirectory() as scratch:
            project, more, short = Path(scratch), threads, SHORT.get(recipe)
            # A sweep brings its own seeds, or folds.
            once = arguments.check or (short is not None and short.several)
            seeds = arguments.seeds[:1] if once else arguments.seeds
            if short is not None:
                start = (arguments.start or start_of(project)).resolve() if short.pretrained else None
                more = prepared(recipe, project, arguments.data.resolve(), start, threads)
            found = [run(recipe, seed, project, more) for seed in seeds]
        if arguments.check:
            passed = check(recipe, found[0]["run"]["score"]) and passed
        else:
            measured = figures(recipe, found, more)
            save(recipe, measured)
            write_head(recipe, measured)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
