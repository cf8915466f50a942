"""Cards: what a notebook shows of a result."""

from __future__ import annotations

from yololab.report.appearance import Tone
from yololab.report.card import Card


def test_whatever_stands_in_it_is_text(tmp_path):
    page = tmp_path / 'a "b".html'
    page.write_text("")
    nasty = "<script>alert(1)</script>"
    html = Card(nasty, nasty, Tone.BAD, nasty, {nasty: nasty}, {nasty: page, "gone": tmp_path / "gone"}).html()
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 6
    assert 'href="file:///' in html
    assert "%22b%22" in html
    assert "gone" not in html


def test_a_link_below_the_folder_of_the_notebook_is_relative(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "report.html").write_text("")
    assert 'href="report.html"' in Card("x", links={"report": tmp_path / "report.html"}).html()


def test_a_card_is_short_and_masks_secrets():
    html = Card("x", message="postgresql://me:hunter2@host/db " + "very long " * 1000).html()
    assert "hunter2" not in html
    assert len(html) < 2000
