"""Pages that lie above docs/ are pages of the site too; links to and from them lead to the right place."""

from __future__ import annotations

import os
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
ABOVE = {"contributing.md": "CONTRIBUTING.md", "changelog.md": "CHANGELOG.md", "security.md": ".github/SECURITY.md"}


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the pages from above."""
    for name, source in ABOVE.items():
        files.append(File.generated(config, name, content=(ROOT / source).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, *, page: Page, **_: object) -> str:
    """Turn links over the border of docs/ into links within the site."""
    name = page.file.src_uri
    folder = (ROOT / ABOVE.get(name, f"docs/{name}")).parent
    places = {ROOT / source: DOCS / target for target, source in ABOVE.items()}

    def within(match: re.Match[str]) -> str:
        target = Path(os.path.normpath(folder / match[1]))
        if name not in ABOVE and target not in places:
            return match[0]
        return f"]({os.path.relpath(places.get(target, target), (DOCS / name).parent)}"

    markdown = re.sub(r"\]\(([\w./-]+\.md)", within, markdown)
    # within code a bar of a table needs no escape here, as it does on GitHub
    return re.sub(r"`[^`\n]+`", lambda code: re.sub(r"\\([|<])", r"\1", code[0]), markdown)


def on_post_page(output: str, **_: object) -> str:
    """Give the search's dialog the name that the theme leaves out."""
    return output.replace(' role="dialog"', ' role="dialog" aria-label="Search"')
