"""A night of proposals: what is better is kept, nothing is judged twice, and the night ends."""

from __future__ import annotations

import json
import shutil

import pytest
from night_samples import begin, run_of
from record_samples import records_of, write_run

from yololab.cli.main import main
from yololab.config.validation import read_own
from yololab.errors import InputError
from yololab.files.metrics import read_metrics
from yololab.files.paths import OutputTree
from yololab.sweep.referee.night import newest_night
from yololab.sweep.referee.proposals import recipe_of
from yololab.sweep.referee.report import greedy_keeps, night_report, noise_text
from yololab.sweep.referee.ruling import rule_on
from yololab.sweep.referee.start import NightSettings, floor_of


@pytest.fixture
def base(tmp_path):
    return run_of(tmp_path, "base", 0.6, 1)


@pytest.mark.heavy
def test_a_better_proposal_is_kept_and_the_next_is_held_against_it(tmp_path, base):
    night, tree = begin(tmp_path, str(base), proposals=4), OutputTree(tmp_path)
    assert night.content["detectable_gain"] is None
    same = rule_on(run_of(tmp_path, "same", 0.6, 2, lr0=0.02), tree)
    assert not same.proposal["kept"]
    better = rule_on(run_of(tmp_path, "better", 0.95, 3, lr0=0.03), tree)
    assert better.proposal["kept"]
    assert "Better than chance" in better.proposal["reason"]
    assert better.proposal["alpha"] == pytest.approx(2 * 0.05 / 4)
    # Better than where the night began, and no better than what was kept.
    third = rule_on(run_of(tmp_path, "third", 0.9, 4, lr0=0.04), tree)
    assert third.proposal["against"] == "proposal_2"
    assert not third.proposal["kept"]
    report = night_report(third.night, tmp_path)
    assert (report["kept"], report["left"], report["value"]) == ([2], 1, better.proposal["value"])
    assert report["reference"] == str(tmp_path / "outputs/training/better")
    # The night keeps what it rests on: runs may go, and the project may move.
    shutil.rmtree(tmp_path / "outputs/training/better")
    moved = shutil.move(tmp_path / "outputs", tmp_path / "elsewhere/outputs")
    last = run_of(moved.parent, "last", 0.95, 5, lr0=0.05)
    assert rule_on(last, OutputTree(moved.parent)).night.left == 0


def test_nothing_is_proposed_twice_and_a_judgement_is_repeated_for_nothing(tmp_path, base):
    begin(tmp_path, str(base), proposals=2)
    tree = OutputTree(tmp_path)
    first = rule_on(run_of(tmp_path, "first", 0.6, 2, lr0=0.02), tree)
    again = rule_on(tmp_path / "outputs/training/first", tree)
    assert again.again
    assert again.proposal == first.proposal
    with pytest.raises(InputError, match="proposal 1, first"):
        rule_on(run_of(tmp_path, "luck", 0.95, 3, lr0=0.02), tree)
    with pytest.raises(InputError, match="the recipe of the baseline"):
        rule_on(run_of(tmp_path, "other_seed", 0.95, 4), tree)
    assert newest_night(tree).left == 1


def test_a_recipe_is_not_where_or_by_which_seed_it_ran():
    record = {"timestamp": "2026-01-17T14:30:00", "status": "complete"}
    settings = {"lr0": 0.01, "data": {"source": "a.yaml"}, "seed": 1, "name": "a", "device": {"id": "0"}}
    own = recipe_of(record | {"requested_config": settings})
    assert own == recipe_of(record | {"requested_config": settings | {"seed": 2, "name": "b", "device": {"id": "cpu"}}})
    assert own != recipe_of(record | {"requested_config": settings | {"lr0": 0.02}})
    other_data = {"dataset": {"fingerprint": {"train": "0" * 64}}}
    assert own != recipe_of(record | {"requested_config": settings} | other_data)
    assert recipe_of(record) is None


