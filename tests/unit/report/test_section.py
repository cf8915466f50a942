"""A page put together from sections."""

from __future__ import annotations

from yololab.report.section import Section, environment, render

NOTES = Section("Notes", "sections/12_notes", lambda files: files)


def test_the_anchor_is_the_name_of_the_template():
    assert NOTES.anchor == "notes"
    assert Section("Ranking", "sweep/ranking", lambda files: None).anchor == "ranking"


def test_a_section_with_nothing_to_show_is_named_at_the_end():
    page = render("<name>", [NOTES, Section("Errors", "sections/05_errors", lambda files: None)], {"notes": []})
    assert "<h2>Notes</h2>" in page
    assert "There is nothing to show for: Errors." in page
    assert "&lt;name&gt;" in page
    assert "<name>" not in page


def test_sections_of_others_come_last_and_their_failures_in_the_footer():
    added = [{"title": "Mine", "anchor": "extension-mine", "html": "content"}]
    page = render("run", [NOTES], {"notes": []}, version="1.2.3", added=added, failures=["it <broke>"])
    assert page.index("<h2>Notes</h2>") < page.index("<h2>Mine</h2>") < page.index("it &lt;broke&gt;")
    assert "yololab 1.2.3" in page


def test_what_is_damaged_costs_its_own_section_only():
    sections = [Section("Errors", "sections/05_errors", lambda files: files["errors"]["of"]), NOTES]
    for errors in ("text", 7, {}, None):
        page = render("run", sections, {"notes": [{"text": "kept"}], "errors": errors})
        assert "<h2>Errors</h2>" in page
        assert "This cannot be shown: what a file holds of it is damaged" in page
        assert "kept" in page


def test_a_key_called_like_a_method_is_a_key():
    row = environment().from_string("{{ row.values }} {{ row.items }} {{ row['x'] }}").render(row={"values": "<3"})
    assert row == "&lt;3 None None"
