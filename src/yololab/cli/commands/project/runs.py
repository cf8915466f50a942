"""`yololab runs`: the leaderboard of a project, what differs between runs, and what runs now."""

import gc
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import msgspec

from yololab.cli.request import Request
from yololab.errors import InputError, Problem, noting
from yololab.files.paths import OutputTree, SweepPaths
from yololab.files.run_names import find_run, is_pattern
from yololab.sweep.leaderboard.groups import Group, Line, board_content, group_board
from yololab.sweep.leaderboard.query import ALL, METRICS, Query, Term, check_keys, column_key, read_query
from yololab.sweep.leaderboard.rows import Board, read_board
from yololab.terminal.columns import aligned
from yololab.terminal.output import nobody_reads, print_csv, print_json
from yololab.terminal.screen import Screen
from yololab.text import UNKNOWN, as_text, counted, first_of, moment, number, setting, shortened

_ON_A_SCREEN = 20  # lines of a group
_LONGEST = 40  # columns of a cell that is no name
_TEXT = ("status", "verdict", "tags", "notes", "error", "dataset")


def run(request: Request) -> int:
    """Print the leaderboard, or what else is asked for; return 0."""
    gc.disable()  # ten thousand rows hold no cycle, and the process ends with the command
    query = read_query(request.operands)
    tree = OutputTree.of_project(query.paths.root, request.working_directory, to_write=False)
    if len(query.names) > 1 and not query.terms and not request.flags and not any(map(is_pattern, query.names)):
        return _compare(request, query, tree)
    if "--watch" in request.flags:
        return _watch(request, query, tree)
    board = read_board(tree, tree.root / query.paths.cache)
    check_keys(query, {*board.base, *(key for row in board.rows for key in row.facts.changed)})
    if request.as_json or "--csv" in request.flags:
        rows = board_content(board, query)
        print_json(rows, masked=True) if request.as_json else print_csv(rows)
        return 0
    show(request.screen, board, query, tree)
    return 0


def _watch(request: Request, query: Query, tree: OutputTree) -> int:
    """Show what runs, and what happens, until Ctrl-C."""
    from rich.text import Text

    from yololab.sweep.leaderboard.alerts import make_alerts
    from yololab.sweep.leaderboard.watch import epoch_text, left_text, looks, value_text

    if request.as_json or request.flags > {"--watch"}:
        raise InputError(Problem("--watch", "with --json, --csv or --html", "--watch alone: it does not end by itself"))
    gc.enable()
    alert = make_alerts(query.alerts) if query.alerts else None
    screen, before = request.screen, dict[str, str]()
    # A run that ends has another status, and is still asked for.
    asked = replace(query, terms=(*(term for term in query.terms if term.key != "status"), Term("status", "=", ALL)))

    def read() -> Board:
        board = read_board(tree, tree.root / query.paths.cache)
        board.rows = [row for row in board.rows if asked.keeps(row)]
        return board

    with suppress(KeyboardInterrupt), screen.working("watch", f"{tree.root}, Ctrl-C ends this") as activity:
        for running, events in looks(read):
            for event in events:
                screen.stage("watch", f"{shortened(event.name, _LONGEST)}: {event.text}")
                if alert and event.alert and not alert(f"yololab: {event.name}", event.text):
                    screen.warn("the alert was not sent: the service did not take it")
            if nobody_reads():
                break
            found = {item.name: f"{epoch_text(item)}{value_text(item)}{left_text(item)}" for item in running}
            activity.text = f"{counted(len(found), 'run')} of {tree.root}; Ctrl-C ends this"
            activity.above = None
            if screen.drawn and found:
                shown = aligned(("runs now", ""), [*found.items()], left=("",), width=screen.console.width)
                activity.above = Text("\n".join((shown.header, *shown.lines)))
            for name, text in found.items() if not screen.drawn else ():
                if before.get(name, "").partition("  ")[0] != text.partition("  ")[0]:
                    screen.detail(f"{name}: {text}")
            before = found
    return 0


