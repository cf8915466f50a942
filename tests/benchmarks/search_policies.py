"""Which search policy gets to a good training for the fewest epochs: replayed on learning curves.

    python tests/benchmarks/search_policies.py                           # simulated curves, a minute; writes the result
    python tests/benchmarks/search_policies.py --record DATA.YAML --start best.pt --seconds 240   # trains, in pieces
    python tests/benchmarks/search_policies.py --table table.json        # replays recorded curves as well

A table holds the mAP50-95 after each epoch of 48 configurations of lr0 and momentum. A policy is given curves epoch by
epoch and pays for each, and a third of an epoch for each process that it starts. Its target is the best mAP50-95 that
Ultralytics' evolution (`model.tune()`, its mutation replayed on the nearest configurations of the table) finds in ten
trainings with the same seed; what it paid until it first had the target is told as a share of what those ten cost, 1
when it never had it. Everybody begins with the same configuration: either Ultralytics' own lr0 of 0.01, far too high
for AdamW, or the recipe's 0.001. `freeze thaw` is the product's own policy; `halving` is successive halving that goes
on from its checkpoints (nine, three, one); ASHA (eta 3) and Hyperband stop what they do not promote. The intervals
are those of a bootstrap, 95 %.

Simulated tables: how high a configuration ends falls off on both sides of a best effective learning rate, lr0 / (1 −
momentum), whose place, width and noise differ from table to table; higher rates rise sooner. On `short` tables little
is learnt before the fourth epoch, as after a warm-up, so the first ones tell little, and the recipe's rate is not far
from the best: a good guess. `--record` really trains.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import platform
import random
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from search_cost import LR0, MOMENTUM, small_dataset

from yololab.sweep.planning.freeze_thaw.points import near_point, spread_point
from yololab.sweep.planning.freeze_thaw.policy import Begin, Curve, Rules, next_step
from yololab.sweep.planning.space import Dimension, Scale

HERE = Path(__file__).resolve().parent
EPOCHS, CONFIGS, TRIALS = 9, 48, 10
PROCESS = 0.33  # epochs that the start of a process costs
TABLES, SEEDS = 12, 10
FEWEST = 16  # configurations without which a recorded table tells nothing
RECIPE, ULTRALYTICS = 0, 1  # places of the two configurations that a search may begin with
FIRST = {RECIPE: (1e-3, 0.9), ULTRALYTICS: (1e-2, 0.937)}
SPACE = (
    Dimension("lr0", "lr0", Scale.FLOAT, low=LR0[0], high=LR0[1], log=True),
    Dimension("momentum", "momentum", Scale.FLOAT, low=MOMENTUM[0], high=MOMENTUM[1]),
)


def configurations() -> list[tuple[float, float]]:
    """Return the configurations of a table: those to begin with, the rest spread over the space."""
    rest = [spread_point(SPACE, index, 7) for index in range(CONFIGS - len(FIRST))]
    return [*FIRST.values(), *((float(point["lr0"]), float(point["momentum"])) for point in rest)]


class Table:
    """Curves of configurations: `curves` one row each, `places` their place in the space, each from 0 to 1."""

    def __init__(self, curves: np.ndarray, known: Sequence[tuple[float, float]]) -> None:
        self.curves = curves
        self.values = [dict(zip(("lr0", "momentum"), values, strict=True)) for values in known]
        self.places = np.array([self.place(*config) for config in known])
        self.plain = np.array([[(lr0 - LR0[0]) / (LR0[1] - LR0[0]), self.place(lr0, m)[1]] for lr0, m in known])

    @staticmethod
    def place(lr0: float, momentum: float) -> tuple[float, float]:
        low, high = MOMENTUM
        return math.log(lr0 / LR0[0]) / math.log(LR0[1] / LR0[0]), (momentum - low) / (high - low)

    def nearest(self, place: np.ndarray, taken: set[int]) -> int:
        """Return the configuration next to a place that was not taken yet."""
        far = np.sum((self.places - place) ** 2, axis=1)
        far[list(taken)] = np.inf
        return int(np.argmin(far))


def simulated(seed: int, *, short: bool = False) -> Table:
    """Return a table of simulated curves.

    Args:
        seed: Which table.
        short: As of a short training from a good guess: little is learnt before the fourth epoch, so that the first
            ones tell little, and the recipe's rate is not far from the best one.
    """
    rng = np.random.default_rng([seed, 9])
    best, width = math.log(rng.uniform(0.006, 0.016 if short else 0.06)), rng.uniform(1.0, 2.0)
    top, noise, pace = rng.uniform(0.2, 0.5), rng.uniform(0.004, 0.02), rng.uniform(0.5, 1.2)
    rows = []
    for lr0, momentum in configurations():
        off = math.log(lr0 / (1 - momentum)) - best
        end = top * math.exp(-((off / width) ** 2) / 2)
        rate = pace * (0.4 + 0.8 / (1 + math.exp(-off)))
        epochs = np.arange(1, EPOCHS + 1)
        curve = end * (1 - np.exp(-rate * epochs / 2.5))
        curve *= np.minimum(1.0, epochs / 4) ** 2 if short else 1.0
        rows.append(np.clip(curve + noise * rng.standard_normal(EPOCHS), 0, None))
    return Table(np.array(rows), configurations())


class Search:
    """What a policy has trained and paid: `log` holds (paid, best so far) after each epoch."""

    def __init__(self, table: Table, rng: np.random.Generator, first: int, budget: float) -> None:
        self.table, self.rng, self.first, self.budget = table, rng, first, budget
        self.paid, self.best = 0.0, 0.0
        self.trained: dict[int, int] = {}
        self.log: list[tuple[float, float]] = []

    def train(self, config: int, until: int, *, process: bool = True) -> float:
        """Train a configuration until an epoch, and return the best that it has shown."""
        self.paid += PROCESS if process else 0.0
        for epoch in range(self.trained.get(config, 0), until):
            self.paid += 1
            self.best = max(self.best, float(self.table.curves[config][epoch]))
            self.log.append((self.paid, self.best))
        self.trained[config] = until
        return float(self.table.curves[config][:until].max())

    def drawn(self) -> Iterator[int]:
        """Yield configurations: the first one, then any others in random order."""
        yield self.first
        yield from (int(n) for n in self.rng.permutation(len(self.table.curves)) if n not in FIRST)

    def spread(self) -> Iterator[int]:
        """Yield configurations: the first one, then those next to a sequence that is spread over the space."""
        taken, seed = set(FIRST), int(self.rng.integers(2**31))
        yield self.first
        for index in range(1, len(self.table.curves) - len(FIRST) + 1):
            point = spread_point(SPACE, index, seed)
            taken.add(found := self.table.nearest(np.array(Table.place(point["lr0"], point["momentum"])), taken))
            yield found

    def curve(self, config: int) -> Curve:
        """Return what a configuration has shown."""
        done = self.trained[config]
        shown = {epoch: float(self.table.curves[config][epoch - 1]) for epoch in range(1, done + 1)}
        return Curve(shown, done, ended=done >= EPOCHS, complete=done >= EPOCHS)

    def until(self, target: float) -> float:
        """Return what was paid until the target was first reached; the whole budget when it never was."""
        return min((paid for paid, best in self.log if best >= target - 1e-9), default=self.budget)

    def at(self, share: float) -> float:
        """Return the best at a share of the budget."""
        return max((best for paid, best in self.log if paid <= share * self.budget), default=0.0)


def tune(search: Search) -> None:
    """Evolve as Ultralytics' tuner does: one of the nine best, drawn by fitness, each gene changed with chance 1/2."""
    table, rng = search.table, search.rng
    known: list[tuple[float, np.ndarray]] = []
    config = search.first
    for number in range(TRIALS):
        if number:
            best = sorted(known, key=lambda item: -item[0])[:9]
            fitness = np.array([score for score, _ in best])
            weights = fitness - fitness.min() + 1e-6
            genes = best[rng.choice(len(best), p=weights / weights.sum())][1]
            genes = np.clip(genes + (rng.random(2) < 0.5) * rng.standard_normal(2) * 0.2, 0, 1)
            lr0 = LR0[0] + genes[0] * (LR0[1] - LR0[0])  # its range of lr0 is no logarithm
            config = table.nearest(np.array([Table.place(lr0, 0)[0], genes[1]]), set(search.trained))
        known.append((search.train(config, EPOCHS), table.plain[config]))


