"""The sections of a sweep's page: each is one template and one pure function that prepares what it shows."""

from collections.abc import Mapping
from typing import Any

from yololab.report.appearance import Appearance, Tone, verdict_appearance
from yololab.report.run_files import address, mapping, mappings, texts
from yololab.report.section import Section
from yololab.report.sweep.charts import curves, history, importance_bars, pareto, settings_chart
from yololab.report.sweep.sweep_files import SweepFiles, values_text
from yololab.text import as_number, counted, duration, moment, number

_MOST_ROWS = 200
_ALPHA = 0.05


def head(sweep: SweepFiles) -> dict[str, Any]:
    """Prepare the top of the page: the answer in a plain sentence, and what stands against it."""
    damaged, sweep = getattr(sweep.summary, "damaged", {}), sweep.sound
    counts = mapping(sweep.summary.get("counts"))
    winner = sweep.winner
    trials = len(sweep.trials)
    seconds = sum(as_number(row.get("seconds")) or 0 for row in sweep.trials)
    finished = bool(sweep.summary.get("finished"))
    facts = [
        ("Trials", str(trials) if finished else f"{trials} of {sweep.summary.get('budget')} points"),
        *((name.capitalize(), str(found)) for name, found in counts.items()),
        ("Objective", ", ".join(str(item.get("metric")) for item in sweep.objectives)),
        ("Training time", duration(seconds)),
    ]
    first = next(iter(winner.get("objectives") or [None]))
    return {
        "shown": _appearance(sweep),
        "tag": "SWEEP" if finished else "SWEEP, NOT FINISHED",
        "sentence": sweep.summary.get("answer"),
        "unsupported": False,
        "primary": {
            "name": f"{sweep.metric} of trial {winner.get('trial')}",
            "value": number(first, 3),
            "baseline": "",
            "change": "",
            "direction": "lower is better" if sweep.lower_is_better else "",
        }
        if winner
        else None,
        "facts": facts,
        "badges": _badges(sweep),
        "links": _links(sweep),
        "error": None,
        "warnings": [*map(str, damaged.values()), *texts(mapping(sweep.summary.get("ranking")).get("warnings"))],
        "remarks": texts(sweep.summary.get("notes")),
    }


def _appearance(sweep: SweepFiles) -> Appearance:
    """Return the headline: what a reader takes away in a second."""
    winner, folds = sweep.winner, mappings(sweep.summary.get("folds"))
    if folds:
        complete = counted(len(folds[0].get("folds") or []), "fold")
        headline = f"{len(folds)} recipes over folds" if len(folds) > 1 else f"{complete}, one result"
        return Appearance(headline, Tone.NEUTRAL, "flag" if sweep.summary.get("finished") else "clock")
    if not winner:
        return Appearance("No trial completed", Tone.BAD, "cross")
    ranking = mapping(sweep.summary.get("ranking"))
    could = ranking.get("could_be_best")
    if not sweep.summary.get("finished"):
        return Appearance(f"Trial {winner['trial']} leads so far", Tone.NEUTRAL, "clock")
    if ranking.get("pareto") is not None:
        return Appearance(f"{len(ranking['pareto'])} best compromises", Tone.GOOD, "flag")
    if could and len(could) == 1 and mapping(sweep.summary.get("counts")).get("complete", 0) > 1:
        return Appearance(f"Trial {winner['trial']} is the best one", Tone.GOOD, "tick")
    if could and len(could) > 1:
        others = counted(len(could) - 1, "other")
        headline = f"Trial {winner['trial']} came out first, statistically indistinguishable from {others}"
        return Appearance(headline, Tone.WARN, "question")
    return Appearance(f"Trial {winner['trial']} came out first", Tone.NEUTRAL, "flag")


def _links(sweep: SweepFiles) -> list[tuple[str, str]]:
    """Return name and address of what lies in the folder, and of the winner's page."""
    files = (sweep.paths.summary_table, sweep.paths.summary, sweep.paths.log)
    targets = [(file.name, file) for file in files]
    if sweep.winner:
        targets.insert(0, ("the winner’s page", sweep.run(sweep.winner).report))
    return [(name, link) for name, target in targets if (link := address(target, sweep.path))]


