"""The verdict: one plain sentence, and what it rests on."""

from typing import Any

from yololab.report.appearance import Appearance, Tone, status_appearance, verdict_appearance
from yololab.report.run_files import RunFiles, address, inside, mapping, mappings, primary_row, texts
from yololab.text import UNKNOWN, as_number, count, counted, duration, moment, number, percent, signed

HEADLINE_DIGITS = 3


def verdict(run: RunFiles) -> dict[str, Any]:
    """Prepare the top of the page: what became of the run, and the number that decides."""
    run = run.sound  # the head says what is damaged, and the rest
    verdict_word = str(run.comparison.get("verdict") or "")
    decided = bool(verdict_word) and run.status in ("complete", "")
    if decided:
        shown = verdict_appearance(verdict_word)
    elif run.record or not run.metrics:
        shown = status_appearance(run.status)
    else:
        shown = Appearance("Evaluated", Tone.NEUTRAL, "tick")
    rehearsed = bool(run.recorded("dry_run"))
    if rehearsed and decided:
        shown = Appearance("Dry run: every stage was tried", Tone.NEUTRAL, "flag")
    compared = bool(mapping(run.comparison.get("baseline")))
    return {
        "shown": shown,
        "tag": "DRY RUN" if rehearsed else verdict_word.replace("_", " ") if decided else run.status.upper(),
        "sentence": run.comparison.get("sentence") if decided else _status_text(run),
        "unsupported": decided and compared and run.comparison.get("statistical_support") is False,
        "primary": _primary(run),
        "facts": _facts(run),
        "badges": _badges(run),
        "links": _links(run),
        "error": mapping(run.record.get("error")),
        "warnings": [*run.unreadable, *texts(run.comparison.get("warnings"))],
        "remarks": texts(run.comparison.get("notes")),
    }


def check_head(run: RunFiles) -> dict[str, Any]:
    """Prepare the top of the page of a dataset check: whether a training can start, and what stands against it."""
    found = {"blocking": 0, "warning": 0, "note": 0}
    for kind in mappings(run.dataset_report.get("summary")):
        severity = str(kind.get("severity"))
        found[severity] = found.get(severity, 0) + int(as_number(kind.get("count")) or 0)
    found_parts = [counted(found["blocking"], "blocking problem"), counted(found["warning"], "warning")]
    if found["blocking"]:
        shown = Appearance(f"{found_parts[0]} to mend before a training", Tone.BAD, "cross")
    elif found["warning"]:
        shown = Appearance(f"{found_parts[1]} to look at", Tone.WARN, "warn")
    else:
        shown = Appearance("Nothing to complain about", Tone.GOOD, "tick")
    splits = mapping(run.dataset_report.get("splits"))
    return {
        "shown": shown,
        "tag": "DATASET CHECK",
        "sentence": ", ".join([*found_parts, counted(found["note"], "note")]) + ".",
        "unsupported": False,
        "primary": None,
        "facts": [
            ("Dataset", "/".join(str(run.dataset_report.get("dataset") or "").replace("\\", "/").split("/")[-2:])),
            ("Task", run.dataset_report.get("task")),
            *((str(split), f"{count(mapping(item).get('images'))} images") for split, item in splits.items()),
        ],
        "badges": [],
        "links": [
            (file.name, link) for file in [run.folder.dataset_report] if (link := address(file, run.folder.path))
        ],
        "error": None,
        "warnings": list(run.unreadable),
        "remarks": [],
    }


def _status_text(run: RunFiles) -> str:
    """Say what a status without a verdict means."""
    epochs = len(run.epochs.epochs)
    reached = f"{counted(epochs, 'epoch was', 'epochs were')} finished" if epochs else "No epoch was finished"
    return {
        "running": f"{reached} when this page was written; the run goes on, or was killed.",
        "complete": "There is no comparison with a baseline.",
        "rejected": "An approval was declined or could not be asked for; see the approvals below.",
        "failed": f"{reached} before it failed. What exists is shown below.",
        "interrupted": f"{reached}; what was reached is saved.",
        "pruned": f"{reached}; the sweep had better trials by then.",
        "paused": f"{reached}; the sweep goes on with it when it looks like the best one.",
    }.get(run.status, "")


