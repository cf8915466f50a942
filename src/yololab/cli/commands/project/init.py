"""`yololab init [DIR]`: a project to begin with, in which nothing that is there is touched."""

from pathlib import Path

from yololab.cli.request import Request
from yololab.config.starter.project import EXAMPLE, start_project
from yololab.data.checks.suitability import likely_task
from yololab.data.dataset.layout import load_dataset
from yololab.data.labels.task_labels import TASK_DATA
from yololab.errors import InputError, Problem
from yololab.terminal.screen import shown_path
from yololab.text import counted, first_of

_MODEL = "yolo26n"


def run(request: Request) -> int:
    """Write the files of a project; return 0, also when some were there already."""
    given = [text for text in request.operands if text.startswith("data=")]
    folders = [text for text in request.operands if text not in given]
    if len(folders) > 1 or len(given) > 1:
        usage = "yololab init [DIR] [data=…]"
        problems = [Problem(text, "neither the folder nor data=…", usage) for text in folders[1:]]
        raise InputError([*problems, *(Problem(text, "given a second time", "one dataset") for text in given[1:])])
    folder = (request.working_directory / Path(folders[0] if folders else ".").expanduser()).absolute()
    if folder.exists() and not folder.is_dir():
        raise InputError(Problem(str(folder), "a file", "a folder, which may be new"))
    source, weights = None, f"{_MODEL}.pt"
    if given:
        data = (request.working_directory / Path(given[0].removeprefix("data=")).expanduser()).absolute()
        dataset = load_dataset(data)
        weights = f"{_MODEL}{TASK_DATA[likely_task(dataset)].models}.pt"
        inside = data.is_relative_to(folder)
        source = data.relative_to(folder).as_posix() if inside else str(data)
    started = start_project(folder, source, weights)
    screen = request.screen
    screen.stage("init", f"{shown_path(folder)}: {counted(len(started.written), 'new file')}")
    for place in started.written:
        screen.detail(place)
    if started.kept:
        screen.detail(f"kept as they were: {first_of(started.kept, len(started.kept))}")
    step = "" if folder == request.working_directory else f"cd {shown_path(folder)} && "
    screen.hint(f"next: {step}yololab check experiment={EXAMPLE}, then yololab estimate experiment={EXAMPLE}")
    request.print_json(
        {"path": str(folder), "written": started.written, "kept": started.kept, "experiment": EXAMPLE, "data": source}
    )
    return 0
