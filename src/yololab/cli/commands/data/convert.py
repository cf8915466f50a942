"""`yololab convert SOURCE out=DIR`: labels of another program as a YOLO dataset, checked."""

from dataclasses import replace
from pathlib import Path

from yololab.cli.request import Request
from yololab.cli.table import COMMANDS
from yololab.config.reading import read_group
from yololab.errors import InputError, Problem, noting
from yololab.files.paths import similar_path
from yololab.job.standalone.convert import ConvertSettings, convert_labels, report_json


def run(request: Request) -> int:
    """Convert labels; return 0, or 2 when the dataset that comes of them has a blocking problem."""
    source, settings = _read(request)
    conversion, report = convert_labels(source, settings, request.experiment, request.working_directory, request.screen)
    request.print_json(report_json(conversion, report))
    return InputError.exit_code if report.blocking else 0


def _read(request: Request) -> tuple[Path, ConvertSettings]:
    """Return the source and the settings of the command line.

    Raises:
        InputError: Everything that is wrong with them.
    """
    own = COMMANDS["convert"].own_settings
    given = [text for text in request.operands if text.partition("=")[0] in own and "=" in text]
    sources = [text for text in request.operands if text not in given]
    problems: list[Problem] = []
    settings = ConvertSettings()
    with noting(problems):
        settings = read_group(ConvertSettings, "convert", dict(text.split("=", 1) for text in given))
    # The settings of a command are no group of the experiment: they are written without a prefix.
    problems = [replace(problem, where=problem.where.removeprefix("convert.")) for problem in problems]
    for text in sources[1:]:
        allowed = f"one source, and of {', '.join(own)} what is needed, as key=value"
        problems.append(Problem(text, "neither the source nor a setting", allowed))
    source = (request.working_directory / Path(sources[0]).expanduser()).absolute() if sources else Path()
    if not sources:
        problems.append(Problem("SOURCE", "missing", "a file or a folder of labels: yololab convert SOURCE out=DIR"))
    elif not source.exists():
        similar = similar_path(sources[0], request.working_directory)
        remedy = f"did you mean {similar}?" if similar else ""
        problems.append(Problem(sources[0], "no such file or folder", "a file or a folder of labels", remedy))
    if problems:
        raise InputError(problems)
    return source, settings
