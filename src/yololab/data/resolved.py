"""The data.yaml that Ultralytics is given: every path absolute, nothing in it that runs unasked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from yololab.data.data_yaml import SPLITS
from yololab.data.index import Dataset
from yololab.jsonfiles import write_text_atomically

REPLACED_KEYS = frozenset({"path", *SPLITS, "validation", "nc", "names", "channels", "download"})


def write_resolved_yaml(
    dataset: Dataset, path: Path, allow_download: bool, lists: Mapping[str, Path] | None = None
) -> Path:
    """Write the dataset for Ultralytics, atomically.

    Args:
        dataset: The dataset.
        path: The file to write.
        allow_download: Keep `download:`, which Ultralytics executes when images are missing. Otherwise it is left out.
        lists: For some splits, a list of images that takes their place.

    Returns:
        The absolute path of the file.
    """
    sources = {split: [str(source) for source in found] for split, found in dataset.splits.items()}
    sources |= {split: [str(file)] for split, file in (lists or {}).items()}
    content: dict[str, Any] = {
        "path": str(dataset.root),
        **{split: found[0] if len(found) == 1 else found for split, found in sources.items()},
        "nc": len(dataset.names),
        "names": dict(dataset.names),
        "channels": dataset.channels,
        **{key: value for key, value in dataset.raw.items() if key not in REPLACED_KEYS},
    }
    if allow_download and dataset.download:
        content["download"] = dataset.download
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=10_000)
    write_text_atomically(path, f"# {dataset.yaml}, resolved by yololab\n{text}")
    return path.absolute()
