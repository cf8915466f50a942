"""The symbols of Ultralytics that we rely on, each with its signature and the reason."""
