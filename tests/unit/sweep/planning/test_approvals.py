"""Asked once in the parent: what the trials learn of it."""

from __future__ import annotations

from yololab.job.gatekeeper import Answer, Approval, GateName
from yololab.sweep.planning.approvals import Agreement, answered_by_parent, estimated_by_parent, save_agreement


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