def _badges(sweep: SweepFiles) -> list[tuple[Tone, str, str]]:
    """Return what else was decided: against the baseline, and on the test split."""
    badges: list[tuple[Tone, str, str]] = []
    against = mapping(sweep.winner.get("baseline"))
    if shown := _verdict(sweep.winner):
        p, corrected = as_number(against.get("p")), as_number(against.get("p_adjusted"))
        lucky = p is not None and corrected is not None and p < _ALPHA <= corrected
        doubt = ": chance may explain the difference among so many trials" if lucky else ""
        badges.append((Tone.WARN if lucky else shown.tone, shown.icon, f"Winner: {shown.headline.lower()}{doubt}"))
    test = mapping(mapping(sweep.summary.get("test")).get("baseline"))
    if test.get("compared"):
        shown = verdict_appearance(str(test.get("verdict")))
        badges.append((shown.tone, shown.icon, f"On the test split: {shown.headline.lower()}"))
    failed = mapping(sweep.summary.get("counts")).get("failed")
    if failed:
        badges.append((Tone.BAD, "cross", f"{failed} failed"))
    return badges


def ranking(sweep: SweepFiles) -> dict[str, Any] | None:
    """Prepare the table of the trials, the best first, with their intervals."""
    rows = sweep.ranked[:_MOST_ROWS]
    if not rows:
        return None
    names = [str(item.get("metric")) for item in sweep.objectives]
    found = mapping(sweep.summary.get("ranking"))
    return {
        "keys": list(dict.fromkeys(key for row in sweep.trials for key in mapping(row.get("values")))),
        "objectives": names,
        "others": [name for name in _all_metrics(sweep) if name not in names],
        "supported": bool(found.get("statistical_support")) and not mappings(sweep.summary.get("folds")),
        "several": found.get("pareto") is not None,
        "compared": any(mapping(row.get("baseline")).get("path") for row in rows),
        "winner": sweep.winner.get("trial"),
        "rows": [(row, _verdict(row), _page_of(sweep, row)) for row in rows],
        "left_out": len(sweep.ranked) - len(rows),
        "method": found.get("method"),
        "images": found.get("images"),
        "recipes": mappings(sweep.summary.get("recipes")),
        "folds": mappings(sweep.summary.get("folds")),
    }


def _page_of(sweep: SweepFiles, row: Mapping[str, Any]) -> str:
    """Return the address of a trial's page, else of its folder; empty when it is gone."""
    run = sweep.run(row)
    return address(run.report, sweep.path) or address(run.path, sweep.path)


def _all_metrics(sweep: SweepFiles) -> list[str]:
    """Return the metrics that any trial has."""
    return list(dict.fromkeys(name for row in sweep.trials for name in mapping(row.get("metrics"))))


def _verdict(row: Mapping[str, Any]) -> Appearance | None:
    """Return how the comparison of a trial with the baseline is shown; None for one that was not compared."""
    against = mapping(row.get("baseline"))
    return verdict_appearance(str(against.get("verdict"))) if against.get("path") else None


def progress(sweep: SweepFiles) -> dict[str, Any] | None:
    """Prepare the charts of how the sweep went."""
    charts = [chart for chart in (history(sweep), pareto(sweep), curves(sweep)) if chart]
    return {"charts": charts} if charts else None


def parameters(sweep: SweepFiles) -> dict[str, Any] | None:
    """Prepare which settings mattered, and each trial's way through them."""
    found = mapping(sweep.summary.get("importance"))
    chart = settings_chart(sweep)
    if not found and not chart:
        return None
    return {"message": found.get("told"), "bars": importance_bars(sweep), "chart": chart}


def failures(sweep: SweepFiles) -> dict[str, Any] | None:
    """Prepare what went wrong, with the last lines of each log."""
    failed = [row for row in sweep.trials if row.get("status") in ("failed", "interrupted")][:_MOST_ROWS]
    shown = [(row, values_text(row), sweep.tail(row), _page_of(sweep, row)) for row in failed]
    return {"rows": shown} if failed else None


def settings(sweep: SweepFiles) -> dict[str, Any] | None:
    """Prepare what was asked for."""
    if not sweep.settings:
        return None
    search = mapping(sweep.settings.get("search"))
    return {
        "command": " ".join(texts(sweep.settings.get("command"))),
        "rows": [(name, value) for name, value in search.items() if value not in (None, {}, [])],
        "facts": [
            ("Engine", sweep.settings.get("engine")),
            ("Started", moment(sweep.settings.get("created"))),
            ("Folder", str(sweep.path)),
        ],
    }


SECTIONS: tuple[Section[SweepFiles], ...] = (
    Section("", "sections/01_verdict", head),
    Section("Ranking", "sweep/ranking", ranking),
    Section("How it went", "sweep/progress", progress),
    Section("Settings that mattered", "sweep/parameters", parameters),
    Section("Failures", "sweep/failures", failures),
    Section("What was asked for", "sweep/settings", settings),
)
