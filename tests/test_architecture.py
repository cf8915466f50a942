"""The rooms and the doors between them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"
MODULES = sorted((SOURCE / "yololab").rglob("*.py"))

# What a room may import of ours, beside the base; a module at the top level is a room of its own.
BASE = {"errors", "findings", "jsonfiles", "tasks", "runfolder", "provenance", "processes"}
ALLOWED = {
    "errors": set(),
    "findings": set(),
    "jsonfiles": {"errors"},
    "tasks": {"errors"},
    "runfolder": {"errors"},
    "provenance": {"processes"},
    "runlock": {"errors", "processes", "runfolder"},
    "epochs": {"errors", "jsonfiles"},
    "interrupt": {"errors"},
    "processes": set(),
    "screen": {"errors"},
    "record": BASE,
    "metricsfile": BASE,
    "baseline": BASE | {"record", "metricsfile"},
    "config": BASE,
    "statistics": set(),
    "data": BASE,
    "ultralytics_adapter": BASE | {"statistics", "epochs"},
    "report": BASE | {"record", "metricsfile", "baseline", "epochs"},
    "stages": BASE
    | {"config", "data", "statistics", "ultralytics_adapter", "baseline", "record", "metricsfile", "screen"},
}
# Above the stages, from low to high: a room may import everything below the stages, and what stands before it here.
UPPER = [
    {"tables", "preparation", "measuring"},
    {"estimating", "job"},
    {"steps"},
    {"experiment", "application"},
    {"continuing"},
    {"sweep"},
    {"commands"},
    {"api"},
    {"cli", "__init__"},
    {"__main__"},
]


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE / "yololab").with_suffix("").parts[0]


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names if node.module == "yololab"}
    return found


def rooms_imported(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imports_of(path) if name.startswith("yololab.")}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_run_one_way(path):
    room = room_of(path)
    level = next((number for number, rooms in enumerate(UPPER) if room in rooms), None)
    if level is not None:
        lower = set(ALLOWED).union(*UPPER[:level])
        assert rooms_imported(path) - {room} <= lower | {"__version__", "TYPE_CHECKING"}
        return
    assert room in ALLOWED, f"{room} is a new room: say what it may import"
    assert rooms_imported(path) - {room} <= ALLOWED[room] | {"__version__"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_only_the_adapter_imports_ultralytics(path):
    names = {name.split(".")[0] for name in imports_of(path)}
    if room_of(path) != "ultralytics_adapter":
        assert "ultralytics" not in names
    if room_of(path) not in ("ultralytics_adapter", "statistics"):
        assert "torch" not in names


def test_only_the_command_line_translator_looks_at_the_words():
    for path in MODULES:
        if "argv" in path.read_text(encoding="utf-8").replace("orig_argv", ""):
            assert path.name in {
                "argv.py",
                "flags.py",
                "reading.py",
                "overrides.py",
                "cli.py",
                "application.py",
                "api.py",
                "trial.py",
            } or path.match("sweep/*"), path


def test_no_room_without_a_name():
    for path in MODULES:
        assert path.stem not in {"utils", "util", "helpers", "helper", "manager", "common", "misc"}


def test_modules_stay_readable():
    for path in MODULES:
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= 420, f"{path.name} has {lines} lines: is it one idea?"


def test_the_plug_in_folder_is_a_namespace():
    assert not (SOURCE / "hydra_plugins/__init__.py").exists()
    for path in (SOURCE / "hydra_plugins").rglob("*.py"):
        top = [node for node in ast.parse(path.read_text()).body if isinstance(node, (ast.Import, ast.ImportFrom))]
        names = {alias.name for node in top if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module or "" for node in top if isinstance(node, ast.ImportFrom)}
        assert not any(name.startswith(("yololab", "torch", "ultralytics")) for name in names)


def test_nobody_uses_what_the_trainer_returns():
    """It is a metrics object on one device and a plain dict on several; the evaluation is ours."""
    tree = ast.parse((SOURCE / "yololab/ultralytics_adapter/training.py").read_text(encoding="utf-8"))
    calls = [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "train"
    ]
    statements = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    assert calls
    assert all(id(call) in statements for call in calls)
