"""The widget of a notebook, with a stand-in for the kernel's display."""

from __future__ import annotations

import io
import sys
import time
from types import ModuleType, SimpleNamespace

import pytest

from yololab.terminal import notebook
from yololab.terminal.notebook import in_notebook, widget
from yololab.terminal.screen import Screen
from yololab.terminal.status_line import Activity


@pytest.fixture
def kernel(monkeypatch):
    """Make this process look like a kernel; yields what was drawn into the cell."""
    drawn: list[str] = []
    ipython, display = ModuleType("IPython"), ModuleType("IPython.display")
    handle = SimpleNamespace(update=lambda html: drawn.append(html._repr_html_()))
    ipython.get_ipython = lambda: SimpleNamespace(kernel=object())
    display.display = lambda html, display_id: handle
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    monkeypatch.setattr(notebook, "SECONDS_BETWEEN_DRAWINGS", 0.01)
    return drawn


def test_it_is_drawn_in_place_and_goes(kernel, capsys):
    screen = Screen()
    with screen.counting("check", "images") as count:
        count(3, 8)
        until = time.monotonic() + 5
        while not any("3/8 images" in html for html in kernel) and time.monotonic() < until:
            time.sleep(0.01)
    assert any('value="3" max="8"' in html for html in kernel)
    assert kernel[-1] == ""
    assert capsys.readouterr().out == ""


def test_lines_are_printed_once(kernel, capsys):
    screen = Screen()
    screen.stage("train", "3 epochs")
    assert capsys.readouterr().out.count("3 epochs") == 1


def test_nothing_is_drawn_when_quiet_or_into_a_file(kernel):
    for screen in (Screen(quiet=True), Screen(stream=io.StringIO())):
        with screen.working("load"):
            time.sleep(0.05)
    assert kernel == []


def test_elsewhere_there_is_no_notebook(monkeypatch):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not in_notebook()
    ipython = ModuleType("IPython")
    ipython.get_ipython = SimpleNamespace  # a shell in a terminal
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    assert not in_notebook()


def test_a_widget_is_text():
    activity = Activity("train", text="<b>loading</b>")
    assert widget(activity, activity.started) == "<div><strong>train</strong> &lt;b&gt;loading&lt;/b&gt;, 0.0 s</div>"
