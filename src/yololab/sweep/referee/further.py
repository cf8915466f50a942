"""Further seeds of what a night has kept: they stand for the reference as well, and their mean is less luck than a run.

A single run is as uncertain as the proposal that is held against it, and was chosen for its luck besides. A few more
seeds of its recipe cost no proposal: nothing is claimed of them.
"""

from dataclasses import replace
from statistics import median_low

from yololab.comparison.comparability import names_protocol_difference, protocol_warnings
from yololab.errors import InputError, Problem
from yololab.files.metrics import read_metrics
from yololab.files.paths import OutputTree
from yololab.files.series.chain import link_of
from yololab.statistics.inference.noise_floor import FEWEST_SEEDS
from yololab.sweep.referee.night import (
    FurtherContent,
    Night,
    NightContent,
    ProposalContent,
    keep_evaluation,
    keep_in_record,
    reference_name,
)
from yololab.sweep.referee.proposals import Contestant
from yololab.sweep.referee.start import floor_of, place_of, records_of


def kept_last(proposed: Contestant, night: Night) -> ProposalContent | None:
    """Return the proposal that was kept last, where a run is another seed of it and its noise can be known."""
    newest = night.kept[-1] if night.kept and len(night.content["seeds"]) >= FEWEST_SEEDS else None
    return newest if newest and proposed.recipe and newest.get("recipe") == proposed.recipe else None


def strengthen(proposed: Contestant, newest: ProposalContent, night: Night, tree: OutputTree) -> tuple[Night, bool]:
    """Let another seed of the reference stand for it as well; return the night, and whether it had been taken before.

    Args:
        proposed: The run.
        newest: The proposal that it is another seed of.
        night: The night.
        tree: The project's results.

    Raises:
        InputError: It is no seed of its own, or was measured otherwise.
    """
    if any(seed["candidate"] == proposed.candidate for seed in night.further):
        return night, True
    content, where = night.content, str(proposed.path)
    if proposed.metrics.split != content.get("split"):
        allowed = f"an evaluation on {content.get('split')}"
        raise InputError(Problem(where, f"measured on the split {proposed.metrics.split}", allowed))
    files = [read_metrics(night.folder.kept(name).metrics) for name in night.reference_names]
    warnings = [line for file in files for line in protocol_warnings(proposed.metrics, file, paired=True)]
    if names_protocol_difference(warnings):
        found = "measured under another protocol than the reference"
        raise InputError(Problem(where, found, "the same evaluation.* settings"))
    floor = floor_of([*files, proposed.metrics])  # on the same images, or it raises
    if any(records_of(file).same_as(records_of(proposed.metrics)) for file in files):
        found, allowed = "the very detections of another run of the reference", "a training with another seed"
        raise InputError(Problem(where, found, allowed))
    name = f"{reference_name(newest)}_seed_{len(files) + 1}"
    entry = FurtherContent(
        name=name,
        run=place_of(proposed.path, tree),
        candidate=proposed.candidate,
        recipe=proposed.recipe,
        value=proposed.value,
        of=newest["number"],
        before=night.last_link,
    )
    entry["sha256"] = link_of(entry)
    keep_evaluation(night.folder, name, proposed.metrics, proposed.predictions)
    names, values = [*night.reference_names, name], list(floor.values)
    whole: NightContent = {**content, "further": [*night.further, entry]}
    whole["reference"] = names[values.index(median_low(values))]
    night = replace(night, content=whole)
    night.write()
    keep_in_record(newest["number"], entry["sha256"], night, proposed.path, kept=True)
    return night, False
