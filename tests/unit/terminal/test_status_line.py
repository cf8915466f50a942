"""The last line of a terminal: what is done, for how long, and how long yet; else a plain line."""

from __future__ import annotations

import io
import time

import pytest
from rich.console import Console

from yololab.terminal import status_line
from yololab.terminal.status_line import Activity, StatusLine, bar, fitted
from yololab.text import text_width


def drawn(activity: Activity, columns: int, seconds: float, encoding: str = "utf-8") -> list[str]:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="")
    console = Console(file=file, width=columns, force_terminal=True, color_system=None, legacy_windows=False)
    line = StatusLine(console, drawn=True, tell=lambda name, text: None)
    console.print(line.drawing(activity, activity.started + seconds, line._frames[0]))
    file.seek(0)
    return file.read().splitlines()


def test_what_is_not_counted_has_its_name_and_seconds():
    assert drawn(Activity("load", "importing PyTorch"), 80, 12) == ["     load  ⠋ importing PyTorch  12 s"]


def test_what_is_counted_has_a_bar_and_the_time_left():
    activity = Activity("check", things="images")
    activity.count(1200, 4800)
    assert drawn(activity, 80, 10) == ["    check  ⠋ ━━━━────────────  1,200/4,800 images  10 s  about 30 s left"]
    assert drawn(activity, 60, 10) == ["    check  ⠋ 1,200/4,800 images  10 s  about 30 s left"]
    assert drawn(activity, 40, 10) == ["    check  ⠋ 1,200/4,800 images  10 s"]


def test_the_time_left_of_a_step_is_reckoned_from_its_own_beginning(monkeypatch):
    activity = Activity("compare", "reading", "replicates", started=0.0)
    monkeypatch.setattr(time, "monotonic", lambda: 90.0)
    activity.tell("resampling", 100, 500)
    activity.tell("resampling", 200, 500)
    whole = "resampling  ━━━━━━──────────  200/500 replicates  1 min 50 s  about 30 s left"
    assert drawn(activity, 100, 110) == [f"  compare  ⠋ {whole}"]
    assert drawn(activity, 80, 110) == [f"  compare  ⠋ {whole.removeprefix('resampling  ')}"]


def test_a_terminal_without_unicode_gets_other_pieces():
    activity = Activity("check", things="images")
    activity.count(1, 2)
    assert drawn(activity, 80, 0, "ascii") == ["    check  | ########--------  1/2 images  0.0 s"]


@pytest.mark.parametrize("columns", [1, 5, 20, 39, 79, 200])
def test_no_line_is_ever_wider_than_the_terminal(columns):
    activity = Activity("check", "text of what is done", things="猫 pictures")
    activity.count(10**6, 10**7)
    assert all(text_width(line) <= max(columns, 24) for line in drawn(activity, columns, 5000))


def test_a_bar_is_full_at_the_end_and_never_longer():
    assert bar(0, 4) == "────"
    assert bar(0.4, 4) == "━╸──"
    assert bar(1, 4) == bar(7, 4) == "━━━━"


def test_what_goes_soonest_is_shortened_first():
    parts = [(0, "epoch 3/20"), (2, "8.1 images/s"), (1, "left: epoch 3 s, job 9 s", "9 s left")]
    texts = {columns: fitted(parts, columns) for columns in (60, 40, 22, 10, 1)}
    assert texts[60] == "epoch 3/20  8.1 images/s  left: epoch 3 s, job 9 s"
    assert texts[40] == "epoch 3/20  left: epoch 3 s, job 9 s"
    assert texts[22] == "epoch 3/20  9 s left"
    assert len(texts[10]) <= 10


def test_a_pipe_hears_of_work_only_after_a_silence_and_then_less_and_less_often(monkeypatch):
    monkeypatch.setattr(status_line, "FIRST_SILENCE_SECONDS", 2.0)
    clock, said = [0.0], []
    line = StatusLine(Console(file=io.StringIO()), drawn=False, tell=lambda *words: said.append((clock[0], *words)))
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])

    class Ticks:
        """Each wait takes a second of our clock, until there were 40."""

        def wait(self, seconds: float) -> bool:
            clock[0] += seconds
            return clock[0] > 40

    activity = Activity("check", things="images", started=0.0)
    activity.count(3, 6)
    line._activities.append(activity)
    line.printed()
    line._speak(Ticks())
    assert [moment for moment, *_ in said] == [2, 4, 8, 16, 32]
    assert said[1][1:] == ("check", "3/6 images, 4.0 s, about 4.0 s left")


def test_an_activity_within_another_takes_its_place_for_a_while():
    line = StatusLine(Console(file=io.StringIO(), quiet=True), drawn=True, tell=print)
    with line.showing(Activity("outer")), line.showing(Activity("inner")):
        assert line._activities[-1].name == "inner"
    assert line._activities == []
