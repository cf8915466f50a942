"""What a user installs: the wheel in an environment of its own, and the oldest versions that are allowed."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

import yololab

ROOT = Path(__file__).parents[2]
TINY = (
    *("model=yolo26n.yaml", "data=shapes", "data.subset=0.1", "imgsz=64", "batch=8", "epochs=1", "device=cpu"),
    *("device.threads=1", "approval=auto", "export=onnx", "freeze=10"),
)


def run(folder: Path, *command: str | Path, timeout: float = 600) -> str:
    """Run a command in a folder, without this environment's own yololab, and return what it prints."""
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [*map(str, command)], cwd=folder, env=environment | {"YOLO_OFFLINE": "true"}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def job_with(binaries: Path, folder: Path) -> None:
    """Look at help, check the built-in data, train a little, compare it with itself."""
    command = binaries / "yololab"
    assert "the whole job" in run(folder, command, "--help")
    assert run(folder, command, "--version").strip() == f"yololab {yololab.__version__}"
    run(folder, command, "check", "data=shapes")
    run(folder, command, *TINY, "name=tiny")
    latest = folder / "outputs/training/latest"
    assert (latest / "report.html").stat().st_size > 10_000
    assert (latest / "weights/best.pt").is_file()
    run(folder, command, "compare", latest, latest, "baseline.gate=degraded")


@pytest.mark.slow
def test_the_wheel_works_in_an_environment_of_its_own(tmp_path):
    """Its dependencies are those of this environment; the package, its config and its command are the wheel's."""
    run(ROOT, sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path / "dist", ROOT)
    (wheel,) = (tmp_path / "dist").glob("yololab-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {"yololab/conf/config.yaml", "yololab/cli/commands.yaml", "hydra_plugins/yololab/__init__.py"} <= {*names}
    assert [name for name in names if name.startswith(("tests/", "docs/", "outputs/"))] == []
    run(tmp_path, sys.executable, "-m", "venv", "own")
    own = tmp_path / "own/bin"
    site = Path(run(tmp_path, own / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    run(tmp_path, own / "python", "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel)
    # only as a path, so that no .pth of this environment (an editable yololab) counts
    (site / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    (tmp_path / "project").mkdir()
    where = run(tmp_path / "project", own / "python", "-c", "import yololab; print(yololab.__file__)")
    assert Path(where.strip()).is_relative_to(site)
    job_with(own, tmp_path / "project")


@pytest.mark.oldest
def test_the_oldest_versions_that_are_allowed_work(tmp_path):
    """Those of constraints-oldest.txt, in an environment of their own: the fast tests, and a training."""
    run(tmp_path, sys.executable, "-m", "venv", "oldest")
    own = tmp_path / "oldest/bin"
    install = (own / "python", "-m", "pip", "install", "--quiet", "--constraint", ROOT / "constraints-oldest.txt")
    run(tmp_path, *install, "--editable", ROOT, "pytest", "pytest-timeout", "hypothesis", timeout=3600)
    fast = ("-m", "pytest", "-q", "--fast", "-p", "no:cacheprovider", "tests/unit")
    run(ROOT, own / "python", *fast, timeout=1800)
    (tmp_path / "project").mkdir()
    job_with(own, tmp_path / "project")
