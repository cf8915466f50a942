"""A plain folder of Ultralytics is measured on its own data, or on the other side's."""

from __future__ import annotations

import pytest

from yololab.comparison.run_reference import read_reference
from yololab.config.hydra.compose import compose_experiment
from yololab.errors import InputError
from yololab.job.standalone.plain_run import _first_existing as first_existing
from yololab.job.standalone.plain_run import measure_plain_run
from yololab.terminal.screen import Screen


def test_its_own_data_goes_first_and_a_name_is_left_to_be_found(tmp_path):
    (tmp_path / "b.yaml").write_text("")
    assert first_existing("data/gone.yaml", "./b.yaml", tmp_path) == "./b.yaml"
    assert first_existing("coco8.yaml", "./b.yaml", tmp_path) == "coco8.yaml"
    assert first_existing("data/gone.yaml", None, tmp_path) is None


@pytest.mark.torch
def test_without_any_data_it_says_how_to_measure_it(tmp_path):
    run = tmp_path / "runs/train"
    (run / "weights").mkdir(parents=True)
    (run / "weights/best.pt").write_bytes(b"x")
    (run / "args.yaml").write_text("data: gone/data.yaml\n")
    reference = read_reference(str(run), tmp_path)
    experiment = compose_experiment([f"paths.root={tmp_path}"]).experiment
    with pytest.raises(InputError, match="yololab evaluate model="):
        measure_plain_run(reference, reference, experiment, tmp_path, Screen(quiet=True), tmp_path)
    assert sorted(path.name for path in run.rglob("*")) == ["args.yaml", "best.pt", "weights"]
