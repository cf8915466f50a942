"""How a run will be judged, declared in its record before its training."""
