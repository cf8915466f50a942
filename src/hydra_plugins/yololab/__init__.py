"""Where Hydra looks for our sweeper and launcher; what they do is in `yololab.sweep`, imported when a sweep starts."""

from collections.abc import Sequence
from typing import Any

from hydra.core.plugins import Plugins
from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, OmegaConf


class YololabSweeper(Sweeper):
    """Hydra's entry to `yololab.sweep.sweeper`.

    Args:
        params: Key → values of a sweep; they are read from the composed config.
    """

    def __init__(self, params: Any = None) -> None:
        del params

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what Hydra gives us, and make the launcher that the config names."""
        self.hydra_context, self.config = hydra_context, config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        """Run all trials; what came of them is kept in the sweep's folder."""
        from yololab.errors import InputError, Problem
        from yololab.sweep.sweeper import run_sweep

        if not isinstance(self.launcher, YololabLauncher):
            found = f"{type(self.launcher).__name__}, which loses the other trials when one dies"
            raise InputError(Problem("hydra/launcher", found, "one of ours: hydra/launcher=local|slurm|ray"))
        return run_sweep(self.hydra_context, self.config, self.launcher.engine, self.launcher.settings, arguments)


class YololabLauncher(Launcher):
    """Hydra's entry to our engines, which our sweeper makes from what stands here.

    Args:
        engine: The engine's name.
        settings: The rest of `hydra.launcher`: resources and the engine's own settings.
    """

    def __init__(self, engine: str, **settings: Any) -> None:
        self.engine = engine
        self.settings = {
            name: OmegaConf.to_container(value) if OmegaConf.is_config(value) else value
            for name, value in settings.items()
        }

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Need nothing of what Hydra gives us."""

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run nothing: our sweeper asks the engine itself."""
        raise NotImplementedError
