"""The command line: what it answers without PyTorch, and its exit codes for a user's mistakes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from yololab.files.paths import OutputTree

pytestmark = pytest.mark.process

LOADED = """
import sys
from yololab.cli.main import main

def run(words):
    code = main(words)
    heavy = {"torch", "scipy", "numpy", "optuna", "polars", "cv2", "PIL", "matplotlib", "ultralytics", "hydra"}
    print("LOADED", sorted(heavy & set(sys.modules)), file=sys.stderr)
    return code
"""
ONE = f"{LOADED}\nsys.exit(run(sys.argv[1:]))"
# What composes has been imported; each line then has a process of its own, which costs no start.
MANY = f"""{LOADED}
import json, os
import yololab.cli.request
for line in sys.stdin:
    words, folder = json.loads(line)
    child = os.fork()
    if not child:
        for stream, name in ((1, "stdout"), (2, "stderr")):
            os.dup2(os.open(os.path.join(folder, name), os.O_CREAT | os.O_WRONLY), stream)
        os.mkdir(os.path.join(folder, "empty"))
        os.chdir(os.path.join(folder, "empty"))
        code = run(words)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def yololab(*words: str, cwd: Path, code: int | None = None) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"YOLO_OFFLINE": "true", "COLUMNS": "100"}
    done = subprocess.run(
        [sys.executable, "-c", ONE, *words],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if code is not None:
        assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.parametrize("word", ["--help", "-h", "help"])
def test_help_fits_one_screen_and_starts_nothing(word, tmp_path):
    done = yololab(word, cwd=tmp_path, code=0)
    assert "LOADED []" in done.stderr
    assert len(done.stdout.splitlines()) <= 50
    for word in ("hparams", "finetune", "yolo26[", "experiment", "Exit codes"):
        assert word in done.stdout
    assert not list(tmp_path.iterdir())


def test_version(tmp_path):
    assert yololab("--version", cwd=tmp_path, code=0).stdout.startswith("yololab ")


@pytest.fixture(scope="module")
def lines():
    """Return a process that runs command lines."""
    environment = os.environ | {"YOLO_OFFLINE": "true", "COLUMNS": "100"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", MANY], **pipes, env=environment, text=True) as process:
        yield process
        process.stdin.close()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["lrO=0.1"], "lr0"),
        (["lr1=1", "epoch=3", "model=yolo99", *(f"nothing{number}=1" for number in range(9))], "lr0"),
        (["search=tpe"], "yololab -m search=tpe"),
        (["-m", "search=tpe", "search.trials=1,2"], "belongs to the sweep"),
        (["-m", "lr0=interval(0.1,0.2)"], "search=tpe"),
        (["trian"], "train"),
        (["epochs=three"], "whole number"),
        (["project=x"], "project"),
        (["resume=True"], "resume"),
        (["split=test"], "split"),
        (["format=onnx"], "export.format"),
        (["predict"], "yololab predict SOURCE"),
        (["optimizer=auto", "lr0=0.1"], "optimizer"),
        (["model=yolo26nn"], "yolo26n"),
        (["cfg=missing.yaml"], "missing.yaml"),
        (["lr0=0.1,0.2"], "-m"),
        (["compare"], "compare CURRENT"),
        (["note", "somewhere"], "note"),
        (["compare", "a", "b"], "no such file"),
        (["paths.root=/proc/nowhere"], "paths.root"),
        (["-m", "lr0=range(0,x)"], "range"),
        (["promote", "nowhere"], "no such file"),
        (["report", "nowhere"], "no such file"),
        (["rerun", "nowhere"], "no such file"),
    ],
)
def test_mistakes_exit_2_without_torch_and_leave_nothing(words, says, tmp_path, lines):
    print(json.dumps([words, str(tmp_path)]), file=lines.stdin, flush=True)
    assert int(lines.stdout.readline()) == 2
    complaint = (tmp_path / "stderr").read_text()
    assert says in complaint
    assert "Traceback" not in complaint
    loaded = complaint.rpartition("LOADED")[2].strip()
    assert loaded == "['hydra']" or (words[0] == "-m" and "torch" not in loaded)  # our sweeper composes a sweep
    assert not list((tmp_path / "empty").iterdir())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "no such file"),
        ("train: [", "YAML"),
        ("- a\n- b\n", "mapping"),
        ("train: images\nval: images\nnc: 3\nnames: [a, b]\n", "nc"),
        ("train: images\nval: images\n", "names"),
        ("val: images\nnames: [a]\n", "train"),
        ("train: nowhere\nval: nowhere\nnames: [a]\n", "nowhere"),
    ],
)
def test_bad_data_yaml_exits_2_and_leaves_nothing(text, says, tmp_path):
    file = tmp_path / "my data.yaml"
    if text is not None:
        file.write_text(text)
    done = yololab("check", f"data={file}", cwd=tmp_path, code=2)
    assert says in done.stderr
    assert "my data.yaml" in done.stderr
    assert "'torch'" not in done.stderr.rpartition("LOADED")[2]
    assert not (tmp_path / "outputs").exists()


