"""Where the run comes from: code, packages, machine, data, who approved it, and what it cost."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from yololab.host.threads import thread_counts, threads_text
from yololab.report.charts.bars import Bar, bars
from yololab.report.run_files import RunFiles, inside, mapping, mappings, texts
from yololab.text import as_number, as_text, count, duration, flattened, moment, percent, setting, short_hash, size

# What decides a training's numbers; all other packages are listed, but folded away.
MAIN_PACKAGES = "yololab ultralytics torch torchvision numpy opencv-python hydra-core omegaconf onnx onnxruntime"


def provenance(run: RunFiles) -> dict[str, Any] | None:
    """Prepare all of it; None without a record."""
    if not run.record:
        return None
    recorded = run.recorded("provenance")
    main = MAIN_PACKAGES.split()
    packages, hardware = mapping(recorded.get("packages")), mapping(recorded.get("hardware"))
    threads = thread_counts(run.recorded("training", "threads"))
    gpus = ", ".join(texts(hardware.get("gpus"))) or "none"
    return {
        "code": _code(run),
        "machine": [
            ("Processor", hardware.get("cpu")),
            ("Cores used", hardware.get("cores")),
            ("Threads", threads_text(threads) if threads else None),
            ("Memory", size(hardware.get("memory_bytes"))),
            ("GPUs", gpus),
            ("System", hardware.get("os")),
            ("Python", hardware.get("python")),
            ("Host", hardware.get("hostname")),
        ]
        if hardware
        else [],
        "run": _times(run),
        "fingerprints": [
            (split, short_hash(value), value) for split, value in run.recorded("dataset", "fingerprint").items()
        ],
        "packages": [(name, packages[name]) for name in main if name in packages],
        "other_packages": [(name, version) for name, version in packages.items() if name not in main],
        "approvals": [item | {"facts": _facts(item)} for item in mappings(run.record.get("approvals"))],
        "timings": timings_chart(mapping(run.record.get("timings"))),
        "repeats": run.recorded("repeats").get("run"),
        "extends": run.recorded("extends"),
        "changes": texts(run.recorded("repeats").get("differences")),
    }


def timings_chart(timings: Mapping[str, Any]) -> Markup:
    """Draw what each stage took."""
    rows = [Bar(stage.replace("_", " "), as_number(seconds)) for stage, seconds in timings.items()]
    known = [row for row in rows if row.value is not None]
    return bars("Where the time went", known, top=None, write=duration, colour=5)


def _code(run: RunFiles) -> list[tuple[str, Any, Any]]:
    """Return name, value and full value of what identifies the code and its seeds."""
    git = run.recorded("provenance", "git")
    dirty = git.get("dirty")
    untracked = as_number(git.get("untracked_files"))
    state = "" if dirty is None else "uncommitted changes" if dirty else "clean"
    if dirty and untracked:
        state += f", {count(untracked)} untracked files"
    weights = run.recorded("model").get("lineage")
    return [
        ("Commit", short_hash(git.get("commit")) if git else "not in a git repository", git.get("commit")),
        ("Branch", git.get("branch"), ""),
        ("Working tree", state, ""),
        ("Diff", short_hash(git.get("diff_sha256")), git.get("diff_sha256")),
        *((str(name).capitalize(), as_text(value), "") for name, value in run.recorded("provenance", "seeds").items()),
        ("Starting weights", short_hash(weights), weights),
    ]


def _times(run: RunFiles) -> list[tuple[str, Any]]:
    """Return name and value of when the run was and what it cost, against its estimate."""
    expected = as_number(inside(run.record, "estimate", "seconds"))
    actual = as_number(inside(run.record, "estimate", "actual_seconds"))
    took = duration(actual)
    # What was stopped before its end says nothing of the estimate.
    if expected and actual is not None and run.status == "complete":
        took += f" ({percent((actual / expected - 1) * 100, 0)} against the estimate)"
    return [
        ("Started", moment(run.record.get("timestamp"))),
        ("Finished", moment(run.record.get("finished"))),
        ("Estimated", duration(expected)),
        ("Took", took),
        ("Attempts", _attempts(run)),
        ("Weights", run.record.get("model_path")),
    ]


def _attempts(run: RunFiles) -> str:
    """Return how a run went on that did not come to its end at once; empty for one that did."""
    first, *others = mappings(run.record.get("attempts")) or [{}]
    again = [f"after epoch {attempt.get('from_epoch') or 0} again: {attempt.get('status')}" for attempt in others]
    return "; ".join([str(first.get("status")), *again]) if again else ""


def _facts(approval: Mapping[str, Any]) -> str:
    """Write the facts that an approval rests on."""
    return ", ".join(
        f"{key.removesuffix('_seconds').replace('_', ' ').replace('.', ' ')} "
        f"{duration(value) if key.endswith('_seconds') else setting(value)}"
        for key, value in flattened(approval.get("facts"))
        if value is not None
    )
