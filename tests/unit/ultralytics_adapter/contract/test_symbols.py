import pytest

from yololab.ultralytics_adapter.contract.symbol import Symbol
from yololab.ultralytics_adapter.contract.symbols import SYMBOLS, deviations, digest_of_body, parameters_of
from yololab.ultralytics_adapter.contract.task_symbols import TASK_SYMBOLS
from yololab.ultralytics_adapter.isolation.runtime import Isolation, activate, prepare


@pytest.fixture(scope="module", autouse=True)
def _prepared(tmp_path_factory):
    base = tmp_path_factory.mktemp("contract")
    prepare(Isolation(base / "cache", base / "weights", base / "datasets", offline=True))
    activate()


def test_ultralytics_is_as_we_know_it():
    assert deviations() == []


def test_every_symbol_has_a_reason_and_stands_once():
    assert all(symbol.why for symbol in SYMBOLS)
    assert len({symbol.where for symbol in SYMBOLS}) == len(SYMBOLS)
    assert set(TASK_SYMBOLS) < set(SYMBOLS)


def test_what_moves_is_named():
    moved = (
        Symbol("ultralytics.engine.trainer:BaseTrainer.gone", "self", "why 1"),
        Symbol("ultralytics.nowhere:thing", None, "why 2"),
        Symbol("ultralytics.engine.trainer:BaseTrainer.final_eval", "self, more", "why 3"),
        Symbol("ultralytics.engine.trainer:BaseTrainer.final_eval", "self", "why 4", "000000000000"),
    )
    found = deviations(moved)
    assert len(found) == 4
    for number, text in enumerate(found, 1):
        assert f"why {number}" in text
    assert "BaseTrainer.gone is gone" in found[0]
    assert "now takes (self)" in found[2]


class First:
    def body(self, a, b=1):
        """Say something."""
        # a comment
        return a + b  # another


class Second:
    def body(self, a, b=1):
        """Say
        something else.
        """
        return a + b


class Third:
    def body(self, a, b=1):
        """Say something."""
        return a - b


def test_comments_docstrings_and_spacing_do_not_count():
    assert digest_of_body(First.body) == digest_of_body(Second.body)
    assert digest_of_body(First.body) != digest_of_body(Third.body)
    assert parameters_of(First.body) == "self, a, b=…"
