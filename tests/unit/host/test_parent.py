"""A process ends with its parent; that a signal does it is tried in tests/unit/sweep/engines/test_body.py."""

import os

import pytest

from yololab.host.parent import tie_to


def test_one_whose_parent_has_died_meanwhile_ends_at_once():
    tie_to(os.getppid(), 0)
    with pytest.raises(SystemExit):
        tie_to(os.getppid() + 1, 0)
