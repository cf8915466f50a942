"""The action, the workflows and the image: what they may do, what they are pinned to, what the pages say of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
PLACES = (".github/workflows", "examples/workflows", "src/yololab/config/starter/files/github/workflows")
WORKFLOWS = [path for place in PLACES for path in sorted((ROOT / place).glob("*.yml"))]
GUIDE = (ROOT / "docs/guides/pull-request.md").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


def steps_of(path: Path) -> list[dict]:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    jobs = content["jobs"].values() if "jobs" in content else [content["runs"]]
    return [step for job in jobs for step in job["steps"]]


@pytest.mark.parametrize("path", [ROOT / "action.yml", *WORKFLOWS], ids=lambda path: path.name)
def test_no_text_of_others_becomes_shell_and_actions_are_pinned(path):
    for step in steps_of(path):
        words = step.get("run", "").replace("${{ matrix.python }}", "3")
        assert "${{" not in words, f"{path.name}: pass it by env"
        used = step.get("uses", "./")
        assert used in {"./", "OWNER/yololab@REF"} or re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", used), used
        if used.startswith("actions/checkout"):
            assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_the_rights_that_it_needs_and_no_more(path):
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert content["permissions"] in ({}, {"contents": "read"})
    assert "pull_request_target" not in path.read_text(encoding="utf-8"), "it gives a fork's files a token that writes"
    for job in content["jobs"].values():
        assert "timeout-minutes" in job
        assert set(job.get("permissions", {}).items()) <= {("contents", "read"), ("pull-requests", "write")}


def test_every_input_is_read_and_told():
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    for name, found in ACTION["inputs"].items():
        assert f"inputs.{name}" in text, name
        assert f"| `{name}` |" in GUIDE, name
        assert isinstance(found["default"], str)
        assert "${{" not in found["default"]
    for name in ACTION["outputs"]:
        assert f"`{name}`" in GUIDE, name


def test_the_example_gives_what_the_action_takes_and_stands_in_the_guide():
    example = (ROOT / "examples/workflows/models.yml").read_text(encoding="utf-8")
    assert f"```yaml\n{example}```" in GUIDE, "the guide shows the file as it is"
    (used,) = [step for step in steps_of(ROOT / "examples/workflows/models.yml") if "yololab@" in step.get("uses", "")]
    assert set(used["with"]) <= set(ACTION["inputs"])


def test_the_image_is_pinned_holds_no_secret_and_runs_as_nobody_special():
    lines = [line.strip() for line in re.sub(r"\\\n\s*", "", DOCKERFILE).splitlines()]
    words = [line.split(maxsplit=1) for line in lines if line and line[0] != "#"]
    assert not {"ADD", "MAINTAINER"} & {word for word, _ in words}
    assert [text for word, text in words if word == "USER"][-1].partition(":")[0] not in {"root", "0"}
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", next(text for word, text in words if word == "FROM"))
    for word, text in words:
        if word == "RUN" and "apt-get" in text:
            assert "--no-install-recommends" in text
            assert "rm -rf /var/lib/apt/lists" in text
        if word == "RUN" and "pip install" in text:
            assert "--constraint constraints.txt" in text
            assert "--no-cache-dir" in text
        if word in {"ENV", "ARG"}:
            assert not re.search(r"token|secret|password|key", text, re.IGNORECASE)
        if word in {"ENTRYPOINT", "CMD"}:
            assert text.startswith("["), "a signal has to reach yololab"


def test_the_image_is_built_of_what_the_build_is_given():
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert ignored[1] == "*", "nothing goes in that is not named"
    given = {line[1:] for line in ignored if line.startswith("!")}
    copied = {name for line in re.findall(r"^COPY (.+) \S+$", DOCKERFILE, re.MULTILINE) for name in line.split()}
    assert copied == given
    assert all((ROOT / name).exists() for name in given)
