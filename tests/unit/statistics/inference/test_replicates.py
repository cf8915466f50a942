"""Few replicates that are measured, many in a line: both say what counting says."""

from __future__ import annotations

import numpy as np
import pytest
from record_samples import detection_pair, records_of

from yololab.statistics.inference.replicates import PairedReplicates
from yololab.statistics.inference.resampling import Units


@pytest.mark.heavy
def test_closed_swaps_and_linear_replicates_say_what_counting_says(monkeypatch):
    """Three hundred images: p-values and intervals with and without drawing them."""
    pair = detection_pair(records_of(0.85, 1, images=300), records_of(0.8, 2, images=300))
    counted = PairedReplicates(pair, Units(pair.keys), exact_swaps=True)
    closed = PairedReplicates(pair, Units(pair.keys), exact_swaps=False)
    counted.extend(4000, 0)
    closed.extend(500, 500)
    delta = pair.points()[0]["mAP50-95"] - pair.points()[1]["mAP50-95"]
    assert closed.p_value("mAP50-95", delta) == pytest.approx(counted.p_value("mAP50-95", delta), abs=0.03)
    for place in range(2):
        p = [drawn.class_p_value("AP50-95", place, 0.02, 250) for drawn in (closed, counted)]
        assert p[0] == pytest.approx(p[1], abs=0.03)
    exact, (linear, rest) = counted.sampled["mAP50-95"], closed.primary()
    assert rest < 0.2
    error = float(np.std(exact))
    for share in (0.025, 0.05, 0.95, 0.975):
        assert np.quantile(linear, share) == pytest.approx(np.quantile(exact, share), abs=0.12 * error)


@pytest.mark.parametrize("exact_swaps", [True, False])
@pytest.mark.heavy
def test_who_waits_is_told_of_each_block_and_never_of_more_than_there_are(exact_swaps):
    pair, told = detection_pair(records_of(0.9, 1, 350), records_of(0.85, 2, 350)), []
    drawn = PairedReplicates(
        pair, Units(pair.keys), exact_swaps=exact_swaps, progress=lambda done, total: told.append((done, total))
    )
    drawn.extend(60, 0)
    drawn.extend(700, 0)
    assert told[0][0] == 0
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert all(done <= total for done, total in told)
    whole = 1400 if exact_swaps else 700
    assert told[-1] == (whole, whole)
