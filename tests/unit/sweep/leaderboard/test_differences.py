"""What differs between runs is listed, and nothing else."""

from __future__ import annotations

import pytest
from project_samples import write_run

from yololab.errors import InputError
from yololab.sweep.leaderboard.differences import find_differences

GIT = {"commit": "a" * 40, "branch": "main", "dirty": False, "diff_sha256": None}
MACHINE = {"cpu": "one", "cores": 2}


def test_each_section(tmp_path):
    first = write_run(
        tmp_path,
        "a",
        provenance={"git": GIT, "packages": {"torch": "2.8", "numpy": "1"}, "hardware": MACHINE},
        dataset={"name": "shapes", "fingerprint": {"train": "t", "val": "v"}},
    )
    second = write_run(
        tmp_path,
        "b",
        {"lr0": 0.5, "name": "b"},
        value=0.7,
        provenance={
            "git": GIT | {"diff_sha256": "f" * 64},
            "packages": {"torch": "2.9", "numpy": "1", "rich": "1"},
            "hardware": MACHINE | {"cores": 4},
        },
        dataset={"name": "shapes", "fingerprint": {"train": "u", "val": "v"}},
    )
    second.git_diff.write_text("diff --git a/train.py b/train.py\n+x\ndiff --git a/b c.py b/b c.py\n-y\n")
    found = find_differences([first.path, second.path])
    assert found.config == {"lr0": [0.01, 0.5]}
    assert found.results == {"mAP50": [0.25, 0.35], "mAP50-95": [0.5, 0.7]}
    assert found.data == {"fingerprint, train": ["t", "u"]}
    assert found.code == {
        "uncommitted changes": [None, "f" * 64],
        "files that they touch": [None, ["b c.py", "train.py"]],
    }
    assert found.environment == {"cores": [2, 4], "package torch": ["2.8", "2.9"], "package rich": [None, "1"]}


def test_three_runs_and_a_setting_that_one_does_not_have(tmp_path):
    runs = [
        write_run(tmp_path, name, settings).path for name, settings in (("a", {}), ("b", {}), ("c", {"cos_lr": True}))
    ]
    assert find_differences(runs).config == {"cos_lr": [None, None, True]}


def test_a_run_without_a_record(tmp_path):
    run = write_run(tmp_path, "a")
    (tmp_path / "b").mkdir()
    with pytest.raises(InputError, match="no such file"):
        find_differences([run.path, tmp_path / "b"])
