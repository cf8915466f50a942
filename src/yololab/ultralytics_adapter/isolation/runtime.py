"""Ultralytics kept apart from the user's own: settings, environment and globals of this process.

`prepare` is cheap and comes first: it imports nothing heavy and writes a private settings file. `activate` imports
Ultralytics under those settings, or applies them to one that the host (a notebook) has already imported.
"""

import contextlib
import functools
import hashlib
import io
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from yololab.files.atomic import copy_file, write_text
from yololab.files.paths import CacheFolder
from yololab.host.collection import importing
from yololab.ultralytics_adapter.isolation import logs
from yololab.ultralytics_adapter.isolation.installed import check_version, installed_version, settings_schema
from yololab.ultralytics_adapter.isolation.logs import ultralytics_log
from yololab.ultralytics_adapter.isolation.patching import preserved_environment, set_environment
from yololab.ultralytics_adapter.isolation.threads import machine, openmp_variables

__all__ = ["Isolation", "activate", "current", "is_offline", "prepare", "ultralytics_log"]

_TRUE = {"1", "true", "yes", "on", "y", "t"}


@dataclass(frozen=True)
class Isolation:
    """Where Ultralytics may write and what it may use.

    Attributes:
        cache: Our caches, and below them Ultralytics' private settings.
        weights: Where it looks for checkpoints and downloads them to.
        datasets: Where it downloads datasets to.
        offline: Never use the network (True), use it when needed (False), or as the user's `YOLO_OFFLINE` says (None).
    """

    cache: Path
    weights: Path
    datasets: Path
    offline: bool | None = None

    def __post_init__(self) -> None:
        """Make the folders absolute: a later change of the working directory must not move them."""
        for name in ("cache", "weights", "datasets"):
            object.__setattr__(self, name, Path(getattr(self, name)).expanduser().resolve())

    @property
    def settings(self) -> dict[str, Any]:
        """The content of the settings file: its telemetry and its integrations of trackers, which all are, are off."""
        schema_version, types = settings_schema()
        values: dict[str, Any] = {key: False if kind is bool else "" for key, kind in types.items()}
        return values | {
            "settings_version": schema_version,
            "datasets_dir": str(self.datasets),
            "weights_dir": str(self.weights),
            "runs_dir": str(CacheFolder(self.cache).ultralytics / "runs"),
        }

    @property
    def config_folder(self) -> Path:
        """The private `YOLO_CONFIG_DIR`, one for each content of the settings, so that processes never quarrel."""
        digest = hashlib.sha256(json.dumps(self.settings, sort_keys=True).encode()).hexdigest()
        return CacheFolder(self.cache).ultralytics / digest[:12]

    @property
    def user_folder(self) -> Path:
        """The folder that Ultralytics makes below its `YOLO_CONFIG_DIR`."""
        return self.config_folder / "Ultralytics"

    @property
    def settings_file(self) -> Path:
        """The settings file."""
        return self.user_folder / "settings.json"


@dataclass
class _State:
    """What this process was prepared with."""

    isolation: Isolation | None = None
    users_offline: str | None = None
    download: Callable[..., Any] | None = None
    asset: Callable[..., Any] | None = None


_state = _State()


def prepare(isolation: Isolation) -> None:
    """Make the settings of this process private, before Ultralytics is imported or after.

    Sets the environment (also for child processes) and writes the settings file. Nothing under the user's home is
    changed. Calling it again, also with other values or from several processes at once, is safe.

    Raises:
        InputError: Ultralytics is missing or of another version.
    """
    check_version(installed_version())
    content = json.dumps(isolation.settings, indent=2) + "\n"
    file = isolation.settings_file
    if not file.is_file() or file.read_text(encoding="utf-8") != content:
        write_text(file, content)
    _place_fonts(isolation.user_folder)
    if _state.isolation is None:
        _state.users_offline = os.environ.get("YOLO_OFFLINE")
    _set_environment(isolation)
    machine()  # looks at the cores from now on
    _state.isolation = isolation
    if "ultralytics.utils" in sys.modules:
        _apply_to_loaded(isolation)


def activate() -> None:
    """Import Ultralytics under the prepared settings.

    Raises:
        RuntimeError: `prepare` has not been called.
    """
    isolation = current()
    if "ultralytics.utils" not in sys.modules:
        with preserved_environment("YOLO_OFFLINE"), _import_output(), importing():
            os.environ["YOLO_OFFLINE"] = "1"  # the import looks up names in the DNS, which may wait for long
            import ultralytics.utils  # noqa: F401
    logs.silence()
    _apply_to_loaded(isolation)


def current() -> Isolation:
    """Return what this process was prepared with.

    Raises:
        RuntimeError: `prepare` has not been called.
    """
    if _state.isolation is None:
        raise RuntimeError("yololab.ultralytics_adapter.isolation.runtime.prepare must be called first")
    return _state.isolation


def is_offline() -> bool:
    """Return whether the network must not be used."""
    asked = current().offline
    return (_state.users_offline or "").strip().lower() in _TRUE if asked is None else asked


