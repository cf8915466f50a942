"""The rooms and the imports between them."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SOURCE = TESTS.parent / "src"
ROOT = SOURCE / "yololab"
MODULES = sorted(ROOT.rglob("*.py"))

MOST_MODULES = 14
MOST_LINES = 420

# From low to high: a room imports those before it, and itself.
ROOMS = (
    {"errors"},
    {"findings"},
    {"tasks"},
    {"extensions"},
    {"text"},
    {"masking"},
    {"host"},
    {"files"},
    {"config", "data", "statistics"},
    {"ultralytics_adapter"},
    {"comparison"},
    {"report", "terminal", "tracking"},
    {"job"},
    {"sweep"},
    {"results"},
    {"api"},
    {"cli"},
    {"__init__"},
    {"__main__"},
)
LEVEL = {room: level for level, rooms in enumerate(ROOMS) for room in rooms}
# The same within rooms; a module that lies in the room itself and is not named here stands above its inner rooms.
INNER = {
    "config": (
        *(
            "nearest",
            "settings",
            "reading",
            "train_arguments",
            "search",
            "checkpoint",
            "special",
            "device",
            "measuring",
        ),
        *("schema", "defaults", "renamed", "validation", "folders", "hydra", "arguments"),
    ),
    "data": ("problems", "shapes", "dataset", "images", "labels", "identity", "splits", "conversion", "checks"),
    "statistics": ("records", "metrics", "inference", "diagnosis", "timing"),
    "ultralytics_adapter": (
        "contract",
        "isolation",
        "models",
        "training",
        "validation",
        "export",
        "prediction",
        "probe",
    ),
    "tracking": ("tracker", "trackers", "registry", "contents", "feeding", "launch"),
    "report": ("appearance", "charts", "pictures", "run_files", "section", "sections", "page", "sweep"),
    "sweep": ("executor", "state", "planning", "engines", "results"),
}


def parts_of(path: Path) -> tuple[str, ...]:
    return path.relative_to(ROOT).with_suffix("").parts


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def nodes_of(path: Path) -> list[ast.AST]:
    """Every node of a module, the module first: it is read and walked once for all tests."""
    return list(ast.walk(ast.parse(text_of(path))))


def tree_of(path: Path) -> ast.Module:
    return nodes_of(path)[0]


@cache
def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def imports_of_ours(path: Path) -> list[tuple[str, ...]]:
    found = [tuple(name.split(".")[1:]) for name in imports_of(path) if name.startswith("yololab.")]
    return [name for name in found if name[0] in LEVEL and not name[0].startswith("__")]


def test_every_room_has_its_place():
    assert {parts_of(path)[0] for path in MODULES} <= set(LEVEL), "a new room: give it its place in ROOMS"


def test_imports_run_one_way():
    against = [
        f"{'.'.join(parts_of(path))} imports {'.'.join(name)}"
        for path in MODULES
        for name in imports_of_ours(path)
        if name[0] != parts_of(path)[0] and LEVEL[name[0]] >= LEVEL[parts_of(path)[0]]
    ]
    assert against == []


def test_inner_rooms_import_one_way():
    against = []
    for path in MODULES:
        room, *inner = parts_of(path)
        order = INNER.get(room, ())
        if not inner or inner[0] not in order:
            continue
        for name in imports_of_ours(path):
            if name[0] == room and name[1] != inner[0]:
                place = order.index(name[1]) if name[1] in order else len(order)
                if place >= order.index(inner[0]):
                    against.append(f"{'.'.join(name)} stands above {'.'.join(parts_of(path))}")
    assert against == []


def test_statistics_import_none_of_ours():
    for path in (ROOT / "statistics").rglob("*.py"):
        assert {name[0] for name in imports_of_ours(path)} <= {"statistics"}, path


def test_only_the_adapter_imports_ultralytics_and_torch():
    heavy = {"ultralytics", "torch", "torchvision"}
    found = {parts_of(path) for path in MODULES if heavy & {name.split(".")[0] for name in imports_of(path)}}
    assert {parts[0] for parts in found} == {"ultralytics_adapter"}


def test_only_the_command_line_translator_looks_at_the_words():
    for path in MODULES:
        if "argv" in text_of(path).replace("orig_argv", ""):
            allowed = path.match("config/arguments/*") or path.match("sweep/*") or path.match("sweep/*/*")
            assert (
                allowed
                or path.match("sweep/engines/*/*")
                or parts_of(path) in {("cli", "main"), ("config", "hydra", "app"), ("api",), ("tracking", "feeding")}
            ), path


# What makes a file or a folder appear, or brings it to the disk.
WRITING = {
    *("mkstemp", "mkdtemp", "NamedTemporaryFile", "umask", "fsync", "rename", "renames", "copyfile", "copy2", "move"),
    *("copytree", "symlink_to", "hardlink_to", "write_text", "write_bytes"),
}
# Who writes to a folder that nobody else looks into: one of `atomic.new_folder`, or a scratch folder of its own.
INTO_SCRATCH = {
    "data/dataset/resolved_yaml.py",
    "data/shapes/builtin.py",
    "data/conversion/yolo/writing.py",
    "job/export/exported.py",
}


def writes_in(path: Path) -> set[str]:
    """Return the calls that write; `replace` of one argument is a path's, not a text's."""
    found = set()
    for node in nodes_of(path):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name, of_os = node.func.attr, getattr(node.func.value, "id", "") == "os"
            if name in WRITING or (name == "replace" and (of_os or (len(node.args) == 1 and not node.keywords))):
                found.add(name)
        elif isinstance(node, ast.ImportFrom) and node.module in ("os", "shutil", "tempfile"):
            found |= {alias.name for alias in node.names} & WRITING
    return found


def test_one_module_writes_files():
    writers = {path.relative_to(ROOT).as_posix() for path in MODULES if writes_in(path)}
    assert writers == {"files/atomic.py"} | INTO_SCRATCH


def test_one_module_writes_numbers_for_people():
    """What is written twice drifts: one table shows 42 s, the other 0 min 42 s."""
    wording = {"counted", "duration", "first_of", "moment", "p_value", "percent", "share", "short_hash", "shortened"}
    for path in MODULES:
        text = text_of(path)
        functions = {node.name.lstrip("_") for node in tree_of(path).body if isinstance(node, ast.FunctionDef)}
        assert parts_of(path) == ("text",) or not functions & (wording | {"signed"}), path
        assert parts_of(path) == ("text",) or not re.search(r"""\{['"]s['"] if|< 0\.001""", text), f"{path}: text.py"


SPELLER = "files/paths.py"


def texts_of(path: Path) -> tuple[list[str], list[str]]:
    """Return the texts in a module that are no docstrings, and those that a path is joined with, by `/` or `At`."""
    nodes = nodes_of(path)
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    texts = [node for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    joined = [
        node.right.value
        for node in nodes
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and isinstance(node.right, ast.Constant)
    ]
    calls = [node for node in nodes if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "At"]
    joined += [part.value for call in calls for part in call.args if isinstance(part, ast.Constant)]
    return [str(node.value) for node in texts if id(node) not in docstrings], joined


def test_names_of_files_are_spelled_in_one_room():
    texts, joined = texts_of(ROOT / SPELLER)
    files = {text for text in texts if re.fullmatch(r"\.?\w+(\.\w+)+", text)}
    # A word like "evaluation" is a key elsewhere; joined to a path it is a folder's name. A dataset has these, too.
    folders = {text for text in joined if "." not in text[1:]} - {"test", "images", "labels"}
    assert {"metrics.json", "trial.json", ".run.lock"} <= files
    assert {"weights", "multirun", ".slurm"} <= folders
    for path in MODULES:
        if path.relative_to(ROOT).as_posix() != SPELLER:
            found = texts_of(path)
            spelled = {text for text in found[0] if not set(text) & set(" =") and text.rpartition("/")[2] in files}
            assert spelled | (folders & set(found[1])) == set(), f"{path}: ask files/paths.py"


@pytest.mark.parametrize(
    ("home", "signs"),
    [
        ("host/cores.py", ("sched_getaffinity", "cpu_count", "sys/fs/cgroup")),
        ("host/processes.py", ("boot_id", "create_time")),
    ],
)
def test_the_machine_is_asked_in_one_place(home, signs):
    """Three answers to "how many cores" were 1, 2 and 2 in a container that may use one."""
    asking = {path.relative_to(ROOT).as_posix() for path in MODULES if any(sign in text_of(path) for sign in signs)}
    assert asking == {home}


# Who writes to a stream besides: a notice of fixed text in a low room, a cluster's job, Ultralytics' own logger.
PRINTERS = {"config/renamed.py", "sweep/engines/slurm/job.py", "ultralytics_adapter/isolation/runtime.py"}


def test_all_that_is_printed_goes_through_one_room():
    """There, escape sequences are made visible, secrets are masked, and a reader that goes away ends no job."""
    printing = {
        path.relative_to(ROOT).as_posix()
        for path in MODULES
        for node in nodes_of(path)
        if (
            isinstance(node, ast.Attribute)
            and node.attr in ("stdout", "stderr")
            and getattr(node.value, "id", "") == "sys"
        )
        or (isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("print", "Console"))
    }
    pages = {"cli/reference.py", "cli/settings_reference.py"}  # they write a page of docs/, not for a user
    asking = {"job/gatekeeper.py"}  # asks whether there is a terminal
    assert printing == {"terminal/output.py", "terminal/screen.py"} | pages | asking | PRINTERS


def test_no_room_without_a_name():
    for path in MODULES:
        assert path.stem not in {"utils", "util", "helpers", "helper", "manager", "common", "misc"}


def test_no_folder_is_a_heap():
    count = Counter(path.parent for path in MODULES if path.name != "__init__.py")
    assert {str(folder): number for folder, number in count.items() if number > MOST_MODULES} == {}


def test_modules_stay_readable():
    for path in MODULES:
        lines = len(text_of(path).splitlines())
        assert lines <= MOST_LINES, f"{path.name} has {lines} lines: is it one idea?"


def test_unit_tests_mirror_the_source():
    """Who changes a module finds its tests by its path: `test_<module>…py` in the folder of the same name."""
    astray = []
    for path in sorted((TESTS / "unit").rglob("test_*.py")):
        folder = ROOT / path.parent.relative_to(TESTS / "unit")
        names = (
            {item.stem for item in folder.glob("*") if item.suffix == ".py" or item.is_dir()} if folder.is_dir() else {}
        )
        stem = path.stem.removeprefix("test_")
        if not any(stem == name or stem.startswith(f"{name}_") for name in names):
            astray.append(str(path.relative_to(TESTS)))
    assert astray == []


def test_every_module_is_named_by_a_test():
    """A module that no test imports, or starts by its name, may break without a word."""
    named: set[str] = set()
    for path in TESTS.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        named |= set(re.findall(r"\byololab(?:\.\w+)+", text))
        for room, names in re.findall(r"^ *from (yololab[\w.]*) import (\([^)]*\)|.*)", text, re.MULTILINE):
            named |= {f"{room}.{name}" for name in re.findall(r"\w+", names)}
    # The handlers of commands are imported by their names in the table of commands: tests/unit/cli/test_table.py.
    modules = [path for path in MODULES if path.name != "__init__.py" and parts_of(path)[:2] != ("cli", "commands")]
    assert [name for path in modules if (name := ".".join(("yololab", *parts_of(path)))) not in named] == []


def test_the_plug_in_folder_is_a_namespace():
    assert not (SOURCE / "hydra_plugins/__init__.py").exists()
    for path in (SOURCE / "hydra_plugins").rglob("*.py"):
        top = [node for node in tree_of(path).body if isinstance(node, (ast.Import, ast.ImportFrom))]
        names = {alias.name for node in top if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module or "" for node in top if isinstance(node, ast.ImportFrom)}
        assert not any(name.startswith(("yololab", "torch", "ultralytics")) for name in names)


def test_nobody_uses_what_the_trainer_returns():
    """It is a metrics object on one device and a plain dict on several; the evaluation is ours."""
    path = ROOT / "ultralytics_adapter/training/training.py"
    tree = tree_of(path)
    calls = [
        node for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "train"
    ]
    statements = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    assert calls
    assert all(id(call) in statements for call in calls)


def test_whether_a_stage_is_done_is_decided_in_its_own_file():
    """Resume, a trial that is started again and a plain run ask the same; nobody else makes stages, or has a `done`."""
    homes = {"Stage": set(), "done": set()}
    for path in MODULES:
        for node in nodes_of(path):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Stage":
                homes["Stage"].add(path)
            if isinstance(node, ast.FunctionDef) and node.name == "done":
                homes["done"].add(path)
    stages = ROOT / "job/stages"
    assert {path.parent for found in homes.values() for path in found} == {stages}
    assert homes["done"] < homes["Stage"] == {path for path in stages.glob("*.py") if path.stem != "__init__"}


@pytest.mark.parametrize("place", ["job/lifecycle.py", "job/run.py", "job/resume.py", "sweep/trial.py"])
def test_who_resumes_does_not_look_at_the_outputs_itself(place):
    outputs = {"metrics", "predictions", "comparison", "comparison_markdown", "training", "dataset_report", "report"}
    looks = {"is_file", "exists", "read_text", "stat"}
    for node in ast.walk(tree_of(ROOT / place)):
        if isinstance(node, ast.Attribute) and node.attr in looks and isinstance(node.value, ast.Attribute):
            assert node.value.attr not in outputs, f"{place}:{node.lineno}"


def test_the_status_of_a_trial_has_one_vocabulary():
    """Engines know whether a job is there; where a trial is says `TrialStatus`, derived in `sweep/state.py` alone."""
    ends = {"COMPLETE", "FAILED", "PRUNED", "INTERRUPTED", "NOT_STARTED", "WAITING"}
    found = {
        (path.name, node.name)
        for path in (ROOT / "sweep").rglob("*.py")
        for node in nodes_of(path)
        if isinstance(node, ast.ClassDef)
        for item in node.body
        if isinstance(item, ast.Assign) and isinstance(item.targets[0], ast.Name) and item.targets[0].id in ends
    }
    assert found == {("state.py", "TrialStatus")}
