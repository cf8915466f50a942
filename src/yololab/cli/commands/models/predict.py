"""`yololab predict SOURCE`: what a model finds in images and films."""

from yololab.cli.request import Request
from yololab.cli.table import COMMANDS
from yololab.errors import InputError, InterruptedRunError, JobError, Problem
from yololab.job.prediction.options import PredictOptions


def run(request: Request) -> int:
    """Predict; return 0, 1 when some files could not be read, or 130 when it was stopped."""
    own = COMMANDS["predict"].own_settings
    given = [text for text in request.operands if text.partition("=")[0] in own]
    sources = [text for text in request.operands if text not in given]
    sources += [text.partition("=")[2] for text in given if text.startswith("source=")]
    options, _ = request.own_settings(PredictOptions, [text for text in given if not text.startswith("source=")])
    if not sources:
        usage = "yololab predict SOURCE [model=RUN|baseline|file]"
        raise InputError(Problem("predict", "no source", "images, a folder, a pattern, a list or a film", usage))
    # It imports PyTorch; a mistake in the settings has been reported by now.
    from yololab.job.prediction.predict import predict_sources

    found = predict_sources(sources, options, request.experiment, request.working_directory, request.screen)
    request.print_json(found.content())
    if found.interrupted:
        return InterruptedRunError.exit_code
    return JobError.exit_code if found.unreadable else 0
