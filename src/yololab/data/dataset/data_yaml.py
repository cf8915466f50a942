"""Reading a data.yaml: the file itself, and what its keys may hold. Nothing here looks at images or folders.

The rules are those of `check_det_dataset` and `check_class_names` of Ultralytics (data/utils.py, nn/autobackend.py),
which stop at the first problem; here all of them are collected. Stricter than Ultralytics: a key given twice, a class
name given twice or left empty, class indices that leave a gap, and a file that is not UTF-8 are problems.
"""

import os
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from yololab.data.dataset.class_folders import is_unsplit_class_root
from yololab.data.dataset.task_keys import wrong_task_keys
from yololab.errors import InputError, Problem
from yololab.files.reading import load_yaml, read_text
from yololab.text import first_of

SPLITS = ("train", "val", "test", "minival")
REQUIRED_SPLITS = ("train", "val")
# Keys of our own, which Ultralytics passes over: where images are named from, and the lists of the folds.
IMAGES_ROOT, FOLDS = "images_root", "folds"
YAML_SUFFIXES = (".yaml", ".yml")
_LONGEST_PATH, _LONGEST_NAME = 4096, 255  # of Linux and macOS
# More than any dataset has; each would take memory before anything else could stop it.
MOST_CLASSES, MOST_KEYPOINTS, MOST_CHANNELS = 100_000, 1000, 1024
MOST_LOOKED_AT = 200_000  # files, in the search for a data.yaml
_QUOTES = "a name that YAML takes for a number, a date or true and false is put in quotes"
NAMES_ALLOWED = "a list of class names, or `index: name` for every index from 0"


@dataclass(frozen=True)
class DataYaml:
    """The keys of a data.yaml that have a meaning for us, typed; paths still as they are written.

    Attributes:
        folder: The `path` key, None when absent.
        images_root: The folder that images are named from, when the file lies elsewhere: `yololab split` writes it.
        entries: For each split that is given, its folders or lists.
        listed: The splits whose value is a list (Ultralytics resolves these without its `../` fallback).
        names: Class names by index.
        kpt_shape: Number of keypoints and of values a keypoint; None when absent.
        channels: Image channels.
        download: URL or script that would fetch the data.
        raw: Everything that the file holds.
    """

    folder: str | None
    images_root: str | None
    entries: dict[str, tuple[str, ...]]
    listed: frozenset[str]
    names: dict[int, str]
    kpt_shape: tuple[int, int] | None
    channels: int
    download: str | None
    raw: dict[str, Any]


def find_data_yaml(source: Path) -> Path:
    """Return the data.yaml that `source` means: the file itself, or the one in a folder.

    In a folder, `.yaml` goes before `.yml`, the top before its subfolders, and of several the one named like the
    folder (`find_dataset_yaml` in Ultralytics' data/utils.py).

    Raises:
        InputError: There is no such file, or more than one in the folder.
    """
    if not source.exists():
        raise InputError(Problem(str(source), "no such file or folder", "a data.yaml, or a folder with one"))
    if source.is_dir():
        found = next((f for suffix in YAML_SUFFIXES if (f := _yaml_files(source, suffix))), [])
        named = [file for file in found if file.stem == source.resolve().name] if len(found) > 1 else found
        if len(named) != 1:
            names = ", ".join(str(file.relative_to(source)) for file in sorted(found)[:5])
            what = f"{len(found)} YAML files: {names}" if found else "no YAML file"
            allowed = "a folder with exactly one data.yaml, or a folder with class folders: train/<class>, val/<class>"
            remedy = "give the path of the data.yaml"
            if is_unsplit_class_root(source):
                what = "class folders that are in no split"
                remedy = f"yololab split data={source} out=DIR ratios=0.8,0.2, and then data=DIR"
            raise InputError(Problem(str(source), what, allowed, remedy))
        return named[0]
    if source.suffix.lower() not in YAML_SUFFIXES:
        what = f"a file of type {source.suffix or '(no suffix)'}"
        remedy = "unpack an archive first and give the path of the data.yaml in it"
        raise InputError(Problem(str(source), what, "a .yaml or .yml file, or a folder with one", remedy))
    return source


def _yaml_files(folder: Path, suffix: str) -> list[Path]:
    found, looked_at = list(folder.glob(f"*{suffix}")), 0
    for place, _, names in () if found else os.walk(folder):
        found += [Path(place) / name for name in names if name.endswith(suffix)]
        looked_at += 1 + len(names)
        if looked_at > MOST_LOOKED_AT:
            what = f"more than {MOST_LOOKED_AT:,} files, and no data.yaml at the top"
            raise InputError(Problem(str(folder), what, remedy="give the path of the data.yaml"))
    return found


