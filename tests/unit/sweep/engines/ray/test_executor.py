"""The engine of a Ray cluster, without one."""

from __future__ import annotations

import pytest

from yololab.errors import InputError
from yololab.sweep.executor import Resources


def test_ray_missing_is_said(monkeypatch):
    from yololab.sweep.engines.ray import executor as ray

    monkeypatch.setattr(ray, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'yololab\[ray\]'"):
        ray.make_executor({}, Resources(), ("true",))
