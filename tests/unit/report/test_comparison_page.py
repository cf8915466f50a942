"""The page of a comparison: two arms, more of them, groups, and damage."""

from __future__ import annotations

import json
import re

import pytest
from record_samples import records_of, write_run
from report_samples import HOSTILE, comparison_of, looked_into, metrics_of, tables_in

from yololab.errors import InputError
from yololab.report.comparison_page import arms_of, write_comparison_page
from yololab.report.run_files import load_run

NAMES = ("cat", "dog", "owl")


@pytest.fixture
def comparison(tmp_path):
    """A comparison of two runs that are there, as content, and its folder."""
    training = tmp_path / "outputs/training"
    for name, found in (("new", 0.8), ("old", 0.6)):
        config = {"lr0": found, "epochs": 3}
        (training / name).mkdir(parents=True)
        write_run(training / name, records_of(found, seed=len(name)), config)
    content = comparison_of(metrics_of(NAMES), metrics_of(NAMES, shift=-0.1), "IMPROVED", "It is better.")
    content |= looked_into(tmp_path, NAMES) | {"schema_version": 2}
    content["current"]["path"] = str(training / "new/evaluation/metrics.json")
    content["baseline"]["path"] = str(training / "old/evaluation/metrics.json")
    folder = tmp_path / "outputs/comparisons/now"
    folder.mkdir(parents=True)
    return content, folder


def page_of(content, folder):
    (folder / "comparison.json").write_text(json.dumps(content))
    return write_comparison_page(folder).read_text(encoding="utf-8")


def test_two_arms_with_their_settings_curves_and_images(comparison):
    page = page_of(*comparison)
    titles = re.findall("<h2>(.*?)</h2>", page)
    wanted = ["Arms", "Metrics", "Settings that differ", "Confidence", "Classes"]
    assert titles == [*wanted, "Slices", "Images that made the difference", "Errors"]
    arms = tables_in(page)[0]
    assert [row[0] for row in arms[1:]] == ["new", "old"]
    assert [row[-1] for row in arms[1:]] == ["Better than the baseline", "the baseline"]
    assert '<a href="./../../training/old/">old</a>' in page
    assert ["lr0", "0.6", "0.8"] in tables_in(page)[2]
    assert page.count('data-name="new"') == page.count('data-name="old"') == 4


def test_more_arms_are_a_list(comparison):
    content, folder = comparison
    second = json.loads(json.dumps({key: content[key] for key in ("current", "verdict", "metrics", "primary_metric")}))
    second["verdict"] = "DEGRADED"
    second["current"]["path"] = content["baseline"]["path"].replace("old", "gone")
    page = page_of(content | {"arms": [{key: content[key] for key in second}, second]}, folder)
    assert "new: better than the baseline" in page
    rows = tables_in(page)[0][1:]
    assert [row[0] for row in rows] == ["new", "gone", "old"]
    assert [row[-1] for row in rows] == ["Better than the baseline", "Worse than the baseline", "the baseline"]


def test_a_project_that_was_moved_keeps_links_settings_curves_and_images(comparison, tmp_path):
    content, folder = comparison
    content["folder"] = str(folder)
    before = page_of(content, folder)
    elsewhere = tmp_path.parent / f"{tmp_path.name} elsewhere"
    tmp_path.rename(elsewhere)
    moved = elsewhere / folder.relative_to(tmp_path)
    assert write_comparison_page(moved).read_text(encoding="utf-8") == before
    assert before.count("<image") > 0
    assert '<a href="./../../training/old/">old</a>' in before


def test_groups_of_runs_have_no_folder_of_their_own(comparison):
    content, folder = comparison
    content["current"] |= {"path": "outputs/training/new*", "runs": ["a", "b"]}
    content["baseline"] |= {"path": "outputs/training/old*"}
    page = page_of(content, folder)
    assert [row[0] for row in tables_in(page)[0][1:]] == ["new*", "old*"]
    assert "Settings that differ" not in re.findall("<h2>(.*?)</h2>", page)


@pytest.mark.parametrize("damage", [{"arms": [{"current": 7}, 3, None]}, {"metrics": "x"}, {"baseline": None}])
def test_a_damaged_part_costs_its_own_section(damage, comparison):
    content, folder = comparison
    assert "</html>" in page_of(content | damage, folder)


def test_names_are_only_text_and_nothing_is_no_comparison(comparison, tmp_path):
    content, folder = comparison
    content["arms"] = [{"name": HOSTILE[0], "verdict": HOSTILE[1], "metrics": content["metrics"]}]
    page = page_of(content, folder)
    assert HOSTILE[0] not in page
    assert "<img" not in page
    assert arms_of(load_run(folder))[0].name == HOSTILE[0]
    with pytest.raises(InputError):
        write_comparison_page(tmp_path / "nothing")
