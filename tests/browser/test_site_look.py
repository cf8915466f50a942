"""The site of the pages, and reports, in a real browser: quiet, within the page's width, accessible; no network."""

from __future__ import annotations

import functools
import html
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import threading
from importlib.util import find_spec
from pathlib import Path

import pytest
from report_samples import complete_run, degraded_run, failed_run, first_run
from sweep_samples import complete_sweep

from yololab.report.page import write_report

ROOT = Path(__file__).parents[2]
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--enable-logging=stderr",
    "--virtual-time-budget=20000", "--dump-dom",
)  # fmt: skip
WIDTHS = (390, 768, 1280, 1920)
PAGES = ("", "tour/", "gallery/", "troubleshooting/", "reference/settings/", "reference/files/", "guides/gate/", "es/")
AXE = "axe-core@4.14.1"
# Runs axe over the page itself and leaves what it found of the kinds that keep somebody out.
ACCESSIBLE = """
addEventListener('load', () => axe.run(document, {resultTypes: ['violations']}).then(found => {
  const serious = found.violations.filter(item => ['serious', 'critical'].includes(item.impact));
  const out = document.createElement('pre');
  out.id = 'found';
  out.textContent = JSON.stringify(serious.map(item => [item.id, item.nodes.map(node => node.html.slice(0, 160))]));
  document.body.append(out);
}));
"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason="Chromium is not installed (apt-get install chromium)"),
]


def browse(address: str, profile: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """Open a page; its standard output is the page as it is in the end, its standard error what the browser logs."""
    command = [str(BROWSER), *FLAGS, f"--user-data-dir={profile}", *flags, address]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=180)


def found_in(dom: str, identifier: str) -> object:
    written = re.search(rf'<pre id="{identifier}">(.*?)</pre>', dom, re.DOTALL)
    assert written, dom[-2000:]
    return json.loads(html.unescape(written[1]))


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


@pytest.fixture(scope="session")
def axe(tmp_path_factory):
    """The accessibility checks of Deque, from the npm registry."""
    folder = tmp_path_factory.mktemp("axe")
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    packed = subprocess.run([npm, "pack", "--silent", AXE], cwd=folder, capture_output=True, text=True, check=False)
    if packed.returncode:
        pytest.skip(f"{AXE} cannot be had: {packed.stderr[-200:]}")
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        script = archive.extractfile("package/axe.min.js")
        assert script
        return script.read().decode()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page or "index")
def test_a_page_is_quiet_and_asks_nothing_of_a_network(page, address, tmp_path):
    """The server's policy forbids all else: what the page asked of another host would be an error in the console."""
    logged = browse(f"{address}/{page}", tmp_path / "profile").stderr
    assert [line for line in logged.splitlines() if "CONSOLE" in line] == []


def test_a_request_to_another_host_would_be_seen(site, address, tmp_path):
    (site / "asks.html").write_text('<!DOCTYPE html><script src="https://example.org/a.js"></script>')
    logged = browse(f"{address}/asks.html", tmp_path / "profile").stderr
    assert "CONSOLE" in logged


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
    found = found_in(browse(f"{address}/frames.html", tmp_path / "profile").stdout, "found")
    assert len(found) == len(PAGES) * len(WIDTHS)
    assert {name: excess for name, (excess, height) in found.items() if excess or height < 500} == {}


def violations(page: str, axe: str, place: Path, profile: Path, address: str, *flags: str) -> object:
    """Return what axe finds in a page, which is written with axe in it to `place` and opened at `address`."""
    place.write_text(page.replace("</head>", f"<script>{axe}</script><script>{ACCESSIBLE}</script></head>", 1))
    return found_in(browse(address, profile, *flags).stdout, "found")


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page or "index")
def test_a_page_is_accessible(page, scheme, site, address, axe, tmp_path):
    source = (site / page / "index.html").read_text(encoding="utf-8")
    place = site / page / "with_axe.html"
    flag = f"--blink-settings=preferredColorScheme={0 if scheme == 'dark' else 1}"
    found = violations(source, axe, place, tmp_path / "profile", f"{address}/{page}with_axe.html", flag)
    assert found == []


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("sample", [complete_run, degraded_run, failed_run, first_run, complete_sweep])
def test_a_report_is_accessible(sample, scheme, axe, tmp_path):
    made = sample(tmp_path / "run")
    page = made.report if sample is complete_sweep else write_report(made)
    place = tmp_path / "with_axe.html"
    flag = f"--blink-settings=preferredColorScheme={0 if scheme == 'dark' else 1}"
    found = violations(page.read_text(encoding="utf-8"), axe, place, tmp_path / "profile", place.as_uri(), flag)
    assert found == []
