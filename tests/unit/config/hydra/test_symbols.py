"""What we use of Hydra's inside is as the table says."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import yololab
from yololab.config.hydra import symbols
from yololab.config.hydra.symbols import SYMBOLS
from yololab.host.symbols import Symbol, deviations

TABLE = Path(symbols.__file__).with_name("symbols.yaml")
SOURCE = Path(yololab.__file__).parents[1]


def private_imports(folder: Path) -> Iterator[str]:
    """What the modules in `folder` import of `hydra._internal`, as `module:name`."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("hydra._internal"):
                yield from (f"{node.module}:{alias.name}" for alias in node.names)
            if isinstance(node, ast.Import):
                yield from (f"{alias.name}:" for alias in node.names if alias.name.startswith("hydra._internal"))


@pytest.mark.parametrize("symbol", SYMBOLS, ids=lambda symbol: symbol.where)
def test_hydra_is_as_we_know_it(symbol: Symbol):
    assert symbol.why
    assert deviations([symbol]) == []


@pytest.mark.heavy
def test_every_private_import_stands_in_the_table():
    known = {re.match(r"[^:]+:\w+", symbol.where)[0] for symbol in SYMBOLS}
    used = set(private_imports(SOURCE))
    assert used <= known
    assert {name for name in known if name.startswith("hydra._internal")} == used


def test_an_import_that_is_not_in_the_table_is_found(tmp_path):
    (tmp_path / "module.py").write_text("from hydra._internal.utils import a\nimport hydra._internal.hydra\n", "utf-8")
    assert set(private_imports(tmp_path)) == {"hydra._internal.utils:a", "hydra._internal.hydra:"}


def test_every_symbol_stands_once():
    keys = re.findall(r"^\S+:\w\S*:$", TABLE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(keys) == len(SYMBOLS)  # of two equal keys YAML silently takes the last
