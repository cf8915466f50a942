"""The frozen config of a run: composed once, written to `.hydra/`, read back by a trial, a rerun or a resume."""

import copy
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from yololab.config.hydra.compose import overridden_keys
from yololab.config.hydra.grammar import encode_free, quote
from yololab.config.renamed import current_override, current_tree
from yololab.config.schema import ExperimentConfig
from yololab.config.validation import validate
from yololab.errors import InputError, Problem
from yololab.files.atomic import copy_file, write_text
from yololab.files.paths import RunFolder
from yololab.files.reading import read_yaml
from yololab.masking import mask_secrets

# The one key of `.hydra/hydra.yaml`.
_HYDRA = "hydra"


@dataclass(frozen=True)
class Frozen:
    """A frozen experiment.

    Attributes:
        experiment: The typed config.
        tree: The plain tree.
        choices: The chosen option of each config group.
        overrides: The overrides that led to it.
    """

    experiment: ExperimentConfig
    tree: dict[str, Any]
    choices: dict[str, str]
    overrides: tuple[str, ...]


def freeze(folder: RunFolder, tree: Mapping[str, Any], hydra: Mapping[str, Any], overrides: Sequence[str]) -> None:
    """Write the three files of `.hydra/`, as Hydra itself writes them for a single run; passwords are masked.

    Args:
        folder: The run's folder.
        tree: The composed config.
        hydra: Hydra's own settings.
        overrides: The overrides that led there.
    """
    sections = [_section(pickle.dumps(item)) for item in tree.items()]
    write_text(folder.config, "".join(sections) or _as_yaml({}))
    sections = [_section(pickle.dumps(item), below=_HYDRA) for item in hydra.items()]
    write_text(folder.hydra_settings, "".join([f"{_HYDRA}:\n", *sections]))
    write_text(folder.overrides, _as_yaml(mask_secrets(list(overrides))))


@lru_cache(maxsize=512)
def _section(item: bytes, below: str | None = None) -> str:
    """Return the lines of one key of a mapping; those of thousands of trials are nearly all the same.

    Args:
        item: Key and value, pickled.
        below: The key of the mapping that it stands in; None where that is the whole file.
    """
    key, value = pickle.loads(item)
    content = mask_secrets({key: value})
    return _as_yaml(content) if below is None else _as_yaml({below: content}).removeprefix(f"{below}:\n")


def _as_yaml(content: Any) -> str:
    """Return a text that YAML's safe loader reads as `content`; by libyaml where it is there, five times as fast."""
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return yaml.dump(content, Dumper=dumper, sort_keys=False, allow_unicode=True)


def frozen_working_directory(folder: RunFolder) -> Path | None:
    """Return the folder in which a run was started; None when its config does not say."""
    found = _hydras_own(folder)[1].get("cwd")
    return Path(found) if isinstance(found, str) else None


def with_changes(frozen: Frozen, values: Mapping[str, Any], model: str) -> Frozen:
    """Return a frozen experiment with other settings, as if they had been given on the command line.

    Args:
        frozen: The experiment.
        values: Dotted key → value.
        model: The checkpoint that it starts from, which takes the place of the option that was chosen.

    Raises:
        InputError: They do not go together.
    """
    tree = copy.deepcopy(frozen.tree)
    for key, value in values.items():
        *groups, name = key.split(".")
        node = tree
        for group in groups:
            node = node.setdefault(group, {})
        node[name] = value
    gone = {*values, "model"}
    kept = [item for item in frozen.overrides if item.lstrip("+~").partition("=")[0] not in gone]
    plain = [f"{key}={quote(value)}" for key, value in values.items() if not key.startswith("model.")]
    overrides = (*kept, f"model={encode_free(model)}", *plain)
    old = frozen.experiment
    new = validate(tree, overridden_keys(overrides))
    experiment = replace(new, approval=old.approval, data=old.data, paths=old.paths)
    return Frozen(experiment, tree, frozen.choices | {"model": encode_free(model)}, overrides)


def refreeze(origin: RunFolder, folder: RunFolder, place: Path, changed: Frozen | None = None) -> None:
    """Copy the frozen config of a run into the folder of its repetition, whose place is Hydra's run directory.

    Args:
        origin: The run.
        folder: Where it goes.
        place: The place that this folder will have.
        changed: What it becomes, where it is not the same.
    """
    content, runtime = _hydras_own(origin)
    if changed is None:
        copy_file(origin.config, folder.config)
        copy_file(origin.overrides, folder.overrides)
    else:
        write_text(folder.config, _as_yaml(mask_secrets(changed.tree)))
        write_text(folder.overrides, _as_yaml(mask_secrets(list(changed.overrides))))
        runtime["choices"] = {**runtime.get("choices", {}), "model": changed.choices["model"]}
    content["hydra"]["run"]["dir"] = runtime["output_dir"] = str(place)
    write_text(folder.hydra_settings, _as_yaml(content))


def thaw(folder: Path) -> Frozen:
    """Read the frozen config of a run. It describes an experiment and gives no permission: those come from a user.

    Raises:
        InputError: The folder is not a run's, its files are not readable, or the config does not pass the validation.
    """
    run = RunFolder(folder)
    tree = current_tree(_read(run.config, dict))
    overrides = tuple(current_override(str(item)) for item in _read(run.overrides, list))
    choices = _hydras_own(run)[1].get("choices")
    choices = choices if isinstance(choices, dict) else {}
    data = tree.get("data")
    unpermitted = {"data": {**data, "allow_download": False}} if isinstance(data, dict) else {}
    try:
        keys = overridden_keys(overrides)
    except InputError as error:
        found = f"not readable ({error.problems[0].found})"
        raise InputError(Problem(str(run.overrides), found, "the file that the run wrote")) from None
    experiment = validate(tree | unpermitted, keys)
    return Frozen(experiment, tree, {str(key): str(value) for key, value in choices.items()}, overrides)


def _hydras_own(run: RunFolder) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return Hydra's settings of a run, and their section `runtime`."""
    content: dict[str, Any] = _read(run.hydra_settings, dict)
    node = content.get("hydra")
    runtime = node.get("runtime") if isinstance(node, dict) and isinstance(node.get("run"), dict) else None
    if not isinstance(runtime, dict):
        found = "no hydra.run and hydra.runtime"
        raise InputError(Problem(str(run.hydra_settings), found, "the file that the run wrote"))
    return content, runtime


def _read(path: Path, kind: type) -> Any:
    """Read one of the YAML files of `.hydra/`."""
    if not path.exists():
        remedy = "name the folder of a run, e.g. outputs/training/latest"
        raise InputError(Problem(str(path), "no such file", "the folder of a run", remedy))
    content = read_yaml(path)
    if not isinstance(content, kind):
        raise InputError(Problem(str(path), f"a {type(content).__name__}", f"a {kind.__name__}"))
    return content
