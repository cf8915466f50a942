"""Looks at a baseline: each candidate is one, whatever happens to it, and all together spend no more than α."""

from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from yololab.errors import InputError
from yololab.files import baseline as baselines
from yololab.files.json_files import write_json
from yololab.files.looks import Look, candidate_of, look_of, looks_left, no_look_left, take_look
from yololab.files.metrics import read_metrics
from yololab.files.paths import OutputTree

NAMED = ("cells", "detect", None)


@pytest.fixture
def place(tmp_path):
    write_json(tmp_path / "metrics.json", {"task": "detect", "split": "val", "mAP50-95": 0.4}, 1)
    place = baselines.baseline_of(OutputTree(tmp_path / "project"), "cells", "detect", None)
    baselines.promote(place, read_metrics(tmp_path / "metrics.json"), None, tmp_path / "run")
    return place


def test_a_candidate_is_one_look_and_the_series_spends_alpha_once(place, tmp_path):
    looks = [take_look(place, name, 4, 0.05) for name in ("a", "b", "a", "c", "d", "b")]
    assert [look.number for look in looks] == [1, 2, 1, 3, 4, 2]
    assert {look.alpha for look in looks} == {0.0125}
    assert not looks_left(place, 4, 0.05)
    late = take_look(place, "e", 4, 0.05)
    assert late.spent
    assert late.number == 5
    assert "promote" in str(no_look_left(place, 4))
    # Declaring more afterwards finds nothing left, and a moved project still knows.
    moved = shutil.move(place.project.root, tmp_path / "moved")
    there = baselines.baseline_of(OutputTree(moved), "cells", "detect", None)
    assert take_look(there, "e", 400, 0.05).spent
    assert take_look(there, "a", 4, 0.05).number == 1


def test_another_number_declared_shares_what_is_left():
    spent = [{"candidate": "a", "alpha": 0.0125}]
    levels = []
    for name in (f"{number}" for number in range(20)):
        look = look_of(spent, name, 10, 0.05)
        levels.append(look.alpha)
        spent += [] if look.spent else [{"candidate": name, "alpha": look.alpha}]
    assert sum(levels) + 0.0125 <= 0.05
    assert levels.count(0.005) == 7


def test_a_new_version_begins_a_new_series_and_the_model_itself_is_no_look(place, tmp_path):
    assert take_look(place, "a", 1, 0.05).number == 1
    assert not looks_left(place, 1, 0.05)
    baselines.promote(place, read_metrics(tmp_path / "metrics.json"), None, tmp_path / "run")
    assert looks_left(place, 1, 0.05)
    assert take_look(place, candidate_of(None, place.current() / "metrics.json"), 1, 0.05) is None
    assert take_look(place, "b", 1, 0.05).number == 1
    assert len(json.loads(place.looks.read_text())["looks"]) == 2


def test_looks_taken_at_once_are_all_counted(place):
    with ThreadPoolExecutor(4) as pool:
        looks = list(pool.map(lambda name: take_look(place, name, 20, 0.05), [f"{n % 10}" for n in range(20)]))
    assert sorted({look.number for look in looks}) == list(range(1, 11))
    assert len(json.loads(place.looks.read_text())["looks"]) == 10


def test_a_damaged_file_of_looks_is_told(place):
    place.looks.write_text("{")
    with pytest.raises(InputError, match=r"looks\.json"):
        take_look(place, "a", 4, 0.05)


@pytest.mark.parametrize(
    "edit",
    [
        lambda content: content["looks"].pop(),
        lambda content: content["looks"].clear(),
        lambda content: content["looks"][0].update(alpha=0.001),
        lambda content: content["looks"][1].update(version="another"),
        lambda content: (content.pop("sha256"), content["looks"][0].update(alpha=-1.0)),
    ],
)
def test_a_file_of_looks_that_was_edited_spends_nothing_again(place, edit):
    for name in ("a", "b"):
        take_look(place, name, 2, 0.05)
    content = json.loads(place.looks.read_text())
    edit(content)
    place.looks.write_text(json.dumps(content))
    with pytest.raises(InputError, match="was edited since it was written"):
        take_look(place, "c", 2, 0.05)


