"""`yololab check`: look at a dataset, and only that."""

from __future__ import annotations

from yololab.commands.request import Request
from yololab.commands.train import data_choice
from yololab.data.checks import check_dataset
from yololab.jsonfiles import write_json
from yololab.preparation import needed_splits, prepare_dataset, project_paths
from yololab.runfolder import RunFolder, create_folder
from yololab.stages.check import DATASET_REPORT_VERSION, show_findings

# Labels are judged for a task; a dataset alone does not say which.
DEFAULT_TASK = "detect"


def run(request: Request) -> int:
    """Check a dataset, show what was found and write dataset_report.json.

    Returns:
        0 when nothing blocks a training, else 2.
    """
    composed = request.compose()
    paths = project_paths(composed.experiment, request.working_directory)
    dataset, name = prepare_dataset(composed.experiment, paths, data_choice(composed))
    report = check_dataset(
        dataset,
        request.task or DEFAULT_TASK,
        single_cls=bool(composed.experiment.train["single_cls"]),
        needed=needed_splits(composed.experiment),
    )
    folder = RunFolder(create_folder(paths.tree.checks, name))
    write_json(folder.dataset_report, report.to_json(), DATASET_REPORT_VERSION)
    screen = request.screen()
    show_findings(screen, name, report)
    screen.detail(f"report: {folder.dataset_report}")
    return 2 if report.blocking else 0
