"""The host's random state comes back as it was, whatever happens in between."""

from __future__ import annotations

import os
import random

import numpy as np
import pytest

from yololab.ultralytics_adapter.isolation.randomness import preserved_randomness


def draws() -> tuple[float, float, float]:
    import torch

    return random.random(), float(np.random.rand()), float(torch.rand(()))


@pytest.mark.torch
@pytest.mark.parametrize("fails", [False, True])
def test_generators_flags_and_variables_are_put_back(fails, monkeypatch):
    import torch

    monkeypatch.setenv("PYTHONHASHSEED", "7")
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    expected = draws()
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    deterministic = torch.are_deterministic_algorithms_enabled()
    try:
        with preserved_randomness():
            draws()
            random.seed(99)
            torch.manual_seed(99)
            torch.use_deterministic_algorithms(not deterministic)
            os.environ |= {"PYTHONHASHSEED": "0", "CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
            if fails:
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        assert fails
    assert draws() == expected
    assert torch.are_deterministic_algorithms_enabled() is deterministic
    assert os.environ["PYTHONHASHSEED"] == "7"
    assert "CUBLAS_WORKSPACE_CONFIG" not in os.environ
