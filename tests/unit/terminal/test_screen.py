"""What the user sees: plain lines when piped, everything also in the log, errors with their remedy first."""

from __future__ import annotations

import io
import os
import re
import time
from collections import Counter
from pathlib import Path

import pytest

from yololab.errors import ApprovalError, InputError, Problem
from yololab.terminal.screen import Screen, current_screen, show_error, shown_on
from yololab.terminal.training import Expected
from yololab.ultralytics_adapter.training.training_file import BatchReport


def printed(**options) -> tuple[Screen, io.StringIO]:
    stream = io.StringIO()
    return Screen(stream=stream, **options), stream


def test_lines_are_printed_and_logged(tmp_path):
    screen, stream = printed()
    with screen.logging_to(tmp_path / "deep/yololab.log"):
        screen.stage("check", "3 images in [brackets]")
        screen.detail("a detail")
        screen.warn("careful")
        screen.ask("go?")
    screen.detail("after the run")
    lines = stream.getvalue().splitlines()
    assert lines[:4] == [
        "    check  3 images in [brackets]",
        "           a detail",
        "  warning  careful",
        "        ?  go?",
    ]
    assert (tmp_path / "deep/yololab.log").read_text().splitlines() == lines[:4]


def test_a_quiet_screen_only_logs(tmp_path):
    screen, stream = printed(quiet=True)
    with screen.logging_to(tmp_path / "yololab.log"):
        screen.detail("for the log")
        screen.table(("name", "value"), [("a", "1")])
    assert stream.getvalue() == ""
    assert "for the log" in (tmp_path / "yololab.log").read_text()
    assert "name" in (tmp_path / "yololab.log").read_text()


@pytest.mark.parametrize("verbose", [False, True])
def test_the_lines_of_ultralytics_are_shown_when_asked_for(verbose, tmp_path):
    screen, stream = printed(verbose=verbose)
    with screen.logging_to(tmp_path / "yololab.log"):
        screen.line_of_ultralytics(20, "a [line]")
    assert stream.getvalue() == ("a [line]\n" if verbose else "")
    assert (tmp_path / "yololab.log").read_text() == "a [line]\n"


def test_cells_are_no_markup():
    screen, stream = printed()
    screen.table(("name", "value"), [("[red]x[/]", "1")])
    assert stream.getvalue().splitlines() == ["name       value", "[red]x[/]      1"]


