"""The commands as tools of an assistant: from the table, what a tool takes, and the command line that it stands for.

Tools are safer than a shell because of what they refuse: a path outside the project, an answer to a question that a
person is to be asked, a download, text that Hydra would fill in from the environment. `mcp_server` offers them.
"""

import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from yololab.cli.table import COMMANDS, Autonomy, Command, Takes
from yololab.config.nearest import nearest
from yololab.data.dataset.locate import BUILTIN
from yololab.errors import InputError, Problem

# What a person says yes to, or what says where things are written: no tool takes it unless a training may be started.
_ANSWERS = ("approval", "data.allow_download", "resume")
_NEVER = ("hydra", "paths", "search.storage", "tracking")
_KEY = re.compile(r"[A-Za-z][\w.-]*")
_NOT_A_TOOL = ("mcp",)
_VALUE = {"type": ["string", "number", "boolean"]}


@dataclass(frozen=True)
class Tools:
    """The tools of a server.

    Attributes:
        project: The folder where commands are run.
        allowed: Commands that are otherwise only run after a yes.
        folders: Folders besides the project that paths may lie in.
    """

    project: Path
    allowed: Collection[str] = ()
    folders: Sequence[Path] = field(default_factory=tuple)

    @property
    def commands(self) -> dict[str, Command]:
        """The commands that are offered."""
        return {
            name: command
            for name, command in COMMANDS.items()
            if name not in _NOT_A_TOOL and (command.autonomy == Autonomy.FREE or name in self.allowed)
        }

    def command_line(self, name: str, given: Mapping[str, Any]) -> list[str]:
        """Return what is typed after `yololab`.

        Args:
            name: The command.
            given: What the assistant gave, as `schema` describes it.

        Raises:
            InputError: Everything that is wrong with it, or refused.
        """
        command = self.commands.get(name)
        if command is None:
            known = name in COMMANDS and name not in _NOT_A_TOOL
            remedy = f"a person can start the server with: yololab mcp allow={name}" if known else ""
            raise InputError(Problem(name, "no tool of this server", ", ".join(self.commands), remedy))
        known_keys = schema(command)["properties"]
        problems = [
            Problem(key, f"no argument of {name}", ", ".join(known_keys), _similar(key, known_keys))
            for key in given
            if key not in known_keys
        ]
        tokens: list[str] = []
        for argument in command.arguments or ():
            if _is_setting(argument.takes):
                continue
            found = given.get(argument.name.lower())
            texts = [] if found is None else [str(item) for item in (found if isinstance(found, list) else [found])]
            if argument.required and not texts:
                problems.append(Problem(argument.name.lower(), "missing", argument.meaning))
            tokens += texts
            problems += [] if argument.is_text else self._problems(argument.name.lower(), texts)
        settings = given.get("settings") or {}
        if not isinstance(settings, dict):
            problems.append(Problem("settings", repr(settings), "an object of setting → value"))
            settings = {}
        for key, value in settings.items():
            text = {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)
            problems += self._refused(key)
            problems += self._problems(key, [text])
            tokens.append(f"{key}={text}")
        if problems:
            raise InputError(problems)
        flags = ["-m"] if given.get("multirun") and command.multirun else []
        return [name, *flags, *tokens, *(["--json"] if command.json else [])]

    def _refused(self, key: str) -> list[Problem]:
        """Return why a setting is not taken."""
        if not _KEY.fullmatch(key):
            return [Problem(key, "no name of a setting", "letters, digits, points")]
        never = _NEVER if self.allowed else (*_NEVER, *_ANSWERS)
        if f"{key}.".startswith(tuple(f"{name}." for name in never)):
            return [Problem(key, "not to be set by an assistant", remedy="ask the person to run the command")]
        return []

    def _problems(self, place: str, texts: Sequence[str]) -> list[Problem]:
        """Return what is wrong with values: options, interpolations, and paths that lie elsewhere."""
        problems = []
        for text in texts:
            if text.startswith("-"):
                problems.append(Problem(place, f"{text!r} is an option", "a path, a name or a value"))
            elif "://" in text.removeprefix(BUILTIN):
                problems.append(Problem(place, f"{text!r} is fetched from a network", "a file, or a name"))
            elif "${" in text:
                problems.append(Problem(place, f"{text!r} would be filled in", "the value itself"))
            else:
                outside = [part for part in re.split(r"[,\[\]\s='\"]+", text) if part and not self._is_inside(part)]
                allowed = f"paths in {', '.join(map(str, (self.project, *self.folders)))}"
                remedy = "a person can start the server with: yololab mcp folders=…"
                problems += [Problem(place, f"{part!r} lies outside the project", allowed, remedy) for part in outside]
        return problems

    def _is_inside(self, text: str) -> bool:
        """Return whether a value that may be a path stays in the folders; a link in them is the person's own."""
        path = Path(os.path.normpath(self.project / os.path.expanduser(text)))  # noqa: PTH111 (as commands read it)
        return any(path.is_relative_to(folder) for folder in (self.project, *self.folders))


def schema(command: Command) -> dict[str, Any]:
    """Return the JSON Schema of what a tool takes: its arguments by name, and settings."""
    properties: dict[str, Any] = {}
    required = []
    own = dict(command.own_settings)
    for argument in command.arguments or ():
        if _is_setting(argument.takes):
            own.setdefault(argument.name.partition("=")[0], argument.meaning)
            continue
        text: dict[str, Any] = {"type": "string", "description": argument.meaning}
        if argument.choices:
            text["enum"] = list(argument.choices)
        properties[argument.name.lower()] = (
            {"type": "array", "items": text, "description": argument.meaning} if argument.repeated else text
        )
        required += [argument.name.lower()] if argument.required else []
    names = [f"{key}: {meaning}" for key, meaning in own.items()]
    if command.settings:
        names.append(f"of the experiment: {', '.join(command.settings)}")
    if names:
        properties["settings"] = {"type": "object", "additionalProperties": _VALUE, "description": "; ".join(names)}
    if command.multirun:
        properties["multirun"] = {"type": "boolean", "description": "a sweep: values a,b,c, or a search"}
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def shortened_result(value: Any, most: int = 50) -> Any:
    """Return a result with long lists cut; what was left out is said, and stands in the file that the result names.

    >>> shortened_result({"problems": [1, 2, 3]}, most=2)
    {'problems': [1, 2, '… and 1 more']}
    """
    if isinstance(value, dict):
        return {key: shortened_result(item, most) for key, item in value.items()}
    if isinstance(value, list):
        more = [f"… and {len(value) - most} more"] if len(value) > most else []
        return [*(shortened_result(item, most) for item in value[:most]), *more]
    return value


def _is_setting(takes: Collection[str]) -> bool:
    """Return whether an argument is written `key=value`, as a setting is."""
    return Takes.VALUE in takes


def _similar(key: str, known: Collection[str]) -> str:
    """Return the remedy for a misspelt argument."""
    close = nearest(key, list(known))
    return f"did you mean {' or '.join(close)}?" if close else "settings go into `settings`"
