"""What only the winner gets; the whole of it is an integration test."""

from __future__ import annotations

from sweep_samples import write_sweep, write_trial

from yololab.sweep.results.winner import main


def test_a_folder_without_a_frozen_config_is_the_users_mistake(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    folder = write_sweep(tmp_path / "sweep", budget=1)
    run = write_trial(folder, 0, {"lr0": 1}, 0.5)
    before = run.record.read_text()
    assert main(run.path) == 2
    assert "config.yaml" in capsys.readouterr().err
    assert run.record.read_text() == before
