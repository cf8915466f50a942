"""What is printed when nobody can read it: the job continues, and a loss is told at the end."""

from __future__ import annotations

import errno
import io
import json
import os
import sys

import pytest

from yololab.errors import ApprovalError
from yololab.terminal import output
from yololab.terminal.output import PatientStream, exit_code_of, open_streams, output_error, print_json, print_text


class Failing(io.StringIO):
    def __init__(self, number: int):
        super().__init__()
        self.number = number

    def write(self, text: str) -> int:
        raise OSError(self.number, os.strerror(self.number))


@pytest.fixture(autouse=True)
def nothing_lost(monkeypatch):
    monkeypatch.setattr(output, "_errors", {})


def test_a_reader_that_has_seen_enough_is_no_error():
    stream = PatientStream(Failing(errno.EPIPE))
    assert stream.write("abc") == 3
    assert stream.write("more") == 4
    assert output_error() is None


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EBADF])
def test_what_could_not_be_written_is_told_once(number):
    stream = PatientStream(Failing(number), "the list")
    stream.write("abc")
    stream.write("def")
    assert str(output_error()) == f"the list: {os.strerror(number)}; a part of it is lost"


def test_text_of_others_cannot_steer_the_terminal(capsys):
    print_text("first\n\x1b[2Jsecond\n")
    assert capsys.readouterr().out == "first\n\\x1b[2Jsecond\n"


def test_json_says_the_same_and_steers_nothing(capsys):
    content = {"name": "a\x9b2J\u202eb 猫\n\U000e0041", "token": {"AP50": 0.5}, "url": "mysql://me:pw@host"}
    print_json(content)
    text = capsys.readouterr().out
    assert not {"\x9b", "\u202e", "\U000e0041"} & set(text)
    assert "猫" in text
    assert json.loads(text) == content | {"url": "mysql://me:***@host"}


def test_open_streams_stay(capsys):
    open_streams()
    print_text("still there")
    assert capsys.readouterr().out == "still there"


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (ApprovalError("declined"), 3, "error: declined"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (OSError(errno.ENOSPC, "No space left", "a.json"), 1, "a.json: no space left on the disk"),
        (PermissionError(errno.EACCES, "Permission denied", "a.json"), 2, "a.json: permission denied"),
        (RecursionError(), 2, "nested too deeply"),
    ],
)
def test_what_ends_a_command_becomes_its_exit_code(error, code, says, capsys):
    def command():
        raise error

    assert exit_code_of(command) == code
    assert says in capsys.readouterr().err


def test_what_fails_because_of_an_interrupt_is_the_interrupt(capsys):
    """Ctrl-C tears an import apart, and whoever cleans up meets half a module."""

    def command():
        try:
            raise KeyboardInterrupt
        finally:
            raise AttributeError("partially initialized module 'torch'")

    assert exit_code_of(command) == 130
    assert capsys.readouterr().err == "error: interrupted\n"


def test_a_mistake_of_ours_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        exit_code_of(lambda: 1 // 0)


def test_a_result_that_could_not_be_printed_is_no_success(capsys):
    stream = PatientStream(Failing(errno.ENOSPC))
    assert exit_code_of(lambda: 0 * stream.write("x")) == 1
    assert "a part of it is lost" in capsys.readouterr().err


def test_the_traceback_of_a_mistake_gives_nothing_away(capsys, monkeypatch):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    open_streams()
    error = ValueError("\x1b[2J mysql://me:pw@host")
    sys.excepthook(ValueError, error, None)
    assert capsys.readouterr().err == "ValueError: \\x1b[2J mysql://me:***@host\n"


def test_an_error_is_told_also_when_nothing_can_be_imported_any_more(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "yololab.terminal.screen", None)

    def command():
        raise OSError(errno.EMFILE, "Too many open files", "a.json")

    assert exit_code_of(command) == 1
    assert capsys.readouterr().err.startswith("error: a.json: too many open files: raise the limit")
