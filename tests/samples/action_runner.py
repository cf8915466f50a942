"""The steps of the action as a runner runs them: its shell, its files, its environment, and a GitHub that answers."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import yaml

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
INSTALL = "Install what comparing needs"


@dataclass
class Finished:
    """What a job came to: its exit code, log, summary and outputs."""

    exit_code: int
    log: str
    summary: str
    outputs: Mapping[str, str]


@dataclass
class GitHub:
    """A repository's comments on one pull request, as the API gives and takes them."""

    url: str = ""
    comments: list[dict] = field(default_factory=list)
    refuses: int | None = None
    tokens: set[str] = field(default_factory=set)

    def add(self, body: str, kind: str = "Bot") -> None:
        self.comments.append({"id": len(self.comments) + 1, "body": body, "user": {"type": kind}})


@contextmanager
def github() -> Iterator[GitHub]:
    """A GitHub of one's own."""
    here = GitHub()

    class Handler(BaseHTTPRequestHandler):
        def answer(self, content: object, status: int = 200) -> None:
            self.send_response(here.refuses or status)
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        def sent(self) -> str:
            here.tokens.add(self.headers["Authorization"])
            return json.loads(self.rfile.read(int(self.headers["Content-Length"])))["body"]

        def do_GET(self) -> None:
            assert self.path.startswith("/repos/o/r/issues/7/comments?"), self.path
            page = int(re.search(r"[?&]page=(\d+)", self.path)[1])
            self.answer(here.comments[100 * (page - 1) : 100 * page])

        def do_POST(self) -> None:
            assert self.path == "/repos/o/r/issues/7/comments"
            body = self.sent()
            if here.refuses is None:
                here.add(body)
            self.answer({}, 201)

        def do_PATCH(self) -> None:
            place = int(self.path.removeprefix("/repos/o/r/issues/comments/")) - 1
            here.comments[place]["body"] = self.sent()
            self.answer({})

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def comment(folder: Path, api: str, event: object, text: str) -> str:
    """Run the step that comments, and return its log."""
    for name, content in (("event.json", json.dumps(event)), ("text.md", text)):
        (folder / name).write_text(content)
    environment = {
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_API_URL": api,
        "GITHUB_TOKEN": "a-token",
        "GITHUB_EVENT_PATH": str(folder / "event.json"),
        "TEXT": str(folder / "text.md"),
        "KEY": "models",
    }
    command = [sys.executable, "-P", str(ROOT / ".github/action/comment.py")]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def run_action(
    workspace: Path,
    temporary: Path,
    inputs: Mapping[str, str],
    api: str = "",
    event: object = None,
    install: bool = False,
) -> Finished:
    """Run all steps with a shell as GitHub calls it; without `install` in this Python, which has what is needed."""
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    given = {name: found.get("default", "") for name, found in ACTION["inputs"].items()} | dict(inputs)
    files = {name: temporary / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_EVENT_PATH")}
    for file in files.values():
        file.touch()
    files["GITHUB_EVENT_PATH"].write_text(json.dumps(event or {}))
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(temporary),
        "RUNNER_TEMP": str(temporary / "a runner"),
        "GITHUB_ACTION_PATH": str(ROOT),
        "GITHUB_REPOSITORY": "o/r",
        "GITHUB_API_URL": api,
    } | {name: str(file) for name, file in files.items()}
    python = temporary / "a runner/yololab/bin/python"
    python.parent.mkdir(parents=True)
    if not install:
        python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        python.chmod(0o755)
    contexts = {f"inputs.{name}": value for name, value in given.items()} | {"github.token": "a-token"}
    log, exit_code = "", 0
    for step in ACTION["runs"]["steps"]:
        if step["name"] == INSTALL and not install:
            continue
        if "if" in step and not holds(step["if"], contexts):
            continue
        own = {name: filled(value, contexts) for name, value in step.get("env", {}).items()}
        where = workspace / filled(step.get("working-directory", "."), contexts)
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        done = subprocess.run(command, cwd=where, env=environment | own, capture_output=True, text=True, check=False)
        log += done.stdout + done.stderr
        if "id" in step:
            found = outputs_in(files["GITHUB_OUTPUT"].read_text(encoding="utf-8"))
            contexts |= {f"steps.{step['id']}.outputs.{name}": value for name, value in found.items()}
        if done.returncode:
            exit_code = done.returncode
            break
    outputs = {name: filled(found["value"], contexts) for name, found in ACTION["outputs"].items()}
    return Finished(exit_code, log, files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8"), outputs)


def filled(text: str, contexts: Mapping[str, str]) -> str:
    """Fill in `${{ … }}`; what is not known is empty, as on GitHub."""
    return re.sub(r"\$\{\{ *(.+?) *\}\}", lambda found: contexts.get(found[1], ""), text)


def holds(condition: str, contexts: Mapping[str, str]) -> bool:
    """Return what a condition `name == 'value'` says; no other form is used."""
    name, value = re.fullmatch(r"(\S+) == '(\S+)'", condition).groups()
    return contexts[name] == value


def outputs_in(text: str) -> dict[str, str]:
    """Read the file of outputs, written with `name<<END`."""
    return {name: value for name, _, value in re.findall(r"^(\S+?)<<(\w+)\n(.*?)\n\2$", text, re.MULTILINE | re.DOTALL)}


def at_hand(*names: str) -> bool:
    """Whether programs are installed."""
    return all(shutil.which(name, path=os.environ["PATH"]) for name in names)