def test_the_same_is_told_by_what_was_really_used(tmp_path, base):
    begin(tmp_path, str(base), proposals=3)
    for name, lr0, optimizer in (("asked", 0.02, "SGD"), ("auto", 0.5, "auto")):
        folder = run_of(tmp_path, name, 0.6, 7, lr0=lr0, optimizer=optimizer)
        record = json.loads((folder / "experiment_log.json").read_text())
        record["effective_config"] = {"values": {"lr0": 0.02, "optimizer": "SGD", "data": f"{folder}/data.yaml"}}
        (folder / "experiment_log.json").write_text(json.dumps(record))
    rule_on(tmp_path / "outputs/training/asked", OutputTree(tmp_path))
    with pytest.raises(InputError, match="proposed before"):
        rule_on(tmp_path / "outputs/training/auto", OutputTree(tmp_path))


def test_a_night_ends_by_number_and_by_the_clock(tmp_path, base):
    begin(tmp_path, str(base), proposals=1, hours=1)
    tree, late = OutputTree(tmp_path), run_of(tmp_path, "late", 0.95, 2, lr0=0.02)
    record = json.loads((late / "experiment_log.json").read_text())
    (late / "experiment_log.json").write_text(json.dumps(record | {"timestamp": "2199-01-01T00:00:00+00:00"}))
    with pytest.raises(InputError, match="before this training began"):
        rule_on(late, tree)
    found = rule_on(run_of(tmp_path, "early", 0.95, 3, lr0=0.03), tree)
    assert "began before the night" in found.proposal["warnings"][-1]
    with pytest.raises(InputError, match=r"1 proposals of .* are used"):
        rule_on(run_of(tmp_path, "more", 0.95, 4, lr0=0.04), tree)


def test_seeds_that_are_alike_are_no_noise_floor():
    alike = {"noise": {"seeds": 5, "seed_sd": 0.0, "image_error": 0.0}, "detectable_gain": 0.0}
    assert "differ in no image" in noise_text(alike)


def test_a_night_goes_by_one_metric_and_says_so(tmp_path, base, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["referee", "start", str(base), "proposals=2", "baseline.metric=[mAP50-95,recall]"]) == 2
    assert "primary metric alone" in capsys.readouterr().err
    begin(tmp_path, str(base), proposals=2)
    several = {"baseline": {"metric": ["mAP50-95", "recall"]}}
    found = rule_on(run_of(tmp_path, "both", 0.6, 2, lr0=0.02, **several), OutputTree(tmp_path))
    assert any("to be judged by mAP50-95, recall" in warning for warning in found.proposal["warnings"])


def test_the_test_split_is_for_the_end(tmp_path, base):
    begin(tmp_path, str(base), proposals=1)
    folder = tmp_path / "outputs/training/tested"
    write_run(folder, records_of(0.9, 2, split="test"), {"lr0": 0.5, "seed": 1}, split="test")
    with pytest.raises(InputError, match="the test split is for the end"):
        rule_on(folder, OutputTree(tmp_path))


@pytest.mark.heavy
def test_the_noise_of_five_seeds_stands_in_the_way_of_luck(tmp_path):
    for seed, found in enumerate((0.3, 0.45, 0.6, 0.75, 0.9)):
        run_of(tmp_path, f"seed_{seed}", found, seed)
    run_of(tmp_path, "another_recipe", 0.9, 9, lr0=0.5)
    night = begin(tmp_path, str(tmp_path / "outputs/training/seed_0"), proposals=3)
    report = night_report(night, tmp_path)
    assert report["noise"]["seeds"] == 5
    assert report["noise"]["seed_sd"] > 0.01
    assert sorted(seed["value"] for seed in night.content["seeds"])[2] == report["start_value"]
    lucky = rule_on(run_of(tmp_path, "lucky", 0.85, 11, lr0=0.02), OutputTree(tmp_path))
    assert lucky.proposal["verdict"] == "IMPROVED"
    assert not lucky.proposal["kept"]
    assert "seeds differ" in lucky.proposal["reason"]
    assert greedy_keeps(lucky.night) == 1


