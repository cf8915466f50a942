"""What a section of a page is, and a page put together from sections; those of a run and of a sweep are alike."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Generic, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined, UndefinedError
from markupsafe import Markup

from yololab.errors import InputError
from yololab.masking import shown
from yololab.report.appearance import gain_word
from yololab.report.pictures import Album
from yololab.text import as_text, count, duration, interval, moment, number, p_value, percent, setting, share, signed

TEMPLATES = Path(__file__).parent / "templates"
# What templates write values with.
_FILTERS = (as_text, count, duration, gain_word, interval, moment, number, p_value, percent, setting, share, signed)
Files = TypeVar("Files")
# What a value of another kind than its file is to hold makes a section raise.
_DAMAGED = (InputError, TypeError, ValueError, LookupError, AttributeError, ArithmeticError, UndefinedError)


@dataclass(frozen=True)
class Section(Generic[Files]):
    """A section of a page.

    Attributes:
        title: Its heading; the first section has none, it is the page's own head.
        template: Its file in `templates/`, without the endings.
        prepare: What the template shows, from the files of a run or a sweep; None leaves the section out.
    """

    title: str
    template: str
    prepare: Callable[[Files], Mapping[str, Any] | None]

    @property
    def anchor(self) -> str:
        """Its name in the page's links: the template's, without folder and number."""
        return self.template.rpartition("/")[2].lstrip("0123456789_")


def render(
    name: str,
    sections: Sequence[Section[Files]],
    files: Files,
    *,
    album: Album | None = None,
    version: str | None = None,
    added: Sequence[Mapping[str, Any]] = (),
    failures: Sequence[str] = (),
    wide: bool = False,
) -> str:
    """Return a page as HTML that needs no other file and no network, and is whole without its script.

    Args:
        name: Its heading.
        sections: The sections, in their order; those with nothing to show are named at the end.
        files: What they show.
        album: The pictures that the sections draw.
        version: Version of yololab that made the run.
        added: Sections of other packages: title, anchor and html of each.
        failures: A line on each section of another package that could not be shown.
        wide: Whether its tables need a wide page.
    """
    prepared = [(section, _shown(section, files)) for section in sections]
    parts = [
        {"title": section.title, "anchor": section.anchor, "html": html}
        for section, html in prepared
        if html is not None
    ]
    return (
        environment()
        .get_template("page.html.j2")
        .render(
            name=name,
            sections=[*parts, *added],
            left_out=[section.title for section, html in prepared if html is None],
            failures=failures,
            wide=wide,
            version=version,
            pictures=album.definitions() if album else "",
            **page_script(),
        )
    )


@cache
def page_script() -> dict[str, str]:
    """Return the script of pages, and its hash: the page's policy lets this one run and no other."""
    script = (TEMPLATES / "page.js").read_text(encoding="utf-8")
    return {"script": Markup(script), "script_hash": base64.b64encode(sha256(script.encode()).digest()).decode()}


def _shown(section: Section[Files], files: Files) -> Markup | None:
    """Return a section's HTML, None when there is nothing to show; what is damaged costs its own section only."""
    try:
        content = section.prepare(files)
        if content is None:
            return None
        return Markup(environment().get_template(f"{section.template}.html.j2").render(content))
    except _DAMAGED as error:
        place = "" if isinstance(error, InputError) else f"{type(error).__name__}: "
        return Markup(environment().get_template("damaged.html.j2").render(error=f"{place}{error}"))


class Templates(Environment):
    """The templates: a name that a section does not give is an error, a key that a file lacks is None."""

    def __init__(self, **options: Any) -> None:
        loader = FileSystemLoader(TEMPLATES, encoding="utf-8")
        super().__init__(loader=loader, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, **options)
        self.filters |= {write.__name__: write for write in _FILTERS}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return an attribute, of a dictionary a value: what is called `values` there is no method."""
        return obj.get(attribute) if isinstance(obj, dict) else super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return an entry."""
        return obj.get(argument) if isinstance(obj, dict) else super().getitem(obj, argument)


@cache
def environment() -> Templates:
    """Return the templates of pages: what they write is escaped, printable, and without secrets."""
    return Templates(autoescape=True, finalize=lambda value: shown(value) if type(value) is str else value)
