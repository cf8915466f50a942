"""Ctrl-C at a command that leaves no run: one line, exit code 130, nothing half-written, no process left over."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from command_line import start
from record_samples import records_of, write_run
from tiny import make_dataset

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("project")
    make_dataset(root / "pictures", images=300)
    for seed, name in enumerate(("new", "old")):
        (root / "outputs/training" / name).mkdir(parents=True)
        write_run(root / "outputs/training" / name, records_of(0.8, seed, 400), {"lr0": 0.01 * seed})
    return root


def files(project: Path) -> dict[Path, int]:
    """Every file, also a hidden one, with the time of its last change; caches may grow."""
    found = [path for path in project.rglob("*") if ".yololab" not in path.relative_to(project).parts]
    return {path: path.stat().st_mtime_ns for path in found if path.is_file()}


@pytest.mark.parametrize("later", [0.0, 0.7, 1.4, 2.0])
@pytest.mark.parametrize(
    ("words", "written"),
    [
        (("compare", "new", "old", "baseline.gate=none"), {"comparison.json", "comparison.md", "report.html"}),
        (("check", "data=pictures/data.yaml"), {"dataset_report.json", "dataset_manifest.json.gz", "report.html"}),
        (("report", "new"), {"report.html"}),
    ],
    ids=lambda words: words[0] if isinstance(words, tuple) else "",
)
def test_an_interrupted_command_leaves_whole_files(words, written, later, project):
    before = files(project)
    process = start(project, *words)
    time.sleep(0.4 + later)  # Python itself starts within the first part
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it
    output = process.communicate(timeout=60)[0]
    fresh = {path.name for path, changed in files(project).items() if before.get(path) != changed}
    assert "Traceback" not in output, output
    if process.returncode == 130:
        assert output.splitlines()[-1] == "error: interrupted"
        assert fresh <= written, "each is there whole, or not at all"
    else:  # it had ended, or Python was at its end already
        assert process.returncode in (0, -signal.SIGINT), output
        assert fresh == written
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
