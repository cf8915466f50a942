"""hotcoco's `compare` on simulated records: another public bootstrap of two models' AP, in the same simulations.

hotcoco is no dependency: `pip install hotcoco==1.3.0` before a benchmark that names
it. The records of `simulation.py` hold boxes that reach the very IoUs of their flags, so both see the same hits.
"""

from importlib.util import find_spec
from typing import Any

import numpy as np

from yololab.statistics.records.detections import DetectionRecords

INSTALLED = find_spec("hotcoco") is not None


def version() -> str:
    """Return which hotcoco is installed."""
    from importlib.metadata import version as installed

    return f"hotcoco {installed('hotcoco')}"


def evaluations(current: DetectionRecords, baseline: DetectionRecords) -> list[Any]:
    """Return both models as hotcoco evaluates them, over the same images."""
    from hotcoco import COCO, COCOeval

    images = [{"id": number + 1, "width": 640, "height": 640} for number in range(len(current.keys))]
    labels = [
        {
            "id": number + 1,
            "image_id": int(image) + 1,
            "category_id": int(index) + 1,
            "bbox": _corner_and_size(box[None])[0].tolist(),
            "area": float((box[2] - box[0]) * (box[3] - box[1])),
            "iscrowd": 0,
        }
        for number, (image, index, box) in enumerate(
            zip(current.truth_image, current.truth_class, current.truth_boxes, strict=True)
        )
    ]
    categories = [{"id": index + 1, "name": name} for index, name in current.names.items()]
    truth, found = COCO({"images": images, "annotations": labels, "categories": categories}), []
    for side in (current, baseline):
        columns = (side.image + 1, _corner_and_size(side.boxes), side.confidence, side.classes.astype(float) + 1)
        evaluation = COCOeval(truth, truth.load_res(np.column_stack(columns).astype(np.float64)), "bbox")
        evaluation.evaluate()
        found.append(evaluation)
    return found


def _corner_and_size(boxes: np.ndarray) -> np.ndarray:
    """Return boxes of two corners as COCO writes them."""
    return np.hstack([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]])


def difference(current: DetectionRecords, baseline: DetectionRecords, replicates: int) -> dict[str, float | bool]:
    """Return what hotcoco says of `current − baseline`: the difference of AP, its error, and whether 0 is excluded."""
    from hotcoco import compare

    # Its deltas are of the second model over the first.
    found = compare(*reversed(evaluations(current, baseline)), n_bootstrap=replicates)
    ci = found["ci"]["AP"]
    return {"delta": found["deltas"]["AP"], "error": ci["std_err"], "excludes": not ci["lower"] <= 0 <= ci["upper"]}
