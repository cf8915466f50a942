"""Where Hydra looks for our sweeper and launcher; what they do is in `yololab.sweep`, imported when a sweep starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hydra.core.utils import JobReturn
from hydra.plugins.launcher import Launcher
from hydra.plugins.sweeper import Sweeper
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class YololabSweeper(Sweeper):
    """Hydra's entry to `yololab.sweep.sweeper`."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what Hydra gives us, and make the launcher that the config names."""
        from hydra.core.plugins import Plugins

        self.hydra_context = hydra_context
        self.config = config
        self.launcher = Plugins.instance().instantiate_launcher(
            hydra_context=hydra_context, task_function=task_function, config=config
        )

    def sweep(self, arguments: list[str]) -> Any:
        """Run all trials; what came of them is kept in the sweep's folder."""
        from yololab.sweep.sweeper import run_sweep

        assert isinstance(self.launcher, LocalLauncher)
        return run_sweep(self.hydra_context, self.config, self.launcher.launch, arguments)


class LocalLauncher(Launcher):
    """Hydra's entry to `yololab.sweep.local`: a fresh process a trial, on this machine."""

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        """Keep what Hydra gives us; the task function is not called, a trial is a process of its own."""
        del task_function
        self.hydra_context = hydra_context
        self.config = config

    def launch(self, job_overrides: Sequence[Sequence[str]], initial_job_idx: int) -> Sequence[JobReturn]:
        """Run the jobs one after another.

        Args:
            job_overrides: The overrides of each job.
            initial_job_idx: The number of the first one.
        """
        from yololab.sweep.local import launch_locally

        return launch_locally(self.hydra_context, self.config, job_overrides, initial_job_idx)
