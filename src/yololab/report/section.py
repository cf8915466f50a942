"""What a section of a page is, and a page put together from sections; those of a run and of a sweep are alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Generic, TypeVar

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from yololab.text import as_text, moment, setting

TEMPLATES = Path(__file__).parent / "templates"
Files = TypeVar("Files")


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
    version: str | None = None,
    added: Sequence[Mapping[str, Any]] = (),
    failures: Sequence[str] = (),
) -> str:
    """Return a page as HTML that needs no other file, no network and no script.

    Args:
        name: Its heading.
        sections: The sections, in their order; those with nothing to show are named at the end.
        files: What they show.
        version: Version of yololab that made the run.
        added: Sections of other packages: title, anchor and html of each.
        failures: A line on each section of another package that could not be shown.
    """
    templates = environment()
    prepared = [(section, section.prepare(files)) for section in sections]
    shown = [
        {
            "title": section.title,
            "anchor": section.anchor,
            "html": Markup(templates.get_template(f"{section.template}.html.j2").render(content)),
        }
        for section, content in prepared
        if content is not None
    ]
    return templates.get_template("page.html.j2").render(
        name=name,
        sections=[*shown, *added],
        left_out=[section.title for section, content in prepared if content is None],
        failures=failures,
        version=version,
    )


@cache
def environment() -> Environment:
    """Return the template environment: everything is escaped, an unknown name is an error."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"as_text": as_text, "moment": moment, "setting": setting}
    return environment
