"""The power curve in the section of the metrics."""

from report_samples import html_of, run_with

from yololab.report.sections.breakdown.power import power_curve


def test_the_power_curve_is_that_of_the_plan():
    """Twice the tolerance is shown four times in five where the error is its 2.8th part (1.96 + 0.84)."""
    row = {"metric": "mAP50-95", "direction": "higher", "standard_error": 0.02 / 2.8016}
    statistics = {"images": 200, "unit": "groups"}
    compared = {"metrics": [row], "primary_metric": "mAP50-95", "tolerance": 0.01, "statistics": statistics}
    html = html_of("Metrics", run_with(comparison=compared))
    assert "How many images it takes" in html
    assert "a loss of 0.02 is shown" in html
    assert "80% here" in html
    assert "groups 400" in html  # nine of ten are shown by 268 groups: the axis goes to twice those that there are
    for lacking in ({"tolerance": 0.0}, {"statistics": {"images": 200}}):
        assert power_curve(run_with(comparison=compared | lacking)) == ""
