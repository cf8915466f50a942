"""A folder for what is unpacked on the way."""

from __future__ import annotations

import pytest

from yololab.data.conversion.yolo.scratch import scratch_beside
from yololab.errors import InputError


def test_it_is_made_when_it_is_needed_and_gone_at_the_end(tmp_path):
    with scratch_beside(tmp_path / "new" / "out") as scratch:
        assert not scratch.holds(tmp_path / "a.jpg")
        assert list(tmp_path.iterdir()) == []
        (scratch.folder / "a.jpg").touch()
        assert scratch.holds(scratch.folder / "a.jpg")
        assert scratch.folder.parent == (tmp_path / "new").resolve()
    assert list((tmp_path / "new").iterdir()) == []
    (tmp_path / "file").touch()
    with (
        scratch_beside(tmp_path / "file" / "out") as scratch,
        pytest.raises(InputError, match="nothing can be written"),
    ):
        assert scratch.folder
