"""The end of a sweep: its answer on the screen and in files, the link to the winner, and what the winner gets."""

from __future__ import annotations

from yololab.runfolder import point_latest
from yololab.screen import Screen, duration, number
from yololab.sweep.rows import TrialRow
from yololab.sweep.summary import Summary, summary_content, write_summary
from yololab.sweep.trials import SweepFolder

_SHOWN = 20


def answer_sweep(folder: SweepFolder, screen: Screen) -> Summary:
    """Write the summary with its statistics, point `best` at the winner, and show the ranking.

    Also for a sweep that was stopped: then the answer is that of the trials there are.

    Args:
        folder: The sweep's folder.
        screen: Where to print.
    """
    summary = write_summary(folder, statistics=True)
    if summary.winner is not None:
        point_latest(folder.best, summary.winner.folder)
    show_summary(screen, summary)
    return summary


def show_summary(screen: Screen, summary: Summary) -> None:
    """Print the ranking, the answer in words, and what went wrong."""
    rows = {row.trial: row for row in summary.rows}
    keys = list(summary.settings.keys)
    metrics = list(dict.fromkeys(name for row in summary.rows for name in row.metrics))
    names = [item.metric for item in summary.settings.objectives]
    metrics = [*(name for name in names if name in metrics), *(name for name in metrics if name not in names)]
    could = summary.ranking.could_be_best()
    table = [
        (
            f"{trial}{'*' if trial in could else ''}",
            *(str(rows[trial].values.get(key, "")) for key in keys),
            *(number(rows[trial].metrics.get(metric)) for metric in metrics),
            _epochs(rows[trial]),
            against.verdict if (against := rows[trial].baseline) and against.path else "—",
            str(rows[trial].status),
        )
        for trial in summary.ranking.order[:_SHOWN]
    ]
    screen.table(("trial", *keys, *metrics, "epochs", "baseline", "status"), table)
    if len(rows) > _SHOWN:
        screen.detail(f"and {len(rows) - _SHOWN} more in {summary.folder.summary_table.name}")
    if len(could) > 1:
        screen.detail("* may be the best one: not told from the others by these images")
    content = summary_content(summary)
    screen.stage("answer", content["answer"])
    for note in content["notes"]:
        screen.detail(note)
    if summary.importances is not None:
        screen.detail(summary.importances.told)
    for row in summary.rows:
        if row.error:
            screen.warn(f"trial {row.trial}: {row.error}")
    seconds = sum(row.seconds or 0 for row in summary.rows)
    screen.detail(f"{duration(seconds)} of training in all; summary: {summary.folder.summary_table}")
    if summary.winner is not None:
        screen.detail(f"best: {summary.folder.best} → {summary.winner.folder.name}")


def _epochs(row: TrialRow) -> str:
    """Write how many epochs a trial has completed."""
    return "—" if row.epochs is None else str(row.epochs)