def read_data_yaml(file: Path, required: Collection[str] = REQUIRED_SPLITS) -> DataYaml:
    """Read and check a data.yaml.

    Args:
        file: The file.
        required: The splits that it has to name.

    Raises:
        InputError: Every problem of its keys at once; or the one that keeps the file from being read.
    """
    raw = _read_mapping(file)
    keys = _Keys(file, raw, required)
    entries = {split: entry for split in SPLITS if (entry := keys.split(split))}
    result = DataYaml(
        folder=keys.text("path"),
        images_root=keys.text(IMAGES_ROOT),
        entries=entries,
        listed=frozenset(split for split in entries if isinstance(raw.get(keys.alias(split)), list)),
        names=keys.names(),
        kpt_shape=keys.kpt_shape(),
        channels=keys.channels(),
        download=keys.text("download"),
        raw=raw,
    )
    for key, allowed in wrong_task_keys(raw, result.kpt_shape):
        keys.wrong(key, _shown(raw[key]), allowed)
    if keys.problems:
        raise InputError(keys.problems)
    return result


def _read_mapping(file: Path) -> dict[str, Any]:
    """Parse the file, refusing what is no YAML mapping or has a key twice."""
    twice: list[tuple[str, int]] = []
    content = load_yaml(read_text(file), str(file), lambda node: _look_at(node, twice, set()))
    if not isinstance(content, dict):
        kind = "an empty file" if content is None else f"a YAML {type(content).__name__}"
        raise InputError(Problem(str(file), kind, "a mapping with the keys train, val and names"))
    if twice:
        raise InputError(
            Problem(f"{file}, line {line}, key {key!r}", "given a second time", "each key once") for key, line in twice
        )
    return {str(key): value for key, value in content.items()}


def _look_at(node: yaml.Node, twice: list[tuple[str, int]], seen: set[int]) -> None:
    """Find keys that their mapping has already, of which the parser would keep the last; keep class names as text.

    Args:
        node: The node to look at.
        twice: Gets each key and its line.
        seen: The nodes that were looked at: an alias is the node of its anchor.
    """
    if id(node) in seen or not isinstance(node, yaml.CollectionNode):
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _look_at(item, twice, seen)
        return
    keys: set[str] = set()
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
            if key.value in keys:
                twice.append((key.value, key.start_mark.line + 1))
            keys.add(key.value)
            if key.value == "names" and isinstance(value, yaml.CollectionNode):
                _keep_text(value)
        _look_at(value, twice, seen)


def _keep_text(names: yaml.CollectionNode) -> None:
    """Have class names and their indices read as they are written: `no`, `1e3` and `2020-01-01` are names, too."""
    for item in names.value:
        for scalar in item if isinstance(item, tuple) else (item,):
            if isinstance(scalar, yaml.ScalarNode) and scalar.tag != "tag:yaml.org,2002:null":
                scalar.tag = "tag:yaml.org,2002:str"


