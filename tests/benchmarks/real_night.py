"""One real night: ten short trainings, proposed one after the other and judged by `yololab referee`; run on demand.

    python tests/benchmarks/real_night.py                                       # 15 trainings of half a minute each
    python tests/benchmarks/real_night.py --project DIR --minutes 4             # in pieces: again goes on where it was
    python tests/benchmarks/real_night.py --proposals 1 --seeds 1 --epochs 1    # a rehearsal, written nowhere

Five seeds of a recipe that tells the built-in shapes apart are the baseline and its noise floor. The ten changes are of
rate, schedule, batch and augmentation: a larger rate can help a training this short, a much smaller one harms it, and
most do nothing that could be seen. Writes real_night.json beside itself: what was kept, and what the rule "better than
the best so far" would have kept.
"""

import argparse
import contextlib
import io
import json
import sys
import tempfile
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from calibration import keep

from yololab.cli.main import main

RECIPE = (
    *("experiment=demo_classify", "device.threads=1", "workers=0", "estimate.batches=1"),
    *("approval=auto", "export=none", "evaluation.plots=false"),
)
SEEDS, EPOCHS = 5, 5
CHANGES = (
    "weight_decay=0.0006",
    "lr0=0.004",
    "hsv_h=0.02",
    "lr0=0.00005",
    "fliplr=0.0",
    "erasing=0.0",
    "warmup_epochs=0.5",
    "batch=64",
    "cos_lr=true",
    "dropout=0.05",
)
KEPT, DISCARDED = 0, 4
# What a proposal's judgement is told by.
_TOLD = ("number", "value", "gain", "ci_low", "ci_high", "p", "error", "needed", "kept", "reason", "warnings")


class Night:
    """A night in a project's folder, which says by itself what has been done.

    Attributes:
        project: Its folder.
        epochs: How long each training is.
        code: The exit code of the last command.
        ends: When no other training begins (by `time.monotonic`); None for whenever.
    """

    def __init__(self, project: Path, epochs: int, minutes: float | None) -> None:
        self.project, self.epochs = project, epochs
        self.code = 0
        self.ends = None if minutes is None else time.monotonic() + 60 * minutes

    def yololab(self, *words: str, allowed: tuple[int, ...] = (0,)) -> str:
        """Run a command in the project, in this process, and return what it prints; its exit code has to be allowed.

        All commands share one process: starting one costs as much as a training this short.
        """
        printed, told = io.StringIO(), io.StringIO()
        with contextlib.chdir(self.project), redirect_stdout(printed), redirect_stderr(told):
            self.code = main(list(words))
        if self.code not in allowed:
            raise SystemExit(
                f"yololab {' '.join(words)} ended with {self.code}:\n{told.getvalue()}{printed.getvalue()}"
            )
        return printed.getvalue()

    def trained(self, name: str, *change: str) -> Path:
        """Return the run of a training, which is trained now unless it is there."""
        for file in sorted(self.project.glob(f"outputs/training/{name}_*/experiment_log.json")):
            if json.loads(file.read_text())["status"] == "complete":
                return file.parent
        if self.ends is not None and time.monotonic() > self.ends:
            raise SystemExit(f"{name} is next: the same command goes on")
        print(name, *change, flush=True)
        self.yololab(*RECIPE, f"epochs={self.epochs}", f"name={name}", *change)
        return self.trained(name)

    def judged(self, seeds: int, proposals: int) -> dict[str, Any]:
        """Return what the referee says of the night in the morning."""
        for seed in range(seeds):
            self.trained(f"ours{seed}", f"seed={seed}")
        if not (self.project / "outputs/referee").exists():
            self.yololab("referee", "start", "outputs/training/ours*", f"proposals={proposals}")
        for place, change in enumerate(CHANGES[:proposals]):
            run = self.trained(f"try{place}", change)
            # A run that was judged before is answered as it was, and counts once.
            self.yololab("referee", "judge", str(run), allowed=(KEPT, DISCARDED))
            print(change, "kept" if self.code == KEPT else "discarded", flush=True)
        return json.loads(self.yololab("referee", "report", "--json"))

    def seconds(self) -> float:
        """Return how long all stages of all runs took."""
        records = [json.loads(file.read_text()) for file in self.project.glob("outputs/training/*/experiment_log.json")]
        return sum(sum(record["timings"].values()) for record in records)


def summary(report: dict[str, Any]) -> dict[str, Any]:
    """Return what is kept of a report: nothing of where the night lay."""
    rows = [{key: row.get(key) for key in _TOLD} for row in report["judged"]]
    return {
        "metric": report["metric"],
        "proposals": report["proposals"],
        "noise": report["noise"],
        "detectable_gain": report["detectable_gain"],
        "start_value": report["start_value"],
        "value": report["value"],
        "kept": report["kept"],
        "greedy": report["greedy"],
        "judged": [{"change": change} | row for change, row in zip(CHANGES, rows, strict=False)],
    }


def whole() -> None:
    """Run the night, and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--proposals", type=int, default=len(CHANGES))
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--project", type=Path, help="a folder for the runs, where a night goes on; without, none stay")
    parser.add_argument("--minutes", type=float, help="begin no training later than that")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        project = options.project or Path(temporary)
        project.mkdir(parents=True, exist_ok=True)
        night = Night(project, options.epochs, options.minutes)
        found = summary(night.judged(options.seeds, options.proposals))
        seconds = night.seconds()
    if (options.proposals, options.seeds, options.epochs) == (len(CHANGES), SEEDS, EPOCHS):
        keep(Path(__file__), found, "", seconds)
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    whole()
