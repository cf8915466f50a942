"""Where the run comes from: code, packages, machine, data, who approved it, and what it cost."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from yololab.report.appearance import Tone
from yololab.report.charts.bars import Bar, bars
from yololab.report.run_files import RunFiles, inside, mapping, mappings, texts
from yololab.text import as_number, as_text, count, duration, flattened, moment, percent, setting, short_hash, size

# What decides a training's numbers; all other packages are listed, but folded away.
MAIN_PACKAGES = (
    "yololab",
    "ultralytics",
    "torch",
    "torchvision",
    "numpy",
    "opencv-python",
    "hydra-core",
    "omegaconf",
    "onnx",
    "onnxruntime",
)
_ANSWERS = {"yes": (Tone.GOOD, "tick"), "no": (Tone.BAD, "cross")}
_OPEN = (Tone.NEUTRAL, "dash")


def provenance(run: RunFiles) -> dict[str, Any] | None:
    """Prepare all of it; None without a record."""
    if not run.record:
        return None
    recorded = run.recorded("provenance")
    packages = {str(name): str(version) for name, version in mapping(recorded.get("packages")).items()}
    return {
        "code": _code(run),
        "machine": _machine(recorded),
        "run": _times(run),
        "fingerprints": [
            (split, short_hash(value), str(value))
            for split, value in run.recorded("dataset", "fingerprint").items()
            if value
        ],
        "packages": [(name, packages[name]) for name in MAIN_PACKAGES if name in packages],
        "other_packages": [(name, version) for name, version in packages.items() if name not in MAIN_PACKAGES],
        "approvals": [_approval(item) for item in mappings(run.record.get("approvals"))],
        "timings": timings_chart(mapping(run.record.get("timings"))),
        "repeats": run.recorded("repeats").get("run"),
        "changes": texts(run.recorded("repeats").get("differences")),
    }


def timings_chart(timings: Mapping[str, Any]) -> Markup:
    """Draw what each stage took."""
    known = [(stage, as_number(seconds)) for stage, seconds in timings.items()]
    rows = [Bar(str(stage).replace("_", " "), seconds) for stage, seconds in known if seconds is not None]
    return bars("Where the time went", rows, top=None, write=duration, colour=5)


def _code(run: RunFiles) -> list[tuple[str, str, str]]:
    """Return name, value and full value of what identifies the code and its seeds."""
    git = run.recorded("provenance", "git")
    dirty = git.get("dirty")
    untracked = as_number(git.get("untracked_files"))
    state = "" if dirty is None else "uncommitted changes" if dirty else "clean"
    if dirty and untracked:
        state += f", {count(untracked)} untracked files"
    weights = run.recorded("model").get("lineage")
    seeds = run.recorded("provenance", "seeds")
    rows = [
        ("Commit", short_hash(git.get("commit")) if git else "not in a git repository", str(git.get("commit") or "")),
        ("Branch", as_text(git.get("branch")), ""),
        ("Working tree", state, ""),
        ("Diff", short_hash(git.get("diff_sha256")), str(git.get("diff_sha256") or "")),
        *((str(name).capitalize(), as_text(value), "") for name, value in seeds.items()),
        ("Starting weights", short_hash(weights), str(weights or "")),
    ]
    return [row for row in rows if row[1] not in ("", "—")]


def _machine(recorded: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return name and value of what the machine is."""
    hardware = mapping(recorded.get("hardware"))
    if not hardware:
        return []
    rows = [
        ("Processor", as_text(hardware.get("cpu"))),
        ("Cores used", as_text(hardware.get("cores"))),
        ("Memory", size(hardware.get("memory_bytes"))),
        ("GPUs", ", ".join(texts(hardware.get("gpus"))) or "none"),
        ("System", as_text(hardware.get("os"))),
        ("Python", as_text(hardware.get("python"))),
        ("Host", as_text(hardware.get("hostname"))),
    ]
    return [row for row in rows if row[1] != "—"]


def _times(run: RunFiles) -> list[tuple[str, str]]:
    """Return name and value of when the run was and what it cost, against its estimate."""
    expected = as_number(inside(run.record, "estimate", "seconds"))
    actual = as_number(inside(run.record, "estimate", "actual_seconds"))
    took = duration(actual)
    if expected and actual is not None:
        took += f" ({percent((actual / expected - 1) * 100, 0)} against the estimate)"
    rows = [
        ("Started", moment(run.record.get("timestamp"))),
        ("Finished", moment(run.record.get("finished"))),
        ("Estimated", duration(expected)),
        ("Took", took),
        ("Attempts", _attempts(run)),
        ("Weights", as_text(run.record.get("model_path"))),
    ]
    return [row for row in rows if row[1] != "—"]


def _attempts(run: RunFiles) -> str:
    """Return how a run went on that did not come to its end at once."""
    attempts = mappings(run.record.get("attempts"))
    if len(attempts) < 2:
        return "—"
    statuses = [f"{attempts[0].get('status')}"]
    for attempt in attempts[1:]:
        statuses.append(f"after epoch {attempt.get('from_epoch') or 0} again: {attempt.get('status')}")
    return "; ".join(statuses)


def _approval(item: Mapping[str, Any]) -> dict[str, Any]:
    """Prepare one approval with the facts that it rests on."""
    answer = str(item.get("answer") or "unanswered")
    facts = [(key, value) for key, value in flattened(item.get("facts")) if value is not None]
    return {
        "gate": str(item.get("gate") or "—"),
        "answer": answer,
        "mark": _ANSWERS.get(answer, _OPEN),
        "by": as_text(item.get("by")),
        "time": moment(item.get("time")),
        "facts": ", ".join(_fact(key, value) for key, value in facts),
    }


def _fact(key: str, value: Any) -> str:
    """Write one fact that an approval rests on."""
    name = key.removesuffix("_seconds").replace("_", " ").replace(".", " ")
    return f"{name} {duration(value) if key.endswith('_seconds') else setting(value)}"
