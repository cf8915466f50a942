"""A card: a result as a notebook shows it, a few lines of HTML that need no script, no network and no style sheet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from yololab.masking import mask_secrets
from yololab.report.appearance import Tone
from yololab.report.section import environment
from yololab.text import shortened

LONGEST = 300


@dataclass(frozen=True)
class Card:
    """What a card shows.

    Attributes:
        title: What it is about.
        badge: What became of it, in a word or two.
        tone: How that is meant.
        message: What it says, in a sentence.
        numbers: Name → number, as it is written.
        links: Name → file; those that are not there are left out.
    """

    title: str
    badge: str = ""
    tone: Tone = Tone.NEUTRAL
    message: str = ""
    numbers: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, Path] = field(default_factory=dict)

    def html(self) -> str:
        """Return it as HTML; whatever stands in it is text."""
        found = {name: _relative(path) for name, path in self.links.items() if path.is_file()}
        message = shortened(mask_secrets(self.message, by_key=False), LONGEST)
        shown = {"card": self, "found": found, "message": message, "tone": self.tone.value}
        return environment().get_template("card.html.j2").render(shown)


def _relative(path: Path) -> str:
    """Return a link that a notebook follows: relative to the folder that it runs in, where the file lies below."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else path.as_uri()
