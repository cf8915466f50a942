"""A chain of hashes: what was edited is found."""

from __future__ import annotations

from yololab.files.json_files import write_json
from yololab.files.paths import OutputTree
from yololab.files.series.chain import first_link, is_edited, link_of, traces


def test_an_entry_that_was_edited_has_another_hash():
    entry = {"candidate": "a", "before": first_link({"version": "1"})}
    entry["sha256"] = link_of(entry)
    assert not is_edited(entry)
    assert is_edited(entry | {"candidate": "b"})
    assert is_edited(entry | {"before": first_link({"version": "2"})})
    assert not is_edited({"candidate": "of before there were chains"})


def test_traces_are_those_of_one_series_wherever_they_are_kept(tmp_path):
    own, other = first_link({"a": 1}), first_link({"a": 2})
    write_json(tmp_path / "outputs/comparisons/1/comparison.json", {"look": {"series": own, "number": 1}}, 2)
    write_json(tmp_path / "outputs/comparisons/2/comparison.json", {"look": {"series": other, "number": 2}}, 2)
    write_json(tmp_path / "multirun/s/0/experiment_log.json", {"comparison": {"look": {"series": own, "number": 3}}}, 1)
    (tmp_path / "outputs/comparisons/3").mkdir()
    (tmp_path / "outputs/comparisons/3/comparison.json").write_text("{" + own)
    assert sorted(found["number"] for found in traces(OutputTree(tmp_path), own)) == [1, 3]
