"""The beginning of a night: what proposals are held against, how many there may be, and the noise floor."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median_low

from yololab.comparison.arms import read_arms
from yololab.comparison.comparability import comparability_problems, pairing_problems
from yololab.comparison.evidence import read_records
from yololab.comparison.groups import units_of
from yololab.comparison.run_reference import read_reference
from yololab.config.settings import setting
from yololab.errors import InputError, Problem
from yololab.files.atomic import new_named_folder
from yololab.files.metrics import MetricsFile
from yololab.files.paths import NightFolder, OutputTree, RunFolder
from yololab.files.predictions import PredictionsError
from yololab.files.record import Record, now
from yololab.files.run_names import path_or_pattern
from yololab.statistics.inference.noise_floor import FEWEST_SEEDS, NoiseFloor, noise_floor, noise_test
from yololab.statistics.records.base import Records
from yololab.sweep.referee.night import NIGHT_ALPHA, Night, NightContent, ReferenceContent, keep_evaluation, read_night
from yololab.sweep.referee.proposals import Contestant, contestant, recipe_of

_FOUR_IN_FIVE = 0.84  # z(0.8)


@dataclass
class NightSettings:
    """What is declared of a night.

    Attributes:
        proposals: How many proposals may be judged; they share one α of 0.05.
        hours: How long trainings may begin after the start; null sets no limit.
    """

    proposals: int | None = setting(None, at_least=1, at_most=1000)
    hours: float | None = setting(None, at_least=0)


def start_night(baseline: str, settings: NightSettings, tree: OutputTree, working_directory: Path) -> Night:
    """Begin a night of proposals.

    Args:
        baseline: A run, a promoted baseline, or a pattern of the seeds of one recipe. Of a single run the other seeds
            of its recipe are looked for in the project.
        settings: What is declared.
        tree: The project's results.
        working_directory: Where relative paths start.

    Raises:
        InputError: Nothing was declared, or the runs are not of one recipe, measured on the same images.
    """
    if settings.proposals is None:
        remedy = "they share one α, so their number is said first"
        raise InputError(Problem("proposals", "not declared", "proposals=N, how many there may be", remedy))
    seeds = _seeds_of(baseline, tree, working_directory)
    metrics = seeds[0].metrics
    if metrics.split == "test":
        found = "measured on the test split"
        raise InputError(Problem(str(seeds[0].path), found, "the validation split: the test split is for the end"))
    floor = floor_of([seed.metrics for seed in seeds]) if len(seeds) >= FEWEST_SEEDS else None
    middle = median_low([seed.value for seed in seeds])
    reference = next(seed for seed in seeds if seed.value == middle) if floor else seeds[0]
    kept = seeds if floor else [reference]
    names = [f"{number}_{seed.name}" for number, seed in enumerate(kept)]
    content: NightContent = {
        "started": now(),
        "baseline": baseline,
        "task": metrics.task,
        "metric": metrics.primary.name,
        "split": metrics.split,
        "test_split": any(seed.test_split for seed in seeds),
        "proposals": settings.proposals,
        "hours": settings.hours,
        "seeds": [
            ReferenceContent(
                name=name, run=place_of(seed.path, tree), candidate=seed.candidate, recipe=seed.recipe, value=seed.value
            )
            for name, seed in zip(names, kept, strict=True)
        ],
        "reference": names[kept.index(reference)],
        "detectable_gain": detectable_gain(floor, settings.proposals) if floor else None,
        "judged": [],
    }

    def fill(hidden: Path, _place: Path) -> None:
        folder = NightFolder(hidden)
        for name, seed in zip(names, kept, strict=True):
            keep_evaluation(folder, name, seed.metrics, seed.predictions)
        Night(folder, content).write()

    return read_night(NightFolder(new_named_folder(tree.referee, "", fill)))


def place_of(path: Path, tree: OutputTree) -> str:
    """Return where a run lies: below the project, so that it is found when the project is moved, else its full path."""
    return path.relative_to(tree.root).as_posix() if path.is_relative_to(tree.root) else str(path)


def floor_of(evaluations: Sequence[MetricsFile]) -> NoiseFloor:
    """Return the noise floor of the seeds of one recipe.

    Raises:
        InputError: They were not measured on the same images, or an evaluation has lost its records.
    """
    records = [records_of(metrics) for metrics in evaluations]
    problems = [problem for metrics in evaluations[1:] for problem in comparability_problems(metrics, evaluations[0])]
    problems += [problem for other in records[1:] for problem in pairing_problems(other, records[0])]
    if problems:
        raise InputError(problems)
    units = units_of(records[0].keys, evaluations[0].group, clusters=evaluations[0].alike)
    return noise_floor(records, evaluations[0].primary.name, units)


def records_of(metrics: MetricsFile) -> Records:
    """Return the records beside an evaluation."""
    try:
        return read_records(metrics, "run")
    except PredictionsError as error:
        raise InputError(Problem(str(metrics.path), str(error), "a run with its records")) from None


def detectable_gain(floor: NoiseFloor, proposals: int) -> float:
    """Return the smallest gain that the first proposals of a night are kept for, four times in five."""
    test = noise_test(
        floor,
        0.0,
        floor.image_variance * (1 + 1 / len(floor.values)),
        proposals,
        NIGHT_ALPHA,
        stands_for=len(floor.values),
    )
    return (test.needed + _FOUR_IN_FIVE) * test.error


def _seeds_of(baseline: str, tree: OutputTree, working_directory: Path) -> list[Contestant]:
    """Return the runs that a text names: the seeds of one recipe, or one run and the other seeds of it."""
    arms = read_arms(path_or_pattern(tree, baseline, working_directory), working_directory)
    if len(arms) > 1:
        several = f"{len(arms)} recipes: {'; '.join(arm.text for arm in arms)}"
        raise InputError(Problem(baseline, several, "runs that differ in the seed alone", "name the runs of one"))
    arm = arms[0].one_a_seed()
    named = [contestant(reference) for reference in arm.runs]
    if len(named) > 1 or named[0].recipe is None:
        return named
    first = named[0]
    return [first, *(seed for seed in _other_seeds(first, tree) if seed.candidate != first.candidate)]


def _other_seeds(first: Contestant, tree: OutputTree) -> list[Contestant]:
    """Return the complete runs of the project of the same recipe, on the same images, one a seed."""
    seeds: dict[object, Contestant] = {}
    for file in sorted(tree.records()):
        folder = RunFolder(file.parent)
        if folder.path == first.path or not folder.metrics.is_file():
            continue
        try:
            record = Record(folder).read()
            if record["status"] != "complete" or recipe_of(record) != first.recipe:
                continue
            other = contestant(read_reference(str(folder.path), tree.root))
        except InputError:
            continue  # a run that cannot be read is no seed of anything
        seed = (record.get("requested_config") or {}).get("seed")
        if other.metrics.fingerprint == first.metrics.fingerprint and other.metrics.split == first.metrics.split:
            seeds.setdefault(seed, other)
    own = _seed(first)
    return [seed for key, seed in seeds.items() if key != own or own is None]


def _seed(run: Contestant) -> object:
    """Return the seed of a run; None where nothing says."""
    folder = RunFolder(run.path)
    return (Record(folder).read().get("requested_config") or {}).get("seed") if folder.record.is_file() else None
