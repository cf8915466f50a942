"""The page over all runs: the leaderboard as a screen shows it, each line with the reports behind it."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from yololab.errors import InputError
from yololab.files.paths import REPORT, OutputTree
from yololab.files.record import now
from yololab.report.index.page import Row, Table, write_index
from yololab.sweep.leaderboard.cells import TEXT_COLUMNS, cells_of, columns_of, header_of
from yololab.sweep.leaderboard.groups import Group, Line, group_board
from yololab.sweep.leaderboard.query import Query
from yololab.sweep.leaderboard.rows import Board, read_board
from yololab.text import counted, printable, setting

_MOST_LINKS = 60  # of a line: a sweep may have thousands of trials


def write_page(tree: OutputTree, board: Board, query: Query) -> Path:
    """Write the page.

    Args:
        tree: The project's results.
        board: What the project holds.
        query: What is shown of it.

    Returns:
        The page.
    """
    tables = [_table(group, query, tree) for group in group_board(board, query)]
    shown = sum(table.runs for table in tables)
    hidden = len(board.rows) - shown
    remarks = [f"{counted(hidden, 'run')} not shown: declined, or not asked for."] if hidden else []
    tree.index.parent.mkdir(parents=True, exist_ok=True)
    write_index(tree.index, tree.root.name, tables, remarks, now())
    return tree.index


def keep_page(tree: OutputTree, cache: str) -> None:
    """Write the page again when somebody has asked for it once; nothing that goes wrong with it stops a command."""
    with suppress(InputError, OSError):
        if tree.index.is_file():
            write_page(tree, read_board(tree, tree.root / cache), Query())


def _table(group: Group, query: Query, tree: OutputTree) -> Table:
    columns = columns_of(group, query)
    cells = zip(*(cells_of(group.lines, column) for column in columns), strict=True)
    started = columns.index("started") if "started" in columns else None
    rows = [
        Row(
            cells=[text if text.isprintable() else printable(text) for text in texts],
            links=[*_reports(line, tree)],
            sort=[(started, line.started)] if started is not None else (),
            also=_also(line),
        )
        for line, texts in zip(group.lines, cells, strict=True)
    ]
    title = " · ".join(name for name in (group.dataset or "no dataset", group.task) if name)
    return Table(printable(title), [header_of(column) for column in columns], TEXT_COLUMNS, rows, group.runs)


def _reports(line: Line, tree: OutputTree) -> Iterator[tuple[str, str]]:
    """Yield the reports behind a line: that of the line itself (empty when there is none), then those of its parts."""
    folders = [(row.path, f"seed {setting(row.seed)}" if line.kind != "sweep" else row.name.rpartition("/")[2])
               for row in (*line.rows, *line.repeated)[:_MOST_LINKS]]  # fmt: skip
    own = str(tree.root / line.name) if line.kind == "sweep" else folders[0][0]
    yield "", _relative(own, tree)
    for folder, text in folders if line.kind != "run" or line.repeated else ():
        if path := _relative(folder, tree):
            yield (f"trial {text}" if line.kind == "sweep" else text), path


def _relative(folder: str, tree: OutputTree) -> str:
    """Return where a folder's report is, from the page; empty when there is none."""
    report = f"{folder}/{REPORT}"
    return os.path.relpath(report, tree.index.parent).replace(os.sep, "/") if os.path.isfile(report) else ""  # noqa: PTH113


def _also(line: Line) -> str:
    """Return what a filter finds a line by besides what is seen of it: names of its runs, model, tags."""
    names = [row.name for row in line.rows[1:_MOST_LINKS]]
    found = line.value("model.weights") if line.first else None
    return printable(" ".join([*names, *([found] if isinstance(found, str) else []), *(line.value("tags") or ())]))
