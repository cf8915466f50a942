"""A complete run whose files are all whole, made without a training; its model has learnt nothing."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import record_samples

from yololab.comparison.compare import compare_metrics
from yololab.comparison.result import write_comparison
from yololab.config.defaults import default_tree
from yololab.config.frozen import Frozen
from yololab.config.schema import Gate
from yololab.config.validation import validate
from yololab.data.identity.manifest import write_manifest
from yololab.files.json_files import write_json
from yololab.files.metrics import read_metrics
from yololab.files.paths import RunFolder
from yololab.files.record import Record
from yololab.files.record_content import Status
from yololab.job.context import Context
from yololab.job.gatekeeper import Gatekeeper
from yololab.job.stages.check import DATASET_REPORT_VERSION
from yololab.report.comparison_markdown import comparison_markdown
from yololab.terminal.screen import Screen
from yololab.ultralytics_adapter.training.training_file import TrainResult, write_training_file

FINGERPRINT = "f" * 64
EPOCHS = 3


def write_whole_run(path: Path) -> RunFolder:
    """Write every file that a stage of a complete run has left."""
    folder = RunFolder(path)
    record = Record(folder)
    record.begin({"name": path.name, "provenance": {}})
    write_json(folder.dataset_report, {"splits": {}, "fingerprint": {"val": FINGERPRINT}}, DATASET_REPORT_VERSION)
    write_manifest(folder.manifest, {"val": {"a.png": ("0" * 16, "1" * 16)}})
    result = TrainResult("complete", EPOCHS, "finished", best_epoch=2, seconds=5.0)
    write_training_file(folder.training, result)
    rows = "".join(f"{epoch},{epoch}.5,0.{9 - epoch}\n" for epoch in range(1, EPOCHS + 1))
    folder.results.write_text(f"epoch,time,train/loss\n{rows}")
    folder.weights.mkdir()
    with zipfile.ZipFile(folder.best, "w") as archive:
        archive.writestr("data.pkl", "weights")
    metrics = read_metrics(record_samples.write_evaluation(path, record_samples.records_of(0.5)))
    comparison = write_comparison(folder.comparison, compare_metrics(metrics, None, 0.01), Gate.NONE)
    folder.comparison_markdown.write_text(comparison_markdown(comparison))
    folder.report.write_text("<html></html>\n")
    record.update(
        dataset={"fingerprint": {"val": FINGERPRINT}},
        verification={"passed": True, "checks": [{"check": "metrics saved", "passed": True, "evidence": "4"}]},
    )
    record.finish(Status.COMPLETE)
    return folder


def context_of(folder: RunFolder, **changes: Any) -> Context:
    """Return what a resumed run of this folder is given."""
    tree = default_tree()
    frozen = Frozen(validate(tree, ()), tree, {}, ())
    gatekeeper = Gatekeeper(frozen.experiment.approval, None)
    known: dict[str, Any] = {"previous": Record(folder).read()} | changes
    return Context(folder, frozen, Screen(quiet=True), gatekeeper, folder.path, ("yololab",), **known)