def _compare(request: Request, query: Query, tree: OutputTree) -> int:
    """Print what differs between the runs that are named."""
    from yololab.sweep.leaderboard.differences import find_differences

    folders: list[Path] = []
    problems: list[Problem] = []
    for text in query.names:
        with noting(problems):
            folder = find_run(tree, text, request.working_directory)
            best = SweepPaths(folder).best
            folders.append(best.resolve() if best.is_symlink() else folder)
            if not folder.is_dir():
                remedy = "`yololab runs` lists what there is; a pattern in quotes lists those that match it"
                raise InputError(Problem(text, "no such run", "names of runs, or their folders", remedy))
    if problems:
        raise InputError(problems)
    found = find_differences(folders)
    request.print_json(asdict(found))
    screen = request.screen
    columns = ["", *(folder.name if folder.parent == tree.training else _below(folder, tree) for folder in folders)]
    width = screen.console.width if screen.console.is_terminal else None
    longest = max((width - 24) // len(folders) - 2, 8) if width else None
    sections = {name: values for name, values in asdict(found).items() if isinstance(values, dict)}
    for name, values in sections.items():
        if not values:
            screen.heading(f"{name}: the same")
            continue
        screen.heading(name)
        rows = [[key, *map(_value, sides)] for key, sides in values.items()]
        head = columns if longest is None else [shortened(column, longest) for column in columns]
        table = aligned(head, rows, left=head, width=width, longest=longest)
        screen.lines(table.header, table.lines)
    for line in found.notes:
        screen.hint(line)
    return 0


def _below(folder: Path, tree: OutputTree) -> str:
    return folder.relative_to(tree.root).as_posix() if folder.is_relative_to(tree.root) else str(folder)


def show(screen: Screen, board: Board, query: Query, tree: OutputTree) -> None:
    """Print the groups of the leaderboard, and what is not shown."""
    if not board.rows and not board.sweeps and not board.rejected:
        screen.show(f"There are no runs in {tree.root} yet.")
        return
    groups = group_board(board, query)
    limit = query.limit if query.limit is not None else _ON_A_SCREEN if screen.console.is_terminal else 0
    for place, group in enumerate(groups):
        if place:
            screen.lines("", [])
        _show_group(screen, group, query, limit)
    if not groups:
        screen.show(f"None of {counted(len(board.rows), 'run')} is as asked for.")
    declined = sum(row.status == "rejected" for row in board.rows) + len(board.rejected)
    if declined and not any(term.key == "status" for term in query.terms):
        screen.show(f"{counted(declined, 'declined run')} not shown: status=all shows them.")


def _show_group(screen: Screen, group: Group, query: Query, limit: int) -> None:
    """Print one dataset and task."""
    columns = _columns(group, query)
    lines = group.lines[: limit or None]
    rows = list(zip(*(_cells(lines, column) for column in columns), strict=True))
    names = [_header(column) for column in columns]
    width = screen.console.width if screen.console.is_terminal else None
    table = aligned(names, rows, left=_TEXT, width=width, longest=_LONGEST if width else None)
    title = " · ".join(name for name in (group.dataset or "no dataset", group.task) if name)
    screen.heading(f"{title}   {counted(group.runs, 'run')}" if group.runs else title)
    screen.lines(table.header, table.lines)
    more = len(group.lines) - len(lines)
    hints = [f"{counted(more, 'line')} more: limit=all shows them"] if more else []
    hints += [f"no room for {first_of(table.hidden, 6)}: columns=… chooses"] if table.hidden else []
    for hint in hints:
        screen.hint(hint)


def _columns(group: Group, query: Query) -> list[str]:
    """Return the keys of the columns: what is asked for, or what tells the runs of the group apart."""
    chosen = [column_key(name) for name in query.columns if not name.startswith("+")]
    added = [column_key(name) for name in query.columns if name.startswith("+")]
    if chosen:
        return list(dict.fromkeys(["run", *chosen, *added]))
    lines = group.lines
    primary, *others = group.metrics or ("value",)
    shown = [
        *("run", primary, "status"),
        *(["verdict"] if any(line.value("verdict") for line in lines) else []),
        *added,
        *(["tags"] if any(line.value("tags") for line in lines) else []),
        *group.varying,
        *others,
        *("epochs", "started"),
        *(["notes"] if any(line.value("notes") for line in lines) else []),
    ]
    return list(dict.fromkeys(shown))


def _header(key: str) -> str:
    """Return the name of a column: of a group's main setting the group's."""
    return {"model.weights": "model", "data.source": "data", "device.id": "device"}.get(key, key)


def _cells(lines: Sequence[Line], key: str) -> list[str]:
    """Write what lines have in a column."""
    if key == "run":
        return [_name(line) for line in lines]
    if key == "status":
        return [line.status for line in lines]
    if key == "started":
        return [moment(line.started, zone=False) for line in lines]
    if key == "epochs":
        return [as_text(line.first and line.first.facts.epochs) for line in lines]
    if key in METRICS or key == "value":
        return [_mean(line, key) for line in lines]
    return [_value(line.value(key)) for line in lines]


def _name(line: Line) -> str:
    mark = "★ " if line.first and line.first.baseline else ""
    return f"{mark}{line.name}" + (f" ×{len(line.rows)}" if line.kind == "recipe" else "")


def _mean(line: Line, key: str) -> str:
    mean, deviation = line.mean(key if key != "value" else (line.first and line.first.metric) or "")
    return number(mean) if deviation is None else f"{number(mean)} ± {number(deviation)}"


def _value(value: Any) -> str:
    """Write a field or a setting; a dash for what is not known."""
    if value is None or value is msgspec.UNSET or value == []:
        return UNKNOWN
    if isinstance(value, float):
        return f"{value:g}"
    return first_of(value, len(value)) if isinstance(value, list) else setting(value)
