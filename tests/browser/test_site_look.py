"""The site of the pages in a real browser: quiet, asking nothing of a network, within the page's width, accessible."""

from __future__ import annotations

import functools
import html
import http.server
import json
import os
import re
import subprocess
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

import pytest
from browsing import browse, needs_browser

ROOT = Path(__file__).parents[2]
LOOK = ("--dump-dom", "--virtual-time-budget=20000", "--enable-logging=stderr")
WIDTHS = (390, 768, 1280, 1920)
PAGES = ("", "tour/", "gallery/", "troubleshooting/", "reference/settings/", "reference/files/", "guides/gate/", "es/")

pytestmark = [pytest.mark.browser, pytest.mark.process, needs_browser]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    if find_spec("mkdocs") is None:
        pytest.skip("MkDocs is not installed (pip install 'yololab[docs]')")
    folder = tmp_path_factory.mktemp("site")
    subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--config-file", "docs/site/mkdocs.yml",
         "--site-dir", folder], cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, check=True, timeout=300,
    )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def address(site):
    """Serve the site on this machine."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def end_headers(self) -> None:
            """Allow what comes from here, and nothing else."""
            self.send_header("Content-Security-Policy", "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:")
            super().end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page or "index")
def test_a_page_is_quiet_and_asks_nothing_of_a_network(page, address, tmp_path):
    """The server's policy forbids all else: what the page asked of another host would be an error in the console."""
    logged = browse(f"{address}/{page}", tmp_path / "profile", *LOOK).stderr
    assert [line for line in logged.splitlines() if "CONSOLE" in line] == []


def test_a_request_to_another_host_would_be_seen(site, address, tmp_path):
    (site / "asks.html").write_text('<!DOCTYPE html><script src="https://example.org/a.js"></script>')
    assert "CONSOLE" in browse(f"{address}/asks.html", tmp_path / "profile", *LOOK).stderr


def test_nothing_is_wider_than_the_page(site, address, tmp_path):
    frames = "".join(
        f'<iframe id="{page}{width}" src="/{page}" style="width:{width}px;height:700px;border:0"></iframe>'
        for page in PAGES
        for width in WIDTHS
    )
    measure = """addEventListener('load', () => {
      const out = {};
      for (const frame of document.querySelectorAll('iframe')) {
        const root = frame.contentDocument.documentElement;
        out[frame.id] = [root.scrollWidth - root.clientWidth, root.scrollHeight];
      }
      document.querySelector('#found').textContent = JSON.stringify(out);
    })"""
    (site / "frames.html").write_text(f"<!DOCTYPE html><script>{measure}</script>{frames}<pre id=found></pre>")
    dom = browse(f"{address}/frames.html", tmp_path / "profile", *LOOK).stdout
    found = json.loads(html.unescape(re.search(r'<pre id="found">(.*?)</pre>', dom, re.DOTALL)[1]))
    assert len(found) == len(PAGES) * len(WIDTHS)
    assert {name: excess for name, (excess, height) in found.items() if excess or height < 500} == {}


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page or "index")
def test_a_page_is_accessible(page, scheme, site, address, violations, tmp_path):
    """What keeps somebody out; the rest is the theme's."""
    place = site / page / "with_axe.html"
    served = f"{address}/{page}with_axe.html"
    found = violations(site / page / "index.html", place, tmp_path / "profile", scheme, served)
    assert [item for item in found if item[1] in ("serious", "critical")] == []
