"""How well every recipe of conf/experiment does over seeds, and how long it takes; run on demand.

    python tests/benchmarks/recipes.py                          # all recipes, five seeds each: about an hour and a half
    python tests/benchmarks/recipes.py demo_pose --seeds 0 1    # one of them; the others keep their figures
    python tests/benchmarks/recipes.py --check                  # one seed each, against the figures that are there
    python tests/benchmarks/recipes.py finetune --data path/to/bccd/data.yaml --seeds 0 --threads 1 --start best.pt
    python tests/benchmarks/recipes.py edge --data … --keep DIR         # the runs stay in DIR, to be looked at

Writes recipes.json beside itself after each recipe, and runtime and score into its head. The check ends with 1 when a
score is more than three standard deviations (0.05 at least) below the mean of its recipe. Seconds are those of the
processor over the run's threads, so that what else the machine does is not counted (Linux and macOS).

Demos run as they are, on their own data. Recipes for work need data (`--data`, BCCD), and are measured in a short form
that a CPU can do: SHORT lists what is changed, and the head of the recipe says so. No pretrained weights of COCO take
part: where a recipe starts from weights they are those of `experiment=demo`, trained on the built-in shapes by this
script (`experiment=demo epochs=8`) or given by `--start`; a score with COCO's weights is another one.

Scores are those of the split that the recipe evaluates (val), on which its checkpoint was chosen as well. The interval
is that of its images (95 %, of the mean where there are several runs of them); over folds the score is that of all
images, each by the model that has not seen it. Recipes that compare say what the comparison says.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yololab.comparison.folds.out_of_fold import out_of_fold
from yololab.host.processor import processor_features
from yololab.statistics.inference.hypothesis_tests import percentile_interval, widened
from yololab.sweep.results.replicates import resample
from yololab.sweep.results.rows import TrialRow
from yololab.sweep.state import TrialStatus
from yololab.text import counted, interval, signed

FOLDER = Path(__file__).parents[2] / "conf/experiment"
RECIPES = sorted(path.stem for path in FOLDER.glob("*.yaml"))
RESULT = Path(__file__).with_suffix(".json")
PAGE = Path(__file__).parents[2] / "docs/guides/recipes.md"
LEAST_MARGIN = 0.05
GATE = 4  # exit code of a run that is worse than its baseline
UNMEASURED = "# Not measured yet: "
RESULT_LINE = "#   "
PAGE_HEADER = """| recipe | in short | mAP50-95 (95 % interval) | of what | processor time |
| --- | --- | --: | --- | --: |
"""
OTHER = "other"  # the runs that a recipe's runs are compared with


@dataclass(frozen=True)
class Short:
    """A recipe for work as it is measured: less of it, on a CPU.

    Attributes:
        more: What is set besides.
        pretrained: Whether it starts from weights.
        several: Whether it is a sweep; its runs are the trials, of a search the best one.
        best: Whether the best trial counts, not their mean.
        against: What is set otherwise in what it is compared with; the recipe is for comparing.
    """

    more: tuple[str, ...]
    pretrained: bool = True
    several: bool = False
    best: bool = False
    against: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """What the head says of it."""
        start = "from weights of the built-in shapes" if self.pretrained else "without weights"
        return f"# BCCD in short, {start}:\n{RESULT_LINE}{' '.join(self.more)}"


# A step after each batch, as so few epochs of so few images would else have a few dozen steps.
_SMALL = ("model=yolo26n", "imgsz=160", "batch=8", "nbs=8")
_SHORTEST = (*_SMALL, "epochs=2", "warmup_epochs=0", "evaluation.plots=false")
SHORT = {
    "finetune": Short((*_SMALL, "epochs=12")),
    "few_images": Short(("imgsz=160", "epochs=20", "data.subset=40", "freeze=0")),
    "small_objects": Short(("imgsz=320", *_SHORTEST[2:], "close_mosaic=1", "data.subset=100")),
    "edge": Short((*_SMALL, "epochs=8")),
    "scratch": Short((*_SMALL, "epochs=8", "warmup_epochs=1"), pretrained=False),
    "kfold": Short(_SHORTEST, several=True),
    "three_seeds": Short((*_SHORTEST, "data.subset=100"), several=True, against=("augmentation=heavy",)),
    "beat_baseline": Short((*_SMALL, "epochs=5", "lr0=0.002"), against=("lr0=0.001",)),
    "overnight": Short((*_SMALL, "epochs=3", "data.subset=100", "search.trials=6"), several=True, best=True),
}


def run(recipe: str, seed: int, project: Path, more: list[str]) -> dict[str, Any]:
    """Run a recipe with one seed in a process of its own; return its primary metric, score, seconds, record, folders.

    Of a sweep the score is the mean over its trials, over folds that of all images, of a search that of the best
    trial; the trials' own scores are kept.
    """
    short = SHORT.get(recipe)
    seeds = [] if short is not None and short.several else [f"seed={seed}"]
    before = processor_seconds()
    ended = yololab(project, *command_of(recipe, more), *seeds, f"name={recipe}", allowed=(0, GATE))
    seconds = processor_seconds() - before
    if short is not None and short.several:
        sweep = max(project.glob(f"multirun/{recipe}_*"))
        folders = sorted(path.parent for path in sweep.glob("[0-9]*/evaluation"))
    else:
        folders = [(project / "outputs/training/latest").resolve()]
    found = [json.loads((folder / "evaluation/metrics.json").read_text(encoding="utf-8")) for folder in folders]
    record = json.loads((folders[0] / "experiment_log.json").read_text(encoding="utf-8"))
    metric = found[0]["primary_metric"]
    scores = [content[metric] for content in found]
    threads = record["training"]["setup"]["threads"]
    score, of_score = statistics.mean(scores), folders
    if recipe == "kfold":
        (pooled,) = out_of_fold(sweep)
        score, of_score = pooled.metrics.content[metric], [pooled.run.path]
    elif short is not None and short.best:
        score = max(scores)
        of_score = [folders[scores.index(score)]]
    result = {"seed": seed, "score": score, "seconds": round(seconds / threads, 1), "exit_code": ended.returncode}
    if len(scores) > 1:
        result["trials"] = scores
    if short is not None and short.best:
        records = [json.loads(path.read_text(encoding="utf-8")) for path in sweep.glob("[0-9]*/experiment_log.json")]
        result |= {"begun": len(records), "early": sum(found["status"] == "pruned" for found in records)}
    export = record.get("export") or {}
    if export.get("verdict"):
        result["export"] = {key: export[key] for key in ("precision", "verdict", "sentence", "inference")}
    if short is not None and short.against:
        result["comparison"] = compared(recipe, project, folders[0])
    return {
        "metric": metric,
        "run": result,
        "provenance": record["provenance"],
        "threads": threads,
        "folders": of_score,
    }


def yololab(
    project: Path, *words: str, allowed: Sequence[int] = (0,), capture: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a command in the project; stop here when it ends with another code than those allowed."""
    command = [sys.executable, "-m", "yololab", *words]
    output = subprocess.PIPE if capture else None
    ended = subprocess.run(command, cwd=project, stdin=subprocess.DEVNULL, stdout=output, text=True, check=False)
    if ended.returncode not in allowed:
        raise SystemExit(ended.returncode)
    return ended


