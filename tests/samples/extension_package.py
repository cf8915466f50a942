"""Installing a package of extensions for a test, without pip: its modules and its metadata in a folder on the path."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "extensions"


def install(target: Path, project: Path = EXAMPLE) -> Path:
    """Lay out a project's modules and entry points as an installer does; return the folder for `sys.path`."""
    content = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for module in project.glob("*.py"):
        target.mkdir(parents=True, exist_ok=True)
        shutil.copy(module, target)
    return describe(target, content["name"], content["version"], content["entry-points"])


def describe(target: Path, name: str, version: str, points: dict[str, dict[str, str]]) -> Path:
    """Write the metadata of a distribution with entry points."""
    info = target / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    groups = (
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in rows.items()) for group, rows in points.items()
    )
    (info / "entry_points.txt").write_text("\n".join(groups))
    return target
