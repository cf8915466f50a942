"""How well every recipe of conf/experiment does over seeds, and how long it takes; run on demand.

    python tests/benchmarks/recipes.py                          # all recipes, five seeds each: about an hour and a half
    python tests/benchmarks/recipes.py demo_pose --seeds 0 1    # one of them; the others keep their figures
    python tests/benchmarks/recipes.py --check                  # one seed each, against the figures that are there

Writes recipes.json beside itself, and runtime and score into the head of each recipe that was measured. The check ends
with 1 when a score is more than three standard deviations (0.05 at least) below the mean of its recipe. Seconds are
those of the processor over the run's threads, so that what else the machine does is not counted (Linux and macOS).
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "conf/experiment"
RECIPES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
RESULT = Path(__file__).with_suffix(".json")
LEAST_MARGIN = 0.05
UNMEASURED = "# Not measured yet: "


def run(recipe: str, seed: int, project: Path, more: list[str]) -> dict[str, Any]:
    """Run a recipe with one seed in a process of its own; return its primary metric, score, seconds and record."""
    command = [sys.executable, "-m", "yololab", *command_of(recipe, more), f"seed={seed}", f"name={recipe}"]
    before = processor_seconds()
    subprocess.run(command, cwd=project, stdin=subprocess.DEVNULL, check=True)
    seconds = processor_seconds() - before
    folder = (project / "outputs/training/latest").resolve()
    metrics = json.loads((folder / "evaluation/metrics.json").read_text(encoding="utf-8"))
    record = json.loads((folder / "experiment_log.json").read_text(encoding="utf-8"))
    metric = metrics["primary_metric"]
    threads = record["training"]["setup"]["threads"]
    result = {"seed": seed, "score": metrics[metric], "seconds": round(seconds / threads, 1)}
    return {"metric": metric, "run": result, "provenance": record["provenance"], "threads": threads}


def processor_seconds() -> float:
    """Return the processor time of all processes that were started from here and have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def command_of(recipe: str, more: list[str]) -> list[str]:
    """Return the arguments that start a recipe."""
    return [f"experiment={recipe}", "approval=auto", "export=none", *more]


def figures(recipe: str, found: list[dict[str, Any]], more: list[str]) -> dict[str, Any]:
    """Return what is written of a recipe: its runs, their mean and spread, and where they come from."""
    runs, provenance = [item["run"] for item in found], found[0]["provenance"]
    scores = [item["score"] for item in runs]
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    return {
        "command": " ".join(
            ["yololab", *command_of(recipe, more), "seed=" + ",".join(str(item["seed"]) for item in runs)]
        ),
        "commit": commit,
        "machine": {key: provenance["hardware"][key] for key in ("cpu", "cores", "os", "python")},
        "threads": found[0]["threads"],
        "packages": {name: provenance["packages"][name] for name in ("torch", "ultralytics", "numpy")},
        "metric": found[0]["metric"],
        "runs": runs,
        "mean": round(statistics.mean(scores), 3),
        "sd": round(statistics.stdev(scores), 3) if len(scores) > 1 else None,
        "worst": round(min(scores), 3),
        "seconds": round(statistics.median(item["seconds"] for item in runs)),
    }


def save(recipe: str, measured: dict[str, Any]) -> None:
    """Write the figures of a recipe beside those of the others."""
    content = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else {}
    ordered = dict(sorted((content | {recipe: measured}).items()))
    RESULT.write_text(json.dumps(ordered, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def head_line(measured: dict[str, Any]) -> str:
    """Return the line of a recipe's head that says what was measured."""
    count = len(measured["runs"])
    score = f"{measured['metric']} {measured['mean']:.3f}"
    if measured["sd"] is not None:
        score += f" ± {measured['sd']:.3f}"
    seeds = f"{count} seed{'s' if count > 1 else ''}"
    cores = f"{measured['threads']} core{'s' if measured['threads'] > 1 else ''}"
    return f"# About {measured['seconds']} s on {cores}; {score} ({seeds}; recipes.json)."


def write_head(recipe: str, measured: dict[str, Any]) -> None:
    """Write the line into the recipe."""
    path = FOLDER / f"{recipe}.yaml"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines = [head_line(measured) if line.startswith(("# About ", UNMEASURED)) else line for line in lines]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


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
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.recipes) - set(RECIPES)):
        parser.error(f"no recipe of conf/experiment: {', '.join(unknown)}; there are {', '.join(RECIPES)}")
    more = [f"device.threads={arguments.threads}"] if arguments.threads else []
    passed = True
    for recipe in arguments.recipes or RECIPES:
        with tempfile.TemporaryDirectory() as project:
            seeds = arguments.seeds[:1] if arguments.check else arguments.seeds
            found = [run(recipe, seed, Path(project), more) for seed in seeds]
        if arguments.check:
            passed = check(recipe, found[0]["run"]["score"]) and passed
        else:
            measured = figures(recipe, found, more)
            save(recipe, measured)
            write_head(recipe, measured)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
