"""A search that begins with what earlier ones on the same data have found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yololab.config.measuring.evaluation import Split
from yololab.errors import InputError, Problem
from yololab.files.metrics import read_metrics
from yololab.sweep.planning.space import Scale, Space, Value
from yololab.sweep.state import Objective, SweepFolder, TrialEntry, TrialStatus, WarmTrial

# So many points of earlier sweeps are tried again: one that was lucky there is found out, and the rest is new.
MOST_POINTS = 3


@dataclass(frozen=True)
class Earlier:
    """A point of an earlier sweep.

    Attributes:
        values: Its values of what varies now; what it leaves out is sampled.
        trial: Where it comes from.
    """

    values: dict[str, Value]
    trial: WarmTrial


def earlier_points(
    folders: Sequence[Path], space: Space, objective: Objective, prints: Mapping[str, str], split: str
) -> list[Earlier]:
    """Return the best points of earlier sweeps on the same data, each once, the best first.

    A trial counts when its training and its evaluated split have the same content as ours now, and when that split is
    not the test split: what was chosen there would no longer be measured fairly on it.

    Args:
        folders: The earlier sweeps.
        space: What varies now.
        objective: What this search is after.
        prints: The fingerprint of each split of the data.
        split: The split that this search chooses on.

    Raises:
        InputError: A folder is no sweep's, or has nothing that can be used, with the reason.
    """
    if split == Split.TEST:
        remedy = "leave out search.warm_start, or evaluation.split=val"
        raise InputError(Problem("search.warm_start", "trials are chosen on the test split", "val", remedy))
    problems: list[Problem] = []
    found: list[Earlier] = []
    for path in folders:
        folder = SweepFolder(path)
        if not folder.is_sweep():
            problems.append(Problem("search.warm_start", f"{path} is no sweep", "a folder of multirun/"))
            continue
        settings = folder.read_settings()
        if objective not in settings.objectives:
            other = ", ".join(item.metric for item in settings.objectives)
            problems.append(Problem("search.warm_start", f"{path} was after {other}", objective.metric))
            continue
        place = settings.objectives.index(objective)
        own = [item for entry in folder.trials() if (item := _earlier(folder, entry, space, place, prints, split))]
        if not own:
            reason = "has no complete trial on the same data with values in this space"
            problems.append(Problem("search.warm_start", f"{path} {reason}", "a sweep over the same splits"))
        found += [Earlier(values, WarmTrial(str(run), objective.metric, value)) for values, run, value in own]
    if problems:
        raise InputError(problems)
    sign = 1 if objective.lower_is_better else -1
    unique: dict[str, Earlier] = {}
    for point in sorted(found, key=lambda point: sign * point.trial.value):
        unique.setdefault(repr(sorted(point.values.items())), point)
    return list(unique.values())[:MOST_POINTS]


def _earlier(
    folder: SweepFolder, entry: TrialEntry, space: Space, place: int, prints: Mapping[str, str], split: str
) -> tuple[dict[str, Any], Path, float] | None:
    """Return a trial's values that this space has, its folder and its result; None when it does not count."""
    held = [item for item in space.dimensions if item.key in entry.params and item.holds(entry.params[item.key])]
    values = {item.key: entry.params[item.key] for item in held}
    values |= {item.key: int(values[item.key]) for item in held if item.scale is Scale.INT}
    if entry.status is not TrialStatus.COMPLETE or entry.objectives is None or not values:
        return None
    run = folder.trial(entry.number)
    try:
        metrics = read_metrics(run.metrics)
    except InputError:
        return None
    same = metrics.fingerprint == prints.get(split) and metrics.train_fingerprint == prints.get("train")
    if not same or metrics.fingerprint is None or metrics.content.get("split") != split:
        return None
    return values, run.path, entry.objectives[place]