def compared(recipe: str, project: Path, folder: Path) -> dict[str, Any]:
    """Return what the recipe's comparison says: that of a run with its baseline, or of seeds with seeds."""
    if SHORT[recipe].several:
        sides = [f"multirun/{recipe}_*/*", f"multirun/{OTHER}_*/*"]
        found = json.loads(yololab(project, "compare", *sides, "--json", allowed=(0, GATE), capture=True).stdout)
    else:
        found = json.loads((folder / "comparison.json").read_text(encoding="utf-8"))
    row = next(row for row in found["metrics"] if row["metric"] == found["primary_metric"])
    return {key: found[key] for key in ("verdict", "sentence")} | {
        key: row[key] for key in ("current", "baseline", "delta", "ci_low", "ci_high", "p")
    }


def interval_of(folders: Sequence[Path], metric: str) -> tuple[float, float] | None:
    """Return the 95 % interval over the images of a metric, of its mean over several runs on the same images."""
    rows = [TrialRow(number, {}, TrialStatus.COMPLETE, folder) for number, folder in enumerate(folders)]
    found = resample(rows, metric)
    if len(found.trials) < len(rows):
        return None
    mean = statistics.mean(json.loads(row.run.metrics.read_text(encoding="utf-8"))[metric] for row in rows)
    ends = percentile_interval(found.values.mean(axis=0), 0.95)
    return widened(ends, mean, found.units, 0.95) if ends else None


