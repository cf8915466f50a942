from types import ModuleType

import pytest

from yololab.ultralytics_adapter.isolation.patching import replaced


@pytest.fixture
def module():
    module = ModuleType("somebody_elses")
    module.first, module.second = 1, 2
    return module


def test_values_come_back_also_after_an_error(module):
    seen = []

    def fail():
        seen.append((module.first, module.second))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), replaced(module, {"first": 10, "second": 20}):
        fail()
    assert seen == [(10, 20)]
    assert (module.first, module.second) == (1, 2)


def test_a_name_that_has_moved_is_noticed_before_anything_is_changed(module):
    with pytest.raises(AttributeError, match="third"), replaced(module, {"first": 10, "third": 30}):
        pytest.fail("not reached")
    assert module.first == 1
