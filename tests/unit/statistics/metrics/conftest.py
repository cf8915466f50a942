"""Ultralytics' own metrics, which ours are held against."""

from __future__ import annotations

import numpy as np
import pytest

from yololab.ultralytics_adapter.isolation.runtime import Isolation, activate, prepare


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """Ultralytics' `ap_per_class`, with a stable sort: its own is not, and ties would make it another number."""
    base = tmp_path_factory.mktemp("statistics")
    prepare(Isolation(base / "cache", base / "weights", base / "datasets", offline=True))
    activate()
    from ultralytics.utils import metrics

    class StableNumpy:
        def __getattr__(self, name):
            return getattr(np, name)

        def argsort(self, values):
            return np.argsort(values, kind="stable")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metrics, "np", StableNumpy())
        yield metrics.ap_per_class


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """Ultralytics' metrics."""
    base = tmp_path_factory.mktemp("statistics")
    prepare(Isolation(base / "cache", base / "weights", base / "datasets", offline=True))
    activate()
    from ultralytics.utils import metrics

    return metrics
