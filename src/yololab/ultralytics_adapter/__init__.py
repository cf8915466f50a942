"""The only place that imports Ultralytics."""
