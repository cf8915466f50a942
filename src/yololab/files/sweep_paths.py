"""Where the files of a sweep lie."""

from dataclasses import dataclass
from pathlib import Path

from yololab.files.paths import LOG, REPORT, RunFolder, safe_name


@dataclass(frozen=True)
class SweepPaths:
    """Paths of everything that a sweep leaves next to its trials.

    Attributes:
        path: The sweep's folder, absolute.
    """

    path: Path

    @property
    def settings_file(self) -> Path:
        """What was asked for; a folder with this file is a sweep's."""
        return self.path / "sweep.json"

    @property
    def study_file(self) -> Path:
        """The study's journal, when the study has no other storage."""
        return self.path / "study.log"

    @property
    def config(self) -> Path:
        """A copy of the config folders: what is edited later does not change the sweep."""
        return self.path / ".conf"

    @property
    def multirun(self) -> Path:
        """Hydra's config of the whole sweep."""
        return self.path / "multirun.yaml"

    @property
    def summary(self) -> Path:
        """The summary for programs."""
        return self.path / "summary.json"

    @property
    def summary_table(self) -> Path:
        """The summary as a table."""
        return self.path / "summary.csv"

    @property
    def best(self) -> Path:
        """Link to the winner's folder."""
        return self.path / "best"

    @property
    def approvals(self) -> Path:
        """What was asked before the first trial, and answered."""
        return self.path / "approvals.json"

    @property
    def report(self) -> Path:
        """The page of the sweep."""
        return self.path / REPORT

    @property
    def log(self) -> Path:
        """Everything that the sweep printed."""
        return self.path / LOG

    @property
    def checks(self) -> Path:
        """The dataset checks that the parent made for all trials."""
        return self.path / ".checks"

    @property
    def lock(self) -> Path:
        """The file that the parent which changes the trials holds locked meanwhile."""
        return self.path / ".sweep.lock"

    def heartbeat(self, host: str, pid: int, started: str) -> Path:
        """Return the file whose age tells when a parent was last alive."""
        return self.path / ".parents" / safe_name(f"{host}_{pid}_{started}")

    def trial(self, number: int) -> RunFolder:
        """Return the folder of a trial."""
        return RunFolder(self.path / str(number))
