"""From what a user calls a model to what Ultralytics is given: files found, checkpoints read, architectures named."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from yololab.errors import InputError, Problem
from yololab.files.paths import BEST, LAST, OutputTree, RunFolder
from yololab.files.reading import read_yaml
from yololab.ultralytics_adapter.isolation.installed import (
    architecture_of,
    downloadable_assets,
    is_downloadable_asset,
    package_folder,
    packaged_model_names,
)
from yololab.ultralytics_adapter.isolation.logs import first_line
from yololab.ultralytics_adapter.models.checkpoints import family_of_head, file_digest, inspect_checkpoint

_REMOTE = ("http://", "https://", "ul://", "gs://")
_YAML = (".yaml", ".yml")
_MOST_ARCHITECTURE = 2**20  # bytes; those of Ultralytics have some thousands
_MOST_LAYERS = 10_000


@dataclass(frozen=True)
class ResolvedModel:
    """A model that a training can start from.

    Attributes:
        model: Ultralytics' `model=`: an absolute path of a checkpoint or architecture, or the name of a packaged one.
        pretrained: Ultralytics' `pretrained=`: true, false, or the absolute path of the checkpoint to start from.
        task: Its task.
        family: `yolo` or `rtdetr`: which trainer it needs; others are named too, but nothing can train them.
        head: Name of its last module.
        names: Class index → name of the checkpoint that gives the weights; None from scratch.
        lineage: SHA-256 of the checkpoint that gives the weights; None from scratch.
        train_metrics: What that checkpoint measured last, by Ultralytics' names.
    """

    model: str
    pretrained: bool | str
    task: str
    family: str
    head: str
    names: Mapping[int, str] | None = None
    lineage: str | None = None
    train_metrics: Mapping[str, float] = field(default_factory=dict)


def resolve_model(
    weights: str, architecture: str | None, pretrained: bool | str | None, search: Sequence[Path]
) -> ResolvedModel:
    """Find the model to train.

    - `pretrained` true or None: the checkpoint `weights` (with `architecture`, its weights are put into that one).
    - `pretrained` false: `architecture`, else the architecture of `weights`: of a downloadable name (`yolo26n.pt` →
      `yolo26n.yaml`) the packaged one, of a local checkpoint its own. Nothing is downloaded.
    - `pretrained` a path: the architecture of `architecture` or `weights`, with the weights of that checkpoint.

    Args:
        weights: A checkpoint or an architecture: a path, a URL, or a name that Ultralytics knows.
        architecture: An architecture that replaces the checkpoint's own.
        pretrained: Whether, or from where, to take weights.
        search: Folders where relative paths are looked for, after the working directory.

    Raises:
        InputError: It cannot be found, read, or downloaded.
    """
    weights = _with_suffix(weights)
    if pretrained is False:
        return _from_scratch(architecture or weights, search)
    start = _with_suffix(pretrained) if isinstance(pretrained, str) else weights
    if start.lower().endswith(_YAML):
        if isinstance(pretrained, str):
            raise InputError(Problem("model.pretrained", f"{pretrained!r}", "true, false, or a checkpoint (.pt)"))
        return _architecture(find_architecture(architecture or start, search), pretrained=True)
    path = find_checkpoint(start, search)
    info = inspect_checkpoint(path)
    given: dict[str, Any] = {"names": info.names, "lineage": file_digest(path), "train_metrics": info.train_metrics}
    checkpoint = replace(_checkpoint(path, True), **given)
    if architecture is None and start is weights:
        return checkpoint
    base = architecture or weights
    if base.lower().endswith(_YAML):
        shape = _architecture(find_architecture(base, search), str(path))
    else:
        shape = _checkpoint(find_checkpoint(base, search), str(path))
    kinds = [f"{model.task} ({model.family})" for model in (checkpoint, shape)]
    if kinds[0] != kinds[1]:
        found = f"weights for {kinds[0]}, an architecture for {kinds[1]}"
        raise InputError(Problem("model", found, "both for the same task and family"))
    return replace(shape, **given)


def _from_scratch(base: str, search: Sequence[Path]) -> ResolvedModel:
    """Return the model that starts with random weights."""
    named = architecture_of(base) if is_downloadable_asset(base) else None
    if named or base.lower().endswith(_YAML):
        return _architecture(find_architecture(named or base, search), pretrained=False)
    path = local_file(base, search)
    if path is None:
        raise InputError(
            Problem(
                "model.weights",
                f"{base!r} is neither a local checkpoint nor a name whose architecture Ultralytics ships",
                "with model.pretrained=false: an architecture (.yaml), or a local checkpoint that has one",
                _suggestion(base, packaged_model_names()),
            )
        )
    return _checkpoint(path, pretrained=False)


def _checkpoint(path: Path, pretrained: bool | str) -> ResolvedModel:
    """Describe a checkpoint that gives the architecture."""
    info = inspect_checkpoint(path)
    return ResolvedModel(str(path), pretrained, info.task, info.family, info.head)


def _architecture(model: str, pretrained: bool | str) -> ResolvedModel:
    """Describe an architecture."""
    head = str(read_architecture(model)["head"][-1][-2])
    return ResolvedModel(model, pretrained, _task_of_head(head, model), family_of_head(head), head)


def find_checkpoint(name: str, search: Sequence[Path]) -> Path:
    """Return the absolute path of a checkpoint: in the working directory, in the folders, else downloaded.

    Args:
        name: A path, a URL, or a name that Ultralytics can download.
        search: Folders where relative paths are looked for, after the working directory.

    Raises:
        InputError: There is none, or it cannot be downloaded.
    """
    name = _with_suffix(name)
    if not name.lower().startswith(_REMOTE):
        path = local_file(name, search)
        if path is not None:
            return path
        if not is_downloadable_asset(name):
            allowed = "a checkpoint (.pt), an architecture (.yaml), or a name that Ultralytics can download"
            raise _not_found("file", name, search, allowed, downloadable_assets())
    return _download(name)


def find_architecture(name: str, search: Sequence[Path]) -> str:
    """Return an architecture as Ultralytics takes it: the absolute path of a file, or a packaged name.

    Raises:
        InputError: There is none of that name.
    """
    path = local_file(name, search)
    if path is not None:
        return str(path)
    if name in packaged_model_names():
        return name
    allowed = "a model .yaml, or a name that Ultralytics ships"
    raise _not_found("architecture", name, search, allowed, packaged_model_names())


def read_architecture(model: str) -> dict[str, Any]:
    """Return the content of an architecture's file.

    Args:
        model: A path, or a packaged name, with or without its scale.

    Raises:
        InputError: It is no YAML, or describes no model.
    """
    file = Path(model) if Path(model).is_absolute() else _packaged_file(model)
    try:
        content = read_yaml(file, _MOST_ARCHITECTURE)
        if not isinstance(content, dict) or not content.get("backbone") or not str(content["head"][-1][-2]):
            raise ValueError("it has no backbone and head")
        if sum(int(layer[1]) for layer in (*content["backbone"], *content["head"])) > _MOST_LAYERS:
            raise ValueError(f"it repeats its layers more than {_MOST_LAYERS:,} times")
    except (ValueError, KeyError, TypeError, IndexError) as error:
        found = f"not a model architecture ({first_line(error)})"
        raise InputError(Problem(str(file), found, "a model .yaml")) from None
    return content


def _download(name: str) -> Path:
    """Download a checkpoint into the weights folder."""
    from yololab.ultralytics_adapter.isolation import runtime

    runtime.activate()
    from ultralytics.utils import checks, downloads

    folder = runtime.current().weights.resolve()
    remedy = "start from scratch with model.pretrained=false, or give the path of a local checkpoint"
    if runtime.is_offline():
        raise InputError(Problem("model.weights", f"{name!r} is not at hand, and the network is off", remedy=remedy))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if name.lower().startswith(_REMOTE):
            path = Path(checks.check_file(name, download_dir=str(folder)))
        else:
            path = Path(downloads.attempt_download_asset(str(folder / name)))
        if not path.stat().st_size:
            raise OSError("the file is empty")
    except Exception as error:  # network, proxy, disk, API keys: all end in the same advice
        found = f"{name!r} is not at hand and could not be downloaded to {folder} ({first_line(error)})"
        raise InputError(Problem("model.weights", found, remedy=remedy)) from error
    return path.resolve()


def _with_suffix(name: str) -> str:
    """Add `.pt` to a bare name of a downloadable checkpoint, as Ultralytics does."""
    name = name.strip()
    return f"{name}.pt" if not Path(name).suffix and is_downloadable_asset(f"{name}.pt") else name


def _folders(search: Sequence[Path]) -> list[Path]:
    """Return the folders where a relative path is looked for, each once."""
    return list(dict.fromkeys(folder.resolve() for folder in (Path.cwd(), *search)))


def _not_found(what: str, name: str, search: Sequence[Path], allowed: str, known: Iterable[str]) -> InputError:
    """Return the error of a model that is nowhere: where it was looked for, and what is spelled nearly alike."""
    folders = _folders(search)
    place = "" if Path(name).expanduser().is_absolute() else f" (looked in {', '.join(map(str, folders))})"
    files = [file.name for folder in folders for file in folder.glob("*.pt" if what == "file" else "*.yaml")]
    return InputError(
        Problem("model.weights", f"no such {what}: {name!r}{place}", allowed, _suggestion(name, [*files, *known]))
    )


def local_file(name: str, search: Sequence[Path]) -> Path | None:
    """Return the absolute path of a local file, or None."""
    path = Path(name).expanduser()
    candidates = [path] if path.is_absolute() else [folder / path for folder in _folders(search)]
    return next((candidate.resolve() for candidate in candidates if candidate.exists()), None)


def _packaged_file(name: str) -> Path:
    """Return the file of a packaged architecture; a scale in its name is left out when the file has all scales."""
    folder = package_folder() / "cfg" / "models"
    files = {file.name: file for file in folder.rglob("*.yaml")}
    if name in files:
        return files[name]
    unscaled = (name[:position] + name[position + 1 :] for position in range(1, len(name)) if name[position] in "nsmlx")
    return next((files[candidate] for candidate in unscaled if candidate in files), folder / name)


def _task_of_head(head: str, model: str) -> str:
    """Return the task of an architecture from its last module, by Ultralytics' own rule."""
    if "RTDETR" in head:  # Ultralytics' rule looks for "detect" in the name and finds none
        return "detect"
    from yololab.ultralytics_adapter.isolation.runtime import activate

    activate()
    from ultralytics.nn.tasks import guess_model_task

    task = guess_model_task(read_architecture(model))
    if task is None:
        raise InputError(Problem(model, f"an architecture with the head {head!r}", "a head that Ultralytics knows"))
    return str(task)


def _suggestion(name: str, known: Sequence[str]) -> str:
    """Name what is spelled nearly alike; what every run calls its checkpoints is no slip of the pen."""
    if Path(name).name in (BEST, LAST):
        return f"a run keeps it in its own folder: {RunFolder(OutputTree(Path()).latest).weights / Path(name).name}"
    close = get_close_matches(Path(name).name, sorted(set(known)), n=3)
    return f"did you mean {' or '.join(close)}?" if close else "check the path"
