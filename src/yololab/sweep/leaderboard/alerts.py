"""Telling somebody far away what happens, by apprise: mail, Slack, ntfy and a hundred other services."""

from collections.abc import Callable, Sequence
from pathlib import Path

from yololab.errors import InputError, Problem
from yololab.text import first_of

Tell = Callable[[str, str], bool]
"""Sends a title and a text; returns whether it arrived."""


def make_alerts(targets: Sequence[str]) -> Tell:
    """Return who tells what happens.

    Args:
        targets: URLs of apprise (`ntfy://topic`), or files of such URLs, which keep their passwords out of the shell.

    Raises:
        InputError: apprise is not installed, or one of them is nothing that it knows.
    """
    try:
        import apprise
    except ImportError:
        remedy = "pip install 'yololab[alerts]'"
        raise InputError(Problem("alerts", "apprise is not installed", remedy=remedy)) from None
    sender, problems = apprise.Apprise(), []
    for target in targets:
        known = sender.add(apprise.AppriseConfig(target)) if Path(target).is_file() else sender.add(target)
        if not known or not len(sender):
            # what follows may be a password
            found = f"{first_of([target.partition('://')[0]])}://… is no service of apprise, and no file"
            problems.append(
                Problem("alerts", found, "a URL of apprise, or a file with one a line, e.g. ntfy://my_topic")
            )
    if problems:
        raise InputError(problems)
    return lambda title, text: bool(sender.notify(title=title, body=text))
