"""What Hydra calls: everything is read and checked before a folder is made."""

from __future__ import annotations

import pytest

from yololab.errors import InputError
from yololab.sweep.start import start_sweep
from yololab.sweep.sweeper import only_estimating


@pytest.mark.torch
@pytest.mark.parametrize("estimating", [False, True])
def test_a_dataset_that_is_not_there_makes_no_sweep(tmp_path, monkeypatch, estimating):
    from yololab.config.hydra.grammar import encode_free

    monkeypatch.chdir(tmp_path)
    overrides = ["lr0=0.1,0.2", f"data={encode_free('./gone.yaml')}", "model.pretrained=false", "approval=auto"]
    with pytest.raises(InputError, match=r"gone\.yaml"):
        if estimating:
            with only_estimating():
                start_sweep(overrides, tmp_path)
        else:
            start_sweep(overrides, tmp_path)
    assert not (tmp_path / "multirun").exists()
    assert not (tmp_path / "outputs").exists()
