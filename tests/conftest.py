"""The fast loop, `--fast`: a unit test that starts a process, needs PyTorch or takes long has a mark, and is left out.

A test without the mark that needs one all the same fails in the fast loop, and says which mark is missing: nobody has
to remember it, and the loop stays fast.
"""

from __future__ import annotations

import os
import sys

import pytest

MARKS = ("process", "torch", "heavy")
HEAVY_IMPORTS = {"torch", "torchvision", "ultralytics"}
STARTS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.exec", "os.system"}
# Pytest itself, and its plug-ins, may do both: only what a test does counts.
in_a_test = False


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fast", action="store_true", help="only what is quick: no process, no PyTorch")


def pytest_configure(config: pytest.Config) -> None:
    # No test cuts the power: what a file's own `fsync` is there for cannot be seen here, and waiting for the disk is a
    # tenth of the loop.
    os.fsync = lambda descriptor: None
    if config.getoption("--fast"):
        sys.addaudithook(_refuse)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--fast"):
        return
    left_out = [item for item in items if any(item.get_closest_marker(mark) for mark in MARKS)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None):
    global in_a_test  # noqa: PLW0603 — an audit hook cannot be taken away, nor given anything
    del item, nextitem
    in_a_test = True
    try:
        return (yield)
    finally:
        in_a_test = False


def _refuse(event: str, arguments: tuple[object, ...]) -> None:
    """Stop a test that starts a process, and whatever imports PyTorch: for all, at a module's head."""
    if event == "import" and arguments[0] in HEAVY_IMPORTS:
        raise AssertionError(f"imports {arguments[0]}: do it within the test, and mark it with @pytest.mark.torch")
    if in_a_test and event in STARTS:
        raise AssertionError("starts a process: mark it with @pytest.mark.process")