def test_a_file_of_looks_of_before_there_was_a_hash_is_read(place):
    take_look(place, "a", 2, 0.05)
    content = json.loads(place.looks.read_text())
    del content["sha256"]
    content["looks"].reverse()
    place.looks.write_text(json.dumps(dict(reversed(content.items()))))
    assert take_look(place, "b", 2, 0.05).number == 2
    assert take_look(place, "c", 2, 0.05).spent


def test_a_candidate_is_its_checkpoint_wherever_it_lies(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "best.pt").write_bytes(b"weights")
        (tmp_path / name / "metrics.json").write_text(name)
    found = [candidate_of(tmp_path / name / "best.pt", tmp_path / name / "metrics.json") for name in ("a", "b")]
    assert found[0] == found[1]
    assert candidate_of(None, tmp_path / "a/metrics.json") != candidate_of(None, tmp_path / "b/metrics.json")
    assert candidate_of(None, tmp_path / "none/metrics.json") is None


def kept(place, folder: str, look, *, in_record: bool = False):
    """Keep a look where a comparison, or a run, keeps it."""
    root, content = place.project.root, {"verdict": "IMPROVED", "look": look.to_json()}
    if in_record:
        file = root / "outputs/training" / folder / "experiment_log.json"
        write_json(file, {"timestamp": "2026-01-17", "status": "complete", "comparison": content}, 1)
    else:
        file = root / "outputs/comparisons" / folder / "comparison.json"
        write_json(file, content, 2)
    return file


def three_looks(place):
    looks = [take_look(place, name, 4, 0.05) for name in "abc"]
    return [kept(place, f"c{look.number}", look, in_record=look.number % 2 == 0) for look in looks]


@pytest.mark.parametrize("how", ["deleted", "emptied", "older", "another project's"])
def test_a_series_that_was_cut_goes_on_and_it_is_told(place, how):
    take_look(place, "a", 4, 0.05)
    older = place.looks.read_text()
    three_looks(place)
    if how == "deleted":
        place.looks.unlink()
    elif how == "emptied":
        write_json(place.looks, {"looks": []}, 1)
    elif how == "older":
        place.looks.write_text(older)
    else:
        foreign = [{"candidate": "x", "alpha": 0.0125, "version": "20250101_000000", "time": "2025"}]
        write_json(place.looks, {"looks": foreign}, 1)
    moved = shutil.move(place.project.root, place.project.root.with_name("moved"))
    there = baselines.baseline_of(OutputTree(moved), *NAMED)
    look = take_look(there, "d", 4, 0.05)
    assert (look.number, look.spent) == (4, False)
    assert f"lacked {2 if how == 'older' else 3} looks" in look.warning
    assert take_look(there, "e", 4, 0.05).spent
    # It is whole again, as it was: nothing is told twice.
    again = take_look(there, "b", 4, 0.05)
    assert (again.number, again.warning) == (2, "")


def test_a_look_whose_own_comparison_is_gone_still_counts(place):
    files = three_looks(place)
    place.looks.unlink()
    shutil.rmtree(files[0].parent)
    shutil.rmtree(files[1].parent)
    assert not looks_left(place, 3, 0.0375)
    look = take_look(place, "d", 4, 0.05)
    assert look.number == 4
    assert "lacked 3 looks" in look.warning
    assert take_look(place, "e", 4, 0.05).warning == ""


def test_an_edited_look_is_found_although_its_hashes_fit(place):
    files = three_looks(place)
    content = json.loads(place.looks.read_text())
    del content["sha256"], content["looks"][1]["before"], content["looks"][1]["sha256"]
    content["looks"][1]["alpha"] = 1e-6
    place.looks.write_text(json.dumps(content))
    assert "lacked 1 look" in take_look(place, "d", 4, 0.05).warning
    # What is edited in a record is no evidence, and a comparison with another baseline is none of this series.
    edited = json.loads(files[2].read_text())
    edited["look"]["entry"]["candidate"] = "z"
    files[2].write_text(json.dumps(edited))
    assert take_look(place, "z", 4, 0.05).number == 5
    assert take_look(place, "z", 4, 0.05).warning == ""


def test_a_look_comes_back_from_its_file(place):
    look = take_look(place, "a", 4, 0.05)
    assert Look.from_json(json.loads(json.dumps(look.to_json()))) == look
    assert Look.from_json({"number": 1, "of": 2, "alpha": 0.025}) == Look(1, 2, 0.025)
