"""Which settings differ from the baseline's run, and what they did together."""

from collections.abc import Mapping
from typing import Any

from yololab.files.json_files import read_json
from yololab.files.record_content import RecordContent
from yololab.report.run_files import KNOWN_VERSIONS, RunFiles, address, inside, mapping, primary_row
from yololab.text import as_number, flattened, mask_secrets, moment, short_hash

# Where things lie, who is asked and what is made of the result: they do not decide what is learnt.
_NO_MATTER = (
    *("approval", "baseline.", "export", "hydra", "name", "notes", "paths.", "plots", "report.", "resume"),
    *("save_period", "search", "tags", "tracking", "verbose"),
)
_PACKAGES = ("ultralytics", "torch", "torchvision", "numpy", "opencv-python")


def changes(run: RunFiles) -> dict[str, Any] | None:
    """Prepare the differences; None without a baseline, or when its run is gone."""
    other = run.baseline_run
    if other is None or other.path == run.folder.path or not run.record:
        return None
    theirs: Mapping[str, Any] = mask_secrets(read_json(other.record, KNOWN_VERSIONS, RecordContent))
    return {
        "baseline": other.path.name,
        "address": address(other.report, run.folder.path) or address(other.path, run.folder.path),
        "started": moment(theirs.get("timestamp"), zone=False),
        "rows": differing(_settings(run.record), _settings(theirs)),
        "others": _others(run.record, theirs),
        "row": primary_row(run.comparison),
        "measured": as_number(primary_row(run.comparison).get("delta")) is not None,
    }


def differing(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Return key, the baseline's value and the current one of what is not the same.

    >>> differing({"lr0": 0.01, "seed": 0}, {"lr0": 0.02, "seed": 0})
    [('lr0', 0.02, 0.01)]
    """
    keys = dict.fromkeys([*ours, *theirs])
    return [(key, theirs.get(key), ours.get(key)) for key in keys if ours.get(key) != theirs.get(key)]


def _settings(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that matter: as they were used, where the training says so, else as they were asked for."""
    asked = dict(flattened(mapping(record.get("requested_config"))))
    used = mapping(inside(record, "effective_config", "values"))
    known = {key: used.get(key, value) if key in used else value for key, value in asked.items()}
    return {key: value for key, value in known.items() if not key.startswith(_NO_MATTER)}


def _others(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Return what else is not the same: data, code, packages, machine."""

    def facts(record: Mapping[str, Any]) -> dict[str, Any]:
        packages, git = (mapping(inside(record, "provenance", part)) for part in ("packages", "git"))
        prints = mapping(inside(record, "dataset", "fingerprint"))
        return {
            "training data": short_hash(prints.get("train")),
            "evaluated data": short_hash(prints.get("val")),
            "commit": short_hash(git.get("commit")) + (" with changes" if git.get("dirty") else ""),
            **{name: packages.get(name) for name in _PACKAGES},
            "processor": inside(record, "provenance", "hardware", "cpu"),
        }

    return differing(facts(ours), facts(theirs))
