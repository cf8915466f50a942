"""Hydra plug-ins that let a group take a file, and a user's `conf/` add options.

Hydra looks a group's option up as `<group>/<option>` in the sources of its search path. Two of those are ours:
`free://` answers `model/free+…` with a config that carries the encoded value (see `grammar.encode_free`), and `groups://`
serves a user's `conf/` without its top-level files, so that a config.yaml lying there is never read.
"""

from functools import cache
from pathlib import Path

from hydra._internal.core_plugins.file_config_source import FileConfigSource
from hydra._internal.sources_registry import SourcesRegistry
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.config_store import ConfigStore
from hydra.core.object_type import ObjectType
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigLoadError, ConfigResult, ConfigSource
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf

from yololab.config.defaults import default_tree
from yololab.config.folders import user_conf_dirs
from yololab.config.hydra.grammar import FREE_PREFIX, decode_free, without_interpolation
from yololab.errors import InputError, Problem
from yololab.files.reading import read_yaml

_MOST_BYTES = 2**20
_MOST_VALUES = 20_000
# The key of each group that takes Ultralytics' own string.
FREE_KEYS = {"model": "weights", "data": "source", "device": "id"}


def free_option(group: str, value: str) -> dict[str, object]:
    """Return the config of `group` for a value that is no option: a file, a name of Ultralytics, a device."""
    return {FREE_KEYS[group]: value}


class FreeSource(ConfigSource):
    """Answers `<group>/free+<token>` for the groups that take a free value."""

    @staticmethod
    def scheme() -> str:
        """Return the scheme of the search path entry."""
        return "free"

    def available(self) -> bool:
        """Return True: there is nothing on disk that could be missing."""
        return True

    def is_group(self, config_path: str) -> bool:
        """Return False: the source adds options, it lists none."""
        return False

    def is_config(self, config_path: str) -> bool:
        """Return whether `config_path` is a free value of a group that takes one."""
        group, _, option = config_path.partition("/")
        return group in FREE_KEYS and option.startswith(FREE_PREFIX)

    def load_config(self, config_path: str) -> ConfigResult:
        """Return the config of a free value.

        Raises:
            ConfigLoadError: The path is not one of ours.
        """
        if not self.is_config(config_path):
            raise ConfigLoadError(f"Config not found: {config_path}")
        group, _, option = config_path.partition("/")
        config = OmegaConf.create(free_option(group, without_interpolation(decode_free(option))))
        return ConfigResult(provider=self.provider, path=self.full_path(), config=config, header={"package": group})

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        """Return nothing: free values cannot be listed."""
        return []


class GroupFolderSource(FileConfigSource):
    """A user's `conf/`: its group folders only."""

    @staticmethod
    def scheme() -> str:
        """Return the scheme of the search path entry."""
        return "groups"

    def is_config(self, config_path: str) -> bool:
        """Return whether `config_path` is a file inside a group folder.

        Raises:
            InputError: Something else stands there.
        """
        path = Path(self.path, self._normalize_file_name(config_path))
        if "/" in config_path and not path.is_file() and (path.is_symlink() or path.exists()):
            raise InputError(Problem(str(path), "no regular file, or a link that leads nowhere", "a YAML file"))
        return "/" in config_path and super().is_config(config_path)

    def load_config(self, config_path: str) -> ConfigResult:
        """Read an option file, once it is known that it has bounds: OmegaConf would write out every alias.

        Raises:
            InputError: It is no readable YAML, or too large.
        """
        path = Path(self.path, self._normalize_file_name(config_path))
        count = _count(read_yaml(path, _MOST_BYTES))
        if count > _MOST_VALUES:
            raise InputError(Problem(str(path), f"{count:,} values", f"at most {_MOST_VALUES:,}: it is an option file"))
        return super().load_config(config_path)


def _count(content: object) -> int:
    """Count the values in a tree, those behind an alias each time."""
    inner = content.values() if isinstance(content, dict) else content if isinstance(content, list) else ()
    return 1 + sum(map(_count, inner))


class YololabSearchPath(SearchPathPlugin):
    """Puts the user's `conf/` before ours, so that it can override an option, and the free values first of all."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Add our sources in front of the shipped `conf/`."""
        for own in reversed(user_conf_dirs(Path.cwd())):
            search_path.prepend(provider="user", path=f"groups://{own}")
        search_path.prepend(provider="yololab", path="free://")


@cache
def register() -> None:
    """Make Hydra know our sources, our schema, sweeper and launcher, once."""
    plugins = Plugins.instance()
    for plugin in (FreeSource, GroupFolderSource, YololabSearchPath):
        plugins.register(plugin)
    for source in (FreeSource, GroupFolderSource):
        SourcesRegistry.instance().register(source)
    store = ConfigStore.instance()
    store.store(name="schema", node=default_tree(), provider="yololab")
    plug_ins = "hydra_plugins.yololab"
    store.store(
        group="hydra/sweeper", name="yololab", node={"_target_": f"{plug_ins}.YololabSweeper"}, provider="yololab"
    )
