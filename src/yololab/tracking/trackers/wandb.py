"""Weights & Biases: a folder in the project that `wandb sync` sends, or the server with `WANDB_MODE=online`."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import wandb

from yololab.tracking.tracker import PROJECT, Place, Tracker


class WandbTracker(Tracker):
    """A run whose id is ours; trials and their sweep are one group."""

    def open(self) -> Place:
        """Begin the run, or resume it."""
        folder = self.store.of("wandb")
        folder.mkdir(parents=True, exist_ok=True)
        self._run = wandb.init(
            project=os.environ.get("WANDB_PROJECT") or PROJECT,
            id=self.subject.id,
            resume="allow",
            name=self.subject.name,
            group=self.subject.group,
            job_type=self.subject.kind,
            dir=str(folder),
            mode="online" if self.online else "offline",
            settings=wandb.Settings(
                console="off",
                disable_git=True,
                save_code=False,
                disable_code=True,
                x_disable_stats=True,
                x_disable_meta=True,
            ),
        )
        # Against the epoch: the library's own step never goes back, ours may end where it was.
        self._run.define_metric("*", step_metric="epoch")
        where = self._run.url if self.online else f"wandb sync {Path(self._run.dir).parent}"
        return Place(self.subject.id, str(where))

    def settings(self, values: Mapping[str, Any]) -> None:
        """Set the config."""
        self._run.config.update(dict(values), allow_val_change=True)

    def numbers(self, values: Mapping[str, float], step: int) -> None:
        """Log numbers."""
        self._run.log({"epoch": step, **values})

    def facts(self, values: Mapping[str, str]) -> None:
        """Put what is known in words into the summary."""
        self._run.summary.update(dict(values))

    def file(self, kind: str, path: Path) -> None:
        """Log an artefact; a page as something to look at as well."""
        artifact = wandb.Artifact(f"{self.subject.id}-{kind}", "model" if kind == "weights" else "file")
        artifact.add_file(str(path))
        self._run.log_artifact(artifact)

    def baseline(self, name: str) -> None:
        """Note it in the summary."""
        self._run.summary["baseline"] = name

    def close(self, failed: bool) -> None:
        """End the run."""
        self._run.finish(exit_code=int(failed))
