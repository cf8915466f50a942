"""Why there is no baseline: nothing was promoted, or it is of other images and labels."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from yololab.files.baseline import baseline_of, promote
from yololab.files.json_files import write_json
from yololab.files.metrics import read_metrics
from yololab.files.paths import OutputTree
from yololab.job.baseline import why_no_baseline

NEW, OLD = "0123456789abcdef", "fedcba9876543210"


@pytest.mark.parametrize(
    ("source", "cause"), [("builtin://shapes", "built-in data was drawn anew"), ("d/data.yaml", "the data has changed")]
)
def test_a_baseline_of_other_content_is_named(tmp_path, source, cause):
    tree = OutputTree(tmp_path)
    evaluation, data = SimpleNamespace(split=SimpleNamespace(value="val")), SimpleNamespace(source=source)
    context = SimpleNamespace(config=SimpleNamespace(evaluation=evaluation, data=data))
    task = SimpleNamespace(name="detect")
    prepared = SimpleNamespace(paths=SimpleNamespace(tree=tree), dataset_name="shapes", task=task)

    def why() -> str:
        return why_no_baseline(context, prepared, {"val": NEW})

    assert why() == "There is no baseline for this dataset and task yet"
    write_json(tmp_path / "m.json", {"task": "detect", "split": "val", "mAP50-95": 0.5}, 1)
    promote(baseline_of(tree, "shapes", "detect", OLD), read_metrics(tmp_path / "m.json"), None, tmp_path)
    assert why() == (
        f"There is no baseline of these images and labels: that of shapes-fedcba98 is of others, since {cause}"
    )
