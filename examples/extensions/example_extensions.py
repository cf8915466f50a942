"""One small extension for each extension point of yololab; docs/guides/extending.md explains them."""

from __future__ import annotations

import html
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yololab.data.dataset.layout import Dataset
from yololab.data.problems import DataProblem, Severity
from yololab.files.metrics import MetricsFile
from yololab.statistics.records.base import Records
from yololab.statistics.records.detections import DetectionRecords
from yololab.sweep.executor import JobState, Resources

FEWEST_IMAGES = 100


def few_images(dataset: Dataset, images: Mapping[str, Sequence[Path]]) -> Iterable[DataProblem]:
    """A check: splits of fewer than a hundred images. `check.severity.few_images=off` turns it off."""
    for split, found in images.items():
        if 0 < len(found) < FEWEST_IMAGES:
            what = f"{split}: only {len(found)} images"
            yield DataProblem("few_images", dataset.yaml, None, what, Severity.NOTE, "label more of them")


def images_hit(records: Records, weights: NDArray[Any]) -> float | None:
    """A metric (provisional): the share of images in which at least one object was found, at the lowest IoU.

    Args:
        records: The records of an evaluation; those of detections have `detections`, the number of each image, and
            `flags`, a bit a threshold for each detection.
        weights: How often each image counts, shape (I,): ones for the number itself, and bootstrap weights for the
            interval of a difference.
    """
    if not isinstance(records, DetectionRecords):
        return None  # not defined for this task
    image = np.repeat(np.arange(len(records.keys)), records.detections)
    found = (records.flags["box"] & 1).astype(bool)
    hit = np.bincount(image[found], minlength=len(records.keys)) > 0
    return float(hit @ weights / weights.sum())


images_hit.direction = "higher"  # type: ignore[attr-defined]


def no_slower(current: MetricsFile, baseline: MetricsFile | None, limit: float) -> tuple[float | None, bool, str]:
    """A guard (provisional): inference takes at most `limit` times the baseline's time.

    Used with baseline.guards.custom={no_slower:1.1}.

    Returns:
        What was found, whether the limit is broken, and both in words.
    """
    ours = current.value("speed_ms.inference")
    theirs = baseline.value("speed_ms.inference") if baseline is not None else None
    if ours is None or not theirs:
        return None, False, "the speed of one side was not measured"
    return ours / theirs, ours > limit * theirs, f"inference takes {ours / theirs:.2f} of the baseline's time"


def pace(folder: Path, record: Mapping[str, Any]) -> tuple[str, str] | None:
    """A section of the report: how long each stage took, as a list. None leaves it out."""
    timings = record.get("timings") or {}
    if not timings:
        return None
    rows = "".join(f"<li>{html.escape(stage)}: {seconds:.1f} s</li>" for stage, seconds in timings.items())
    return "Pace", f"<p>{html.escape(folder.name)}</p><ul>{rows}</ul>"


def note_time(trainer: Any) -> None:
    """A callback of the training: the moment at which each epoch ended, in a file of the run's folder.

    `trainer` is Ultralytics' own; what a callback raises is noted in the log and costs the training nothing.
    """
    with (Path(trainer.save_dir) / "epoch_times.txt").open("a", encoding="utf-8") as file:
        file.write(f"{trainer.epoch + 1} {time.time():.0f}\n")


class InTurn:
    """An engine: one trial at a time, each as a process of this machine."""

    capacity = 1

    def __init__(self, body: Sequence[str]) -> None:
        self._body = body
        self._jobs: dict[str, subprocess.Popen[bytes]] = {}

    def submit(self, folder: Path, environment: Mapping[str, str]) -> str:
        """Start the body for the trial in `folder`; what it prints goes to a file there."""
        import os

        with (folder / "output.log").open("ab") as output:
            job = subprocess.Popen(
                [*self._body, str(folder)], env=os.environ | dict(environment), stdout=output, stderr=output
            )
        self._jobs[str(job.pid)] = job
        return str(job.pid)

    def poll(self, handles: Sequence[str]) -> dict[str, JobState]:
        """Return where each job is; one that this process has not started is gone."""
        running = {handle for handle, job in self._jobs.items() if job.poll() is None}
        return {handle: JobState.RUNNING if handle in running else JobState.GONE for handle in handles}

    def cancel(self, handle: str) -> None:
        """Ask a job to end; it saves its state first."""
        if handle in self._jobs:
            self._jobs[handle].terminate()

    def reason(self, handle: str) -> str | None:
        """Return why a job ended, when it was by a signal."""
        job = self._jobs.get(handle)
        return f"signal {-job.returncode}" if job is not None and job.returncode and job.returncode < 0 else None

    def close(self) -> None:
        """Wait for what is still running."""
        for job in self._jobs.values():
            job.wait()


def make_executor(settings: Mapping[str, Any], resources: Resources, body: Sequence[str]) -> InTurn:
    """Make the engine.

    Args:
        settings: What stands in conf/hydra/launcher/in_turn.yaml beside `engine` and the resources; it needs none.
        resources: What each trial is to get; it ignores them.
        body: The command of a trial, to which its folder is added.
    """
    del settings, resources
    return InTurn(body)
