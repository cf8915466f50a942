"""Work that takes a fiftieth of the time at most."""

from __future__ import annotations

import pytest

from yololab.host.sparing import Sparing


def test_it_is_due_again_when_it_has_become_a_fiftieth_of_the_time():
    moments = iter([0.0, 10.0, 12.0, 111.9, 112.0])
    sparing = Sparing(lambda: next(moments))
    assert sparing.due
    with sparing.working():
        pass
    assert [sparing.due, sparing.due] == [False, True]


def test_work_that_fails_has_taken_its_time_too():
    moments = iter([0.0, 1.0, 50.9])
    sparing = Sparing(lambda: next(moments))
    with pytest.raises(ValueError, match="lost"), sparing.working():
        raise ValueError("lost")
    assert not sparing.due
