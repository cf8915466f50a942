"""The command line: words become a command, a command becomes an exit code."""