class Terminal(io.StringIO):
    """A terminal that keeps what is written to it."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch) -> Terminal:
    for name in ("NO_COLOR", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    return Terminal()


def everything(screen: Screen, monkeypatch) -> None:
    screen.begin(("yololab", "train"))
    with screen.working("load", "importing"), screen.counting("check", "images") as progress:
        progress(1, 2)
        screen.stage("check", "fine")
    with screen.training(Expected(2, "mAP50", 0.5)) as training:
        training.batch(BatchReport(1, 2, 1, 9, {"box_loss": 1.0}, 12.0, 2**30))
        training.validation(1, 2)
        training.epoch(1, 2, {"mAP50": 0.4}, 3.0)
        screen.warn("careful")
    monkeypatch.chdir("/")
    screen.place("report", Path("/outputs/report.html"))
    screen.table(("a", "b"), [("1", "2")])


@pytest.mark.parametrize(
    "changed",
    [{"NO_COLOR": "1"}, {"TERM": "dumb"}, {"CI": "true"}, {"TERM": ""}],
    ids=lambda changed: next(iter(changed)),
)
def test_where_nobody_looks_there_are_no_escapes_and_each_line_comes_once(changed, terminal, monkeypatch, capsys):
    for name, value in changed.items():
        monkeypatch.setenv(name, value)
    everything(Screen(stream=terminal), monkeypatch)
    show_error(InputError(Problem("here", "odd")), terminal)
    text = terminal.getvalue()
    assert "\x1b" not in text
    assert "\r" not in text
    assert [line for line, count in Counter(text.splitlines()).items() if count > 1] == []
    assert "           epoch 1/2  mAP50 0.4 (baseline 0.500)  3.0 s left" in text.splitlines()


def test_a_terminal_is_drawn_on_and_keeps_what_was_printed(terminal, monkeypatch, tmp_path):
    screen = Screen(stream=terminal)
    with screen.logging_to(tmp_path / "yololab.log"):
        everything(screen, monkeypatch)
    assert all(escape in terminal.getvalue() for escape in ("\x1b[2K", "\x1b[?25l", "\x1b[?25h", "\x1b]8;"))
    assert "file:///outputs/report.html" in terminal.getvalue()
    log = (tmp_path / "yololab.log").read_text()
    assert "\x1b" not in log
    assert "epoch 1/2  mAP50 0.4" in log
    assert "report: outputs/report.html" in log


def test_no_links_on_a_console_without(terminal, monkeypatch):
    monkeypatch.setenv("TERM", "linux")
    everything(Screen(stream=terminal), monkeypatch)
    assert "\x1b]8;" not in terminal.getvalue()


@pytest.mark.parametrize("columns", [1, 40, 80, 120])
def test_lines_are_wrapped_between_words_and_a_path_is_one(columns, terminal, monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.chdir(tmp_path)
    screen = Screen(stream=terminal)
    screen.detail("words " * 30 + "x" * 130)
    place = Path("outputs/training/a run with 'spaces' ünd 猫_20260117_143000/report.html")
    screen.place("report", tmp_path / place)
    lines = [re.sub(r"\x1b\]8;.*?\x1b\\\\|\x1b\[[0-9;]*m", "", line) for line in terminal.getvalue().splitlines()]
    assert {word for line in lines for word in line.split()} >= {"words", "x" * 130}
    assert sum(str(place) in line for line in lines) == 1
    assert all(line.startswith(" " * 11) for line in lines)
    if columns > 40:
        assert max(len(line) for line in lines if "x" not in line and "猫" not in line) < columns


@pytest.mark.parametrize(("columns", "shown"), [(80, "a b c d"), (26, "a b c"), (16, "a b")])
def test_a_table_leaves_out_its_last_columns_where_there_is_no_room(columns, shown, terminal, monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", str(columns))
    screen = Screen(stream=terminal)
    with screen.logging_to(tmp_path / "yololab.log"):
        screen.table("abcd", [("metric", "0.1234", "猫猫猫猫", "0.5678")])
    assert re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue()).split()[: len(shown.split())] == shown.split()
    assert ("0.5678" in terminal.getvalue()) == ("d" in shown)
    assert "0.5678" in (tmp_path / "yololab.log").read_text()


def test_a_quiet_screen_draws_nothing(terminal, monkeypatch):
    everything(Screen(stream=terminal, quiet=True), monkeypatch)
    assert terminal.getvalue() == ""


@pytest.mark.heavy
def test_a_question_has_the_terminal_for_itself(terminal):
    screen = Screen(stream=terminal)
    with screen.working("load"):
        with screen.paused():
            before = terminal.getvalue()
            time.sleep(0.3)
            assert terminal.getvalue() == before
            assert before.endswith("\x1b[?25h") or "\x1b[?25h" in before
        time.sleep(0.3)
        assert terminal.getvalue() != before


def test_hydra_hands_the_screen_on():
    screen = Screen(quiet=True)
    assert current_screen() is not screen
    with shown_on(screen):
        assert current_screen() is screen
    assert current_screen() is not screen


def test_an_error_shows_every_problem_with_its_remedy_before_what_is_allowed():
    stream = io.StringIO()
    many = Problem("model", "no option 'x'", "one of a, b", "did you mean a?")
    show_error(InputError([many, Problem("[file], line 3", "odd")]), stream)
    assert stream.getvalue().splitlines() == [
        "error: 2 problems",
        "  model: no option 'x'",
        "      did you mean a?",
        "      allowed: one of a, b",
        "  [file], line 3: odd",
    ]
    assert str(many).splitlines() == ["model: no option 'x'", "    did you mean a?", "    allowed: one of a, b"]


def test_other_errors_are_one_line(tmp_path, capsys):
    screen, _ = printed()
    with screen.logging_to(tmp_path / "yololab.log"):
        screen.show_error(ApprovalError("declined: [nothing] was spent"))
    assert capsys.readouterr().err == "error: declined: [nothing] was spent\n"
    assert (tmp_path / "yololab.log").read_text() == "error: declined: [nothing] was spent\n"


HOSTILE = "x\x1b]0;owned\x07\n    check  fine \u202e[red][/][link=http://a]b[/link] mysql://me:pw@host"
SAFE = r"x\x1b]0;owned\x07\n    check  fine \u202e[red][/][link=http://a]b[/link] mysql://me:***@host"


@pytest.mark.parametrize("method", ["stage", "detail", "warn", "ask", "mark", "table", "error", "ultralytics"])
def test_nothing_that_is_printed_or_logged_steers_the_terminal_or_gives_a_password_away(method, tmp_path, capsys):
    screen, stream = printed(verbose=True)
    log = tmp_path / "yololab.log"
    with screen.logging_to(log):
        {
            "stage": lambda: screen.stage("check", HOSTILE),
            "detail": lambda: screen.detail(HOSTILE),
            "warn": lambda: screen.warn(HOSTILE),
            "ask": lambda: screen.ask(HOSTILE),
            "mark": lambda: screen.mark("[red]✗[/]", HOSTILE),
            "table": lambda: screen.table(("name",), [(HOSTILE,)]),
            "error": lambda: screen.show_error(InputError(Problem(HOSTILE, HOSTILE, HOSTILE, HOSTILE))),
            "ultralytics": lambda: screen.line_of_ultralytics(20, HOSTILE),
        }[method]()
    for text in (stream.getvalue() + capsys.readouterr().err, log.read_text()):
        if method in ("ultralytics", "error"):  # they may have several lines
            assert "x\\x1b]0;owned\\x07" in text
            assert not {"\x1b", "\x07", "\u202e"} & set(text)
        else:
            assert SAFE in "".join(text.splitlines())
        assert ":pw@" not in text


def test_no_log_is_written_through_a_link_or_into_a_pipe(tmp_path):
    victim, log = tmp_path / "victim.txt", tmp_path / "yololab.log"
    victim.write_text("precious")
    log.symlink_to(victim)
    screen, _ = printed()
    with pytest.raises(InputError, match="not a file of its own"), screen.logging_to(log):
        screen.detail("text")
    log.unlink()
    os.mkfifo(log)
    with pytest.raises(InputError, match="not a file of its own"), screen.logging_to(log):
        screen.detail("text")
    assert victim.read_text() == "precious"


def test_a_reader_that_goes_away_does_not_end_the_job(tmp_path):
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    screen = Screen(stream=Closed())
    with screen.logging_to(tmp_path / "yololab.log"):
        screen.detail("first")
        screen.detail("second")
    assert (tmp_path / "yololab.log").read_text().split() == ["first", "second"]
