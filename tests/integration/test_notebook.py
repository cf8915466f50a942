"""The notebook of the examples, executed by a real kernel; and one that is interrupted."""

from __future__ import annotations

import json
import time
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest
from adapter_samples import MICRO
from tiny import make_dataset

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        find_spec("nbclient") is None or find_spec("ipykernel") is None, reason="the extra notebook is not installed"
    ),
]
EXAMPLE = Path(__file__).parents[2] / "examples/first_hour.ipynb"
TINY = {
    "epochs": 1,
    "imgsz": 64,
    "batch": 4,
    "workers": 0,
    "plots": False,
    "evaluation.plots": False,
    "approval": "auto",
    "data": "pictures/data.yaml",
    "model": "micro.yaml",
    "device.threads": 1,
    "export": "none",
    "data.subset": 8,
}


@pytest.fixture
def project(tmp_path):
    make_dataset(tmp_path / "pictures")
    (tmp_path / "micro.yaml").write_text(MICRO)
    return tmp_path


def test_the_first_hour(project):
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(EXAMPLE, as_version=4)
    for cell in notebook.cells:  # the same cells, on fewer and smaller images
        if cell.cell_type == "code":
            cell.source = cell.source.replace('check("shapes")', 'check("pictures/data.yaml")')
            lines = [
                f"SETTINGS = {TINY!r}" if line.startswith("SETTINGS") else line for line in cell.source.splitlines()
            ]
            cell.source = "\n".join(lines)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(project)}}).execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output.output_type == "error"]

    for cell in notebook.cells:
        printed = "".join(o.text for o in cell.get("outputs", []) if o.output_type == "stream").splitlines()
        said = Counter(line.split()[0] for line in printed if line[:9].strip() and "warning" not in line[:9])
        assert not [name for name in ("config", "train", "result") if said[name] > 1], cell.source
        assert len([line for line in printed if "epoch 1/1" in line]) <= 1, printed
    cards = [
        o.data["text/html"]
        for o in outputs
        if "text/html" in o.get("data", {}) and "border-left" in o.data["text/html"]
    ]
    assert len(cards) == 6
    assert max(map(len, cards)) < 5000
    assert all(len(output.data["text/plain"]) < 600 for output in outputs if "text/plain" in output.get("data", {}))
    widgets = [o for o in outputs if o.output_type == "display_data"]
    assert {"".join(o.data.get("text/html", "")) for o in widgets} <= {""}  # nothing of the progress stays
    values = [o.data["text/plain"] for o in outputs if o.output_type == "execute_result"]
    assert any("Status.COMPLETE" in value for value in values)


def test_an_interrupted_cell_leaves_a_true_record(project):
    from jupyter_client.manager import start_new_kernel

    manager, client = start_new_kernel(kernel_name="python3", cwd=str(project))
    try:
        words = repr({**TINY, "epochs": 500})
        client.execute(f"from yololab import run_experiment\nrun = run_experiment(**{words})\nprint(run.status)")
        table = next_file(project, "outputs/training/*/results.csv")
        manager.interrupt_kernel()
        client.wait_for_ready(timeout=120)
        record = json.loads((table.parent / "experiment_log.json").read_text())
        assert record["status"] == "interrupted"
        assert record["error"]["exit_code"] == 130
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def next_file(project: Path, pattern: str) -> Path:
    """Wait for a file."""
    until = time.monotonic() + 240
    while time.monotonic() < until:
        for found in project.glob(pattern):
            return found
        time.sleep(0.2)
    raise AssertionError(pattern)
