"""The words, the tone and the sign of each verdict and each status: one table for the page and the Markdown."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from yololab.text import as_number


class Tone(StrEnum):
    """How something is meant; the page's colours and icons follow it."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    NEUTRAL = "neutral"


@dataclass(frozen=True)
class Appearance:
    """How a verdict or a status is shown.

    Attributes:
        headline: It in a few plain words.
        tone: How it is meant.
        icon: Name of the page's icon.
        sign: A character for Markdown.
    """

    headline: str
    tone: Tone
    icon: str
    sign: str = ""


VERDICTS = {
    "IMPROVED": Appearance("Better than the baseline", Tone.GOOD, "up", "✅"),
    "EQUIVALENT": Appearance("As good as the baseline", Tone.GOOD, "equal", "✅"),
    "NOT_WORSE": Appearance("Not worse than the baseline", Tone.GOOD, "tick", "✅"),
    "INCONCLUSIVE": Appearance("Too close to call", Tone.WARN, "question", "⚠️"),
    "DEGRADED": Appearance("Worse than the baseline", Tone.BAD, "down", "❌"),
    "NO_BASELINE": Appearance("A first result, with no baseline next to it", Tone.NEUTRAL, "flag", "🏁"),
}
STATUSES = {
    "running": Appearance("Not finished", Tone.NEUTRAL, "clock"),
    "complete": Appearance("Complete", Tone.NEUTRAL, "tick"),
    "rejected": Appearance("Stopped at an approval", Tone.WARN, "stop"),
    "failed": Appearance("The run failed", Tone.BAD, "cross"),
    "interrupted": Appearance("The run was interrupted", Tone.WARN, "pause"),
    "pruned": Appearance("Stopped early by the sweep", Tone.NEUTRAL, "stop"),
    "paused": Appearance("Paused by the sweep", Tone.NEUTRAL, "pause"),
}


def verdict_appearance(verdict: str) -> Appearance:
    """Return how a verdict is shown; one that we do not know is shown by its own name."""
    return VERDICTS.get(verdict) or Appearance(verdict.replace("_", " ").capitalize(), Tone.NEUTRAL, "question", "❔")


def status_appearance(status: str) -> Appearance:
    """Return how a status is shown; one that we do not know is shown by its own name."""
    return STATUSES.get(status) or Appearance(status.capitalize() or "No record of this run", Tone.NEUTRAL, "question")


def gain_word(delta: Any, direction: Any) -> str:
    """Return `better` or `worse`; empty for no change, and for one that is not known.

    >>> gain_word(0.1, "higher"), gain_word(0.1, "lower"), gain_word(0.0, "higher"), gain_word(None, None)
    ('better', 'worse', '', '')
    """
    change = as_number(delta)
    return "" if not change else "better" if (change > 0) != (direction == "lower") else "worse"
