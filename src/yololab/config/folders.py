"""Where the shipped and the user's config groups lie, and what they offer."""

from __future__ import annotations

from pathlib import Path

import yololab


def conf_dir() -> Path:
    """Return the shipped `conf/`: the package's own copy when it was installed from a wheel, else the repository's."""
    package = Path(yololab.__file__).resolve().parent
    packaged = package / "conf"
    return packaged if packaged.is_dir() else package.parents[1] / "conf"


def user_conf_dir(working_directory: Path) -> Path | None:
    """Return the user's own `conf/` in the working directory, or None when there is none (or it is the shipped one)."""
    candidate = (working_directory / "conf").resolve()
    return candidate if candidate.is_dir() and candidate != conf_dir().resolve() else None


def group_options(working_directory: Path) -> dict[str, list[str]]:
    """Return every config group with the names of its options, shipped and the user's, sorted."""
    options: dict[str, set[str]] = {}
    for root in filter(None, (conf_dir(), user_conf_dir(working_directory))):
        for folder in sorted(path for path in root.iterdir() if path.is_dir() and path.name != "hydra"):
            names = {file.relative_to(folder).with_suffix("").as_posix() for file in folder.rglob("*.yaml")}
            options.setdefault(folder.name, set()).update(names)
    return {group: sorted(names) for group, names in sorted(options.items())}
