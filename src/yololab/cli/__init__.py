"""The command line: tokens become a command, a command becomes an exit code."""
