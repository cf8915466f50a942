"""The keys of a data.yaml that belong to one task: keypoints, semantic masks, depth maps.

Read as `SemanticDataset`, `DepthDataset` (data/dataset.py) and `v8_transforms` (data/augment.py) of Ultralytics do.
"""

from collections.abc import Iterator, Mapping
from typing import Any

# Value of the pixels of a semantic mask that are not counted.
IGNORED = 255
# Values of a depth map in PNG for a metre, when the data.yaml says nothing.
DEPTH_SCALE = 1000.0
HIGHEST_SCALE = 1e9
_LONGEST = 100  # letters of a folder's name: more may leave no room for the images' names
MASKS_DIR = "masks"

_IGNORE_LABEL = "ignore_label"


def wrong_task_keys(raw: Mapping[str, Any], kpt_shape: tuple[int, int] | None) -> Iterator[tuple[str, str]]:
    """Return each key whose value Ultralytics would stop at, and what is allowed.

    Args:
        raw: What the data.yaml holds.
        kpt_shape: Its `kpt_shape`, when that is right.
    """
    flip = raw.get("flip_idx")
    if flip is not None and not isinstance(flip, list):
        yield "flip_idx", "a list"
    elif flip and kpt_shape is not None and sorted(map(str, flip)) != sorted(map(str, range(kpt_shape[0]))):
        yield "flip_idx", f"each keypoint from 0 to {kpt_shape[0] - 1} once"
    masks = raw.get("masks_dir")
    if masks is not None and (
        not isinstance(masks, str) or not masks.strip() or len(masks) > _LONGEST or "\0" in masks
    ):
        yield "masks_dir", "the name of the folder that takes the place of `images`"
    mapping = raw.get("label_mapping")
    if mapping is not None and not _is_mapping(mapping):
        yield "label_mapping", f"`value in the mask: class index or {_IGNORE_LABEL}`"
    scale = raw.get("depth_scale")
    if scale is not None and not _is_scale(scale):
        yield "depth_scale", "the values of a depth map for one metre, a number above 0"


def label_mapping(raw: Mapping[str, Any]) -> dict[int, int]:
    """Return which class each value of a mask stands for; a value that is not named stands for itself."""
    return {int(value): _class(index) for value, index in (raw.get("label_mapping") or {}).items()}


def depth_scale(raw: Mapping[str, Any]) -> float:
    """Return the values of a depth map in PNG for a metre."""
    return float(raw.get("depth_scale", DEPTH_SCALE))


def _class(index: Any) -> int:
    return IGNORED if index is None or str(index).strip() == _IGNORE_LABEL else int(index)


def _is_mapping(value: Any) -> bool:
    try:
        return isinstance(value, dict) and all(
            0 <= _class(index) <= IGNORED and int(key) < 256 for key, index in value.items()
        )
    except (TypeError, ValueError, OverflowError):
        return False


def _is_scale(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= HIGHEST_SCALE
