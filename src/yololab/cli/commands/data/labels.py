"""`yololab labels RUN`: which labels may be wrong."""

from yololab.cli.request import Request, missing_operand
from yololab.cli.table import COMMANDS
from yololab.errors import InputError, Problem
from yololab.files.run_names import find_run
from yololab.job.standalone.labels import LabelReview, ReviewSettings, review_labels
from yololab.report.review.page import NAMES
from yololab.terminal.screen import Screen
from yololab.text import counted, number, share

_SHOWN = 10


def run(request: Request) -> int:
    """List the labels that may be wrong; return 0."""
    names = [text for text in request.operands if "=" not in text]
    settings, tree = request.own_settings(ReviewSettings, request.operands)
    if len(names) != 1:
        raise InputError(Problem("labels", counted(len(names), "operand"), "one run: yololab labels RUN"))
    path = find_run(tree, names[0], request.working_directory)
    if not path.exists():
        meaning = (COMMANDS["labels"].arguments or ())[0].meaning
        raise InputError(missing_operand(names[0], meaning, tree, request.working_directory))
    found = review_labels(path, settings, tree)
    _show(request.screen, found)
    request.print_json(found.to_json())
    return 0


def _show(screen: Screen, found: LabelReview) -> None:
    """Print what was found for people."""
    review, listed = found.review, found.listed
    of = f" of {review.split}" if review.split else ""
    looked_at = f"{counted(review.labels, 'label')} in {counted(review.images, 'image')}{of}"
    if not listed:
        screen.stage("labels", f"{looked_at}: none stands out")
    else:
        expected = f"about {found.expected:.0f} are expected to be wrong"
        screen.stage("labels", f"{looked_at}: {counted(len(listed), 'suspect')}; {expected}")
        rows = [
            (
                str(item.rank),
                NAMES[item.kind],
                share(item.score),
                item.class_given or "—",
                item.class_suggested,
                item.image + (f", line {item.line}" if item.line else ""),
                number(item.confidence, 2),
            )
            for item in listed[:_SHOWN]
        ]
        screen.table(("", "may be", "likely", "label", "model", "where", "confidence"), rows)
    for remark in review.remarks:
        if review.weak:
            screen.warn(remark)
        else:
            screen.detail(remark)
    screen.place("list", found.folder.table)
    screen.place("page", found.folder.report)
