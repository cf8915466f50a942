"""The section on the export: what it lost, what it was calibrated on, how fast it is."""

from __future__ import annotations

import re

from report_samples import complete_run, first_run, html_of, tables_in

from yololab.report.run_files import load_run
from yololab.report.sections.export import export


def test_a_broken_export_is_called_broken_with_its_loss_and_its_calibration(tmp_path):
    html = html_of("Export against its checkpoint", load_run(complete_run(tmp_path / "run")))
    text = " ".join(re.sub(r"<.*?>", " ", html).split())
    assert "onnx INT8 is broken" in text
    assert "Calibrated on 1 images of train" in text
    assert "the checkpoint 12.5 ms an image, the export 7.5" in text
    assert "Lost most: val/images/a.jpg" in text
    (row,) = (row for row in tables_in(html)[0] if row[0] == "mAP50-95")
    assert row[1] == "0.0010"


def test_a_run_whose_export_was_not_compared_has_no_such_section(tmp_path):
    assert export(load_run(first_run(tmp_path))) is None
