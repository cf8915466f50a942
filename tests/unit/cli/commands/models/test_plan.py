"""`yololab plan`: what it reads of the command line."""

from __future__ import annotations

from arm_samples import arm_of

from yololab.cli.main import main


def test_groups_and_another_project_are_heeded(tmp_path, monkeypatch, capsys):
    arm_of(tmp_path / "outputs/training/a", 0.8, range(3))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    named = f"{tmp_path}/outputs/training/a/*"
    group = r"evaluation.group=(\d)\.jpg$"
    assert main(["plan", named, "drop=0.02", group, f"paths.root={tmp_path}", "--json"]) == 0
    assert '"unit": "groups"' in capsys.readouterr().out
    assert not list((tmp_path / "elsewhere").iterdir())


def test_all_mistakes_are_named_at_once(capsys):
    assert main(["plan", "x", "power=7", "evaluation.foo=3", "paths.rot=3"]) == 2
    said = capsys.readouterr().err
    assert all(text in said for text in ("power", "evaluation.foo", "did you mean paths.root?"))
