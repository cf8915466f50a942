"""Which image is which frame of a film, where labels know frames by their numbers."""

import re
from collections.abc import Sequence
from pathlib import Path

from yololab.data.conversion.labelled import LabelledImage
from yololab.data.conversion.sources.cvat_tracks import name_of
from yololab.data.conversion.sources.places import ImagePlaces
from yololab.errors import InputError, Problem
from yololab.text import counted


def match_frames(images: Sequence[LabelledImage], places: ImagePlaces) -> list[str]:
    """Give frames the names of their images, where these are not called as CVAT calls them.

    Images of another name are the frames in the order of their names, when there are as many.

    Args:
        images: The frames of all films.
        places: Where images lie.

    Returns:
        What a reader should know.

    Raises:
        InputError: The images count from 1, and the frames from 0.
    """
    films: dict[Path, list[LabelledImage]] = {}
    for image in images:
        films.setdefault(image.folder, []).append(image)
    return [note for folder, frames in films.items() if (note := _match_film(folder, frames, places))]


def _match_film(folder: Path, frames: Sequence[LabelledImage], places: ImagePlaces) -> str:
    there = [frame for frame in frames if places.find(frame.name, folder)[0] is not None]
    if there:
        last = int(frames[-1].name.rpartition("_")[2])
        if there[0] is not frames[0] and places.find(name_of(last + 1), folder)[0] is not None:
            found = f"images up to {name_of(last + 1)}, and frames from {frames[0].name} to {frames[-1].name}"
            remedy = "they count from 1: each would get the labels of the frame before; name them from 0 on"
            raise InputError(Problem(str(folder), found, "an image of the same number for each frame", remedy))
        return ""
    real = folder.resolve()
    files = sorted((file for file in places.files if file.is_relative_to(real)), key=_by_numbers)
    if len(files) != len(frames):
        return ""
    for frame, file in zip(frames, files, strict=True):
        frame.name = file.relative_to(real).as_posix()
    return f"{counted(len(files), 'image')} of {folder.name} are taken for the frames in the order of their names"


def _by_numbers(file: Path) -> list[str | int]:
    """Return what a path is sorted by: numbers in it by their values."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", file.as_posix())]