def test_hydras_own_flags_work(tmp_path):
    shown = yololab("--cfg", "job", "lr0=0.005", "hparams=finetune", cwd=tmp_path, code=0).stdout
    assert "lr0: 0.005" in shown
    assert "optimizer: AdamW" in shown
    assert not list(tmp_path.iterdir())


def test_runs_of_an_empty_folder(tmp_path):
    assert "no runs" in yololab("runs", cwd=tmp_path, code=0).stdout
    assert json.loads(yololab("runs", "--json", cwd=tmp_path, code=0).stdout) == []


def test_compare_of_two_plain_files_by_the_gate(tmp_path):
    for name, value in (("now", 0.40), ("then", 0.45)):
        content = {"mAP50": 0.6, "mAP50-95": value, "precision": 0.7, "recall": 0.5}
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    done = yololab("compare", "now.json", "then.json", cwd=tmp_path, code=4)
    assert "DEGRADED" in done.stdout
    assert "'torch'" not in done.stderr.rpartition("LOADED")[2]
    yololab("compare", "now.json", "then.json", "baseline.gate=none", cwd=tmp_path, code=0)
    yololab("compare", "now.json", "then.json", "baseline.tolerance=0.1", cwd=tmp_path, code=0)
    found = json.loads(yololab("compare", "then.json", "now.json", "--json", cwd=tmp_path, code=0).stdout)
    assert found["verdict"] == "IMPROVED"
    assert [row["metric"] for row in found["metrics"]] == ["mAP50", "mAP50-95", "precision", "recall"]
    assert "\x1b" not in done.stdout


def test_a_config_dir_adds_options(tmp_path):
    file = tmp_path / "my groups/hparams/mine.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("# @package _global_\ndefaults: [default, _self_]\nlr0: 0.007\n")
    shown = yololab("--config-dir", "my groups", "--cfg", "job", "hparams=mine", cwd=tmp_path, code=0).stdout
    assert "lr0: 0.007" in shown
    done = yololab("--config-dir=my groups", "hparams=mine", "lr0=7", cwd=tmp_path, code=2)
    assert "lr0" in done.stderr
    assert "no such folder" in yololab("--config-dir", "nowhere", cwd=tmp_path, code=2).stderr


def shell(line: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a line of a shell in which `yololab` is this one."""
    function = f'yololab() {{ "{sys.executable}" -m yololab "$@"; }}; '
    done = subprocess.run(
        ["bash", "-c", function + line],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    return done


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("yololab --info | head -1; exit ${PIPESTATUS[0]}", 0, ""),
        ("yololab --cfg all | head -1; exit ${PIPESTATUS[0]}", 0, ""),
        ("yololab --help >/dev/full", 1, "standard output: No space left"),
        ("yololab runs >/dev/full", 1, "standard output: No space left"),
        ("yololab runs --json >/dev/full", 1, "standard output: No space left"),
        ("yololab runs >&- 2>&-", 0, ""),
        ("yololab runs <&- >&-", 0, ""),
        ("yololab lr0=x 2>/dev/full", 2, ""),
        ("mkdir gone; cd gone; rmdir ../gone; yololab runs 2>&1 >/dev/null", 2, ""),
        ("mkdir conf; chmod 0 conf; yololab --cfg job lr0=x", 2, "lr0"),
        ("yololab --info nonsense", 2, "nonsense"),
        ("yololab --info all nothing=1", 2, "nothing"),
        ("yololab -m --info all nothing=1", 2, "nothing"),
    ],
)
def test_the_world_is_no_traceback(line, code, says, tmp_path):
    done = shell(line, tmp_path)
    assert done.returncode == code, done.stdout + done.stderr
    assert says in done.stderr


def test_letters_that_the_locale_lacks_are_escaped(tmp_path):
    done = shell("yololab --help", tmp_path, LC_ALL="C", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 0
    assert r"\u2026" in done.stdout


def test_what_hydra_prints_is_masked(tmp_path):
    done = yololab("--cfg", "job", "search.storage=mysql://me:pw@host/db", cwd=tmp_path, code=0)
    assert "storage: mysql://me:***@host/db" in done.stdout


@pytest.mark.parametrize("ended", [0, 130])
def test_a_sweep_ends_as_it_ended_whatever_becomes_of_the_page_of_all_runs(ended, tmp_path, monkeypatch):
    from yololab.cli.commands.runs import train
    from yololab.cli.main import main
    from yololab.errors import InterruptedRunError
    from yololab.sweep.leaderboard import page

    def sweep(request):
        if ended:
            raise InterruptedRunError("interrupted")
        return ended

    kept = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(train, "run_multirun", sweep)
    monkeypatch.setattr(page, "keep_page", lambda tree, cache: kept.append(tree.root))
    place = tmp_path / "results"
    OutputTree(place).index.parent.mkdir(parents=True)
    OutputTree(place).index.write_text("<html></html>")
    assert main(["-m", "lr0=0.01,0.02", f"paths.root={place}"]) == ended
    assert kept == [place]
