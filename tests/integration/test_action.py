"""The action in a pull request: a comment that is kept current, an exit code, and no more rights than it needs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from action_runner import ACTION, INSTALL, comment, github, run_action
from coco_samples import detections_of, labels_of, write_dataset, write_instances, write_results

PULL_REQUEST = {"pull_request": {"number": 7}}
TRUTH = "truth=instances.json"


@pytest.fixture
def workspace(tmp_path):
    """A checkout: labels, a good model's detections and a bad one's, a dataset."""
    folder = tmp_path / "a checkout"
    folder.mkdir()
    labels = labels_of()
    write_instances(folder / "instances.json", labels)
    write_results(folder / "good.json", detections_of(labels, 0.95))
    write_results(folder / "bad.json", detections_of(labels, 0.5, seed=2))
    write_dataset(folder / "data", labels)
    return folder


@pytest.fixture
def act(workspace, tmp_path):
    def run(api: str = "", event: object = PULL_REQUEST, install: bool = False, **inputs: str):
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        return run_action(workspace, tmp_path / "a temporary folder", given, api, event, install)

    return run


def test_a_worse_model_is_told_in_one_comment_and_stops_the_job(act):
    with github() as hub:
        hub.add("<!-- yololab: models -->\nof a person who looks alike", kind="User")
        for other in range(150):
            hub.add(f"another comment {other}")
        first = act(hub.url, current="bad.json", baseline="good.json", compare_settings=TRUTH)
        assert (first.exit_code, first.outputs["verdict"], first.outputs["exit-code"]) == (4, "DEGRADED", "4"), (
            first.log
        )
        assert "`DEGRADED`" in first.summary
        assert (Path(first.outputs["folder"]) / "comparison.json").is_file()
        assert "`DEGRADED`" in hub.comments[-1]["body"]
        second = act(hub.url, data="data/data.yaml")
        assert second.exit_code == 0, second.log
        assert len(hub.comments) == 152, "the second run changes the comment of the first"
        assert "### Dataset data: nothing stops a training" in hub.comments[-1]["body"]
        assert "a person" in hub.comments[0]["body"], "a person's comment is not ours"
        assert hub.tokens == {"Bearer a-token"}


def test_a_fork_may_not_comment_and_a_push_has_nowhere_to(tmp_path):
    with github() as hub:
        hub.refuses = 403
        log = comment(tmp_path, hub.url, PULL_REQUEST, "better")
        assert ("::notice title=yololab::no comment was written" in log, hub.comments) == (True, [])
        hub.refuses = None
        assert "no pull request" in comment(tmp_path, hub.url, {"ref": "refs/heads/main"}, "better")
        long = "<details>\n" + "a line of the comparison\n" * 4000 + "</details>\n"
        comment(tmp_path, hub.url, PULL_REQUEST, long)
        (written,) = hub.comments
        assert len(written["body"]) < 65536
        assert written["body"].endswith("</details>\n\nThe rest is in the summary of the job.\n")
    assert "no comment was written (URLError)" in comment(tmp_path, hub.url, PULL_REQUEST, "nobody answers")


def test_what_is_refused_is_shown_and_nothing_is_run_by_a_shell(act, workspace):
    label = workspace / "data/val/labels/000.txt"
    label.write_text("0 0.5 0.5 0.1 oops\n")
    current = '::set-output name=x::$(touch hacked)`touch hacked`; touch hacked\n"; touch hacked #'
    found = act(comment="false", data="data/data.yaml", current=current, compare_settings=TRUTH)
    assert (found.exit_code, found.outputs["verdict"]) == (2, "")
    assert "The comparison was refused (exit code 2)" in found.summary
    assert "problems stop a training" in found.summary
    assert "val/labels/000.txt" in found.summary
    assert not list(workspace.rglob("hacked"))
    assert re.search(r"::stop-commands::(\w+)\n(?s:.*)::set-output(?s:.*)::\1::", found.log), "the runner obeys no text"
    nothing = act(comment="false")
    assert (nothing.exit_code, "nothing to do" in nothing.log) == (2, True)


def test_no_token_is_near_what_a_pull_request_brings():
    (measure,) = [step for step in ACTION["runs"]["steps"] if step.get("id") == "measure"]
    assert "TOKEN" not in "".join(measure["env"])
    assert [step["name"] for step in ACTION["runs"]["steps"] if "github.token" in str(step)] == [
        "Comment on the pull request"
    ]


@pytest.mark.slow
def test_the_whole_action_without_torch(act, tmp_path):
    assert ACTION["runs"]["steps"][0]["name"] == INSTALL
    with github() as hub:
        both = {"current": "good.json", "baseline": "bad.json", "compare_settings": TRUTH, "data": "data/data.yaml"}
        found = act(hub.url, install=True, python=sys.executable, check_settings="evaluation.split=val", **both)
        assert (found.exit_code, found.outputs["verdict"], len(hub.comments)) == (0, "IMPROVED", 1), found.log
        assert "### Dataset data: nothing stops a training" in hub.comments[0]["body"]
    python = tmp_path / "a temporary folder/a runner/yololab/bin/python"
    asked = (
        "from importlib.util import find_spec as find; print([find(n) for n in ('torch', 'ultralytics', 'yololab')])"
    )
    assert (
        subprocess.run([python, "-c", asked], capture_output=True, text=True, check=True, env={}).stdout
        == "[None, None, None]\n"
    )
