"""`yololab split data=… out=DIR ratios=… | folds=…`: lists of images for training, validation and test, or folds."""

from yololab.cli.request import Request
from yololab.data.splits.settings import read_split_settings
from yololab.job.standalone.split import split_data


def run(request: Request) -> int:
    """Split a dataset; return 0."""
    settings = read_split_settings(dict(text.split("=", 1) for text in request.operands))
    found = split_data(request.composed, settings, request.task, request.working_directory, request.screen)
    path = found.folder.path
    request.print_json({**found.content, "path": str(path), "yaml": str(found.data)})
    return 0
