"""axe-core for the tests of this folder."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from browsing import browse

AXE = "axe-core@4"
RUN = """addEventListener("load", () => axe.run(document, {resultTypes: ["violations"]}).then(found => {
  const violated = found.violations.map(rule => [rule.id, rule.impact, rule.help,
    rule.nodes.slice(0, 3).map(node => node.html.slice(0, 160) + " " + node.failureSummary)]);
  const out = document.createElement("pre");
  out.id = "axe-found"; out.textContent = JSON.stringify(violated);
  document.body.append(out);
}));"""


@pytest.fixture(scope="session")
def violations(tmp_path_factory) -> Callable[..., list[list[object]]]:
    """What a page violates of the rules of axe-core, from npm: WCAG 2.2 A and AA, and best practice."""
    npm, folder = shutil.which("npm"), tmp_path_factory.mktemp("axe")
    if npm is None:
        pytest.skip("npm is not installed: axe-core cannot be fetched")
    command = [npm, "pack", AXE, "--silent", "--cache", str(folder / "cache")]
    fetched = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    archives = list(folder.glob("axe-core-*.tgz"))
    if fetched.returncode or not archives:
        pytest.skip(f"axe-core cannot be fetched: {fetched.stderr.strip()[-200:]}")
    with tarfile.open(archives[0]) as archive:
        script = archive.extractfile("package/axe.min.js").read().decode()

    def find(page: Path, checked: Path, profile: Path, scheme: str, address: str = "") -> list[list[object]]:
        """Look at a copy of `page`, written to `checked`, in a colour scheme; at an address when it is served."""
        # A page's policy would not let a foreign script in.
        text = re.sub(r"<meta http-equiv=[^>]*>", "", page.read_text(encoding="utf-8"))
        checked.write_text(text.replace("</body>", f"<script>{script}</script><script>{RUN}</script></body>"), "utf-8")
        colours = f"--blink-settings=preferredColorScheme={int(scheme == 'light')}"
        dom = browse(address or checked, profile, "--dump-dom", "--virtual-time-budget=20000", colours).stdout
        written = re.search(r'<pre id="axe-found">(.*?)</pre>', dom, re.DOTALL)
        assert written
        return json.loads(html.unescape(written[1]))

    return find
