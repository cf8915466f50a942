"""What an earlier attempt of a run has left: whether a stage's output is whole, and taking it over if it is.

Each function answers True when its stage need not run again, and has then put what the stage found into the job.
"""

from __future__ import annotations

from yololab.comparison.comparison_file import read_comparison
from yololab.errors import InputError
from yololab.files.metrics import read_metrics
from yololab.job.context import Job
from yololab.job.stages.measuring import record_comparison, record_evaluation
from yololab.job.stages.train import record_training
from yololab.job.stages.verify import Check
from yololab.ultralytics_adapter.training.training_file import read_training_file


def begun(job: Job) -> bool:
    """Whether the training has begun: it was estimated and agreed to then."""
    return job.folder.training.is_file() or job.folder.holds_a_run()


def trained(job: Job) -> bool:
    """Whether the training came to its end."""
    try:
        result = read_training_file(job.folder.training)
    except InputError:
        return False
    if not result.finished:
        return False
    job.training = result
    job.record.describe_attempt(from_epoch=result.epochs_completed)
    record_training(job, result)
    return True


def evaluated(job: Job) -> bool:
    """Whether the evaluation is there, of this dataset, with its records."""
    try:
        metrics = read_metrics(job.folder.metrics)
    except InputError:
        return False
    split = job.config.evaluation.split.value
    if not job.folder.predictions.is_file() or metrics.content.get("dataset_fingerprint") != job.fingerprints.get(
        split
    ):
        return False
    job.metrics = metrics
    record_evaluation(job)
    return True


def compared(job: Job) -> bool:
    """Whether the comparison is there, for programs and for people."""
    if not job.folder.comparison_markdown.is_file():
        return False
    try:
        job.comparison = read_comparison(job.folder.comparison)
    except InputError:
        return False
    record_comparison(job)
    return True


def verified(job: Job) -> bool:
    """Whether the checklist was gone through."""
    found = ((job.earlier or {}).get("verification") or {}).get("checks")
    if not found:
        return False
    job.checklist = [Check(**item) for item in found]
    return True


def promoted(job: Job) -> bool:
    """Whether the run was made the baseline already."""
    return bool((job.earlier or {}).get("promoted"))
