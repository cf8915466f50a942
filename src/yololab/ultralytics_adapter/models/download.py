"""Fetching a dataset by the `download:` entry of its data.yaml: a URL or code, run only when the user allows it."""

from pathlib import Path

from yololab.errors import InputError, Problem
from yololab.ultralytics_adapter.isolation import runtime
from yololab.ultralytics_adapter.isolation.logs import plain_lines, quiet_progress


def fetch_dataset(yaml: Path) -> None:
    """Download the dataset that a data.yaml describes into the datasets folder, as Ultralytics does.

    Runs the `download:` entry of the file, also when it is a script. Call it only when the user has allowed that.

    Raises:
        InputError: The network is off, or the download failed.
    """
    runtime.activate()
    from ultralytics.data.utils import check_det_dataset

    if runtime.is_offline():
        found, remedy = "its images are not there, and the network is off", "copy the dataset to its folder"
        raise InputError(Problem(str(yaml), found, remedy=remedy))
    try:
        with quiet_progress():
            check_det_dataset(str(yaml), autodownload=True)
    except Exception as error:  # the entry is code of the dataset's author and can raise anything
        raise _failed(str(yaml), error) from error


def fetch_class_folders(name: str) -> None:
    """Download a classification dataset into the datasets folder, by the name that Ultralytics has for it.

    Raises:
        InputError: The network is off, or there is no dataset of that name.
    """
    runtime.activate()
    from ultralytics.data.utils import check_cls_dataset

    if runtime.is_offline():
        found, remedy = f"{name!r} is not there, and the network is off", "copy the dataset into the datasets folder"
        raise InputError(Problem("data.source", found, remedy=remedy))
    try:
        with quiet_progress():
            check_cls_dataset(name)
    except Exception as error:  # network, archive, disk: all end in the same advice
        raise _failed(f"data.source, {name}", error) from error


def _failed(where: str, error: Exception) -> InputError:
    """Say in one line why a dataset could not be downloaded."""
    line = next(iter(plain_lines(str(error))), type(error).__name__)
    remedy = "check the network, or download the dataset by hand"
    return InputError(Problem(where, f"its download failed ({line})", remedy=remedy))
