"""The server of tools, driven by the protocol's own client, as an assistant's program drives it."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import anyio
import psutil
import pytest

from yololab.cli.assistant_tools import Tools
from yololab.cli.table import COMMANDS, Autonomy

mcp = pytest.importorskip("mcp")
FIXTURE = Path(__file__).parents[1] / "data/v0_1_0/outputs/training"
NEWER, OLDER = "detect-longer_20261127_221432", "detect_20261127_221422"


@pytest.fixture
def project(tmp_path):
    for name in (NEWER, OLDER):
        shutil.copytree(FIXTURE / name, tmp_path / "outputs/training" / name, symlinks=True)
    return tmp_path


def talk(server, **calls):
    """Return the tools, and what each call came to."""

    async def session():
        async with mcp.Client(server) as client:
            found = {name: await client.call_tool(*call) for name, call in calls.items()}
            return (await client.list_tools()).tools, found

    return anyio.run(session)


def test_a_program_starts_it_and_calls_tools(project):
    environment = {name: os.environ[name] for name in ("PYTHONPATH", "PATH") if name in os.environ}
    command = {"command": sys.executable, "args": ["-m", "yololab", "mcp"], "cwd": project, "env": environment}
    arguments = {"current": NEWER, "baseline": [OLDER], "settings": {"baseline.gate": "not_improved"}}
    tools, found = talk(mcp.StdioServerParameters(**command), compare=("compare", arguments))
    assert {tool.name for tool in tools} == {
        name for name, command in COMMANDS.items() if command.autonomy == Autonomy.FREE
    }
    compared = found["compare"]
    assert (compared.is_error, compared.structured_content["exit_code"]) == (False, 4), "worse is an answer"
    assert compared.structured_content["result"]["verdict"] == "INCONCLUSIVE"


def test_mistakes_are_errors_of_the_tool_with_our_messages(project):
    from yololab.cli.mcp_server import make_server

    tools, found = talk(
        make_server(Tools(project, ("train",))),
        outside=("compare", {"current": "/etc/passwd"}),
        mistake=("compare", {"current": "detect-longest"}),
        refused=("promote", {"run_or_sweep": "latest"}),
    )
    assert {tool.name: tool.annotations.destructive_hint for tool in tools} == {
        name: name == "train"
        for name, command in COMMANDS.items()
        if name == "train" or command.autonomy == Autonomy.FREE
    }
    assert all(result.is_error for result in found.values())
    codes = {name: result.structured_content["exit_code"] for name, result in found.items()}
    assert codes == {"outside": 2, "mistake": 2, "refused": 2}
    assert "outside the project" in found["outside"].content[0].text
    assert "`yololab runs` lists what there is" in found["mistake"].structured_content["messages"]
    assert "yololab mcp allow=promote" in found["refused"].content[0].text


@pytest.mark.slow
def test_a_call_that_is_given_up_is_interrupted_and_its_state_kept(project):
    from yololab.cli.mcp_server import make_server

    settings = {"data": "shapes", "model.pretrained": False, "device": "cpu", "approval": "auto", "imgsz": 64}
    arguments = {"settings": {**settings, "name": "given_up"}}

    async def give_up():
        async with mcp.Client(make_server(Tools(project, ("train",)))) as client, anyio.create_task_group() as group:
            group.start_soon(client.call_tool, "train", arguments)
            while not [*project.glob("outputs/training/given_up_*/experiment_log.json")]:
                await anyio.sleep(0.2)
            await anyio.sleep(1)
            group.cancel_scope.cancel()

    anyio.run(give_up)
    assert psutil.Process().children(recursive=True) == []
    (record,) = project.glob("outputs/training/given_up_*/experiment_log.json")
    assert json.loads(record.read_text())["status"] == "interrupted"
