"""Asked once in the parent: what the trials learn of it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from types import SimpleNamespace

from yololab.config.hydra.compose import compose_experiment
from yololab.data.checks.check_report import CheckReport, CheckSettings
from yololab.data.problems import warning
from yololab.files.paths import OutputTree
from yololab.job.gatekeeper import Answer, Approval, GateName
from yololab.sweep.planning import approvals
from yololab.sweep.planning.approvals import (
    TRIAL_SECONDS,
    Agreement,
    Gates,
    agree,
    answered_by_parent,
    estimated_by_parent,
    save_agreement,
)
from yololab.terminal.screen import Screen
from yololab.text import duration


def test_trials_take_only_what_the_parent_said_yes_to(tmp_path):
    assert answered_by_parent(tmp_path) == {}
    answers = (
        Approval(GateName.CPU, {}, Answer.YES, "user:ada", "now"),
        Approval(GateName.LONG, {}, Answer.NO, "user:ada", "now"),
    )
    save_agreement(tmp_path, Agreement(answers, ({"seconds": 3.0},)))
    assert answered_by_parent(tmp_path) == {"cpu": "sweep, user:ada"}
    assert estimated_by_parent(tmp_path, 0) == {"seconds": 3.0}
    assert estimated_by_parent(tmp_path, 1) is None


@dataclass
class Cost:
    """An estimate of a trial, as far as the plan reads it."""

    training_seconds: float
    seconds: float
    disk_bytes: int

    def to_json(self):
        return {"seconds": self.seconds}


def agreed(monkeypatch, tmp_path, costs, kind="cuda", warnings=(), **given):
    """What two trials of 10 and 20 epochs that stand for `planned` ones lead to; nobody is asked."""
    report = SimpleNamespace(splits={"train": SimpleNamespace(images=1200)}, warnings=list(warnings))
    monkeypatch.setattr(approvals, "_check_datasets", lambda *_: {"key": report})
    monkeypatch.setattr(approvals, "_estimate", lambda *_: costs)
    trials = [SimpleNamespace(experiment=compose_experiment([f"epochs={epochs}"]).experiment) for epochs in (10, 20)]
    device = SimpleNamespace(names=("a device",), kind=kind)
    places = SimpleNamespace(tree=OutputTree(tmp_path))
    item = SimpleNamespace(dataset_name="animals", device=device, paths=places)
    printed = io.StringIO()
    gates = Gates(None, Screen(stream=printed))
    found = agree(trials, [item, item], gates, **({"planned": 6, "parallel": 1} | given))
    return found, gates, " ".join(printed.getvalue().split())


def test_the_cost_of_all_trials_is_that_of_those_that_were_timed(monkeypatch, tmp_path):
    costs = [(Cost(600, 660, 10**6), 30.0), (Cost(1200, 1290, 3 * 10**6), 50.0)]
    found, gates, printed = agreed(monkeypatch, tmp_path, costs)
    assert gates.facts["trials"] == 6
    assert gates.facts["epochs"] == 3 * (10 + 20)
    assert gates.facts["estimated_seconds"] == 3 * (600 + 1200)
    assert gates.facts["disk_bytes"] == 3 * 4 * 10**6
    assert gates.reasons == {GateName.LONG: "1 h 30 min are more than 1 h"}
    assert found.estimates == ({"seconds": 660}, {"seconds": 1290})
    whole = 3 * (660 + 1290 + 2 * TRIAL_SECONDS) + 50
    assert f"6 trials on animals (1,200 training images), 90 epochs estimate {duration(whole)} at most" in printed
    assert "free disk" in printed
    assert "will write" not in printed


def test_trials_side_by_side_take_their_share_of_the_time(monkeypatch, tmp_path):
    costs = [(Cost(600, 660, 0), 0.0), (Cost(1200, 1290, 0), 0.0)]
    _, gates, printed = agreed(monkeypatch, tmp_path, costs, parallel=2)
    assert gates.facts["estimated_seconds"] == 3 * (600 + 1200) / 2
    assert gates.reasons == {}
    assert "for all 6 trials, 2 at a time" in printed
    _, gates, _ = agreed(monkeypatch, tmp_path, costs, parallel=100)
    assert gates.facts["estimated_seconds"] == 3 * (600 + 1200) / 6


def test_a_sweep_takes_no_longer_than_its_time_and_the_last_trial(monkeypatch, tmp_path):
    costs = [(Cost(600, 660, 0), 30.0), (Cost(1200, 1290, 0), 50.0)]
    _, gates, printed = agreed(monkeypatch, tmp_path, costs, timeout_seconds=1800.0)
    last = 1290 + TRIAL_SECONDS
    assert gates.facts["estimated_seconds"] == 1800 + last
    assert f"estimate {duration(1800 + last + 50)} at most" in printed
    assert "no trial is started after 30 min" in printed
    _, gates, _ = agreed(monkeypatch, tmp_path, costs, timeout_seconds=10**6)
    assert gates.facts["estimated_seconds"] == 3 * (600 + 1200)


def test_what_is_wrong_with_images_that_folds_share_is_told_once(monkeypatch, tmp_path):
    """Of three folds the third has a finding of its own."""
    shared, own = (warning("label_overlap", tmp_path / name, "twice", "delete one") for name in ("a.txt", "b.txt"))
    found = {"0": (shared,), "1": (shared,), "2": (shared, own)}
    told = []

    def checked(_experiment, dataset, *_):
        return CheckReport(dataset, "detect", {}, found[dataset], {}, {}, None, {}, 0, {}, CheckSettings())

    monkeypatch.setattr(approvals, "check_key", lambda dataset, *_: dataset)
    monkeypatch.setattr(approvals, "checked_dataset", checked)
    monkeypatch.setattr(approvals, "show_findings", lambda _screen, _name, report: told.append(report.problems))
    trial = SimpleNamespace(experiment=compose_experiment([]).experiment)
    task, paths = SimpleNamespace(name="detect"), SimpleNamespace(cache=tmp_path)
    prepared = [SimpleNamespace(dataset=fold, dataset_name="cells", task=task, paths=paths) for fold in found]
    printed = io.StringIO()
    checks = approvals._check_datasets([trial] * 3, prepared, Screen(stream=printed))
    assert told == [(shared,), (), (own,)]
    assert printed.getvalue().count("and 1 finding as above") == 2
    assert [report.problems for report in checks.values()] == [*found.values()]


def test_a_cpu_warnings_and_a_full_disk_are_told(monkeypatch, tmp_path):
    costs = [(Cost(1, 1, 10**18), 0.0), None]
    found, gates, printed = agreed(monkeypatch, tmp_path, costs, kind="cpu", warnings=["a", "b"])
    assert list(gates.reasons) == [GateName.CPU, GateName.DATASET]
    assert "2 warnings" in gates.reasons[GateName.DATASET]
    assert "the trials will write about" in printed
    assert found.estimates[1] is None


def test_elsewhere_nobody_knows_how_long(monkeypatch, tmp_path):
    found, gates, printed = agreed(monkeypatch, tmp_path, [], remote="slurm", parallel=8)
    assert GateName.LONG in gates.reasons
    assert found.estimates == ()
    assert "on machines of slurm, 8 at a time" in printed


def test_a_budget_of_epochs_is_what_a_person_is_asked_about(monkeypatch, tmp_path):
    costs = [(Cost(600, 660, 0), 0.0), (Cost(1200, 1290, 0), 0.0)]
    _, gates, printed = agreed(monkeypatch, tmp_path, costs, budget_epochs=30)
    assert gates.facts["epochs"] == 30
    assert gates.facts["estimated_seconds"] == 3 * (600 + 1200) / 3
    assert "30 epochs" in printed
    _, gates, _ = agreed(monkeypatch, tmp_path, costs, budget_epochs=10**6)
    assert gates.facts["epochs"] == 90, "never more than all trials to their end"
