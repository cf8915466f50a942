"""The sections of a sweep's page: each is one template and one pure function that prepares what it shows."""

from collections.abc import Mapping
from typing import Any

from yololab.report.appearance import Appearance, Tone, verdict_appearance
from yololab.report.run_files import mapping, mappings, texts
from yololab.report.section import Section
from yololab.report.sweep.charts import curves, history, importance_bars, pareto, settings_chart
from yololab.report.sweep.sweep_files import SweepFiles, values_text
from yololab.text import UNKNOWN, as_number, count, counted, duration, interval, number, p_value, setting, signed

_MOST_ROWS = 200
_ALPHA = 0.05


def head(sweep: SweepFiles) -> dict[str, Any]:
    """Prepare the top of the page: the answer in a plain sentence, and what stands against it."""
    counts = mapping(sweep.summary.get("counts"))
    winner = sweep.winner
    trials = len(sweep.trials)
    seconds = sum(as_number(row.get("seconds")) or 0 for row in sweep.trials)
    facts = [
        (
            "Trials",
            f"{trials} of {sweep.summary.get('budget')} points" if not sweep.summary.get("finished") else str(trials),
        ),
        *((name.capitalize(), str(found)) for name, found in counts.items()),
        ("Objective", ", ".join(str(item.get("metric")) for item in sweep.objectives)),
        ("Training time", duration(seconds)),
    ]
    first = next(iter(winner.get("objectives") or [None]))
    return {
        "shown": _appearance(sweep),
        "tag": "SWEEP" if sweep.summary.get("finished") else "SWEEP, NOT FINISHED",
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
        "error": None,
        "warnings": texts(mapping(sweep.summary.get("ranking")).get("warnings")),
        "remarks": texts(sweep.summary.get("notes")),
    }


def _appearance(sweep: SweepFiles) -> Appearance:
    """Return the headline: what a reader takes away in a second."""
    winner = sweep.winner
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


def _badges(sweep: SweepFiles) -> list[tuple[Tone, str, str]]:
    """Return what else was decided: against the baseline, and on the test split."""
    badges: list[tuple[Tone, str, str]] = []
    against = mapping(sweep.winner.get("baseline"))
    if against.get("path"):
        shown = verdict_appearance(str(against.get("verdict")))
        p, corrected = as_number(against.get("p")), as_number(against.get("p_adjusted"))
        lucky = p is not None and corrected is not None and p < _ALPHA <= corrected
        doubt = ", but chance may explain it among so many trials" if lucky else ""
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
    keys = list(dict.fromkeys(key for row in sweep.trials for key in mapping(row.get("values"))))
    names = [str(item.get("metric")) for item in sweep.objectives]
    others = list(
        dict.fromkeys(name for row in sweep.trials for name in mapping(row.get("metrics")) if name not in names)
    )
    found = mapping(sweep.summary.get("ranking"))
    supported = bool(found.get("statistical_support"))
    return {
        "keys": keys,
        "objectives": names,
        "others": others,
        "supported": supported,
        "several": found.get("pareto") is not None,
        "compared": any(mapping(row.get("baseline")).get("path") for row in rows),
        "winner": sweep.winner.get("trial"),
        "rows": [_ranked_row(row, keys, names, others) for row in rows],
        "left_out": len(sweep.ranked) - len(rows),
        "method": found.get("method"),
        "images": count(found.get("images")),
        "recipes": [_recipe(item) for item in mappings(sweep.summary.get("recipes"))],
    }


def _ranked_row(row: Mapping[str, Any], keys: list[str], names: list[str], others: list[str]) -> dict[str, Any]:
    """Return one line of the table."""
    against = mapping(row.get("baseline"))
    objectives = list(row.get("objectives") or [])
    metrics = mapping(row.get("metrics"))
    shown = verdict_appearance(str(against.get("verdict"))) if against.get("path") else None
    behind = as_number(row.get("behind"))
    return {
        "rank": row.get("rank") or UNKNOWN,
        "trial": row.get("trial"),
        "values": [setting(mapping(row.get("values")).get(key, "")) for key in keys],
        "objectives": [
            number(objectives[place]) if place < len(objectives) else UNKNOWN for place in range(len(names))
        ],
        "interval": interval(row.get("ci_low"), row.get("ci_high"), number),
        "behind": "" if not behind else signed(-behind),
        "behind_interval": _behind_interval(row.get("behind_ci")),
        "p": p_value(row.get("p")) if behind else "",
        "could": row.get("could_be_best"),
        "pareto": row.get("pareto"),
        "others": [number(metrics.get(name)) for name in others],
        "verdict": shown.headline if shown else UNKNOWN,
        "tone": shown.tone if shown else "",
        "delta": signed(against.get("delta")) if shown else "",
        "p_adjusted": p_value(against.get("p_adjusted")),
        "epochs": count(row.get("epochs")),
        "seconds": duration(row.get("seconds")),
        "status": row.get("status"),
    }


def _recipe(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return one line of the table of recipes."""
    values = ", ".join(f"{key}={value}" for key, value in mapping(item.get("values")).items())
    behind = as_number(item.get("behind"))
    return {
        "values": values or "the only one",
        "trials": ", ".join(str(trial) for trial in item.get("trials") or []),
        "mean": number(item.get("mean")),
        "deviation": number(item.get("seed_deviation")),
        "behind": "" if not behind else signed(-behind),
        "interval": _behind_interval(item.get("behind_ci")),
        "p": p_value(item.get("p")) if behind else "",
        "could": item.get("could_be_best"),
    }


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
    rows = [row for row in sweep.trials if row.get("status") in ("failed", "interrupted")]
    if not rows:
        return None
    return {
        "rows": [
            {
                "trial": row.get("trial"),
                "status": row.get("status"),
                "values": values_text(row),
                "error": row.get("error") or "no message was recorded",
                "tail": sweep.tail(row),
            }
            for row in rows[:_MOST_ROWS]
        ]
    }


def settings(sweep: SweepFiles) -> dict[str, Any] | None:
    """Prepare what was asked for."""
    if not sweep.settings:
        return None
    search = mapping(sweep.settings.get("search"))
    return {
        "command": " ".join(texts(sweep.settings.get("command"))),
        "rows": [(str(name), setting(value)) for name, value in search.items() if value not in (None, {}, [])],
        "facts": [
            ("Engine", str(sweep.settings.get("engine"))),
            ("Started", str(sweep.settings.get("created"))),
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


def _behind_interval(ends: Any) -> str:
    """Write the interval of how far a trial lies behind, with its sign turned: negative is worse."""
    return interval(-ends[1], -ends[0]) if isinstance(ends, list) and len(ends) == 2 else ""
