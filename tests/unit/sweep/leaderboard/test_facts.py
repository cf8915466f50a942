"""Of a record only what a row needs is kept, and of its settings what the base has not."""

from __future__ import annotations

from project_samples import SETTINGS, write_run

from yololab.sweep.leaderboard.facts import Base, facts_of, read_record

BASE = Base(SETTINGS)


def facts(root, **changes):
    return facts_of(read_record(write_run(root, "a", changes).record), BASE, BASE.number)


def test_only_what_differs_is_kept(tmp_path):
    found = facts(tmp_path, lr0=0.5, model={"weights": "x.pt", "architecture": None}, seed=3)
    assert found.changed == {"lr0": 0.5, "model.weights": "x.pt", "model.architecture": None, "seed": 3}
    assert found.fingerprint == "v" * 64


def test_a_recipe_is_a_config_without_seed_and_names(tmp_path):
    first = facts(tmp_path, seed=1, name="x", notes="n", paths={"root": "."})
    assert first.recipe == facts(tmp_path).recipe
    assert first.recipe != facts(tmp_path, lr0=0.5).recipe


def test_what_another_version_does_not_know_is_absent(tmp_path):
    record = read_record(write_run(tmp_path, "a").record)
    del record.requested_config["device"], record.requested_config["lr0"]
    assert sorted(facts_of(record, BASE, 1).absent) == ["device.id", "lr0"]


def test_a_base_is_told_by_its_content():
    assert BASE.number == Base(dict(SETTINGS)).number != Base(SETTINGS | {"lr0": 2}).number
    assert BASE.values["model.weights"] == "yolo26n.pt"
