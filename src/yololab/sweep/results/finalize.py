"""The end of a sweep: its result on the screen and in files, the link to the winner, and what the winner gets."""

import sys
import time
import traceback
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from yololab.config.search import Keep
from yololab.errors import YololabError
from yololab.files.atomic import point_link
from yololab.files.record import Record
from yololab.files.record_content import FOLD
from yololab.host.signals import StopSignal
from yololab.report.sweep.page import write_sweep_report
from yololab.sweep.engines.registry import make_executor
from yololab.sweep.executor import JobState
from yololab.sweep.results.cleaning import losing_weights, remove_weights
from yololab.sweep.results.folds import folds_table
from yololab.sweep.results.outcome import last_lines
from yololab.sweep.results.rows import SEED, TrialRow
from yololab.sweep.results.summary import Summary, read_summary, with_test
from yololab.sweep.results.summary_files import store_summary, summary_content
from yololab.sweep.state import SweepFolder
from yololab.terminal.screen import Screen, shown_path
from yololab.text import UNKNOWN, as_text, duration, number, size

_SHOWN = 20
POLL_SECONDS = 0.5
# The body itself imports PyTorch; here only its name is needed.
WINNER_BODY = (sys.executable, "-m", "yololab.sweep.results.winner")


def finalize_sweep(folder: SweepFolder, screen: Screen, *, finish: bool = False) -> Summary:
    """Write the summary with its statistics and the page, point `best` at the winner, and show the ranking.

    Also for a sweep that was stopped: then the result is that of the trials there are. A file that cannot be written
    costs a warning, and never the sweep.

    Args:
        folder: The sweep's folder.
        screen: Where to print.
        finish: Whether the trials have come to their end: the winner then gets what only it gets, and with
            `search.keep=best` the weights of the others go, last of all.
    """
    summary = read_summary(folder, statistics=True)
    _store(summary, screen)
    point_at_winner(summary)
    ended = finish and all(entry.status.finished for entry in folder.trials())
    if ended and summary.winner is not None and not _recorded(summary.winner).get("dry_run"):
        finish_through_engine(summary, screen)
        summary = with_test(summary)
        _store(summary, screen)
    show_summary(screen, summary)
    write_page(folder, screen)
    if ended and summary.settings.search.keep is Keep.BEST and summary.winner is not None:
        freed = remove_weights(folder, losing_weights(folder, summary)[0])
        if freed:
            screen.detail(f"search.keep=best: {size(freed)} of weights of the other trials removed")
    return summary


def _store(summary: Summary, screen: Screen) -> None:
    """Write the two files of the summary, or warn that they cannot be written."""
    try:
        store_summary(summary)
    except OSError as error:
        screen.warn(f"summary.json and summary.csv were not written: {error}")


def point_at_winner(summary: Summary) -> None:
    """Point `best` at the winner; a link to a trial that has no place there any more goes."""
    link = summary.folder.best
    if summary.winner is not None:
        point_link(link, summary.winner.folder)
    elif link.is_symlink():
        link.unlink()


def finish_through_engine(summary: Summary, screen: Screen) -> None:
    """Let the engine that ran the trials give the winner its test score, its export and its page.

    Whatever happens there, the sweep itself is done: what could not be made costs a warning, and a resume tries again.
    """
    row, settings = summary.winner, summary.settings
    assert row is not None
    done = _recorded(row).get("winner") or {}
    if done and done.get("error") is None:
        return
    screen.stage("winner", f"trial {row.trial}: test split, export and report")
    stop = StopSignal()
    try:
        executor = make_executor(settings.engine, settings.engine_settings, settings.resources, WINNER_BODY)
        with closing(executor), stop.listening(), stop.waiting_for_batch(), screen.working("winner"):
            handle, cancelled = executor.submit(row.folder, {}), False
            while executor.poll([handle]).get(handle) is not JobState.GONE:
                if stop.requested and not cancelled:
                    executor.cancel(handle)
                    cancelled = True
                time.sleep(POLL_SECONDS)
            reason = executor.reason(handle)
    except YololabError as error:
        screen.warn(f"the winner was not finished: {error}")
        return
    done = _recorded(row).get("winner") or {}
    if stop.requested:
        screen.warn(
            f"the winner was not finished: interrupted; `yololab resume {shown_path(summary.folder.path)}` does it"
        )
    elif not done or done.get("error"):
        why = done.get("error") or reason or last_lines(row.run.output)
        screen.warn(f"the winner was not finished: {why}")


def write_page(folder: SweepFolder, screen: Screen) -> None:
    """Write report.html of the sweep; a page that cannot be written does not cost the sweep."""
    try:
        path = write_sweep_report(folder.path)
    except Exception as error:  # whatever a page meets, the sweep itself is done and recorded
        screen.log(traceback.format_exc())
        screen.warn(f"report.html was not written: {error}")
    else:
        screen.place("report", path)


def _recorded(row: TrialRow) -> Mapping[str, Any]:
    """Return the record of a trial; empty without one."""
    return Record(row.run).read() if row.run.record.is_file() else {}


def show_summary(screen: Screen, summary: Summary) -> None:
    """Print the ranking, what it says, and what went wrong."""
    if summary.folds:
        screen.table(*folds_table(summary.folds, summary.ranking))
    rows = {row.trial: row for row in summary.rows}
    # Folds stand in the order of their numbers: none of them is better than another.
    order = tuple(rows) if summary.folds else summary.ranking.order
    keys = list(summary.settings.keys)
    measured = [name for row in summary.rows for name in row.metrics]
    metrics = list(dict.fromkeys([*(i.metric for i in summary.settings.objectives if i.metric in measured), *measured]))
    could = () if summary.folds else summary.ranking.could_be_best()
    table = [
        (
            f"{trial}{'*' if trial in could else ''}",
            *(str(rows[trial].values.get(key, "")) for key in keys),
            *(number(rows[trial].metrics.get(metric)) for metric in metrics),
            as_text(rows[trial].epochs),
            against.verdict if (against := rows[trial].baseline) and against.path else UNKNOWN,
            str(rows[trial].status),
        )
        for trial in order[:_SHOWN]
    ]
    screen.table(("trial", *keys, *metrics, "epochs", "baseline", "status"), table)
    if len(rows) > _SHOWN:
        screen.detail(f"and {len(rows) - _SHOWN} more in {summary.folder.summary_table.name}")
    if len(could) > 1:
        screen.detail("* may be the best one: statistically indistinguishable from the best on these images")
    content = summary_content(summary)
    screen.stage("result", content["answer"])
    for note in content["notes"]:
        screen.detail(note)
    if summary.importances is not None and {*keys} - {FOLD, SEED}:  # a seed does not matter, nor a fold
        screen.detail(summary.importances.text)
    for row in summary.rows:
        if row.error:
            screen.warn(f"trial {row.trial}: {row.error}")
    seconds = sum(row.seconds or 0 for row in summary.rows)
    screen.place(f"{duration(seconds)} of training in all; summary", summary.folder.summary_table)
    if summary.winner is not None:
        screen.place(f"best, trial {summary.winner.folder.name}", summary.folder.best)
