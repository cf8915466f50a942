"""Which checkpoint a run is judged by, and how much of its score is the choice."""
