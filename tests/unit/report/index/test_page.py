"""The page over all runs is one file that loads nothing, and shows names as text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from yololab.report.index.page import Row, Table, write_index

HOSTILE = '<img src=x onerror=alert(1)> "quoted" \' javascript:x'


def page_of(tmp_path, *rows: Row) -> str:
    table = Table(f"shapes {HOSTILE}", ("run", "mAP50-95", "status"), {"status"}, rows, len(rows))
    write_index(tmp_path / "index.html", HOSTILE, [table], ["1 run not shown"], "2026-01-17T14:30:00+00:00")
    return (tmp_path / "index.html").read_text(encoding="utf-8")


class Links(HTMLParser):
    """Collects where a page leads, and its elements."""

    def __init__(self) -> None:
        super().__init__()
        self.hrefs: list[str] = []
        self.elements: set[str] = set()

    def handle_starttag(self, tag, attributes):
        self.elements.add(tag)
        found = dict(attributes)
        assert not {"src", "srcset", "onerror", "onclick"} & found.keys()
        self.hrefs += [found["href"]] if "href" in found else []


def test_links_and_cells(tmp_path):
    row = Row(("a_1", "0.5", "complete"), [("", "training/a #1?/report.html"), ("seed 1", "training/b/report.html")])
    parser = Links()
    parser.feed(page_of(tmp_path, row, Row(("no report", "—", "failed"))))
    assert parser.hrefs == ["./training/a%20%231%3F/report.html", "./training/b/report.html"]
    assert "img" not in parser.elements


def test_names_are_text_and_links_stay_on_the_disk(tmp_path):
    parser = Links()
    text = page_of(tmp_path, Row((HOSTILE, HOSTILE, HOSTILE), [("", "javascript:alert(1)")], [(1, HOSTILE)], HOSTILE))
    parser.feed(text)
    assert parser.hrefs == ["./javascript%3Aalert%281%29"]
    assert not {"img", "iframe", "link"} & parser.elements
    assert "http" not in re.sub(r"http-equiv", "", text)


def test_many_rows_are_all_there_and_the_later_ones_hidden(tmp_path):
    text = page_of(tmp_path, *(Row((f"r{number}", "0.1", "complete")) for number in range(250)))
    assert text.count("<tr") == 251
    assert text.count("<tr hidden>") == 50
    assert "Show all 250 lines" in text


def test_a_project_without_runs(tmp_path):
    write_index(tmp_path / "index.html", "p", [], [], "")
    assert "There are no runs yet." in (tmp_path / "index.html").read_text()
