"""Garbage is not looked for while something is imported; what a command of ours has imported is left alone."""

import gc

from yololab.host import collection
from yololab.host.collection import importing, leave_all_alone


def test_nothing_is_collected_within_and_all_is_as_before_afterwards():
    frozen = gc.get_freeze_count()
    with importing():
        assert not gc.isenabled()
        with importing():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() == frozen


def test_a_process_of_our_own_leaves_alone_what_is_there(monkeypatch):
    monkeypatch.setattr(collection._Process, "ours", True)
    before = gc.get_freeze_count()
    try:
        with importing():
            pass
        assert gc.get_freeze_count() > before
    finally:
        gc.unfreeze()


def test_at_its_end_a_process_of_our_own_looks_through_nothing_and_another_one_as_ever(monkeypatch):
    frozen = gc.get_freeze_count()
    leave_all_alone()
    assert gc.get_freeze_count() == frozen
    monkeypatch.setattr(collection._Process, "ours", True)
    try:
        leave_all_alone()
        assert gc.get_freeze_count() > frozen
    finally:
        gc.unfreeze()
