"""Commands that start a run, or resume one."""
