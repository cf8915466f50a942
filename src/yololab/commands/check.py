"""`yololab check`: look at a dataset, and only that."""

from __future__ import annotations

from yololab.commands.request import Request
from yololab.commands.train import data_choice
from yololab.data.checks import check_dataset
from yololab.data.fitness import likely_task, unfit_dataset
from yololab.data.manifest import write_manifest
from yololab.errors import InputError
from yololab.jsonfiles import write_json
from yololab.measuring import class_filter
from yololab.preparation import needed_splits, prepare_dataset, project_paths
from yololab.report.page import write_check_page
from yololab.runfolder import RunFolder, create_folder
from yololab.stages.check import DATASET_REPORT_VERSION, check_settings, show_findings


def run(request: Request) -> int:
    """Check a dataset for the task that is named, or the one that it looks like; write dataset_report.json.

    Returns:
        0 when nothing blocks a training, else 2.
    """
    composed = request.compose()
    paths = project_paths(composed.experiment, request.working_directory)
    dataset, name = prepare_dataset(composed.experiment, paths, data_choice(composed), task=request.task)
    task = request.task or likely_task(dataset)
    problems = unfit_dataset(dataset, task) if request.task else []
    if problems:
        raise InputError(problems)
    train = composed.experiment.train
    single_cls = bool(train["single_cls"])
    screen = request.screen()
    with screen.counting("images") as progress:
        report = check_dataset(
            dataset,
            task,
            progress=progress,
            single_cls=single_cls,
            needed=needed_splits(composed.experiment),
            settings=check_settings(composed.experiment.check, int(train["imgsz"]), paths.cache),
        )
    folder = RunFolder(create_folder(paths.tree.checks, name))
    readable = all(file.digest for files in report.files.values() for file in files)
    fingerprints = report.fingerprints(single_cls, class_filter(train)) if readable else {}
    content = report.to_json() | {"fingerprint": fingerprints}
    write_json(folder.dataset_report, content, DATASET_REPORT_VERSION)
    write_manifest(folder.manifest, report.manifest())
    write_check_page(folder.path)
    show_findings(screen, name, report)
    screen.detail(f"checked for {task}")
    for split, fingerprint in fingerprints.items():
        screen.detail(f"fingerprint of {split}: {fingerprint[:16]}")
    screen.detail(f"report: {folder.report}, everything in {folder.dataset_report.name} beside it")
    return 2 if report.blocking else 0