def _primary(run: RunFiles) -> dict[str, str] | None:
    """Return the number that decides, with its baseline; None when it was not measured."""
    name = run.primary_metric
    row = primary_row(run.comparison)
    value = as_number(row.get("current"))
    value = as_number(run.metrics.get(name)) if value is None else value
    if value is None:
        return None
    known = as_number(row.get("baseline")) is not None
    lower = (row.get("direction") or mapping(run.metrics.get("directions")).get(name)) == "lower"
    return {
        "name": name,
        "value": number(value, HEADLINE_DIGITS),
        "baseline": number(row.get("baseline"), HEADLINE_DIGITS) if known else "",
        "change": f"{signed(row.get('delta'), HEADLINE_DIGITS)} ({percent(row.get('percent'))})" if known else "",
        "direction": "lower is better" if lower else "",
    }


def _facts(run: RunFiles) -> list[tuple[str, str]]:
    """Return the few facts that a reader wants first; empty where it is not known."""
    model = inside(run.record, "config", "model", "weights") or run.metrics.get("model")
    if run.recorded("model").get("pretrained") is False:
        model = f"{str(model).removesuffix('.pt').removesuffix('.yaml')} (from scratch)"
    split = str(run.metrics.get("split") or "")
    data = str(run.metrics.get("data") or "").replace("\\", "/")
    images = as_number(inside(run.record, "dataset", "counts", split, "images"))
    training = run.recorded("training")
    epochs = as_number(training.get("epochs_completed")) or len(run.epochs.epochs)
    trained = counted(int(epochs), "epoch") if epochs else ""
    seconds = duration(inside(run.record, "timings", "train"))
    return [
        ("Model", str(model).replace("\\", "/").rpartition("/")[2] if model else ""),
        ("Dataset", str(run.recorded("dataset").get("name") or "/".join(data.split("/")[-2:]))),
        ("Task", str(run.record.get("task") or run.metrics.get("task") or "")),
        ("Evaluated on", f"{count(images)} images ({split})" if split and images is not None else split),
        ("Trained", f"{trained} in {seconds}" if trained and seconds != UNKNOWN else trained),
        ("Started", moment(run.record.get("timestamp"), zone=False)),
    ]


def _links(run: RunFiles) -> list[tuple[str, str]]:
    """Return name and address of what lies in the folder, and of the baseline's page."""
    folder, baseline = run.folder, run.baseline_run
    files = (folder.best, folder.last, folder.results, folder.metrics, folder.comparison_markdown, folder.log)
    targets = [(file.name, file) for file in files]
    if baseline is not None and baseline.path != folder.path:
        there = baseline.report if baseline.report.is_file() else baseline.path
        targets.append((f"the baseline’s {'page' if there.is_file() else 'folder'}", there))
    return [(name, link) for name, target in targets if (link := address(target, folder.path))]


def _badges(run: RunFiles) -> list[tuple[Tone, str, str]]:
    """Return tone, icon and text of what else was decided: checklist, gate, promotion."""
    badges: list[tuple[Tone, str, str]] = []
    checks = [check.get("passed") for check in mappings(run.recorded("verification").get("checks"))]
    if checks:
        failed = checks.count(False)
        if failed:
            badges.append((Tone.BAD, "cross", f"Checklist: {failed} of {len(checks)} failed"))
        else:
            undecided = len(checks) - checks.count(True)
            rest = f", {undecided} undecided" if undecided else ""
            badges.append((Tone.GOOD, "tick", f"Checklist: {checks.count(True)} of {len(checks)} passed{rest}"))
    gate = mapping(run.comparison.get("gate"))
    if mapping(run.comparison.get("baseline")) and gate.get("policy") not in (None, "none"):
        passed = gate.get("passed") is True
        tone, icon, word = (Tone.GOOD, "tick", "passed") if passed else (Tone.BAD, "stop", "stopped")
        badges.append((tone, icon, f"Gate “{gate['policy']}”: {word}"))
    if run.recorded("export").get("works") is False:
        badges.append((Tone.BAD, "cross", "Export: broken"))
    if run.record.get("promoted"):
        badges.append((Tone.GOOD, "flag", "Promoted: now the baseline"))
    if run.recorded("provenance", "git").get("dirty"):
        badges.append((Tone.WARN, "warn", "Uncommitted changes in the repository"))
    return badges
