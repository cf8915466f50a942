"""The whole way, run as the guide has it, by an assistant that knows nothing but its text and `--json`."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from video_frames import write_films, write_old_model

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "skills/yololab/SKILL.md").read_text(encoding="utf-8")
LINES = re.search(r"```sh\n(.*?)```", (ROOT / "docs/guides/whole-way.md").read_text(encoding="utf-8"), re.DOTALL)[1]
WAY = LINES.splitlines()
YES = "approval=auto"


def names_after(words: str) -> list[str]:
    """The commands of a line `- Unasked, at any time: …`."""
    return re.findall(r"`(\w+)`", re.search(rf"^- {words}: (.*)\.$", TEXT, re.MULTILINE)[1])


UNASKED, ASKED = names_after("Unasked, at any time"), names_after("Only after a yes")
CODES = {int(code): meaning for code, meaning in re.findall(r"^\| (\d+) \| (.+) \|$", TEXT, re.MULTILINE)}


@dataclass
class Answer:
    """What a command came to."""

    code: int
    found: object
    message: str


@dataclass
class Assistant:
    """Somebody with a folder, a command line and the text; it asks before what the text says to ask before."""

    folder: Path
    bin: Path
    asked: list[str] = field(default_factory=list)

    def run(self, line: str) -> Answer:
        """Run a line of the shell with `--json`, and hold what comes against what the text says of the command."""
        name = shlex.split(line)[1]
        entry = re.search(rf"^### {name}\n(.*?)(?=^### |\Z)", TEXT, re.MULTILINE | re.DOTALL)
        assert entry, f"the text does not know {name}"
        keys = re.search(r"^`--json`: (a list of )?(.*)\.$", entry[1], re.MULTILINE)
        assert keys, f"{name} prints no JSON, the text says"
        done = subprocess.run(
            ["bash", "-c", f"{line} --json"],
            cwd=self.folder,
            env={"PATH": f"{self.bin}:/usr/bin:/bin", "HOME": str(self.folder), "OMP_NUM_THREADS": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in CODES, f"{line}\n{done.stderr}"
        if not done.stdout:
            assert done.returncode not in (0, 4), "what is done prints a document"
            return Answer(done.returncode, None, done.stderr)
        found = json.loads(done.stdout)
        for row in found if keys[1] else [found]:
            missing = [key for key in keys[2].split(", ") if key not in row]
            assert not missing, f"{name} printed no {missing}"
        return Answer(done.returncode, found, done.stderr)

    def do(self, line: str) -> Answer:
        """Do a task: at once what may be done unasked, else after asking; a yes is passed on where there is a gate."""
        name = shlex.split(line)[1]
        assert (name in UNASKED) != (name in ASKED), name
        if name in ASKED:
            self.asked.append(name)
        if YES in line:
            before = sorted(self.folder.rglob("*.pt"))
            refused = self.run(line.replace(f" {YES}", ""))
            assert (refused.code, CODES[3]) == (3, "not approved"), refused.message
            assert re.search(r"approval(\.cpu)?=auto", refused.message), "it says how a yes is passed on"
            assert sorted(self.folder.rglob("*.pt")) == before, "nothing was spent"
        return self.run(line)


@pytest.fixture(scope="module")
def assistant(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole way")
    write_films(folder / "coco")
    program = tmp_path_factory.mktemp("bin") / "yololab"
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT / "src"}" exec "{sys.executable}" -m yololab "$@"\n')
    program.chmod(0o755)
    return Assistant(folder, program.parent)


def test_the_text_says_what_asks():
    assert len(WAY) <= 12
    assert {"check", "estimate", "compare", "runs"} <= set(UNASKED)
    assert {"train", "promote", "resume", "clean"} <= set(ASKED)
    assert {"0", "1", "2", "3", "4", "130"} == {str(code) for code in CODES}


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_from_frames_of_films_to_a_model_in_use(assistant):
    folder = assistant.folder
    answers = {}
    for line in WAY:
        name = shlex.split(line)[1] + (" -m" if " -m " in line else "")
        answers[name] = assistant.do(line)
        assert answers[name].code in (0, 4), f"{line}\n{answers[name].message}"
        if name == "split":
            lists = folder / "data/films"
            images = [(lists / line).resolve() for line in (lists / "val.txt").read_text().splitlines()]
            labels = [Path(str(image).replace("/images/", "/labels/")).with_suffix(".txt") for image in images]
            write_old_model(folder / "old_model.json", labels)
    found = {name: answer.found for name, answer in answers.items()}
    assert found["convert"]["labels"] == {"source": 432, "written": 432}
    assert "leak_similar" in [kind["check"] for kind in found["check"]["summary"]]
    again = assistant.do("yololab check data=data/films/data.yaml")
    assert not [kind for kind in again.found["summary"] if kind["check"].startswith("leak")], "no film is in two splits"
    assert [part["groups"] for part in found["split"]["parts"]] == [24, 8, 8]
    assert found["estimate"]["devices"] == ["cpu"]
    assert found["estimate"]["seconds"] > 0
    assert found["train"]["status"] == "complete"
    assert found["labels"]["split"] == "val"
    assert found["compare"]["verdict"] in {"IMPROVED", "EQUIVALENT", "NOT_WORSE", "DEGRADED", "INCONCLUSIVE"}
    assert found["compare"]["statistical_support"]
    assert answers["compare"].code == (0 if found["compare"]["gate"]["passed"] else 4)
    assert found["evaluate"]["split"] == "test"
    assert (folder / found["promote"]["baseline"] / "weights/best.pt").is_file()
    assert (found["predict"]["images"], found["predict"]["threshold"]["source"]) == (3, "model")
    assert [row["run"] for row in found["runs"] if row["baseline"]], "the leaderboard knows the baseline"
    assert assistant.asked.count("train") == 2
    assert assistant.asked[-1] == "promote"
