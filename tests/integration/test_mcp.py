"""The server of tools, driven by the protocol's own client, as an assistant's program drives it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import anyio
import pytest

from yololab.cli.table import COMMANDS, Autonomy

FIXTURE = Path(__file__).parents[1] / "data/v0_1_0/outputs/training"
NEWER, OLDER = "detect-longer_20261127_221432", "detect_20261127_221422"


@pytest.fixture
def project(tmp_path):
    for name in (NEWER, OLDER):
        shutil.copytree(FIXTURE / name, tmp_path / "outputs/training" / name, symlinks=True)
    return tmp_path


def test_an_assistant_lists_and_calls_tools(project):
    client = pytest.importorskip("mcp").Client
    parameters = pytest.importorskip("mcp").StdioServerParameters

    async def talk() -> dict:
        environment = {name: os.environ[name] for name in ("PYTHONPATH", "PATH") if name in os.environ}
        server = parameters(command=sys.executable, args=["-m", "yololab", "mcp"], cwd=project, env=environment)
        async with client(server) as session:
            tools = (await session.list_tools()).tools
            calls = {
                "runs": ("runs", {"filter": ["status=complete"]}),
                "compare": (
                    "compare",
                    {"current": NEWER, "baseline": [OLDER], "settings": {"baseline.gate": "not_improved"}},
                ),
                "outside": ("compare", {"current": "/etc/passwd"}),
                "mistake": ("compare", {"current": "detect-longest"}),
                "train": ("train", {"settings": {"epochs": 1}}),
            }
            return {"tools": tools} | {name: await session.call_tool(*call) for name, call in calls.items()}

    found = anyio.run(talk)
    names = {tool.name for tool in found["tools"]}
    assert names == {name for name, command in COMMANDS.items() if command.autonomy == Autonomy.FREE}
    assert all(tool.annotations.destructive_hint is False for tool in found["tools"])
    rows = found["runs"].structured_content["result"]
    assert {row["run"] for row in rows} == {NEWER, OLDER}
    compared = found["compare"]
    assert (compared.is_error, compared.structured_content["exit_code"]) == (False, 4), "worse is an answer"
    assert compared.structured_content["result"]["verdict"] == "INCONCLUSIVE"
    assert found["outside"].is_error
    assert "outside the project" in found["outside"].content[0].text
    assert (found["mistake"].is_error, found["mistake"].structured_content["exit_code"]) == (True, 2)
    assert "`yololab runs` lists what there is" in found["mistake"].structured_content["messages"]
    assert "allow=train" in found["train"].content[0].text
