"""Finding the dataset that a user means: a path, a folder, the name of a dataset, or a built-in one."""

import os
from difflib import get_close_matches
from pathlib import Path

from yololab.data.dataset.class_folders import is_class_root
from yololab.data.dataset.image_names import windows_remedy
from yololab.data.shapes.builtin import VARIANTS, ShapesSpec, ensure_shapes
from yololab.errors import InputError, Problem
from yololab.files.paths import similar_path
from yololab.text import shortened

BUILTIN = "builtin://"
# Where Ultralytics has its data.yaml files, in whatever environment, on whatever machine, it was installed.
_PACKAGED = ("ultralytics", "cfg", "datasets")


def locate_dataset(source: str, working_directory: Path, datasets: Path, packaged: Path | None) -> Path:
    """Return the data.yaml or the folder that `source` names; a built-in dataset is made on first use.

    Args:
        source: The name of a built-in dataset as `builtin://shapes`, a path, or a name that Ultralytics ships, with or
            without `.yaml`.
        working_directory: Relative paths start here.
        datasets: Folder of built-in and downloaded datasets.
        packaged: Folder of the data.yaml files that Ultralytics ships; None where it is not installed.

    Raises:
        InputError: There is no such file, and no dataset of that name.
    """
    if source.startswith(BUILTIN):
        name = source.removeprefix(BUILTIN)
        if name not in VARIANTS:
            allowed = ", ".join(BUILTIN + known for known in VARIANTS)
            raise InputError(Problem("data.source", f"{source!r}", allowed))
        return ensure_shapes(ShapesSpec(variant=name), datasets)
    path = working_directory / os.path.expanduser(source)  # noqa: PTH111  (a user who is not there stays as it is)
    if os.path.exists(path):  # noqa: PTH110  (False, too, for a name that no file can have)
        return path
    # a classification dataset has no file: it is known by the name of its folder
    if "/" not in source and is_class_root(datasets / source):
        return datasets / source
    shipped = {} if packaged is None else {file.name.lower(): file.name for file in packaged.glob("*.yaml")}
    wanted = source.lower() if source.lower().endswith((".yaml", ".yml")) else f"{source.lower()}.yaml"
    if packaged is not None and "/" not in source and wanted in shipped:
        return packaged / shipped[wanted]
    similar = similar_path(source, working_directory)
    close = (
        [similar]
        if similar
        else [shipped[name] for name in get_close_matches(wanted, shipped, n=3) if "/" not in source]
    )
    hint = f"did you mean {' or '.join(close)}? " if close else ""
    hint = f"{windows_remedy(source)}. " if windows_remedy(source) else hint
    if packaged is None:
        hint += "Ultralytics is not installed here, so its datasets are not known by name. "
    raise InputError(
        Problem(
            "data.source",
            f"no such file or dataset: {shortened(source, 200)!r} (looked in {working_directory})",
            "a data.yaml, a folder with one or with class folders, an option of the group `data`, or a name that "
            "Ultralytics ships",
            f"{hint}Check the path; a classification dataset may lie in {datasets}, and "
            "data.allow_download=true fetches one that Ultralytics has by that name; data=shapes is built in",
        )
    )


def dataset_name(choice: str | None, yaml: Path) -> str:
    """Return the name under which a dataset's baselines are found: the option, Ultralytics' name, or the folder's.

    Args:
        choice: The chosen option of the group `data`; None for a free value.
        yaml: The data.yaml, or the folder of a classification dataset.

    >>> dataset_name(None, Path("/data/cells/data.yaml"))
    'cells'
    >>> dataset_name(None, Path("/usr/lib/python3/ultralytics/cfg/datasets/coco8.yaml"))
    'coco8'
    """
    if choice:
        return choice
    folder = yaml.resolve() if yaml.is_dir() else yaml.resolve().parent
    return yaml.stem.lower() if folder.parts[-3:] == _PACKAGED or not folder.name else folder.name