def _set_environment(isolation: Isolation) -> None:
    """Set what Ultralytics and its libraries read from the environment."""
    offline = _state.users_offline if isolation.offline is None else str(int(isolation.offline))
    ours = {
        "YOLO_CONFIG_DIR": str(isolation.config_folder),
        "YOLO_AUTOINSTALL": "0",
        "YOLO_OFFLINE": offline,
        # ONNX Runtime leaves an id of the machine in the user's cache folder as soon as it is imported.
        "XDG_CACHE_HOME": str(CacheFolder(isolation.cache).other_libraries),
    }
    set_environment(ours)
    unless_set = {
        "MPLCONFIGDIR": str(isolation.cache / "matplotlib"),
        "TORCH_HOME": str(isolation.cache / "torch"),
        "TRITON_CACHE_DIR": str(isolation.cache / "triton"),
        "CUDA_CACHE_PATH": str(isolation.cache / "cuda"),
        "MPLBACKEND": "Agg",
        "NO_ALBUMENTATIONS_UPDATE": "1",
        # Who trusts a checkpoint with classes of their own says so in the environment; it stays off otherwise.
        "ULTRALYTICS_SAFE_LOAD": "1",
        **openmp_variables(),
    }
    os.environ.update({name: value for name, value in unless_set.items() if name not in os.environ})


def _place_fonts(folder: Path) -> None:
    """Give Ultralytics a font under each of the two names that it otherwise asks the network for.

    It is matplotlib's own DejaVu Sans, which has Latin, Greek, Cyrillic, Arabic and Hebrew letters.
    """
    spec = find_spec("matplotlib")
    if spec is None or not spec.submodule_search_locations:
        return
    source = Path(next(iter(spec.submodule_search_locations))) / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
    for name in ("Arial.ttf", "Arial.Unicode.ttf"):
        if source.is_file() and not (folder / name).exists():
            copy_file(source, folder / name)


@contextlib.contextmanager
def _import_output() -> Iterator[None]:
    """Keep what the import prints from the screen when a bridge receives it, without losing Ultralytics' handler."""
    if not logs.bridge_is_open():
        yield
        return
    with contextlib.redirect_stdout(io.StringIO()):
        yield
    for handler in logging.getLogger(logs.LOGGER_NAME).handlers:
        if handler.name == logs.STDOUT_HANDLER and isinstance(handler, logging.StreamHandler):
            handler.setStream(sys.stdout)


def _apply_to_loaded(isolation: Isolation) -> None:
    """Apply the settings to an Ultralytics that is imported: its live settings, and constants wherever imported."""
    import ultralytics.utils as live
    from ultralytics.utils import downloads

    dict.update(live.SETTINGS, isolation.settings)  # not SETTINGS.update: it would write the user's file
    live.SETTINGS.file = live.SETTINGS.file_path = isolation.settings_file
    safe = os.environ.get("ULTRALYTICS_SAFE_LOAD", "1").strip().lower() in _TRUE
    constants = {
        "AUTOINSTALL": False,
        "SAFE_LOAD": safe,
        "ONLINE": False,
        "USER_CONFIG_DIR": isolation.user_folder,
        "SETTINGS_FILE": isolation.settings_file,
        "DATASETS_DIR": Path(live.SETTINGS["datasets_dir"]),
        "WEIGHTS_DIR": Path(live.SETTINGS["weights_dir"]),
        "RUNS_DIR": Path(live.SETTINGS["runs_dir"]),
    }
    if _state.download is None or _state.asset is None:
        _state.download, _state.asset = downloads.safe_download, downloads.attempt_download_asset
        functools.update_wrapper(_refuse_download, downloads.safe_download)
        functools.update_wrapper(_existing_file_or_asset, downloads.attempt_download_asset)
    functions = {
        "safe_download": _refuse_download if is_offline() else _state.download,
        "attempt_download_asset": _existing_file_or_asset,
    }
    modules = [module for name, module in list(sys.modules.items()) if name.split(".")[0] == "ultralytics" and module]
    for module in modules:
        for name, value in {**constants, **functions}.items():
            if name in module.__dict__:
                module.__dict__[name] = value
    telemetry = sys.modules.get("ultralytics.utils.events")
    if telemetry is not None:
        telemetry.events.enabled = False


def _refuse_download(url: Any, *args: Any, **kwargs: Any) -> Any:
    """Stand in for `safe_download` when the network must not be used: local archives still unpack."""
    if "://" not in str(url) and Path(str(url)).is_file() and _state.download is not None:
        return _state.download(url, *args, **kwargs)
    raise ConnectionError(f"offline: {url} is not downloaded")


def _existing_file_or_asset(file: Any, *args: Any, **kwargs: Any) -> Any:
    """Stand in for `attempt_download_asset`, which drops apostrophes from the paths of files that exist."""
    if Path(str(file)).is_file() or _state.asset is None:
        return str(file)
    return _state.asset(file, *args, **kwargs)
