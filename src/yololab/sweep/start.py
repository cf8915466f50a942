"""Starting a sweep: what `yololab -m` does."""

from collections.abc import Sequence
from pathlib import Path

from yololab.config.hydra.app import sweep
from yololab.config.hydra.compose import COMPOSING_ERRORS, first_line, parse_overrides
from yololab.errors import InputError, Problem
from yololab.sweep.planning.plan import plan_space, plan_trial
from yololab.terminal.screen import Screen, shown_on


def start_sweep(overrides: Sequence[str], working_directory: Path, screen: Screen) -> int:
    """Run a sweep with the sweeper that the config names: one trial for each combination of values.

    Args:
        overrides: The settings with their sweeps, in Hydra's grammar.
        working_directory: The user's folder.
        screen: Where to print.

    Returns:
        The exit code: 0 when a trial completed.

    Raises:
        InputError: The config of the sweep, or of its first trial, is not right.
    """
    parse_overrides(overrides)
    try:
        with shown_on(screen):
            return int(sweep(overrides))
    except COMPOSING_ERRORS as error:
        # Hydra composes the sweep's own config first, and stops at its first complaint; composing a trial finds all.
        # glob(…) needs Hydra's own loader, which the sweeper has.
        if not any("glob(" in override for override in overrides):
            space, _ = plan_space(tuple(overrides), working_directory)
            plan_trial(0, space.overrides(space.representatives()[0]))
        raise InputError(Problem("config", first_line(error))) from None
