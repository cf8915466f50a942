"""The report of a night: what was proposed, what was kept, and what a rule without a test would have kept."""

from pathlib import Path
from typing import Any

from yololab.files.paths import RunFolder
from yololab.files.record import now
from yololab.report.index.page import Row, Table, write_index
from yololab.report.run_files import address
from yololab.sweep.referee.night import Night, ProposalContent
from yololab.sweep.referee.ruling import night_floor
from yololab.tasks import TASKS, Direction
from yololab.terminal.screen import Screen
from yololab.text import counted, interval, moment, number, printable, signed

_COLUMNS = ("proposal", "run", "value", "gain", "95 % interval", "judgement", "why")
_TEXT = ("run", "judgement", "why")


def night_report(night: Night, root: Path) -> dict[str, Any]:
    """Return what a night came to, as `--json` prints it.

    Args:
        night: The night.
        root: The project's folder, where relative places start.
    """
    content, floor = night.content, night_floor(night)
    seeds = {seed["name"]: seed for seed in content["seeds"]}
    first = seeds[_first_reference(night)]
    last = night.kept[-1] if night.kept else None
    reference = str(root / (last["run"] if last else first["run"]))
    noise = None
    if floor is not None:
        noise = {
            "seeds": len(floor.values),
            "seed_sd": floor.seed_variance**0.5,
            "image_error": (2 * floor.image_variance) ** 0.5,
        }
    return {
        "night": str(night.folder.path),
        "baseline": content["baseline"],
        "metric": content["metric"],
        "proposals": content["proposals"],
        "left": night.left,
        "ends": night.ends.isoformat(timespec="seconds") if night.ends else None,
        "reference": reference,
        "reference_runs": len(night.reference_names),
        "start_value": first["value"],
        "value": last["value"] if last else first["value"],
        "noise": noise,
        "detectable_gain": content.get("detectable_gain"),
        "kept": [proposal["number"] for proposal in night.kept],
        "greedy": greedy_keeps(night),
        "judged": list(content["judged"]),
        "proposal": None,
        "again": False,
        "test": _test_commands(night, Path(reference), root / first["run"]),
    }


def greedy_keeps(night: Night) -> int:
    """Return how many proposals the rule "better than the best so far" would have kept."""
    content = night.content
    sign = 1 if TASKS[content["task"]].primary.direction is Direction.HIGHER else -1
    best = sign * next(seed["value"] for seed in content["seeds"] if seed["name"] == _first_reference(night))
    count = 0
    for proposal in content["judged"]:
        if sign * proposal["value"] > best:
            count, best = count + 1, sign * proposal["value"]
    return count


def show_night(screen: Screen, report: dict[str, Any]) -> None:
    """Print a night."""
    metric = report["metric"]
    used = f"{len(report['judged'])} of {counted(report['proposals'], 'proposal')} judged"
    ends = f", until {moment(report['ends'])}" if report["ends"] else ""
    screen.stage(
        "referee", f"{used}{ends}; {len(report['kept'])} kept, the greedy rule would have kept {report['greedy']}"
    )
    screen.detail(noise_text(report))
    rows = [_cells(proposal) for proposal in report["judged"]]
    if rows:
        screen.table(_COLUMNS[:-1], [row[:-1] for row in rows])
    runs = f" and {counted(report['reference_runs'] - 1, 'other seed')}" if report["reference_runs"] > 1 else ""
    screen.detail(f"reference: {report['reference']}{runs}, {metric} {number(report['value'])}")
    if report["kept"]:
        screen.hint(f"{metric} rose from {number(report['start_value'])} on images that proposals were chosen by")
    for command in report["test"]:
        screen.hint(command)


def noise_text(report: dict[str, Any]) -> str:
    """Return how large the noise is, and what a gain must be to be kept."""
    noise = report["noise"]
    if noise is None:
        return (
            "one run stands for the baseline: claims are on checkpoints, and seeds alone may look like a gain. "
            "Five seeds would tell: yololab -m search=seeds with the baseline's settings"
        )
    if noise["seed_sd"] == noise["image_error"] == 0:
        # Untrained, all of them name one class; or nothing is left to be learnt.
        return (
            f"the {noise['seeds']} seeds differ in no image: a recipe that has learnt so little, or all, shows no noise"
        )
    text = f"noise floor of {noise['seeds']} seeds: SD {noise['seed_sd']:.4f} between seeds"
    text += f", standard error {noise['image_error']:.4f} by the images"
    return f"{text}; a gain of {report['detectable_gain']:.4f} is kept four times in five"


def write_night_page(night: Night, report: dict[str, Any], root: Path) -> Path:
    """Write report.html of a night, and return its path."""
    rows = []
    for proposal in night.content["judged"]:
        page = address(RunFolder(root / proposal["run"]).report, night.folder.path)
        links = [(proposal["name"], page)] if page else []
        rows.append(Row(cells=[printable(cell) for cell in _cells(proposal)], links=links))
    title = f"{report['metric']}, against {printable(report['baseline'])}"
    table = Table(title=title, columns=_COLUMNS, text=_TEXT, rows=rows, runs=len(rows))
    greedy = f"{len(report['kept'])} kept; the rule “better than the best so far” would have kept {report['greedy']}."
    remarks = [greedy, noise_text(report) + ".", *report["test"]]
    write_index(night.folder.report, f"Night of {moment(night.content['started'])}", [table], remarks, now())
    return night.folder.report


def _cells(proposal: ProposalContent) -> list[str]:
    """Return the line of a proposal."""
    return [
        str(proposal["number"]),
        proposal["name"],
        number(proposal["value"]),
        signed(proposal["gain"]),
        interval(proposal["ci_low"], proposal["ci_high"]) if proposal["ci_low"] is not None else "",
        "kept" if proposal["kept"] else "discarded",
        proposal["reason"],
    ]


def _first_reference(night: Night) -> str:
    """Return the name of the seed that the first proposal was held against."""
    judged = night.content["judged"]
    return judged[0]["against"] if judged else night.content["reference"]


def _test_commands(night: Night, reference: Path, first: Path) -> list[str]:
    """Return what measures the night on the test split, once, when it is over."""
    if not night.content.get("test_split") or not night.kept:
        return []
    data = night.reference.content.get("data") or "…"
    measured = [
        f"yololab evaluate model={RunFolder(place).best} data={data} evaluation.split=test"
        for place in (reference, first)
    ]
    return [f"At the end of the night, once: {measured[0]}", measured[1], "yololab compare THE_FIRST THE_SECOND"]
