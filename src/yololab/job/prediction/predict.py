"""Predicting on images and films: what `yololab predict` does."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from yololab.config.schema import ExperimentConfig
from yololab.data.images.sources import Source, find_sources
from yololab.errors import InputError, Problem
from yololab.files.atomic import open_folder
from yololab.files.json_files import MOST_BYTES, parse_json, write_json
from yololab.files.paths import PredictionFolder
from yololab.files.reading import read_bytes, sha256_of
from yololab.host.signals import INTERRUPTED
from yololab.job.prediction.choice import ChosenModel, choose_model, how_to_predict
from yololab.job.prediction.options import PredictOptions
from yololab.job.prediction.writing import writing
from yololab.job.prepare import isolate, project_paths
from yololab.terminal.screen import Screen, shown_path
from yololab.text import counted
from yololab.ultralytics_adapter.isolation.logs import ultralytics_log
from yololab.ultralytics_adapter.models.exports import describe_model, trained_size
from yololab.ultralytics_adapter.prediction.predictor import PredictionSettings, Predictor

PREDICTION_VERSION = 1
_MOST_NAMED = 20  # of the files that could not be read, on the screen


@dataclass
class Predictions:
    """What came of a prediction.

    Attributes:
        folder: Where everything lies.
        model: The model that predicted.
        task: Its task.
        images: How many images, or frames, were predicted.
        detections: How many detections, or answers, were written.
        unreadable: The files that could not be read, with why.
        interrupted: Whether it was stopped before the end.
        threshold: Which threshold was applied, and where it is from.
    """

    folder: PredictionFolder
    model: Path
    task: str
    images: int = 0
    detections: int = 0
    unreadable: list[str] = field(default_factory=list)
    interrupted: bool = False
    threshold: dict[str, Any] = field(default_factory=dict)

    def rows(self) -> list[dict[str, Any]]:
        """Return what was found, a row each, as predictions.json has it."""
        found: list[dict[str, Any]] = parse_json(read_bytes(self.folder.predictions, MOST_BYTES), str(self.folder.path))
        return found

    def content(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "path": str(self.folder.path),
            "predictions": str(self.folder.predictions),
            "model": str(self.model),
            **{
                key: getattr(self, key)
                for key in ("task", "threshold", "images", "detections", "unreadable", "interrupted")
            },
        }


def predict_sources(
    sources: Sequence[str],
    options: PredictOptions,
    experiment: ExperimentConfig,
    working_directory: Path,
    screen: Screen,
) -> Predictions:
    """Predict on images and films; everything goes to a new folder.

    Args:
        sources: What was named, see `find_sources`.
        options: What the user says of it.
        experiment: `evaluation.threshold`, device and folders.
        working_directory: Where relative paths start.
        screen: Where to print.

    Raises:
        InputError: Sources or model are not right, or none of the sources could be read.
        JobError: The model failed.
    """
    files = find_sources(sources, working_directory)
    paths = project_paths(experiment, working_directory)
    isolate(paths)
    model = choose_model(options.model, options.task, paths.tree, working_directory, paths.weights)
    kind, _, names = describe_model(model.path)
    how = how_to_predict(model, kind, names, experiment, options.conf, options.imgsz, trained_size(model.path))
    with screen.working("predict", "loading the model"):
        predictor = Predictor(model.path, how.settings, experiment.device.id, experiment.device.threads)
    folder = PredictionFolder(open_folder(paths.tree.predictions, model.name))
    found = Predictions(folder, model.path, kind, threshold=dict(how.threshold))
    with screen.logging_to(folder.log), ultralytics_log(screen.line_of_ultralytics):
        screen.stage("predict", f"{shown_path(model.path)} on {counted(len(files), 'file')}, {how.settings.imgsz} px")
        for line in how.lines:
            screen.detail(line)
        try:
            _predict_all(files, predictor, options, found, screen)
        except KeyboardInterrupt:
            found.interrupted = True
            screen.warn(f"{INTERRUPTED}: {counted(found.images, 'image')}")
        finally:
            _write_summary(found, model, how.settings, options, sources)
        _tell(found, screen)
    return found


def _predict_all(
    files: Sequence[Source], predictor: Predictor, options: PredictOptions, found: Predictions, screen: Screen
) -> None:
    """Predict on all files, and write what was found of each image at once."""
    with (
        writing(found.folder, predictor.names, confidence=options.save_conf) as writer,
        screen.counting("predict", "files") as progress,
    ):
        for place, source in enumerate(files, start=1):
            before = found.images
            for name, pixels in _images_of(source, predictor, options.vid_stride):
                found.detections += writer.write(name, predictor.predict(pixels, draw=options.draw))
                found.images += 1
            if found.images == before:
                what = (
                    "no such file"
                    if not source.path.exists()
                    else "not readable as a film"
                    if source.film
                    else "not readable as an image"
                )
                found.unreadable.append(f"{source.path}: {what}")
            progress(place, len(files))


def _images_of(source: Source, predictor: Predictor, every: int) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Yield the image, or the frames, of a file, each with its name; none of what cannot be read."""
    if not source.film:
        pixels = predictor.read(source.path)
        if pixels is not None:
            yield source.name, pixels
        return
    import cv2

    film = cv2.VideoCapture(str(source.path))
    try:
        stem, number = source.name.rpartition(".")[0], 0
        while film.grab():
            number += 1
            if (number - 1) % every == 0:
                done, frame = film.retrieve()
                if done:
                    yield f"{stem}_{number:06d}.jpg", predictor.shaped(np.asarray(frame, np.uint8))
    finally:
        film.release()


def _write_summary(
    found: Predictions,
    model: ChosenModel,
    settings: PredictionSettings,
    options: PredictOptions,
    sources: Sequence[str],
) -> None:
    """Write with what was predicted, and what came of it."""
    how = {key: value for key, value in asdict(settings).items() if key not in ("thresholds", "threshold")}
    content = found.content() | {
        "model_sha256": sha256_of(model.path) if model.path.is_file() else None,
        "evaluation": None if model.metrics is None else str(model.metrics.path),
        "sources": list(sources),
        "protocol": how,
        "options": asdict(options),
    }
    write_json(found.folder.summary, content, PREDICTION_VERSION)


def _tell(found: Predictions, screen: Screen) -> None:
    """Say what came of it.

    Raises:
        InputError: None of the files could be read.
    """
    for line in found.unreadable[:_MOST_NAMED]:
        screen.warn(line)
    if len(found.unreadable) > _MOST_NAMED:
        screen.warn(f"and {len(found.unreadable) - _MOST_NAMED} more, listed in {found.folder.summary.name}")
    things = "detection" if found.task in ("detect", "segment", "pose", "obb") else "answer"
    screen.detail(f"{counted(found.detections, things)} in {counted(found.images, 'image')}")
    screen.place("predictions", found.folder.path)
    if not found.images and found.unreadable and not found.interrupted:
        found_text = f"none of {counted(len(found.unreadable), 'file')} could be read"
        raise InputError(Problem(str(found.folder.summary), found_text, "at least one image"))
