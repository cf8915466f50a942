import io
import logging
import threading

import pytest

from yololab.ultralytics_adapter.isolation.logs import LOGGER_NAME, STDOUT_HANDLER, plain_lines, ultralytics_log


@pytest.fixture
def stream():
    """Stands for the handler that Ultralytics adds at its import."""
    logger = logging.getLogger(LOGGER_NAME)
    before, level, propagate = logger.handlers[:], logger.level, logger.propagate
    logger.handlers = []
    logger.propagate = False
    logger.setLevel(logging.INFO)
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.set_name(STDOUT_HANDLER)
    logger.addHandler(handler)
    yield text
    logger.handlers, logger.propagate = before, propagate
    logger.setLevel(level)


def collect():
    lines = []
    return lines, lambda level, text: lines.append((level, text))


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", []),
        ("\n\n", []),
        ("one\ntwo\r\nthree", ["one", "two", "three"]),
        ("\x1b[34m\x1b[1mtrain: \x1b[0mok  ", ["train: ok"]),
        ("\r\x1b[K 50% ━━━", [" 50% ━━━"]),
        ("bell\x07 and back\x08", ["bell and back"]),
        ("tab\tstays é", ["tab\tstays é"]),
    ],
)
def test_plain_lines(text, lines):
    assert plain_lines(text) == lines


def test_lines_go_to_the_sink_and_not_to_the_screen(stream):
    lines, sink = collect()
    logger = logging.getLogger(LOGGER_NAME)
    with ultralytics_log(sink):
        logger.info("\nfirst\n\x1b[31msecond %s\x1b[0m", "x")
        logger.warning("careful")
    assert lines == [(logging.INFO, "first"), (logging.INFO, "second x"), (logging.WARNING, "careful")]
    assert stream.getvalue() == ""
    logger.info("after")
    assert stream.getvalue() == "after\n"
    assert len(lines) == 3


def test_bridges_nest_and_the_handler_comes_back_with_the_last(stream):
    outer, outer_sink = collect()
    inner, inner_sink = collect()
    logger = logging.getLogger(LOGGER_NAME)
    with ultralytics_log(outer_sink):
        with ultralytics_log(inner_sink):
            logger.info("both")
        logger.info("outer only")
    assert [text for _, text in inner] == ["both"]
    assert [text for _, text in outer] == ["both", "outer only"]
    assert stream.getvalue() == ""
    assert [handler.name for handler in logger.handlers if handler.name] == [STDOUT_HANDLER]
    logger.info("nobody")
    assert len(outer) == 2


def test_the_handler_comes_back_after_an_error(stream):
    with pytest.raises(RuntimeError, match="inside"), ultralytics_log(lambda level, text: None):
        raise RuntimeError("inside")
    logging.getLogger(LOGGER_NAME).info("after")
    assert stream.getvalue() == "after\n"


def test_a_failing_sink_does_not_reach_the_one_who_logs(stream, monkeypatch):
    monkeypatch.setattr(logging, "raiseExceptions", False)

    def broken(level, text):
        raise OSError("disk full")

    with ultralytics_log(broken):
        logging.getLogger(LOGGER_NAME).info("line")


def test_what_ends_a_thread_goes_to_the_sink(capsys):
    lines = []
    with ultralytics_log(lambda level, line: lines.append(line)):
        thread = threading.Thread(target=lambda: 1 / 0)
        thread.start()
        thread.join()
    assert "ZeroDivisionError: division by zero" in lines
    assert capsys.readouterr().err == ""
