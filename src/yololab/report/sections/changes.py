"""Which settings differ from the baseline's run, and what they did together."""

from collections.abc import Mapping, Sequence
from typing import Any

from yololab.files.json_files import read_json
from yololab.files.paths import RunFolder
from yololab.files.record_content import RecordContent
from yololab.masking import mask_secrets
from yololab.report.run_files import KNOWN_VERSIONS, RunFiles, address, inside, mapping, primary_row
from yololab.text import as_number, differing, flattened, moment, short_hash

# Where things lie, who is asked and what is made of the result: they do not decide what is learnt.
_NO_MATTER = (
    *("approval", "baseline.", "export", "hydra", "name", "notes", "paths.", "plots", "report.", "resume"),
    *("save_period", "search", "tags", "tracking", "verbose"),
)
_PACKAGES = ("ultralytics", "torch", "torchvision", "numpy", "opencv-python")


def changes(run: RunFiles) -> dict[str, Any] | None:
    """Prepare the differences from the baseline's run; None without a baseline, or when its run is gone."""
    return between(run, [("This run", run.folder)] if run.record else [])


def between(run: RunFiles, arms: Sequence[tuple[str, RunFolder]]) -> dict[str, Any] | None:
    """Prepare the differences between the runs of arms and that of the baseline; None where one of them is gone.

    Args:
        run: Whose page it is.
        arms: Name and run of each arm.
    """
    other = run.baseline_run
    if other is None or not arms or other.path in [arm.path for _, arm in arms]:
        return None
    theirs, *ours = (
        mask_secrets(read_json(side.record, KNOWN_VERSIONS, RecordContent))
        for side in (other, *(arm for _, arm in arms))
    )
    row = primary_row(run.comparison)
    return {
        "columns": ["Baseline", *(name for name, _ in arms)],
        "baseline": other.path.name,
        "address": address(other.report, run.folder.path) or address(other.path, run.folder.path),
        "started": moment(theirs.get("timestamp"), zone=False),
        "rows": [*differing([_settings(side) for side in (theirs, *ours)]).items()],
        "others": [*differing([_others(side) for side in (theirs, *ours)]).items()],
        "row": row,
        "measured": len(arms) == 1 and as_number(row.get("delta")) is not None,
    }


def _settings(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that matter: as they were used, where the training says so, else as they were asked for."""
    asked = dict(flattened(mapping(record.get("requested_config"))))
    used = mapping(inside(record, "effective_config", "values"))
    known = {key: used.get(key, value) if key in used else value for key, value in asked.items()}
    return {key: value for key, value in known.items() if not key.startswith(_NO_MATTER)}


def _others(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what else decides a result: data, code, packages, machine."""
    packages, git = (mapping(inside(record, "provenance", part)) for part in ("packages", "git"))
    prints = mapping(inside(record, "dataset", "fingerprint"))
    return {
        "training data": short_hash(prints.get("train")),
        "evaluated data": short_hash(prints.get("val")),
        "commit": short_hash(git.get("commit")) + (" with changes" if git.get("dirty") else ""),
        **{name: packages.get(name) for name in _PACKAGES},
        "processor": inside(record, "provenance", "hardware", "cpu"),
    }
