"""Looking at a dataset, and only that: what `yololab check` does."""

from pathlib import Path

from yololab.config.hydra.compose import Composed
from yololab.config.schema import ExperimentConfig
from yololab.data.checks.check_report import CheckReport
from yololab.data.checks.suitability import likely_task, unsuitable_dataset
from yololab.data.labels.task_labels import TASK_DATA
from yololab.errors import InputError
from yololab.files.atomic import new_named_folder
from yololab.files.paths import RunFolder
from yololab.job.prepare import Paths, prepare_dataset, prepare_model, project_paths
from yololab.job.stages.check import checked_dataset, fingerprints_of, show_findings, write_findings
from yololab.report.page import write_check_page
from yololab.terminal.screen import Screen


def check_data(
    composed: Composed, task: str | None, working_directory: Path, screen: Screen
) -> tuple[RunFolder, str, CheckReport]:
    """Check a dataset and write dataset_report.json, the manifest and the page to outputs/checks/<dataset>_<time>/.

    Args:
        composed: The dataset, and what the check reads of the other settings.
        task: The task that is named; None for that of the model that is named, or that the dataset looks like.
        working_directory: Where relative paths start.
        screen: Where to print.

    Returns:
        The folder, the name of the dataset, and what was found.

    Raises:
        InputError: The dataset cannot be read, or is none for the task.
    """
    paths = project_paths(composed.experiment, working_directory)
    asked = task or _task_of_model(composed.experiment, paths)
    dataset, name = prepare_dataset(composed.experiment, paths, composed.data_option, task=asked)
    task = asked or likely_task(dataset)
    problems = unsuitable_dataset(dataset, task) if asked else []
    if problems:
        raise InputError(problems)
    report = checked_dataset(composed.experiment, dataset, task, paths.cache, screen)
    fingerprints = fingerprints_of(report, composed.experiment.train)

    def fill(hidden: Path, _place: Path) -> None:
        write_findings(RunFolder(hidden), report, fingerprints)

    folder = RunFolder(new_named_folder(paths.tree.checks, name, fill))
    write_check_page(folder.path)
    show_findings(screen, name, report)
    screen.detail(f"checked for {task}")
    for split, fingerprint in fingerprints.items():
        screen.detail(f"fingerprint of {split}: {fingerprint[:16]}")
    screen.place("report", folder.report)
    return folder, name, report


def _task_of_model(config: ExperimentConfig, paths: Paths) -> str | None:
    """Return the task of the model that the command line names; None when it names none.

    A checkpoint that is not here tells it by its name: it is not downloaded for that.
    """
    if not {"model", "model.weights", "model.architecture"} & config.overridden:
        return None
    if any((folder / config.model.weights).is_file() for folder in (paths.working_directory, paths.weights)):
        return prepare_model(config, paths).task
    stem = Path(config.model.weights).stem
    return next((task for task, form in TASK_DATA.items() if form.models and stem.endswith(form.models)), "detect")
