"""ClearML: offline sessions in the project, which `Task.import_offline_session` sends, or the user's server."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from clearml import Task

from yololab.text import setting
from yololab.tracking.tracker import PROJECT, Place, Tracker


class ClearmlTracker(Tracker):
    """A task; trials lie in a project that is called as their sweep is."""

    def open(self) -> Place:
        """Begin the task, or continue it; nothing that the library would hook into is hooked into."""
        # The library would fork a reporter while threads run, which can hold a pipe that one of them waits at for ever.
        Task._report_subprocess_enabled = False
        Task.set_offline(not self.online)
        project = os.environ.get("CLEARML_PROJECT") or PROJECT
        self._task = Task.init(
            project_name=f"{project}/{self.subject.group}" if self.subject.group else project,
            task_name=self.subject.name,
            task_type=Task.TaskTypes.training,
            continue_last_task=self.known or False,
            reuse_last_task_id=False,
            auto_connect_arg_parser=False,
            auto_connect_frameworks=False,
            auto_connect_streams=False,
            auto_resource_monitoring=False,
        )
        # What the library adds to each iteration of a task that is continued; ours are numbered through.
        self._offset = int(self._task.get_initial_iteration())
        self._task.set_tags([f"id:{self.subject.id}", self.subject.kind])
        where = self._task.get_output_log_web_page() if self.online else f"{self._task.get_offline_mode_folder()}.zip"
        how = "" if self.online else ": Task.import_offline_session sends it"
        return Place(str(self._task.id), f"{where}{how}")

    def settings(self, values: Mapping[str, Any]) -> None:
        """Set the config as parameters."""
        self._task.set_parameters({f"config/{name}": setting(value) for name, value in values.items()})

    def numbers(self, values: Mapping[str, float], step: int) -> None:
        """Report scalars: what stands before the slash is the plot."""
        for name, value in values.items():
            title, _, series = name.partition("/")
            self._task.get_logger().report_scalar(title, series or title, value, step - self._offset)

    def facts(self, values: Mapping[str, str]) -> None:
        """Set what is known in words as parameters beside the config."""
        self._task.set_parameters({f"facts/{name}": text for name, text in values.items()} | self._config())
        if "answer" in values:
            self._task.set_comment(values["answer"])

    def file(self, kind: str, path: Path) -> None:
        """Upload an artefact."""
        self._task.upload_artifact(kind, str(path), wait_on_upload=True)

    def close(self, failed: bool) -> None:
        """End the task; offline, that packs the session."""
        if failed and self.online:
            self._task.mark_failed(status_reason="the run has no result")
        self._task.close()

    def _config(self) -> dict[str, Any]:
        """Return the parameters that there are: setting some drops the others."""
        return dict(self._task.get_parameters() or {})
