"""How well the demo does over five seeds, and how long it takes; run on demand, about a quarter of an hour.

Usage: python tests/benchmarks/demo_seeds.py  (writes demo_seeds.json beside it)
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

SEEDS = range(5)
RESULT = Path(__file__).with_suffix(".json")
COMMAND = ("yololab", "experiment=demo", "approval=auto", "export=none")


def run(seed: int, project: Path) -> dict[str, float]:
    """Run the demo with one seed and return its scores and seconds."""
    words = [sys.executable, "-m", *COMMAND, f"seed={seed}", f"name=seed{seed}"]
    subprocess.run(words, cwd=project, stdin=subprocess.DEVNULL, check=True)
    folder = (project / "outputs/training/latest").resolve()
    return summary(folder, seed)


def summary(folder: Path, seed: int) -> dict[str, float]:
    """Return the scores and seconds of a finished demo."""
    metrics = json.loads((folder / "evaluation/metrics.json").read_text())
    record = json.loads((folder / "experiment_log.json").read_text())
    seconds = sum(record["timings"].values())
    return {"seed": seed, "mAP50": metrics["mAP50"], "mAP50-95": metrics["mAP50-95"], "seconds": round(seconds, 1)}


def main() -> None:
    """Run all seeds and write the result file."""
    with tempfile.TemporaryDirectory() as project:
        write([run(seed, Path(project)) for seed in SEEDS], Path(project))


def write(runs: list[dict[str, float]], project: Path) -> None:
    """Write the result file: the runs, their mean and spread, and where they come from."""
    record = json.loads(next((project / "outputs/training").glob("seed*/experiment_log.json")).read_text())
    scores = [item["mAP50"] for item in runs]
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    hardware = {key: record["provenance"]["hardware"][key] for key in ("cpu", "cores", "os", "python")}
    packages = {name: record["provenance"]["packages"][name] for name in ("torch", "ultralytics", "numpy")}
    content = {
        "command": " ".join(COMMAND) + " seed=0…4",
        "commit": commit,
        "machine": hardware,
        "packages": packages,
        "runs": runs,
        "mAP50": {
            "mean": round(statistics.mean(scores), 3),
            "sd": round(statistics.stdev(scores), 3),
            "worst": round(min(scores), 3),
        },
        "seconds": {"median": statistics.median(item["seconds"] for item in runs)},
    }
    RESULT.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
