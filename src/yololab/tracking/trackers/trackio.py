"""Trackio: a local database in the project, or the Space or server that the user's environment names."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import trackio

from yololab.tracking.tracker import PROJECT, Place, Tracker


class TrackioTracker(Tracker):
    """A run that is resumed by its name; trials and their sweep are one group."""

    def open(self) -> Place:
        """Begin the run, or resume it; the config is known only when it begins."""
        self._project = os.environ.get("TRACKIO_PROJECT") or PROJECT
        self._values: dict[str, Any] = {}
        self._run: Any = None
        return Place(
            self.subject.name, f"TRACKIO_DIR={self.store.of('trackio')} trackio show --project {self._project}"
        )

    def settings(self, values: Mapping[str, Any]) -> None:
        """Begin with the config."""
        self._run = trackio.init(
            project=self._project,
            name=self.subject.name,
            group=self.subject.group,
            space_id=os.environ.get("TRACKIO_SPACE_ID") if self.online else None,
            config={**values, "yololab_id": self.subject.id, "kind": self.subject.kind},
            resume="allow",
            embed=False,
            auto_log_gpu=False,
        )

    def numbers(self, values: Mapping[str, float], step: int) -> None:
        """Log numbers."""
        self._run.log(dict(values), step=step)

    def facts(self, values: Mapping[str, str]) -> None:
        """Log what is known in words as a row of its own."""
        self._run.log({f"facts/{name}": text for name, text in values.items()})

    def file(self, kind: str, path: Path) -> None:
        """Keep a copy among the files of the project."""
        del kind
        trackio.save(str(path), project=self._project)

    def close(self, failed: bool) -> None:
        """Wait until everything is written."""
        del failed
        self._run.finish()
