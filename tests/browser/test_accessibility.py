"""The pages under the rules of axe-core (WCAG 2.2 A and AA, best practice), light and dark."""

from __future__ import annotations

import pytest
from browsing import needs_browser
from report_samples import complete_run, degraded_run, failed_run, first_run
from sweep_samples import complete_sweep

from yololab.report.page import write_report

pytestmark = [pytest.mark.browser, pytest.mark.process, needs_browser]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("sample", [complete_run, degraded_run, failed_run, first_run, complete_sweep])
def test_no_rule_is_violated(sample, scheme, violations, tmp_path):
    written = sample(tmp_path / "sample")
    page = written.report if sample is complete_sweep else write_report(written)
    assert violations(page, tmp_path / "checked.html", tmp_path / "profile", scheme) == []
