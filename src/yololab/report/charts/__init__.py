"""Charts as inline SVG: numbers in, markup out, no script.

Colours come from the page's style, so that dark mode is free. Tooltips are `<title>` elements; what they say is also
visible, or in a table next to the chart.
"""
