"""Writing a project to begin with: what is there already stays as it is."""

import json
from dataclasses import dataclass
from pathlib import Path, PurePath

from yololab.errors import InputError, Problem
from yololab.files.atomic import write_text
from yololab.files.paths import DATA_YAML, not_made
from yololab.files.reading import read_text

EXAMPLE = "mine"  # the name of the options, and of the recipe that puts them together
SHAPES = "builtin://shapes"
_FILES = Path(__file__).with_name("files")
# In a package a name without a dot: else it would count for the repository that it lies in.
_DOTTED = {"gitignore": ".gitignore", "github": ".github"}
_TEMPLATE_OF_DATA = f"data/{DATA_YAML}"


@dataclass(frozen=True)
class Started:
    """What became of a project's files, by their paths in it.

    Attributes:
        folder: The project.
        written: Files that are new.
        kept: Files that were there, and stay as they were.
    """

    folder: Path
    written: tuple[str, ...]
    kept: tuple[str, ...]


def start_project(folder: Path, source: str | None, weights: str) -> Started:
    """Write the files of a project to a folder; one that is there already is kept.

    Args:
        folder: The folder, which is made.
        source: The dataset, as `data.source` takes it; None for the built-in shapes, and a data.yaml to fill in.
        weights: The model.

    Raises:
        InputError: The folder cannot be made, or written to.
    """
    dataset = json.dumps(source, ensure_ascii=False) if source else SHAPES  # JSON's text is YAML's in quotes
    values = {"{source}": dataset, "{weights}": weights, "{name}": folder.name or "Models", **_workflow_values(source)}
    written, kept = [], []
    for place, template in _templates().items():
        if place == _TEMPLATE_OF_DATA and source is not None:
            continue
        target = folder / place
        if target.exists() or target.is_symlink():
            kept.append(place)
            continue
        text = read_text(template)
        for name, value in values.items():
            text = text.replace(name, value)
        try:
            write_text(target, text)
        except FileExistsError:
            raise InputError(Problem(str(target.parent), "a file", "a folder, or nothing")) from None
        except NotADirectoryError:
            raise InputError(Problem(str(folder), "lies in a file", "a folder, or nothing of this name")) from None
        except OSError as error:
            raise not_made(folder, error) from None
        written.append(place)
    return Started(folder, tuple(written), tuple(kept))


def _workflow_values(source: str | None) -> dict[str, str]:
    """Return what the workflow says of the dataset: one that lies elsewhere is not in the repository."""
    data = _TEMPLATE_OF_DATA if source is None or PurePath(source).is_absolute() else source
    place = PurePath(data).parent if PurePath(data).suffix else PurePath(data)
    below = "" if place == PurePath() else f"{place.as_posix()}/"
    pattern, quoted = (text.replace("'", "''") for text in (f"{below}**/*", data))  # as GitHub's expressions want it
    images = f"'{pattern}.jpg', '{pattern}.png'"
    there = f"hashFiles('models/current/metrics.json', {images}) != ''"
    checked = f"${{{{ hashFiles({images}) != '' && '{quoted}' || '' }}}}"
    values = {"{data_paths}": f"{below}**", "{there}": there, "{data}": checked}
    return {name: json.dumps(value, ensure_ascii=False) for name, value in values.items()}


def _templates() -> dict[str, Path]:
    """Return each file of a project by its path there."""
    files = (path for path in sorted(_FILES.rglob("*")) if path.is_file())
    return {"/".join(_DOTTED.get(part, part) for part in path.relative_to(_FILES).parts): path for path in files}
