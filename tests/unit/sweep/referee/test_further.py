"""Further seeds of what was kept stand for the reference as well."""

from __future__ import annotations

import json

import pytest
from night_samples import begin, run_of

from yololab.comparison.run_reference import read_reference
from yololab.errors import InputError
from yololab.files.metrics import read_metrics
from yololab.files.paths import OutputTree
from yololab.sweep.referee.further import kept_last
from yololab.sweep.referee.night import newest_night
from yololab.sweep.referee.proposals import contestant
from yololab.sweep.referee.report import night_report
from yololab.sweep.referee.ruling import rule_on


@pytest.mark.heavy
def test_further_seeds_of_what_was_kept_stand_for_the_reference_as_well(tmp_path):
    for seed in range(6):
        run_of(tmp_path, f"seed_{seed}", 0.5, seed)
    begin(tmp_path, str(tmp_path / "outputs/training/seed_*"), proposals=3)
    tree = OutputTree(tmp_path)
    kept = rule_on(run_of(tmp_path, "better", 0.9, 11, lr0=0.02), tree)
    assert kept.proposal["kept"]
    seed = contestant(read_reference(str(run_of(tmp_path, "another_seed", 0.9, 20, lr0=0.02)), tmp_path))
    assert kept_last(seed, kept.night) == kept.proposal
    alone = rule_on(run_of(tmp_path, "first_try", 0.9, 12, lr0=0.03), tree).proposal
    for seed in (21, 22):
        found = rule_on(run_of(tmp_path, f"better_{seed}", 0.9, seed, lr0=0.02), tree)
        assert (found.again, found.proposal["number"]) == (False, 1)
    night = newest_night(tree)
    assert (night.left, len(night.reference_names)) == (1, 3)
    # The middle one of the three is what the paired test goes by.
    values = sorted(read_metrics(night.folder.kept(name).metrics).value("mAP50-95") for name in night.reference_names)
    assert night.reference.value("mAP50-95") == values[1]
    assert rule_on(tmp_path / "outputs/training/better_21", tree).again
    with pytest.raises(InputError, match="the very detections of another run"):
        rule_on(run_of(tmp_path, "copied", 0.9, 22, lr0=0.02), tree)
    assert {seed["of"] for seed in night.further} == {1}
    report = night_report(night, tmp_path)
    assert report["reference_runs"] == 3
    last = rule_on(run_of(tmp_path, "second_try", 0.9, 13, lr0=0.04), tree).proposal
    assert last["error"] < alone["error"]
    assert last["needed"] < alone["needed"]
    # Another seed of what was discarded is no proposal, and an edit is found.
    with pytest.raises(InputError, match="proposed before"):
        rule_on(run_of(tmp_path, "again", 0.9, 31, lr0=0.03), tree)
    content = json.loads(night.folder.night.read_text())
    content["further"].pop()
    content["reference"] = night.reference_names[0]
    night.folder.night.write_text(json.dumps(content))
    with pytest.raises(InputError, match="lacks the judgement of proposal 1"):
        rule_on(tmp_path / "outputs/training/seed_0", tree)
