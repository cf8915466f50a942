import re
from pathlib import Path

import pytest

from yololab.host.symbols import deviations
from yololab.ultralytics_adapter.contract import symbols
from yololab.ultralytics_adapter.contract.symbols import SYMBOLS
from yololab.ultralytics_adapter.isolation.runtime import Isolation, activate, prepare


@pytest.fixture(scope="module", autouse=True)
def _prepared(tmp_path_factory):
    base = tmp_path_factory.mktemp("contract")
    prepare(Isolation(base / "cache", base / "weights", base / "datasets", offline=True))
    activate()


@pytest.mark.torch
def test_ultralytics_is_as_we_know_it():
    assert deviations(SYMBOLS) == []


@pytest.mark.torch
def test_every_symbol_has_a_reason_and_stands_once():
    assert all(symbol.why for symbol in SYMBOLS)
    table = Path(symbols.__file__).with_name("symbols.yaml").read_text(encoding="utf-8")
    # of two equal keys YAML silently takes the last
    assert len(re.findall(r"^\S+:\w\S*:$", table, re.MULTILINE)) == len(SYMBOLS)
