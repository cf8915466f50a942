"""outputs/index.html: one self-contained page over all runs, with links to their reports.

Its rows are written without templates: there may be ten thousand, and a template takes a second for them.
"""

import base64
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

from yololab.files.atomic import write_text
from yololab.report.section import TEMPLATES, environment

_FIRST_ROWS = 200  # of a table that are seen before somebody asks for more


@dataclass(frozen=True)
class Row:
    """A line of the leaderboard.

    Attributes:
        cells: What stands in each column, printable and without secrets; the name first.
        links: Reports behind it, relative to the page: text → path. The first one is the name's own.
        sort: What a column is sorted by where that is not what stands in it, by the column's place.
        also: What else a filter finds it by.
    """

    cells: Sequence[str]
    links: Sequence[tuple[str, str]] = ()
    sort: Sequence[tuple[int, str]] = ()
    also: str = ""


@dataclass(frozen=True)
class Table:
    """The runs of one dataset and task.

    Attributes:
        title: The dataset and the task.
        columns: The names of the columns.
        text: Those that are text.
        rows: The rows.
        runs: How many runs stand behind them.
    """

    title: str
    columns: Sequence[str]
    text: Collection[str]
    rows: Sequence[Row]
    runs: int


def write_index(path: Path, name: str, tables: Sequence[Table], remarks: Sequence[str], made: str) -> None:
    """Write the page.

    Args:
        path: The page.
        name: The project.
        tables: What it shows.
        remarks: What is not shown, a line each.
        made: When it was written, ISO 8601.
    """
    script = (TEMPLATES / "index/page.js").read_text(encoding="utf-8")
    content = [
        {
            "title": table.title,
            "columns": [(column, place == 0 or column in table.text) for place, column in enumerate(table.columns)],
            "rows": Markup("\n".join(_row(row, table, place) for place, row in enumerate(table.rows))),
            "count": len(table.rows),
            "runs": table.runs,
        }
        for table in tables
    ]
    page = environment().get_template("index/page.html.j2")
    text = page.render(
        name=name,
        tables=content,
        remarks=remarks,
        made=made,
        first=_FIRST_ROWS,
        script=Markup(script),
        script_hash=base64.b64encode(sha256(script.encode()).digest()).decode(),
    )
    write_text(path, text)


def _row(row: Row, table: Table, place: int) -> str:
    """Return a row as HTML."""
    sort = dict(row.sort)
    first, *others = row.links or (("", ""),)
    name = escape(row.cells[0]).replace("_", "_<wbr>").replace("/", "/<wbr>")
    named = f'<a href="{_href(first[1])}">{name}</a>' if first[1] else name
    more = f'<span class="more">{" ".join(_links(others))}</span>' if others else ""
    also = f' data-also="{escape(row.also)}"' if row.also else ""
    cells = [
        f"<td{' class=text' if column in table.text else ''}"
        + (f' data-sort="{escape(sort[index])}"' if index in sort else "")
        + f">{escape(cell)}</td>"
        for index, (column, cell) in enumerate(zip(table.columns, row.cells, strict=True))
        if index
    ]
    late = " hidden" if place >= _FIRST_ROWS else ""
    return f"<tr{also}{late}><th scope=row>{named}{more}</th>{''.join(cells)}</tr>"


def _links(links: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield from (f'<a href="{_href(path)}">{escape(text)}</a>' for text, path in links)


def _href(path: str) -> str:
    """Return a relative path as a link; one that begins with a scheme would leave the page."""
    return escape(f"./{quote(path)}")
