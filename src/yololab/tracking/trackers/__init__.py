"""One module a tracker, imported only in the process that feeds it."""