@dataclass
class _Keys:
    """Checks the keys of one data.yaml one by one, collecting problems."""

    file: Path
    raw: dict[str, Any]
    required: Collection[str] = REQUIRED_SPLITS
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, key: str, found: str, allowed: str, remedy: str = "") -> None:
        self.problems.append(Problem(f"{self.file}, key {key!r}", found, allowed, remedy))

    def text(self, key: str) -> str | None:
        value = self.raw.get(key)
        if value is not None and not isinstance(value, str):
            self.wrong(key, _shown(value), "text", _QUOTES)
            return None
        return value if value and (key == "download" or self._is_path(key, value)) else None

    def alias(self, split: str) -> str:
        return "validation" if split == "val" and "val" not in self.raw and "validation" in self.raw else split

    def split(self, split: str) -> tuple[str, ...]:
        key = self.alias(split)
        value = self.raw.get(key)
        allowed = "a folder, a .txt file that lists images, or a list of these"
        if value is None:
            if split in self.required:
                self.wrong(key, "without a value" if key in self.raw else "missing", allowed)
            return ()
        entries = value if isinstance(value, list) else [value]
        if not entries or not all(isinstance(entry, str) and entry.strip() for entry in entries):
            self.wrong(key, _shown(value), allowed, _QUOTES)
            return ()
        return tuple(entries) if all(self._is_path(key, entry) for entry in entries) else ()

    def _is_path(self, key: str, entry: str) -> bool:
        """Whether a system can have such a path; one that none has is a problem."""
        parts = entry.split("/")
        if (
            "\0" not in entry
            and len(entry) <= _LONGEST_PATH
            and max(map(len, map(os.fsencode, parts))) <= _LONGEST_NAME
        ):
            return True
        what = "a zero byte" if "\0" in entry else f"a path of {len(entry)} characters"
        self.wrong(key, f"{what}: {_shown(entry)}", "a path; no system has such a one")
        return False

    def nc(self) -> int | None:
        value = self.raw["nc"]
        try:
            number = float(value)
            if isinstance(value, bool) or number != int(number) or not 1 <= number <= MOST_CLASSES:
                raise ValueError
        except (TypeError, ValueError, OverflowError):
            self.wrong("nc", _shown(value), f"a whole number of classes, 1 to {MOST_CLASSES}")
            return None
        return int(number)

    def names(self) -> dict[int, str]:
        nc = self.nc() if "nc" in self.raw else None
        value = self.raw.get("names")
        if value is None:
            if "nc" not in self.raw:
                self.wrong("names", "missing, and so is `nc`", NAMES_ALLOWED)
            return {index: f"class_{index}" for index in range(nc or 0)}
        if not isinstance(value, (list, dict)):
            self.wrong("names", _shown(value), NAMES_ALLOWED)
            return {}
        if not 1 <= len(value) <= MOST_CLASSES:
            self.wrong("names", f"{len(value) or 'no'} class(es)", f"1 to {MOST_CLASSES} class names")
            return {}
        names = self._indexed(value)
        self._check_names(names)
        if nc is not None and nc != len(value):
            self.wrong("nc", f"{nc}, but `names` has {len(value)}", "the number of names", "mend nc or names")
        return {index: str(name) for index, name in sorted(names.items())}

    def _indexed(self, value: list[Any] | dict[Any, Any]) -> dict[int, Any]:
        if isinstance(value, list):
            return dict(enumerate(value))
        names: dict[int, Any] = {}
        for key, name in value.items():
            try:
                index = int(key)
            except (TypeError, ValueError):
                self.wrong("names", f"the index {key!r}", "whole numbers from 0")
                continue
            if index in names:
                self.wrong("names", f"the index {index} twice", "each index once")
            names[index] = name
        if len(names) == len(value) and names and set(names) != set(range(len(names))):
            missing = first_of(index for index in range(len(names)) if index not in names)
            self.wrong("names", f"{len(names)} names, none with the index {missing}", f"0 to {len(names) - 1}")
        return names

    def _check_names(self, names: dict[int, Any]) -> None:
        for index, name in names.items():
            if name is None or not str(name).strip():
                empty = "null, ~ and nothing are no names: put a name that is written so in quotes"
                self.wrong("names", f"class {index} has no name", "a name for each class", empty)
            elif isinstance(name, (list, dict)):
                self.wrong("names", f"class {index} is {_shown(name)}", "a name for each class")
        counted = Counter(str(name) for name in names.values() if name is not None and str(name).strip())
        for repeated in (name for name, count in counted.items() if count > 1):
            indices = ", ".join(str(index) for index, name in names.items() if str(name) == repeated)
            found, remedy = (
                f"{repeated!r} is the name of the classes {indices}",
                "results are listed by name: rename one",
            )
            self.wrong("names", found, "a different name for each class", remedy)

    def kpt_shape(self) -> tuple[int, int] | None:
        value = self.raw.get("kpt_shape")
        if value is None:
            return None
        whole = isinstance(value, list) and all(isinstance(v, int) and not isinstance(v, bool) for v in value)
        if not whole or len(value) != 2 or not 1 <= value[0] <= MOST_KEYPOINTS or value[1] not in (2, 3):
            self.wrong("kpt_shape", _shown(value), "[number of keypoints, 2 or 3], for example [17, 3]")
            return None
        return value[0], value[1]

    def channels(self) -> int:
        value = self.raw.get("channels", 3)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_CHANNELS:
            allowed = f"a whole number, 1 to {MOST_CHANNELS} (3 when the key is absent)"
            self.wrong("channels", _shown(value), allowed)
            return 3
        return value


def _shown(value: Any) -> str:
    text = repr(value)
    return f"{text if len(text) <= 60 else text[:57] + '...'} ({type(value).__name__})"
