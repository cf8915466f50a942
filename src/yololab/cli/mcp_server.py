"""A server of the Model Context Protocol over standard input and output, whose tools are yololab's commands.

Each call is a process of its own, with nobody at its terminal: what a person is to be asked ends with exit code 3. So
nothing but the protocol is written to standard output, and a call that is given up is interrupted as by Ctrl-C.
"""

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import anyio
import mcp_types as types
from mcp.server.lowlevel.server import Server
from mcp.server.stdio import stdio_server

import yololab
from yololab.cli.assistant_tools import Tools, schema, shortened_result
from yololab.cli.guide import guide
from yololab.cli.table import EXIT_CODES, Autonomy
from yololab.errors import GateError, InputError

SECONDS_TO_STOP = 60
LONGEST = 20_000  # characters of what a command prints for people: the end counts


def serve(tools: Tools) -> None:
    """Serve until the client closes the connection."""
    # The patient stream of the command line is no file; the protocol needs the process's own.
    with redirect_stdout(sys.__stdout__):
        anyio.run(_serve, tools)


async def _serve(tools: Tools) -> None:
    server = make_server(tools)
    async with stdio_server() as (received, sent):
        await server.run(received, sent, server.create_initialization_options())


def make_server(tools: Tools) -> Server[Any]:
    """Return the server of some tools."""

    async def on_list_tools(_context: Any, _parameters: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_tool(tools, name) for name in tools.commands])

    async def on_call_tool(_context: Any, parameters: types.CallToolRequestParams) -> types.CallToolResult:
        try:
            tokens = tools.command_line(parameters.name, parameters.arguments or {})
        except InputError as error:
            return _result(error.exit_code, None, str(error))
        code, printed, messages = await _run(tokens, tools.project)
        try:
            found = shortened_result(json.loads(printed)) if printed.strip() and "--json" in tokens else None
        except ValueError:
            found = None
        return _result(code, found, messages if "--json" in tokens else printed + messages)

    return Server(
        "yololab",
        version=yololab.__version__,
        title="yololab",
        instructions=guide().partition("## The commands")[0],
        on_list_tools=on_list_tools,
        on_call_tool=on_call_tool,
    )


def _tool(tools: Tools, name: str) -> types.Tool:
    """Return what a client is told of a tool."""
    command = tools.commands[name]
    asked = "" if command.autonomy == Autonomy.FREE else " Only after a person's yes, with approval=auto in `settings`."
    return types.Tool(
        name=name,
        description=f"{command.summary}. {command.details}{asked}".strip(),
        input_schema=schema(command),
        annotations=types.ToolAnnotations(
            read_only_hint=False,  # most write a report to outputs/, in a folder of its own
            destructive_hint=command.autonomy != Autonomy.FREE,
            open_world_hint=False,
        ),
    )


async def _run(tokens: Sequence[str], project: Path) -> tuple[int, str, str]:
    """Run a command in a process of its own; return its exit code, its output and its messages."""
    command = [sys.executable, "-m", "yololab", *tokens]
    process = await anyio.open_process(command, stdin=subprocess.DEVNULL, cwd=project)
    printed: list[bytes] = []
    messages: list[bytes] = []

    async def read(stream: Any, into: list[bytes]) -> None:
        async for piece in stream:
            into.append(piece)

    try:
        async with anyio.create_task_group() as group:
            group.start_soon(read, process.stdout, printed)
            group.start_soon(read, process.stderr, messages)
        code = await process.wait()
    except BaseException:
        with anyio.CancelScope(shield=True):  # its state is saved, as at Ctrl-C
            process.send_signal(signal.SIGINT)
            with anyio.move_on_after(SECONDS_TO_STOP):
                await process.wait()
            if process.returncode is None:
                process.kill()
        raise
    return code, b"".join(printed).decode(errors="replace"), b"".join(messages).decode(errors="replace")


def _result(code: int, found: Any, messages: str) -> types.CallToolResult:
    """Return what a call came to; a model that is worse is an answer, everything else but 0 an error."""
    content = {"exit_code": code, "meaning": EXIT_CODES.get(code, "failed"), "result": found}
    text = json.dumps(content, ensure_ascii=False, indent=1)
    shown = messages.strip()[-LONGEST:]
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=f"{text}\n\n{shown}".strip())],
        structured_content=content | {"messages": shown},
        is_error=code not in (0, GateError.exit_code),
    )
