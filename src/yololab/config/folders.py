"""Where the shipped and the user's config groups lie, and what they offer."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import yololab
from yololab.errors import InputError, Problem
from yololab.files.atomic import write_text
from yololab.files.reading import read_text
from yololab.masking import mask_secrets

# The folders of the copy that this process composes from instead, while a sweep lasts: the shipped one, the user's.
_snapshots: list[tuple[Path, ...]] = []


def conf_dir() -> Path:
    """Return the shipped `conf/`: the package's own copy when it was installed from a wheel, else the repository's."""
    if _snapshots:
        return _snapshots[-1][0]
    package = Path(yololab.__file__).resolve().parent
    packaged = package / "conf"
    return packaged if packaged.is_dir() else package.parents[1] / "conf"


# Folders given by `--config-dir` to this process.
_given: list[Path] = []
_only_shipped = ContextVar("only_shipped", default=False)


@contextmanager
def shipped_only() -> Iterator[None]:
    """Compose without the user's own folders."""
    before = _only_shipped.set(True)
    try:
        yield
    finally:
        _only_shipped.reset(before)


def use_config_dir(folder: Path) -> None:
    """Take the options of `folder` as well, before all others.

    Raises:
        InputError: It is no folder.
    """
    if not folder.is_dir():
        raise InputError(Problem("--config-dir", f"no such folder: {folder}", "a folder with config groups in it"))
    if folder.resolve() not in _given:
        _given.append(folder.resolve())


def user_conf_dirs(working_directory: Path) -> list[Path]:
    """Return the user's own config folders, the one that counts most first.

    These are what `--config-dir` named, and `conf/` in the working directory unless it is the shipped one.
    """
    if _snapshots:
        return list(_snapshots[-1][1:])
    if _only_shipped.get():
        return []
    own = (working_directory / "conf").resolve()
    folders = [*_given, *([own] if own.is_dir() else [])]
    return [folder for folder in dict.fromkeys(folders) if folder != conf_dir().resolve()]


def group_options(working_directory: Path) -> dict[str, list[str]]:
    """Return every config group with the names of its options, shipped and the user's, sorted."""
    options: dict[str, set[str]] = {}
    for root in (conf_dir(), *user_conf_dirs(working_directory)):
        for folder in sorted(path for path in root.iterdir() if path.is_dir() and path.name != "hydra"):
            names = {
                file.relative_to(folder).with_suffix("").as_posix() for file in folder.rglob("*.yaml") if file.is_file()
            }
            options.setdefault(folder.name, set()).update(names)
    return {group: sorted(names) for group, names in sorted(options.items())}


def copy_config(target: Path, working_directory: Path) -> None:
    """Copy every config folder that this process composes from, the shipped one and the user's, to `target`.

    The passwords of URLs stay behind.
    """
    folders = {"shipped": conf_dir()}
    folders |= {f"user{index:02d}": folder for index, folder in enumerate(user_conf_dirs(working_directory))}
    for name, folder in folders.items():
        for file in sorted(folder.rglob("*.yaml")):
            lines = read_text(file).splitlines()
            text = "\n".join(mask_secrets(line) if "://" in line else line for line in lines)
            write_text(target / name / file.relative_to(folder), f"{text}\n")


def is_changing() -> bool:
    """Return whether somebody may edit what this process composes from; the copy of a sweep stays as it is."""
    return not _snapshots


@contextmanager
def composing_from(copy: Path) -> Iterator[None]:
    """Compose from what `copy_config` copied, whatever has been edited since."""
    copy = copy.resolve()
    _snapshots.append((copy / "shipped", *sorted(copy.glob("user*"))))
    try:
        yield
    finally:
        _snapshots.pop()
