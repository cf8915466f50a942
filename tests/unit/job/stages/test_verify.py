"""The checklist: what did not pass is shown with its evidence, and stops a run that was asked to be strict."""

from types import SimpleNamespace

import pytest

from yololab.errors import JobError
from yololab.job.checklist import Check
from yololab.job.stages.verify import Verified, show_checks, strict_error
from yololab.terminal.screen import Screen

CHECKS = (
    Check("metrics saved", True, "two numbers"),
    Check("loss decreased", None, "one epoch"),
    Check("exported model works", False, "mAP50-95 0.0"),
)


def test_what_failed_is_named_and_what_cannot_be_said_has_not_failed(capsys):
    assert Verified(CHECKS).text == "The checklist failed at: exported model works."
    assert Verified(CHECKS[:2]).text == "The checklist passed."
    show_checks(Screen(), CHECKS)
    shown = capsys.readouterr().out
    assert "1 of 3 passed: metrics saved" in shown
    assert "exported model works: mAP50-95 0.0" in shown
    assert "two numbers" not in shown


@pytest.mark.parametrize(
    ("strict", "dry", "words"), [(False, False, None), (True, False, "strict"), (False, True, "dry")]
)
def test_a_failure_is_an_error_for_who_asked_for_one(strict, dry, words):
    context = SimpleNamespace(config=SimpleNamespace(verification=SimpleNamespace(strict=strict)))
    error = strict_error(context, SimpleNamespace(get=lambda kind: Verified(CHECKS, dry)))
    assert (error is None) if words is None else (isinstance(error, JobError) and words in str(error))
    assert strict_error(context, SimpleNamespace(get=lambda kind: Verified(CHECKS[:2], dry))) is None