def test_what_is_wrong_with_a_start_is_said(tmp_path, base):
    with pytest.raises(InputError, match="how many there may be"):
        begin(tmp_path, str(base))
    with pytest.raises(InputError, match=r"(?s)proposals.*porposals"):
        read_own(NightSettings, {"proposals": "0", "porposals": "4"})
    with pytest.raises(InputError, match="no night of proposals"):
        newest_night(OutputTree(tmp_path))
    run_of(tmp_path, "base_b", 0.6, 2, lr0=0.5)
    with pytest.raises(InputError, match="differ in the seed alone"):
        begin(tmp_path, str(tmp_path / "outputs/training/base*"), proposals=2)


@pytest.mark.heavy
def test_the_commands_of_a_night(tmp_path, base, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["referee", "start", "base", "proposals=2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["left"] == 2
    run_of(tmp_path, "worse", 0.3, 2, lr0=0.02)
    assert main(["referee", "judge", "worse"]) == 4
    assert "proposal 1 discarded" in capsys.readouterr().out
    run_of(tmp_path, "better", 0.95, 3, lr0=0.03)
    assert main(["referee", "judge", "better", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["proposal"]["kept"]
    assert main(["referee", "report"]) == 0
    assert "2 of 2 proposals judged" in capsys.readouterr().out
    page = next((tmp_path / "outputs/referee").glob("*/report.html")).read_text()
    assert "better" in page
    assert "greedy" not in page
    for line in (["judge"], ["think"], ["report", "base"], ["judge", "better", "proposals=3"]):
        assert main(["referee", *line]) == 2


def test_a_night_counts_images_that_look_alike_as_groups(tmp_path):
    keys = records_of(0.8).keys
    said = {"group": "alike", "alike": [[*keys[:10]], [*keys[10:20]]]}
    runs = [write_run(tmp_path / str(seed), records_of(0.8, seed), {"seed": seed}, **said) for seed in range(3)]
    files = [read_metrics(run / "evaluation/metrics.json") for run in runs]
    assert len(floor_of(files).influence) == 42


EDITS = [
    (lambda content: content.update(proposals=40), "was edited since it was judged"),
    (lambda content: content["judged"][1].update(recipe="another"), "proposal 2, or what was declared"),
    (lambda content: content["judged"].pop(0), "was edited since it was judged"),
    (lambda content: content["judged"].pop(), "lacks the judgement of proposal 2"),
    (lambda content: content["judged"].clear(), "lacks the judgement of proposal 1, 2"),
    (lambda content: content.update(reference="a_weaker_one"), "the judgements lead to 0_base"),
]


@pytest.mark.heavy
def test_a_night_that_was_edited_or_cut_is_refused_wherever_it_lies(tmp_path, base):
    begin(tmp_path, str(base), proposals=4)
    for number in (2, 3):
        rule_on(run_of(tmp_path, f"run_{number}", 0.6, number, lr0=0.01 * number), OutputTree(tmp_path))
    moved = shutil.move(tmp_path / "outputs", tmp_path / "elsewhere/outputs").parent
    file = newest_night(OutputTree(moved)).folder.night  # a moved project has the same night
    another, whole = run_of(moved, "run_4", 0.6, 4, lr0=0.04), file.read_text()
    for edit, said in EDITS:
        content = json.loads(whole)
        edit(content)
        file.write_text(json.dumps(content))
        with pytest.raises(InputError, match=said):
            rule_on(another, OutputTree(moved))
    file.write_text(whole)
    assert rule_on(another, OutputTree(moved)).proposal["number"] == 3


def test_a_night_that_was_deleted_is_told_when_another_begins(tmp_path, base, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    begin(tmp_path, str(base), proposals=4)
    rule_on(run_of(tmp_path, "try", 0.6, 2, lr0=0.02), OutputTree(tmp_path))
    assert main(["referee", "start", "base", "proposals=2"]) == 0
    assert "are gone" not in capsys.readouterr().err
    for night in (tmp_path / "outputs/referee").iterdir():
        shutil.rmtree(night)
    assert main(["referee", "start", "base", "proposals=2"]) == 0
    assert "nights that are gone have judged 1 run of this project" in "".join(capsys.readouterr())
