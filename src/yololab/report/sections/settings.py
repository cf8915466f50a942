"""The config: first where what was used is not what was asked for, then all of it."""

from typing import Any

from yololab.report.run_files import RunFiles, inside, mapping, mappings
from yololab.text import flattened, setting

# What the record holds of each parameter group.
GROUP_COLUMNS = ("name", "lr", "momentum", "weight_decay", "tensors")


def settings(run: RunFiles) -> dict[str, Any] | None:
    """Prepare the differences, the effective config and the requested one; None when no config was recorded."""
    effective = flattened(inside(run.record, "effective_config", "values"))
    requested = flattened(mapping(run.record.get("requested_config")) or mapping(run.record.get("config")))
    if not effective and not requested:
        return None
    optimizer = run.recorded("training", "optimizer")
    return {
        "differences": [
            {
                "key": str(row.get("key") or "—"),
                "requested": setting(row.get("requested")),
                "effective": setting(row.get("effective")),
                "reason": str(row.get("reason") or ""),
            }
            for row in mappings(inside(run.record, "effective_config", "differences"))
        ],
        "optimizer": [
            (key, setting(value)) for key, value in optimizer.items() if value is not None and key != "groups"
        ],
        "groups": [[setting(group.get(key)) for key in GROUP_COLUMNS] for group in mappings(optimizer.get("groups"))],
        "group_columns": [key.replace("_", " ") for key in GROUP_COLUMNS],
        "effective": [(key, setting(value)) for key, value in effective],
        "requested": [(key, setting(value)) for key, value in requested],
    }
