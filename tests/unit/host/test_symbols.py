"""What is installed, held against a table of symbols."""

from __future__ import annotations

from yololab.host.symbols import Symbol, deviations, digest_of_body, parameters_of


def test_what_moves_is_named():
    moved = (
        Symbol("pathlib:Path.gone", "self", "why 1"),
        Symbol("nowhere_at_all:thing", None, "why 2"),
        Symbol("pathlib:Path.is_dir", "self, more", "why 3"),
        Symbol("textwrap:dedent", "text", "why 4", "000000000000"),
    )
    found = deviations(moved)
    assert len(found) == 4
    for number, text in enumerate(found, 1):
        assert f"why {number}" in text
    assert "Path.gone is gone" in found[0]
    assert "now takes (self)" in found[2]


class First:
    def body(self, a, b=1):
        """Say something."""
        # a comment
        return a + b  # another


class Second:
    def body(self, a, b=1):
        """Say
        something else.
        """
        return a + b


class Third:
    def body(self, a, b=1):
        """Say something."""
        return a - b


def test_comments_docstrings_and_spacing_do_not_count():
    assert digest_of_body(First.body) == digest_of_body(Second.body)
    assert digest_of_body(First.body) != digest_of_body(Third.body)
    assert parameters_of(First.body) == "self, a, b=…"
