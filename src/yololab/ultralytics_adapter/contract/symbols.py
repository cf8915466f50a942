"""The symbols of Ultralytics that we extend, replace or rely on: `symbols.yaml` next to this file, one by one."""

from pathlib import Path

from yololab.host.symbols import read_symbols

SYMBOLS = read_symbols(Path(__file__).with_name("symbols.yaml"))
