"""Which files are images."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

from yololab.data.dataset.image_names import IMAGE_SUFFIXES


def test_the_suffixes_are_those_of_ultralytics():
    package = Path(importlib.util.find_spec("ultralytics").origin).parent
    tree = ast.parse((package / "data" / "utils.py").read_text("utf-8"))
    (theirs,) = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "IMG_FORMATS"
    ]
    assert theirs == IMAGE_SUFFIXES
