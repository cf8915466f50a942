"""The power curve: how likely more images of the same kind would settle what a comparison leaves open."""

import numpy as np
from markupsafe import Markup

from yololab.report.charts.lines import Series, line_chart
from yololab.report.run_files import RunFiles, mapping, primary_row
from yololab.statistics.inference.power import RULED_OUT, SHOWN, power, units_needed
from yololab.text import as_number, share

# The axis ends where nine of ten losses are shown, but not further than it is worth drawing.
_ENOUGH, _LEAST, _MOST, _POINTS = 0.9, 2.0, 64.0, 41


def power_curve(run: RunFiles) -> Markup:
    """Draw how likely a loss of twice the tolerance is shown, and one of the tolerance ruled out, by number of images.

    Empty where single runs were not tested, or nothing is tolerated. What `yololab plan` tells of any other loss.
    """
    found, tolerance = mapping(run.comparison.get("statistics")), as_number(run.comparison.get("tolerance"))
    error = as_number(primary_row(run.comparison).get("standard_error"))
    units, unit = found.get("images"), found.get("unit")
    if not error or not tolerance or not isinstance(units, int) or units < 2 or not isinstance(unit, str):
        return Markup("")
    enough = units_needed(units, error, 2 * tolerance, _ENOUGH)
    end = min(max(enough, _LEAST * units), _MOST * units)
    across = np.unique(np.linspace(max(2, units / 4), end, _POINTS).round()).tolist()
    errors = [error * (units / number) ** 0.5 for number in across]
    series = [
        Series(
            name,
            [power(drop, one, level) for one in errors],
            place,
            style,
            note=f"{share(power(drop, error, level))} here",
        )
        for place, (name, drop, level, style) in enumerate(
            (
                (f"a loss of {2 * tolerance:g} is shown", 2 * tolerance, SHOWN, ""),
                (f"one of {tolerance:g} is ruled out", tolerance, RULED_OUT, "dashed"),
            )
        )
    ]
    return line_chart(f"Power by number of {unit}", across, series, float(units), axis=unit, mark="here", write=share)
