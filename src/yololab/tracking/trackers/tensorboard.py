"""TensorBoard: event files in the run's folder, which `tensorboard --logdir outputs/training` shows."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import summary_v2 as hparams
from tensorboard.plugins.text.metadata import create_summary_metadata
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util.tensor_util import make_tensor_proto

from yololab.files.paths import TrackingFolder
from yololab.text import setting
from yololab.tracking.tracker import Place, Tracker


class TensorboardTracker(Tracker):
    """Scalars for the numbers, text for the facts, and the config for the tab HPARAMS. Files stay where they are."""

    def open(self) -> Place:
        """Begin an event file; those of earlier attempts stay beside it, and are read as one."""
        folder = TrackingFolder(self.subject.folder).tensorboard
        self._writer = EventFileWriter(str(folder))
        return Place(str(folder), f"tensorboard --logdir {self.subject.folder.parent}")

    def settings(self, values: Mapping[str, Any]) -> None:
        """Write the config as the hyperparameters of a session."""
        plain = {
            name: value if isinstance(value, (bool, int, float)) else setting(value) for name, value in values.items()
        }
        self._write(hparams.hparams_pb(plain, trial_id=self.subject.id), 0)

    def numbers(self, values: Mapping[str, float], step: int) -> None:
        """Write scalars."""
        self._write(
            Summary(value=[Summary.Value(tag=name, simple_value=value) for name, value in values.items()]), step
        )
        self._writer.flush()

    def facts(self, values: Mapping[str, str]) -> None:
        """Write texts."""
        for name, text in values.items():
            tensor = make_tensor_proto([text], shape=(1,))
            metadata = create_summary_metadata(name, name)
            self._write(Summary(value=[Summary.Value(tag=f"facts/{name}", tensor=tensor, metadata=metadata)]), 0)

    def file(self, kind: str, path: Path) -> None:
        """Leave the file where it is: event files hold none."""

    def close(self, failed: bool) -> None:
        """End the event file, with the session of the hyperparameters."""
        del failed
        self._writer.close()

    def _write(self, summary: Any, step: int) -> None:
        self._writer.add_event(Event(wall_time=time.time(), step=step, summary=summary))
