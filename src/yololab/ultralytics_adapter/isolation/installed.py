"""What the installed Ultralytics ships, read from its files: importing it would import torch and write settings."""

import ast
import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

from yololab.errors import InputError, Problem

OLDEST = (8, 4, 190)
BELOW = (8, 5)
SUPPORTED = f">={'.'.join(map(str, OLDEST))},<{'.'.join(map(str, BELOW))}"

# Architectures that are one file for all scales carry a table of scales; the scale goes behind the version in the name.
_SCALE_KEY = re.compile(r"^ {2}([nsmlx]):", re.MULTILINE)
_SCALED_STEM = re.compile(r"^(yoloe?-?v?\d+)(.*)$")


def installed_version() -> str:
    """Return the version of the installed Ultralytics, from its metadata.

    Raises:
        InputError: It is not installed.
    """
    try:
        return version("ultralytics")
    except PackageNotFoundError:
        raise _unsupported("not installed") from None


def check_version(found: str) -> None:
    """Refuse a version of Ultralytics that this package was not written for.

    Raises:
        InputError: The version lies outside.
    """
    release = tuple(int(part) for part in re.findall(r"\d+", found.partition("+")[0]))
    if not OLDEST <= release < BELOW:
        raise _unsupported(f"version {found}")


def _unsupported(found: str) -> InputError:
    """Return the error for an Ultralytics that we cannot use."""
    return InputError(Problem("ultralytics", found, SUPPORTED, f'pip install "ultralytics{SUPPORTED}"'))


@lru_cache(maxsize=1)
def package_folder() -> Path:
    """Return the folder of the installed package.

    Raises:
        InputError: It is not installed.
    """
    spec = find_spec("ultralytics")
    if spec is None or not spec.submodule_search_locations:
        raise _unsupported("not installed")
    return Path(next(iter(spec.submodule_search_locations)))


def packaged_datasets_folder() -> Path | None:
    """Return the folder of the data.yaml files that Ultralytics ships; None where it is not installed.

    Checking a dataset and comparing models work without it.
    """
    try:
        return package_folder() / "cfg" / "datasets"
    except InputError:
        return None


@lru_cache(maxsize=1)
def packaged_model_names() -> tuple[str, ...]:
    """Return the names of all architectures that Ultralytics ships, sorted (`rtdetr-l.yaml`, `yolo26n.yaml`).

    A file for all scales gives one name a scale, and its own name, which stands for the first scale.
    """
    names = set()
    for file in (package_folder() / "cfg" / "models").rglob("*.yaml"):
        names.add(file.name)
        text = file.read_text(encoding="utf-8")
        parts = _SCALED_STEM.match(file.stem)
        if "\nscales:" in text and parts:
            scales = text.split("\nscales:", 1)[1].split("\nbackbone:", 1)[0]
            names.update(f"{parts[1]}{scale}{parts[2]}.yaml" for scale in _SCALE_KEY.findall(scales))
    return tuple(sorted(names))


@lru_cache(maxsize=1)
def downloadable_assets() -> frozenset[str]:
    """Return the file names that Ultralytics downloads when they are not at hand (`GITHUB_ASSETS_NAMES`)."""
    source = package_folder() / "utils" / "downloads.py"
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "GITHUB_ASSETS_NAMES" for target in node.targets
        ):
            code = compile(ast.Expression(node.value), str(source), "eval")
            # It is the package's own expression, which importing the package would run too, without any builtins.
            return frozenset(eval(code, {"__builtins__": {}, "frozenset": frozenset}))
    return frozenset()


def is_downloadable_asset(name: str) -> bool:
    """Return whether Ultralytics can download a checkpoint of this name; a path is never one."""
    return name in downloadable_assets()


def architecture_of(name: str) -> str | None:
    """Return the architecture that a downloadable checkpoint has, when Ultralytics ships one of that name.

    >>> architecture_of("yolo26n.pt")
    'yolo26n.yaml'
    """
    stem = name.removesuffix(".pt")
    # Checkpoints of YOLOv3 and YOLOv5 are called with a "u", their architectures without.
    candidates = (f"{stem}.yaml", f"{stem.removesuffix('u')}.yaml")
    return next((candidate for candidate in candidates if candidate in packaged_model_names()), None)


@lru_cache(maxsize=1)
def settings_schema() -> tuple[str, Mapping[str, type]]:
    """Return the version of Ultralytics' settings file, and the type of each of its keys.

    A settings file of another version, or with other keys, is rewritten by Ultralytics with its own defaults.
    """
    tree = ast.parse((package_folder() / "utils" / "__init__.py").read_text(encoding="utf-8"))
    manager = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "SettingsManager")
    start = next(node for node in manager.body if isinstance(node, ast.FunctionDef) and node.name == "__init__")
    defaults = zip(reversed(start.args.args), reversed(start.args.defaults), strict=False)
    schema_version = next(ast.literal_eval(value) for argument, value in defaults if argument.arg == "version")
    table = next(
        node.value
        for node in ast.walk(start)
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Dict)
        and isinstance(node.targets[0], ast.Attribute)
        and node.targets[0].attr == "defaults"
    )
    types = {
        ast.literal_eval(key): type(value.value) if isinstance(value, ast.Constant) else str
        for key, value in zip(table.keys, table.values, strict=True)
        if key is not None
    }
    return schema_version, MappingProxyType(types)
