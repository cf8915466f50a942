"""Fetching a dataset by the `download:` entry of its data.yaml: a URL or code, run only when the user allows it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from yololab.errors import InputError, Problem
from yololab.ultralytics_adapter.isolation import runtime
from yololab.ultralytics_adapter.isolation.logs import first_line, quiet_progress


def fetch_dataset(yaml: Path) -> None:
    """Download the dataset that a data.yaml describes into the datasets folder, as Ultralytics does.

    Runs the `download:` entry of the file, also when it is a script. Call it only when the user has allowed that.

    Raises:
        InputError: The network is off, or the download failed.
    """
    runtime.activate()
    from ultralytics.data.utils import check_det_dataset

    _fetch(str(yaml), lambda: check_det_dataset(str(yaml), autodownload=True))


def fetch_class_folders(name: str) -> None:
    """Download a classification dataset into the datasets folder, by the name that Ultralytics has for it.

    Raises:
        InputError: The network is off, or there is no dataset of that name.
    """
    runtime.activate()
    from ultralytics.data.utils import check_cls_dataset

    _fetch(f"data.source, {name}", lambda: check_cls_dataset(name))


def _fetch(where: str, download: Callable[[], Any]) -> None:
    """Download, unless the network is off; say in one line why it failed."""
    if runtime.is_offline():
        found = "its images are not there, and the network is off"
        raise InputError(Problem(where, found, remedy="copy the dataset into the datasets folder"))
    try:
        with quiet_progress():
            download()
    except Exception as error:  # network, archive, disk, code of the dataset's author: all end in the same advice
        found, remedy = (
            f"its download failed ({first_line(error)})",
            "check the network, or download the dataset by hand",
        )
        raise InputError(Problem(where, found, remedy=remedy)) from error
