"""The pages under the rules of axe-core (WCAG 2.2 A and AA, best practice), light and dark."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import tarfile

import pytest
from browsing import browse, needs_browser
from report_samples import complete_run, degraded_run, failed_run, first_run
from sweep_samples import complete_sweep

from yololab.report.page import write_report

AXE = "axe-core@4"
RUN = """addEventListener("load", () => axe.run(document, {resultTypes: ["violations"]}).then(found => {
  const told = found.violations.map(rule => [rule.id, rule.impact, rule.help,
    rule.nodes.slice(0, 3).map(node => node.html.slice(0, 160) + " " + node.failureSummary)]);
  const out = document.createElement("pre");
  out.id = "axe-found"; out.textContent = JSON.stringify(told);
  document.body.append(out);
}));"""

pytestmark = [pytest.mark.browser, pytest.mark.process, needs_browser]


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    """axe-core, from npm."""
    npm, folder = shutil.which("npm"), tmp_path_factory.mktemp("axe")
    if npm is None:
        pytest.skip("npm is not installed: axe-core cannot be fetched")
    command = [npm, "pack", AXE, "--silent", "--cache", str(folder / "cache")]
    fetched = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    archives = list(folder.glob("axe-core-*.tgz"))
    if fetched.returncode or not archives:
        pytest.skip(f"axe-core cannot be fetched: {fetched.stderr.strip()[-200:]}")
    with tarfile.open(archives[0]) as archive:
        return archive.extractfile("package/axe.min.js").read().decode()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("sample", [complete_run, degraded_run, failed_run, first_run, complete_sweep])
def test_no_rule_is_violated(sample, scheme, axe, tmp_path):
    written = sample(tmp_path / "sample")
    page = written.report if sample is complete_sweep else write_report(written)
    # The page's policy would not let a foreign script in.
    text = re.sub(r"<meta http-equiv=[^>]*>", "", page.read_text(encoding="utf-8"))
    checked = tmp_path / "checked.html"
    checked.write_text(text.replace("</body>", f"<script>{axe}</script><script>{RUN}</script></body>"), "utf-8")
    colours = f"--blink-settings=preferredColorScheme={int(scheme == 'light')}"
    dom = browse(checked, tmp_path / "profile", "--dump-dom", "--virtual-time-budget=20000", colours).stdout
    written = re.search(r'<pre id="axe-found">(.*?)</pre>', dom, re.DOTALL)
    assert written
    assert json.loads(html.unescape(written[1])) == []
