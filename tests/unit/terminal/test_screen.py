"""What the user sees: plain lines when piped, everything also in the log, errors with their remedy first."""

from __future__ import annotations

import io
import os

import pytest

from yololab.errors import ApprovalError, InputError, Problem
from yololab.terminal.screen import Screen, show_error


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


def test_an_epoch_is_a_line_when_piped(tmp_path):
    screen, stream = printed()
    with screen.logging_to(tmp_path / "yololab.log"), screen.training(20) as progress:
        progress.epoch(3, 20, {"mAP50": 0.51239, "loss": None}, 200.0)
        progress.epoch(4, 20, {}, None)
    lines = [line.rstrip() for line in stream.getvalue().splitlines()]
    assert lines == ["           epoch 3/20  mAP50 0.5124  3 min 20 s left", "           epoch 4/20"]
    assert [line.rstrip() for line in (tmp_path / "yololab.log").read_text().splitlines()] == lines


def test_nothing_is_counted_where_nobody_looks():
    screen, stream = printed()
    with screen.counting("images") as progress:
        progress(1, 2)
    assert stream.getvalue() == ""


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