def start_of(project: Path) -> Path:
    """Train the weights that recipes for work start from: the demo's, on the built-in shapes."""
    yololab(project, *command_of("demo", ["epochs=8", "device.threads=1"]), "name=start")
    return (project / "outputs/training/latest/weights/best.pt").resolve()


def prepared(recipe: str, project: Path, data: Path, start: Path | None, more: list[str]) -> list[str]:
    """Do what the recipe's head says comes before it; return what is set besides."""
    short = SHORT[recipe]
    added = [*short.more, "device=cpu", *more]
    if start is not None:
        added = [f"model={start}", *(item for item in added if not item.startswith("model="))]
    if recipe == "kfold":
        yololab(project, "split", f"data={data}", "out=folds", "folds=5", "keep=test")
        data = project / "folds/data.yaml"
    added.append(f"data={data}")
    if short.against:
        keys = tuple(word.partition("=")[0] + "=" for word in short.against)
        other = [*(word for word in added if not word.startswith(keys)), *short.against]
        promoted = [] if short.several else ["baseline.promote=always"]
        yololab(project, *command_of(recipe, other), *promoted, f"name={OTHER}")
    return added


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
    ends = interval_of([folder for item in found for folder in item["folders"]], found[0]["metric"])
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    return {
        "command": " ".join(["yololab", *command_of(recipe, public(more)), *seeds]),
        "commit": commit,
        "machine": {key: provenance["hardware"][key] for key in ("cpu", "cores", "os", "python")}
        | {"features": list(processor_features())},
        "threads": found[0]["threads"],
        "load": round(os.getloadavg()[1], 1),  # of the machine, at the end; its cores stand above
        "packages": {name: provenance["packages"][name] for name in ("torch", "ultralytics", "numpy")},
        "metric": found[0]["metric"],
        "runs": runs,
        "mean": round(mean, 3),
        "sd": round(statistics.stdev(scores), 3) if spread else None,
        "interval": None if ends is None else [round(end, 3) for end in ends],
        "worst": round(min(scores), 3),
        "seconds": round(statistics.median(item["seconds"] for item in runs)),
    }


