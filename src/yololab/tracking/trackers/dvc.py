"""DVCLive: tables and parameters in the run's folder, for `dvc plots show` and the editor's extension."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dvclive import Live

from yololab.files.paths import TrackingFolder
from yololab.text import setting
from yololab.tracking.tracker import Place, Tracker


class DvcTracker(Tracker):
    """The files of DVCLive. No commit and no experiment is made in the user's repository."""

    def open(self) -> Place:
        """Begin the tables, or go on with them."""
        folder = TrackingFolder(self.subject.folder).dvclive
        resume = self.known is not None and folder.is_dir()
        self._live = Live(
            dir=str(folder), resume=resume, report=None, save_dvc_exp=False, dvcyaml=None, monitor_system=False
        )
        return Place(str(folder), f"dvc plots show {folder}")

    def settings(self, values: Mapping[str, Any]) -> None:
        """Write the parameters."""
        self._live.log_params({name: setting(value) for name, value in values.items()})

    def numbers(self, values: Mapping[str, float], step: int) -> None:
        """Write a row into the table of each number."""
        self._live.step = step
        for name, value in values.items():
            self._live.log_metric(name, value)
        self._live.make_summary()

    def facts(self, values: Mapping[str, str]) -> None:
        """Put what is known in words into the summary."""
        self._live.summary |= {"facts": dict(values)}
        self._live.make_summary()

    def file(self, kind: str, path: Path) -> None:
        """Leave the file where it is: DVC tracks files in place."""

    def close(self, failed: bool) -> None:
        """End the tables."""
        del failed
        self._live.end()
