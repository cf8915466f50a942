"""`yololab mcp`: the commands as tools of an assistant, over the Model Context Protocol."""

from pathlib import Path

from yololab.cli.assistant_tools import Tools
from yololab.cli.request import Request
from yololab.cli.table import COMMANDS, Autonomy
from yololab.config.nearest import nearest
from yololab.errors import InputError, Problem


def run(request: Request) -> int:
    """Serve until the client closes the connection; return 0."""
    tools = read_tools(request)
    try:
        from yololab.cli.mcp_server import serve
    except ModuleNotFoundError as error:
        remedy = "pip install -c constraints.txt '.[mcp]', in the folder of yololab"
        raise InputError(Problem("mcp", f"the package {error.name} is not installed", remedy=remedy)) from None
    serve(tools)
    return 0


def read_tools(request: Request) -> Tools:
    """Return the tools that the command line allows.

    Raises:
        InputError: Everything that is wrong with it.
    """
    asked = [name for name, command in COMMANDS.items() if command.autonomy == Autonomy.ASK and name != "mcp"]
    given = dict(text.partition("=")[::2] for text in request.operands)
    problems = [
        Problem(key, "no setting of mcp", "allow, folders") for key in given if key not in COMMANDS["mcp"].own_settings
    ]
    names = [name for name in given.get("allow", "").split(",") if name]
    for name in names:
        if name not in asked:
            close = nearest(name, asked)
            problems.append(
                Problem("allow", repr(name), ", ".join(asked), f"did you mean {close[0]}?" if close else "")
            )
    folders = [
        (request.working_directory / Path(name).expanduser()).absolute()
        for name in given.get("folders", "").split(",")
        if name
    ]
    problems += [Problem("folders", f"{folder} is no folder") for folder in folders if not folder.is_dir()]
    if problems:
        raise InputError(problems)
    return Tools(request.working_directory, frozenset(names), tuple(folders))