def save(recipe: str, measured: dict[str, Any]) -> None:
    """Write the figures of a recipe beside those of the others."""
    content = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else {}
    ordered = dict(sorted((content | {recipe: measured}).items()))
    RESULT.write_text(json.dumps(ordered, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def head_line(measured: dict[str, Any], recipe: str = "") -> str:
    """Return the lines of a recipe's head that say what was measured."""
    cores = f"{measured['threads']} core{'s' if measured['threads'] > 1 else ''}"
    if recipe not in SHORT:
        seeds = counted(len(measured["runs"]), "seed")
        return f"# About {measured['seconds']} s on {cores}; {value_said(measured)} ({seeds}; recipes.json)."
    low, high = measured["interval"]
    score = f"{value_said(measured)} ({low:.3f} to {high:.3f}; {runs_said(recipe, measured)})"
    lines = [SHORT[recipe].said, f"{score}, about {measured['seconds']} s on {cores}", *findings_said(recipe, measured)]
    return f"\n{RESULT_LINE}".join(lines) + "; recipes.json."


def value_said(measured: dict[str, Any]) -> str:
    """Return metric, mean, and spread where there is one."""
    spread = "" if measured["sd"] is None else f" ± {measured['sd']:.3f}"
    return f"{measured['metric']} {measured['mean']:.3f}{spread}"


def runs_said(recipe: str, measured: dict[str, Any]) -> str:
    """Return how many runs the score is of."""
    short, first = SHORT[recipe], measured["runs"][0]
    if not short.several:
        return counted(len(measured["runs"]), "seed")
    trials = len(first["trials"])
    if short.best:
        return f"the best of {first['begun']} trials, {first['early']} of them ended early"
    return counted(trials, "fold" if recipe == "kfold" else "seed")


def findings_said(recipe: str, measured: dict[str, Any]) -> list[str]:
    """Return what the recipe's comparison and its export have shown, a line each."""
    first, lines = measured["runs"][0], []
    if found := first.get("comparison"):
        ends = interval(found["ci_low"], found["ci_high"])
        against = ", ".join(SHORT[recipe].against)
        lines.append(f"against {against}: {found['verdict']}, {signed(found['delta'])} ({ends})")
    if export := first.get("export"):
        lines.append(f"its {export['precision'].upper()} export against the checkpoint: {export['verdict']}")
    return lines


def page_row(recipe: str, measured: dict[str, Any]) -> str:
    """Return the row of a recipe in the guide's table of what was measured."""
    low, high = measured["interval"]
    settings = " ".join(word for word in SHORT[recipe].more if not word.startswith("model="))
    said = "; ".join([runs_said(recipe, measured), *findings_said(recipe, measured)])
    score = f"{value_said(measured).removeprefix(measured['metric']).strip()} ({low:.3f} to {high:.3f})"
    return f"| `{recipe}` | `{settings}` | {score} | {said} | {measured['seconds']} s |"


def write_page() -> None:
    """Write what was measured of the recipes for work into the guide's table, the rows below `PAGE_HEADER`."""
    results = json.loads(RESULT.read_text(encoding="utf-8"))
    before, header, after = PAGE.read_text(encoding="utf-8").partition(PAGE_HEADER)
    kept = "\n".join(line for line in after.splitlines() if not line.startswith("| ")).strip("\n")
    rows = [page_row(recipe, results[recipe]) for recipe in SHORT if recipe in results]
    PAGE.write_text("\n".join([before + header.rstrip("\n"), *rows, "", kept]) + "\n", encoding="utf-8")


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
    parser.add_argument("--render", action="store_true", help="write heads and guide from the file again, and end")
    parser.add_argument("--threads", type=int, help="cores of a run; for a machine that does other things as well")
    parser.add_argument("--data", type=Path, help="data.yaml of BCCD, for the recipes for work")
    parser.add_argument("--keep", type=Path, help="folder in which the runs stay, one folder a recipe")
    parser.add_argument("--start", type=Path, help="weights to start from; those of the demo are trained without it")
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.recipes) - set(RECIPES)):
        parser.error(f"no recipe of conf/experiment: {', '.join(unknown)}; there are {', '.join(RECIPES)}")
    recipes = arguments.recipes or RECIPES
    if arguments.render:
        for recipe, measured in json.loads(RESULT.read_text(encoding="utf-8")).items():
            write_head(recipe, measured)
        write_page()
        return 0
    if arguments.data is None and (work := sorted(set(recipes) & set(SHORT))):
        parser.error(f"--data is needed for {', '.join(work)}")
    threads = [f"device.threads={arguments.threads}"] if arguments.threads else []
    passed = True
    for recipe in recipes:
        with nullcontext(arguments.keep / recipe) if arguments.keep else tempfile.TemporaryDirectory() as scratch:
            project, more, short = Path(scratch).resolve(), threads, SHORT.get(recipe)
            project.mkdir(parents=True, exist_ok=True)
            # A sweep brings its own seeds, or folds.
            once = arguments.check or (short is not None and short.several)
            seeds = arguments.seeds[:1] if once else arguments.seeds
            if short is not None:
                start = (arguments.start or start_of(project)).resolve() if short.pretrained else None
                more = prepared(recipe, project, arguments.data.resolve(), start, threads)
            found = [run(recipe, seed, project, more) for seed in seeds]
            measured = None if arguments.check else figures(recipe, found, more)
        if measured is None:
            passed = check(recipe, found[0]["run"]["score"]) and passed
        else:
            save(recipe, measured)
            write_head(recipe, measured)
            write_page()
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
