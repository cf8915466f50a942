"""A step of the action: check the dataset, compare the models, and write what was found as Markdown.

What it reads comes from the pull request, so that no token is in its environment, nothing of it is a line of shell, and
what it prints is no command to the runner. It ends with 0; the exit code of what it ran is an output of the step.
"""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "src"))

from yololab.report.comparison_markdown import code, prose  # noqa: E402

SHOWN = 10  # kinds of problems of a dataset
LARGEST_SUMMARY = 1_000_000  # bytes; GitHub takes a MiB


@dataclass(frozen=True)
class Ran:
    """What a command returned.

    Attributes:
        exit_code: Its exit code.
        found: Its JSON document; None when it was refused.
        message: What it printed for people.
    """

    exit_code: int
    found: Mapping[str, Any] | None
    message: str


def yololab(*words: str) -> Ran:
    """Run a command with `--json`; its messages go to the log of the job, where they are no commands to the runner."""
    command = [sys.executable, "-P", "-m", "yololab", *words, "--json"]
    paths = {"PYTHONPATH": str(ROOT / "src"), "PYTHONSAFEPATH": "1", "PYTHONUTF8": "1", "NO_COLOR": "1"}
    done = subprocess.run(command, env=os.environ | paths, capture_output=True, encoding="utf-8", check=False)
    end = secrets.token_hex(16)
    print(f"::stop-commands::{end}\n$ yololab {' '.join(words)}\n{done.stderr}\n::{end}::", flush=True)
    return Ran(done.returncode, json.loads(done.stdout) if done.stdout.strip() else None, done.stderr)


def check(data: str, settings: Sequence[str]) -> tuple[int, str]:
    """Check a dataset; return the exit code and what to show."""
    ran = yololab("check", f"data={data}", *settings)
    if ran.found is None:
        return ran.exit_code, refused("The dataset was not checked", ran)
    found = ran.found
    images = ", ".join(f"{split} {counts['images']} images" for split, counts in found["splits"].items())
    blocking = found["blocking"]
    state = f"{blocking} problems stop a training" if blocking else "nothing stops a training"
    lines = [f"### Dataset {prose(found['dataset'])}: {state}", "", prose(images), ""]
    kinds = found["summary"][:SHOWN]
    if kinds:
        lines += ["| | finding | number | for example |", "| --- | --- | ---: | --- |"]
    for kind in kinds:
        example = kind["examples"][0]
        place = relative(example["file"]) + (f":{example['line']}" if example["line"] else "")
        shown = f"{code(place, in_table=True)}: {prose(example['what'])}"
        lines.append(f"| {kind['severity']} | {prose(kind['description'])} | {kind['count']} | {shown} |")
    more = len(found["summary"]) - len(kinds)
    return ran.exit_code, "\n".join([*lines, *([f"\nand {more} further kinds"] if more else [])]) + "\n"


def compare(operands: Sequence[str], settings: Sequence[str]) -> tuple[int, str, dict[str, str]]:
    """Compare models; return the exit code, what to show, and the outputs of the step."""
    ran = yololab("compare", *operands, *settings)
    if ran.found is None:
        return ran.exit_code, refused("The comparison was refused", ran), {}
    folder = Path(ran.found["path"]).parent
    text = (folder / "comparison.md").read_text(encoding="utf-8")
    found = {"verdict": ran.found["verdict"], "sentence": ran.found["sentence"], "folder": str(folder)}
    return ran.exit_code, text, found


def refused(what: str, ran: Ran) -> str:
    """Say that a command ended without a result, with its message as it is."""
    fence = "`" * (3 + ran.message.count("```"))
    return f"### {what} (exit code {ran.exit_code})\n\n{fence}text\n{ran.message.strip()}\n{fence}\n"


def relative(file: str) -> str:
    """Return a path as it is written in the project; one that lies elsewhere as it is."""
    path = Path(file)
    return path.relative_to(Path.cwd()).as_posix() if path.is_relative_to(Path.cwd()) else file


def lines_of(name: str) -> list[str]:
    """Return the lines of an input that are not empty."""
    return [line.strip() for line in os.environ.get(name, "").splitlines() if line.strip()]


def write_outputs(outputs: Mapping[str, str]) -> None:
    """Set the outputs of the step; a value cannot end early and begin another."""
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
        for name, value in outputs.items():
            end = secrets.token_hex(16)
            file.write(f"{name}<<{end}\n{value}\n{end}\n")


def main() -> int:
    """Do both, write the summary and the outputs; return 0."""
    data, operands = lines_of("DATA"), [*lines_of("CURRENT"), *lines_of("BASELINE")]
    if not data and not lines_of("CURRENT"):
        print("::error title=yololab::there is nothing to do: name `data`, `current`, or both")
        return 2
    codes, texts, outputs = [], [], {}
    if lines_of("CURRENT"):
        gate = f"baseline.gate={os.environ.get('GATE', '').strip() or 'degraded'}"
        exit_code, text, outputs = compare(operands, [gate, *lines_of("COMPARE_SETTINGS")])
        codes.append(exit_code)
        texts.append(text)
    if data:
        exit_code, text = check(data[0], lines_of("CHECK_SETTINGS"))
        codes.append(exit_code)
        texts.append(text)
    shown = "\n".join(texts)
    file = Path(os.environ["RUNNER_TEMP"]) / f"yololab-{secrets.token_hex(4)}.md"
    file.write_text(shown, encoding="utf-8")
    with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("ab") as summary:
        summary.write(shown.encode()[:LARGEST_SUMMARY])
    failed = [exit_code for exit_code in codes if exit_code]
    write_outputs({"exit-code": str(failed[0] if failed else 0), "text": str(file), **outputs})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
