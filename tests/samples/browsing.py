"""A headless Chromium, for the tests of pages."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip
needs_browser = pytest.mark.skipif(BROWSER is None, reason="Chromium is not installed (apt-get install chromium)")


def browse(page: Path | str, profile: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """Open a page, or an address on this machine, and return what the browser writes."""
    address = page.resolve().as_uri() if isinstance(page, Path) else page
    command = [str(BROWSER), *FLAGS, f"--user-data-dir={profile}", *flags, address]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)


def answers(page, script, folder):
    """Open a page in a frame, run a script on its document `page`, and return what it puts into `out`."""
    content = html.escape(page.read_text(encoding="utf-8"))
    around = folder / "around.html"
    around.write_text(
        f"""<!DOCTYPE html><meta charset=utf-8><iframe style="width:1180px;height:900px" srcdoc="{content}"></iframe>
        <pre id=out></pre><script>addEventListener("load", () => {{
        const frame = document.querySelector("iframe"), page = frame.contentDocument, out = {{}};
        const all = (selector, root = page) => [...root.querySelectorAll(selector)];
        const fire = (element, type, event = frame.contentWindow.Event, more = {{}}) =>
          element.dispatchEvent(new event(type, {{bubbles: true, ...more}}));
        const point = (element, type, clientX, clientY) =>
          fire(element, type, frame.contentWindow.PointerEvent, {{clientX, clientY}});
        const key = (element, name) => fire(element, "keydown", frame.contentWindow.KeyboardEvent, {{key: name}});
        {script}
        document.querySelector("#out").textContent = JSON.stringify(out); }})</script>""",
        encoding="utf-8",
    )
    dom = browse(around, folder / "profile", "--dump-dom", "--virtual-time-budget=3000").stdout
    written = re.search(r'<pre id="out">(.*?)</pre>', dom, re.DOTALL)
    assert written
    return json.loads(html.unescape(written[1]))