def at_random(search: Search) -> None:
    """Train one after the other to its end."""
    for config in search.drawn():
        if search.paid >= search.budget:
            return
        search.train(config, EPOCHS)


def stopped(search: Search, firsts: tuple[int, ...], eta: int = 3) -> None:
    """Go on at a rung with what is among the best 1/eta of those that were there; a bracket for each first rung."""
    shown: dict[tuple[int, int], list[float]] = {}
    for number, config in enumerate(search.drawn()):
        rung = first = firsts[number % len(firsts)]
        while search.paid < search.budget:
            value = search.train(config, min(rung, EPOCHS), process=rung == first)
            there = shown.setdefault((first, rung), [])
            there.append(value)
            if rung >= EPOCHS or value < sorted(there, reverse=True)[max(1, len(there) // eta) - 1]:
                break
            rung *= eta


def halving(search: Search, eta: int = 3, count: int = 9) -> None:
    """Train nine for an epoch, the best three go on to the third, the best one to the ninth; and again."""
    configs, epochs = search.drawn(), 1
    while search.paid < search.budget and (alive := list(islice(configs, count))):
        epochs = 1
        while True:
            scores = {config: search.train(config, min(epochs, EPOCHS)) for config in alive}
            if epochs >= EPOCHS:
                break
            alive = sorted(alive, key=lambda config: -scores[config])[: max(1, len(alive) // eta)]
            epochs *= eta


def freeze_thaw(search: Search, later: Callable[[Search, list[int]], int] | None = None, **changes: int) -> None:
    """Do what the product does; `later` proposes the points after the first round, None spreads these too."""
    rules = Rules(EPOCHS, 1, 10**6, len(search.table.curves) - len(FIRST), **changes)
    configs, begun = search.spread(), list[int]()
    while search.paid < search.budget:
        step = next_step([search.curve(config) for config in begun], rules)
        if step is None:
            return
        if isinstance(step, Begin):
            new = len(begun) < rules.first_round or later is None
            begun.append(next(c for c in configs if c not in begun) if new else later(search, begun))
            search.train(begun[-1], step.until or EPOCHS)
        else:
            search.train(begun[step.place], EPOCHS)


def near(search: Search, begun: list[int]) -> int:
    """Propose a point next to the best one, as the product does."""
    best = max(begun, key=lambda config: search.curve(config).best)
    rng = random.Random(int(search.rng.integers(2**31)))
    point = near_point(SPACE, search.table.values[best], rng)
    return search.table.nearest(np.array(Table.place(point["lr0"], point["momentum"])), {*begun, *FIRST})


def parzen(search: Search, begun: list[int]) -> int:
    """Propose a point by a tree of Parzen estimators, which is shown paused trials as pruned ones."""
    sampler = optuna.samplers.TPESampler(seed=int(search.rng.integers(2**31)), n_startup_trials=4)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    space = {key: optuna.distributions.FloatDistribution(0.0, 1.0) for key in ("lr0", "momentum")}
    for config in begun:
        curve = search.curve(config)
        study.add_trial(
            optuna.trial.create_trial(
                params=dict(zip(space, map(float, search.table.places[config].clip(0, 1)), strict=True)),
                distributions=space,
                state=optuna.trial.TrialState.COMPLETE if curve.complete else optuna.trial.TrialState.PRUNED,
                value=curve.best if curve.complete else None,
                intermediate_values=dict(curve.values),
            )
        )
    place = study.ask(space).params
    return search.table.nearest(np.array([place["lr0"], place["momentum"]]), {*begun, *FIRST})


POLICIES = {
    "tune": tune,
    "random": at_random,
    "asha": lambda search: stopped(search, (1,)),
    "hyperband": lambda search: stopped(search, (1, 3, 9)),
    "halving": halving,
    "freeze thaw": lambda search: freeze_thaw(search, near),
    "freeze thaw, all paused": lambda search: freeze_thaw(search, near, whole=0),
    "freeze thaw, points spread": freeze_thaw,
    "freeze thaw, points by TPE": lambda search: freeze_thaw(search, parzen),
    "freeze thaw, first round of 6": lambda search: freeze_thaw(search, near, first_round=6),
}


def replay(tables: list[Table], first: int, seeds: int) -> dict[str, dict]:
    """Return what each policy paid, as shares of what ten trainings of the evolution cost."""
    budget, found = TRIALS * (EPOCHS + PROCESS), {name: [] for name in POLICIES}
    for place, table in enumerate(tables):
        for seed in range(seeds):
            target = None
            for name, policy in POLICIES.items():
                search = Search(table, np.random.default_rng([place, seed]), first, budget)
                policy(search)
                target = search.best if target is None else target
                paid = min(1.0, search.until(target) / budget)
                found[name].append((paid, search.until(target) >= budget, search.at(0.15) - target))
    return {name: _summary(np.array(rows, dtype=float)) for name, rows in found.items()}


def _summary(rows: np.ndarray) -> dict:
    rng = np.random.default_rng(0)
    means = [rows[rng.integers(len(rows), size=len(rows)), 0].mean() for _ in range(1000)]
    return {
        "share": round(float(rows[:, 0].mean()), 3),
        "share_ci": [round(float(np.quantile(means, q)), 3) for q in (0.025, 0.975)],
        "share_median": round(float(np.median(rows[:, 0])), 3),
        "never": round(float(rows[:, 1].mean()), 3),
        "behind_at_15_percent": round(float(-rows[:, 2].mean()), 4),
    }


def record(data: Path, start: Path, out: Path, seconds: float) -> None:
    """Train configurations that the table lacks, until the time is over; called again it goes on."""
    from yololab.ultralytics_adapter.isolation.runtime import Isolation, prepare
    from yololab.ultralytics_adapter.models.resolve import resolve_model
    from yololab.ultralytics_adapter.training.training import TrainRequest, train

    began, scratch = time.monotonic(), out.with_suffix(".work")
    rows = json.loads(out.read_text()) if out.exists() else {}
    small = scratch / "data" / "data.yaml"
    if not small.exists():
        small_dataset(data, 96, small.parent)
    prepare(Isolation(scratch / "cache", scratch / "weights", scratch / "datasets", True))
    model = resolve_model(str(start), None, True, [])
    shared = {
        "data": str(small), "epochs": EPOCHS, "imgsz": 96, "batch": 8, "nbs": 8, "optimizer": "AdamW", "seed": 0,
        "device": "cpu", "workers": 0, "plots": False, "close_mosaic": 2, "warmup_epochs": 1, "warmup_bias_lr": 0.0,
        "patience": 100, "amp": False, "val": True,
    }  # fmt: skip
    order = [*FIRST, *(int(n) for n in np.random.default_rng(7).permutation(CONFIGS) if n not in FIRST)]
    for number in order:
        if str(number) in rows or time.monotonic() - began > seconds:
            continue
        folder = scratch / "runs" / str(number)
        shutil.rmtree(folder, ignore_errors=True)
        lr0, momentum = configurations()[number]
        train(TrainRequest(shared | {"lr0": lr0, "momentum": momentum}, model, folder, 1))
        table = csv.DictReader((folder / "results.csv").read_text().splitlines())
        column = "metrics/mAP50-95(B)"
        curve = [float({name.strip(): value for name, value in row.items()}[column]) for row in table]
        rows[str(number)] = {"lr0": lr0, "momentum": momentum, "mAP50-95": curve}
        out.write_text(json.dumps(rows, indent=1))
        shutil.rmtree(folder)


def recorded(rows: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return the table that was recorded, as far as it goes."""
    known = [rows[name] for name in sorted(rows, key=int)]
    return Table(np.array([row["mAP50-95"] for row in known]), [(row["lr0"], row["momentum"]) for row in known])


def main() -> None:
    """Record, or replay and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", type=Path, metavar="DATA.YAML")
    parser.add_argument("--start", type=Path, help="the checkpoint that each configuration starts from")
    parser.add_argument("--seconds", type=float, default=240)
    parser.add_argument("--table", type=Path, default=HERE / "search_policies_table.json")
    parser.add_argument("--out", type=Path, default=HERE / "search_policies.json")
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if options.record:
        record(options.record.resolve(), options.start.resolve(), options.table.resolve(), options.seconds)
        return
    kinds = {
        "simulated": ([simulated(seed) for seed in range(TABLES)], SEEDS),
        "simulated, short": ([simulated(seed, short=True) for seed in range(TABLES)], SEEDS),
    }
    rows = json.loads(options.table.read_text()) if options.table.exists() else {}
    if len(rows) >= FEWEST:
        kinds["recorded"] = ([recorded(rows)], TABLES * SEEDS)
    result = {
        "command": "python tests/benchmarks/search_policies.py",
        "commit": subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], cwd=HERE, capture_output=True, text=True, check=True
        ).stdout.strip(),
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{platform.machine()}; counts of epochs, no times",
        "searches": TABLES * SEEDS,
        "results": {
            kind: {
                "from Ultralytics' lr0": replay(tables, ULTRALYTICS, seeds),
                "from the recipe's lr0": replay(tables, RECIPE, seeds),
            }
            for kind, (tables, seeds) in kinds.items()
        },
    }
    options.out.write_text(json.dumps(result, indent=2) + "\n")
    for kind, starts in result["results"].items():
        for start, found in starts.items():
            print(kind, start)
            for name, row in sorted(found.items(), key=lambda item: statistics.fmean([item[1]["share"]])):
                print(f"  {name:26s}", row)


if __name__ == "__main__":
    main()
