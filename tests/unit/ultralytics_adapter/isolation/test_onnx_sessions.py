"""ONNX Runtime gets the job's number of threads, and those do not spin."""

from pathlib import Path

import pytest

from yololab.ultralytics_adapter.isolation.onnx_sessions import modest_sessions

pytestmark = pytest.mark.torch


def test_the_threads_of_an_onnx_session_are_torchs_and_do_not_spin(monkeypatch):
    import onnxruntime
    import torch

    monkeypatch.setattr(torch, "get_num_threads", lambda: 3)
    before = onnxruntime.SessionOptions
    with modest_sessions(Path("best.onnx")):
        options = onnxruntime.SessionOptions()
    assert onnxruntime.SessionOptions is before
    assert options.intra_op_num_threads == 3
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"


def test_other_formats_bring_their_own():
    import onnxruntime

    with modest_sessions(Path("best.torchscript")):
        assert onnxruntime.SessionOptions().intra_op_num_threads == 0
