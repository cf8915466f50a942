"""One word for one thing: the glossary explains the words, and those that it retires do not come back."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
WORDS, RETIRED_SECTION = PAGE.split("## Retired words")
RETIRED = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|", RETIRED_SECTION, flags=re.MULTILINE)
SOURCE = ROOT / "src"
TEXTS = sorted(
    [
        ROOT / "README.md",
        *(ROOT / "conf").rglob("*.yaml"),
        *(path for path in SOURCE.rglob("*") if path.suffix in {".py", ".yaml", ".j2", ".css", ".html"}),
    ]
)


def parts_of(name: str) -> str:
    """A name as its words between underscores: `RunReference` → `_run_reference_`."""
    return f"_{re.sub(r'(?<=[a-z0-9])(?=[A-Z])', '_', name).lower().strip('_')}_"


@cache
def names_in(path: Path) -> frozenset[str]:
    """What a module calls things; of a YAML file the keys."""
    if path.suffix == ".yaml":
        keys: set[str] = set()

        def collect(content: object) -> None:
            if isinstance(content, dict):
                keys.update(str(key) for key in content)
                for key, item in content.items():
                    if key != "json":  # the keys of our files, which stay as they are
                        collect(item)

        collect(yaml.safe_load(path.read_text(encoding="utf-8")))
        return frozenset(keys)
    if path.suffix != ".py":
        return frozenset()
    names = {path.stem}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    shapes = [
        item
        for item in ast.walk(tree)
        if isinstance(item, ast.ClassDef) and "TypedDict" in map(ast.unparse, item.bases)
    ]
    keys_of_files = {id(item.target) for shape in shapes for item in shape.body if isinstance(item, ast.AnnAssign)}
    for node in ast.walk(tree):
        if id(node) in keys_of_files:  # as above
            continue
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).rpartition(".")[2])
    return frozenset(names)


def named(word: str, folder: Path) -> list[str]:
    paths = [path for path in TEXTS if path.is_relative_to(folder)]
    return [
        f"{path.relative_to(ROOT)}: {name}"
        for path in paths
        for name in names_in(path)
        if f"_{word}_" in parts_of(name)
    ]


def test_words_are_retired():
    assert len(RETIRED) > 20
    assert len(re.findall(r"^\| `", RETIRED_SECTION, flags=re.MULTILINE)) == len(RETIRED)


@pytest.mark.parametrize(("word", "where"), [(word, where.strip()) for word, _, where in RETIRED])
def test_a_retired_word_does_not_come_back(word, where):
    place = re.fullmatch(r"names in `(\w+)`", where)
    if place:
        assert named(word, SOURCE / "yololab" / place[1]) == []
        return
    assert where in ("names", "anywhere")
    assert named(word, ROOT) == []
    if where == "anywhere":
        pattern = re.compile(rf"\b{word}s?\b", re.IGNORECASE)
        found = [str(path.relative_to(ROOT)) for path in TEXTS if pattern.search(path.read_text(encoding="utf-8"))]
        assert found == []


def test_every_word_has_one_sentence_and_stands_once():
    entries = re.findall(r"^- \*\*(.+?)\*\*: (.+?)(?=\n- |\n\n|\n#)", WORDS, flags=re.MULTILINE | re.DOTALL)
    assert len(entries) > 60
    words = [word for word, _ in entries]
    assert len(set(words)) == len(words)
    for word, text in entries:
        sentence = re.sub(r" \[[^\]]+\]$", "", " ".join(text.split()))
        assert sentence.endswith("."), word
        assert ". " not in sentence, word
    retired = {word for word, _, _ in RETIRED}
    assert not retired & {word.split(" (")[0] for word in words} - {"fitness"}
