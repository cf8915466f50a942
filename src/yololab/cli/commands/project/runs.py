"""`yololab runs`: the leaderboard of a project, what differs between runs, and what runs now."""

from contextlib import suppress
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

from yololab.cli.request import Request
from yololab.errors import InputError, Problem, noting
from yololab.files.paths import OutputTree, RunFolder, SweepPaths
from yololab.files.run_names import find_run, is_pattern
from yololab.host.collection import uncollected
from yololab.sweep.leaderboard.cells import TEXT_COLUMNS, cells_of, columns_of, header_of, value_text
from yololab.sweep.leaderboard.groups import Group, board_content, group_board
from yololab.sweep.leaderboard.plain import is_plain_run, plain_folders, read_plain
from yololab.sweep.leaderboard.query import ALL, Query, Term, check_keys, read_query
from yololab.sweep.leaderboard.rows import Board, read_board
from yololab.terminal.columns import aligned
from yololab.terminal.output import nobody_reads, print_csv, print_json
from yololab.terminal.screen import Screen
from yololab.text import counted, first_of, shortened

_ON_A_SCREEN = 20  # lines of a group
_SIDE_BY_SIDE = 4  # plain runs that are held against each other; more of them are listed
_LONGEST = 40  # columns of a cell that is no name


def run(request: Request) -> int:
    """Print the leaderboard, or what else is asked for; return 0."""
    if "--watch" in request.flags:
        return _shown(request)
    with uncollected():  # ten thousand rows hold no cycle
        return _shown(request)


def _shown(request: Request) -> int:
    """Print what is asked for; return 0."""
    query = read_query(request.operands)
    tree = OutputTree.of_project(query.paths.root, request.working_directory, to_write=False)
    plain = plain_folders(query.names, request.working_directory, tree)
    several = len(query.names) > 1 and not query.terms and not request.flags and not any(map(is_pattern, query.names))
    side_by_side = len(query.names) <= _SIDE_BY_SIDE and all(is_plain_run(RunFolder(folder)) for folder in plain)
    if plain and not (several and side_by_side):
        return _plain(request, query, tree, plain)
    if several:
        return _compare(request, query, tree, alike=not plain)
    if "--watch" in request.flags:
        return _watch(request, query, tree)
    board = read_board(tree, tree.root / query.paths.cache)
    check_keys(query, {*board.base, *(key for row in board.rows for key in row.facts.changed)})
    if "--html" in request.flags:
        from yololab.sweep.leaderboard.page import write_page

        page = write_page(tree, board, query)
        request.print_json({"page": str(page)})
        request.screen.place("page", page, "runs")
        return 0
    if request.as_json or "--csv" in request.flags:
        rows = board_content(board, query)
        print_json(rows, masked=True) if request.as_json else print_csv(rows)
        return 0
    show(request.screen, board, query, tree)
    return 0


def _plain(request: Request, query: Query, tree: OutputTree, folders: list[Path]) -> int:
    """Print what plain Ultralytics has left in folders."""
    if {"--watch", "--html"} & request.flags:
        raise InputError(Problem("--watch, --html", "of plain runs", "runs of this project", "leave the folder out"))
    board = read_plain(folders, request.working_directory)
    query = replace(query, names=())
    check_keys(query, {*board.base, *(key for row in board.rows for key in row.facts.changed)})
    if request.as_json or "--csv" in request.flags:
        rows = board_content(board, query)
        print_json(rows, masked=True) if request.as_json else print_csv(rows)
        return 0
    show(request.screen, board, query, tree)
    if board.problem:
        request.screen.warn(board.problem)
    request.screen.hint("numbers of their own validation; `yololab compare A B` measures two of them alike")
    return 0


def _watch(request: Request, query: Query, tree: OutputTree) -> int:
    """Show what runs, and what happens, until Ctrl-C."""
    from rich.text import Text

    from yololab.sweep.leaderboard.alerts import make_alerts
    from yololab.sweep.leaderboard.watch import epoch_text, left_text, looks, reached_text

    if request.as_json or request.flags > {"--watch"}:
        raise InputError(Problem("--watch", "with --json, --csv or --html", "--watch alone: it does not end by itself"))
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
            found = {item.name: f"{epoch_text(item)}{reached_text(item)}{left_text(item)}" for item in running}
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


def _compare(request: Request, query: Query, tree: OutputTree, *, alike: bool) -> int:
    """Print what differs between the runs that are named.

    Args:
        request: The command.
        query: What was asked.
        tree: The project.
        alike: Whether all were measured alike, as plain runs need not be.
    """
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
        rows = [[key, *map(value_text, sides)] for key, sides in values.items()]
        head = columns if longest is None else [shortened(column, longest) for column in columns]
        table = aligned(head, rows, left=head, width=width, longest=longest)
        screen.lines(table.header, table.lines)
    for line in found.notes:
        screen.hint(line)
    if not alike:
        screen.hint(f"plain runs measured themselves; measured alike: yololab compare {' '.join(query.names)}")
    return 0


def _below(folder: Path, tree: OutputTree) -> str:
    return folder.relative_to(tree.root).as_posix() if folder.is_relative_to(tree.root) else str(folder)


def show(screen: Screen, board: Board, query: Query, tree: OutputTree) -> None:
    """Print the groups of the leaderboard, and what is not shown."""
    if not board.rows and not board.sweeps and not board.rejected:
        screen.show(f"There are no runs in {tree.root} yet: `yololab experiment=demo` makes the first one.")
        return
    groups = group_board(board, query)
    limit = query.limit if query.limit is not None else _ON_A_SCREEN if screen.console.is_terminal else 0
    hidden: dict[str, None] = {}
    for place, group in enumerate(groups):
        if place:
            screen.lines("", [])
        hidden |= dict.fromkeys(_show_group(screen, group, query, limit))
    if hidden:
        screen.hint(f"no room for {first_of(hidden, 3)}: columns=… chooses")
    if not groups:
        screen.show(f"None of {counted(len(board.rows), 'run')} is as asked for.")
    declined = sum(row.status == "rejected" for row in board.rows) + len(board.rejected)
    if declined and not any(term.key == "status" for term in query.terms):
        screen.show(f"{counted(declined, 'declined run')} not shown: status=all shows them.")


def _show_group(screen: Screen, group: Group, query: Query, limit: int) -> list[str]:
    """Print one dataset and task; return the columns that there was no room for."""
    columns = columns_of(group, query)
    lines = group.lines[: limit or None]
    width = screen.console.width if screen.console.is_terminal else None
    now = datetime.now().astimezone() if width else None
    rows = list(zip(*(cells_of(lines, column, now) for column in columns), strict=True))
    names = [header_of(column) for column in columns]
    table = aligned(names, rows, left=TEXT_COLUMNS, width=width, longest=_LONGEST if width else None)
    title = " · ".join(name for name in (group.dataset or "no dataset", group.task) if name)
    screen.heading(f"{title}   {counted(group.runs, 'run')}" if group.runs else title)
    screen.lines(table.header, table.lines)
    if more := len(group.lines) - len(lines):
        screen.hint(f"{counted(more, 'line')} more: limit=all shows them")
    return table.hidden
