"""`yololab guide`: what an assistant needs to know, to be read by one, or put where its skills lie."""

from yololab.cli.guide import skill
from yololab.cli.request import Request
from yololab.terminal.output import print_text


def run(request: Request) -> int:
    """Print the text; return 0."""
    del request
    print_text(skill())
    return 0
