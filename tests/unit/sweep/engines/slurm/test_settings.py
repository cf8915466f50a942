"""The settings of Slurm, and any option of sbatch."""

from __future__ import annotations

import pytest

from yololab.errors import InputError
from yololab.sweep.engines.slurm.settings import SlurmSettings, read_slurm_settings, sbatch_problems, submission
from yololab.sweep.executor import Resources

KNOWN = frozenset({"exclude", "nice", "gres", "mail-user"})


def test_all_problems_of_the_settings_at_once():
    with pytest.raises(InputError) as caught:
        read_slurm_settings(
            {"partion": "gpu", "jobs": "many", "sbatch": [1]}, Resources(cpus=0, gpus=1.5, time_minutes=1)
        )
    text = str(caught.value)
    for words in (
        "did you mean hydra.launcher.partition",
        "hydra.launcher.jobs: 'many'",
        "sbatch: [1]",
        "cpus: 0",
        "gpus: 1.5",
    ):
        assert words in text
    assert "time_minutes: 1 min" in text


def test_options_of_sbatch():
    good = {"exclude": "n1", "mail_user": "me", "nice": 5, "gres": "shard:1"}
    assert sbatch_problems(good, KNOWN) == []
    wrong = sbatch_problems({"exlude": 1, "mem": "4G", "comment": "x", "gres": ["a"]}, KNOWN)
    assert [problem.where.rpartition(".")[2] for problem in wrong] == ["exlude", "mem", "comment", "gres"]
    assert "did you mean exclude" in str(wrong[0])
    assert "hydra.launcher.memory_gb" in str(wrong[1])
    assert sbatch_problems({"anything": 1}, frozenset()) == [], "an sbatch that does not tell is not second-guessed"


def test_parameters_of_sbatch():
    settings = SlurmSettings(partition="gpu", sbatch={"mail_user": "me", "exclusive": True, "nice": None})
    given = submission(settings, Resources(cpus=4, gpus=2.0, memory_gb=1.5, time_minutes=90.5))
    assert given["time"] == 91
    assert given["mem"] == "1536M"
    assert given["gpus_per_node"] == 2
    assert given["srun_args"] == ["--cpus-per-task=4"]
    assert given["additional_parameters"] == {"requeue": True, "mail-user": "me", "exclusive": True}
    nothing = submission(SlurmSettings(requeue=False), Resources())
    assert nothing["time"] is None, "submitit's own default is five minutes"
    assert nothing["wckey"] is None
    assert nothing["additional_parameters"] == {"no-requeue": True}
