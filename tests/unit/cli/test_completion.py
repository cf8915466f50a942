"""What a shell offers at the end of a line."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from yololab.cli.completion import complete
from yololab.cli.table import COMMANDS
from yololab.config.folders import group_options

GROUPS = {"model": ["yolo26n", "yolo26s"], "approval": ["ask", "auto", "never"], "device": ["cpu"]}


@pytest.fixture
def project(tmp_path):
    for name in ("outputs/training/first", "outputs/training/second", "multirun/search/0", "my data"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "now.json").touch()
    (tmp_path / "data.yaml").touch()
    return tmp_path


def offered(line: str, project: Path) -> list[str]:
    return complete(line, GROUPS, project)


def test_commands_and_settings_where_nothing_stands_yet(project):
    found = offered("yololab ", project)
    assert set(COMMANDS) < set(found)
    assert {"lr0=", "model=", "baseline.", "epochs="} < set(found)
    assert offered("yololab com", project) == ["compare", "compile="]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "yololab resume ",
            [
                *("approval.", "approval=", "data.allow_download=", "first", "multirun/search", "notes=", "resume."),
                *("search.storage=", "second"),
            ],
        ),
        ("yololab resume s", ["search.storage=", "second"]),
        ("yololab resume approval=auto s", ["search.storage=", "second"]),
        ("yololab rerun m", ["multirun/"]),  # a sweep cannot be run again, a trial can
        ("yololab compare first n", ["now.json"]),
        ("yololab compare outputs/tr", ["outputs/training/"]),
        ("yololab compare outputs/training/f", ["outputs/training/first/"]),
        ("yololab note first s", []),  # text
        ("yololab runs se", ["second", "seconds=", "seed="]),
        ("yololab runs first so", ["sort="]),
        ("yololab runs lr", ["lr0=", "lrf="]),
        ("yololab runs multirun/s", ["multirun/search", "multirun/search/"]),
        ("yololab runs status=r", ["status=rejected", "status=running"]),
        ("yololab runs fold=", ["fold=false", "fold=true"]),
        ("yololab clean multirun/", ["multirun/search", "multirun/search/"]),
        ("yololab model=", ["model=yolo26n", "model=yolo26s"]),
        ("yololab model=yolo26n data=d", ["data=data.yaml"]),
        ("yololab baseline.gate=d", ["baseline.gate=degraded"]),
        ("yololab cos_lr=", ["cos_lr=false", "cos_lr=true"]),
        ("yololab optimizer=S", ["optimizer=SGD"]),
        ("yololab approval.c", ["approval.cpu="]),
        ("yololab resume approval.cpu=", ["approval.cpu=ask", "approval.cpu=auto", "approval.cpu=never"]),
        (
            "yololab compare baseline.",
            [
                "baseline.correction=",
                "baseline.gate=",
                "baseline.guards=",
                "baseline.looks=",
                "baseline.metric=",
                "baseline.tolerance=",
            ],
        ),
        ("yololab runs --", ["--csv", "--help", "--html", "--json", "--watch"]),
        ("yololab -", ["--cfg", "--config-dir", "--help", "--info", "--json", "--version", "-m"]),
        ("yololab epochs=", []),
        ("yololab nonsense=", []),
    ],
)
def test_what_fits_the_place(line, expected, project):
    assert offered(line, project) == expected


def test_an_empty_line_is_no_error(project):
    assert offered("", project) == offered("yololab", project) == offered("yololab ", project)


@pytest.mark.process
def test_in_a_real_shell(project):
    """Bash itself asks, through Hydra's script; neither Hydra nor anything heavy is imported for the answer."""
    program = project / "yololab"
    program.write_text(
        f"#!{sys.executable}\nimport sys\nfrom yololab.cli.main import main\ncode = main()\n"
        "heavy = {'torch', 'scipy', 'ultralytics', 'hydra'} & set(sys.modules)\n"
        "assert 'install=bash' in sys.argv or not heavy, heavy\nsys.exit(code)\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    script = """
    eval "$(yololab -sc install=bash)"
    COMP_LINE="yololab resume sec" COMP_POINT=18 COMP_CWORD=2
    hydra_bash_completion
    printf '%s\\n' "${COMPREPLY[@]}"
    COMP_LINE="yololab hparams=fin" COMP_POINT=19 COMP_CWORD=1
    hydra_bash_completion
    printf '%s\\n' "${COMPREPLY[@]}"
    """
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=project,
        env=os.environ | {"PATH": f"{project}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "finetune" in group_options(project)["hparams"]
    assert done.stdout.split() == ["second", "hparams=finetune"]
    assert done.stderr == ""
