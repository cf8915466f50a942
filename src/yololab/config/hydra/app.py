"""Running Hydra's application: single runs, sweeps, and Hydra's own flags."""

import io
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import hydra
from hydra._internal.callbacks import Callbacks
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path
from hydra.core.global_hydra import GlobalHydra
from hydra.core.utils import run_job
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig, open_dict, read_write

from yololab.config.folders import conf_dir
from yololab.config.hydra.compose import COMPOSING_ERRORS, Composed, first_line
from yololab.config.hydra.grammar import without_interpolation
from yololab.config.hydra.keys import CONFIG_NAME
from yololab.config.hydra.sources import register
from yololab.errors import InputError, Problem

SWEEPER = "hydra_plugins.yololab.YololabSweeper"


@contextmanager
def _application() -> Iterator[Hydra]:
    """Start Hydra with our config folder, and end it."""
    register()
    GlobalHydra.instance().clear()
    try:
        yield Hydra.create_main_hydra2(
            task_name="yololab", config_search_path=create_config_search_path(str(conf_dir().resolve()))
        )
    finally:
        GlobalHydra.instance().clear()


def run_config(composed: Composed, folder: Path) -> DictConfig:
    """Return the composed config of a single run, with its folder."""
    config = composed.config
    with read_write(config.hydra), open_dict(config.hydra):
        config.hydra.run.dir = config.hydra.runtime.output_dir = without_interpolation(str(folder))
        config.hydra.mode = RunMode.RUN
    return config


def run_in(folder: Path, composed: Composed, task: Callable[[DictConfig], Any]) -> Any:
    """Run `task` as a Hydra job whose run directory is `folder`; its `.hydra/` is written by `frozen.freeze`.

    This is what `Hydra.run` does (`hydra/_internal/hydra.py`) after composing: composing again would read files that
    may have been edited since the config was checked.

    Returns:
        What `task` returned; an exception of it is raised again.
    """
    config = run_config(composed, folder)
    with read_write(config.hydra), open_dict(config.hydra):
        config.hydra.output_subdir = None
    callbacks = Callbacks(config)
    callbacks.on_run_start(config=config, config_name=CONFIG_NAME)
    with _application() as application:
        job = run_job(
            task_function=task,
            config=config,
            job_dir_key="hydra.run.dir",
            job_subdir_key=None,
            hydra_context=HydraContext(config_loader=application.config_loader, callbacks=callbacks),
            configure_logging=False,
        )
    callbacks.on_run_end(config=config, config_name=CONFIG_NAME, job_return=job)
    return job.return_value


def sweep(overrides: Sequence[str]) -> Any:
    """Run a sweep with the sweeper that the config names.

    Returns:
        What the sweeper returned.

    Raises:
        InputError: It is another one than ours.
    """

    def never_called(_config: DictConfig) -> None:
        raise AssertionError("a trial is a process of its own")

    with _application() as application:
        given: dict[str, Any] = {"config_name": CONFIG_NAME, "overrides": list(overrides)}
        given["with_log_configuration"] = False
        sweeper = str(application.compose_config(**given, run_mode=RunMode.MULTIRUN).hydra.sweeper._target_)
        if sweeper != SWEEPER:  # it would make its folder, and lose all trials when one fails
            raise InputError(Problem("hydra/sweeper", sweeper, "yololab's own", "leave it out, and say search=…"))
        return application.multirun(task_function=never_called, **given)


def hydra_flags(arguments: Sequence[str]) -> str:
    """Return Hydra's own answer to its flags (`--cfg job`, `--info`, `--shell-completion`, …).

    Raises:
        InputError: Hydra refuses the command line.
    """
    register()
    sys.argv = ["yololab", *arguments]

    def nothing(_config: DictConfig) -> None:
        """These flags never reach the job."""

    output, complaint = io.StringIO(), io.StringIO()
    try:
        with redirect_stdout(output), redirect_stderr(complaint):
            hydra.main(version_base="1.3", config_path=str(conf_dir().resolve()), config_name=CONFIG_NAME)(nothing)()
    except SystemExit as end:
        if end.code:
            raise InputError(Problem("command line", " ".join(complaint.getvalue().split()))) from None
    except COMPOSING_ERRORS as error:
        raise InputError(Problem("command line", first_line(error))) from None
    return output.getvalue()
