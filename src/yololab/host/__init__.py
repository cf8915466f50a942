"""The machine: its processes, its signals, and what a record says of it."""
