"""The settings of Slurm: ours, and any option of sbatch, checked by their names before the first job."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from yololab.config.nearest import nearest
from yololab.config.reading import read_group
from yololab.config.settings import setting
from yololab.errors import InputError, Problem, noting
from yololab.sweep.engines.slurm.commands import call_slurm
from yololab.sweep.executor import Resources

WHERE = "hydra.launcher"
# Options of sbatch that have a setting of their own here, or that the engine itself needs.
_OWN = {
    **dict.fromkeys(("time", "time-min"), "time_minutes"),
    **dict.fromkeys(("cpus-per-task", "cpus-per-gpu", "ntasks", "ntasks-per-node", "nodes"), "cpus"),
    **dict.fromkeys(("gpus", "gpus-per-node", "gpus-per-task"), "gpus"),
    **dict.fromkeys(("mem", "mem-per-cpu", "mem-per-gpu"), "memory_gb"),
    **{name: name for name in ("partition", "account", "qos", "constraint", "requeue")},
    "no-requeue": "requeue",
    "signal": "signal_seconds",
}
_ENGINE = frozenset([
    "array", "chdir", "comment", "error", "export", "help", "input", "job-name", "open-mode", "output", "parsable",
    "quiet", "test-only", "usage", "version", "wait", "wrap",
])  # fmt: skip


@dataclass(frozen=True)
class SlurmSettings:
    """How trials become jobs of Slurm.

    Attributes:
        jobs: Jobs that may be pending or running at once.
        partition: Partition; null for the cluster's default. The same holds for the next three.
        account: Account that is charged.
        qos: Quality of service.
        constraint: Features that a node must have.
        sbatch: More options of sbatch, by their long names without the dashes.
        setup: Lines of shell before a trial: modules to load, variables to export.
        requeue: Queue a trial again that was stopped at its time limit or pushed aside.
        max_requeues: How often at most.
        signal_seconds: How long before the time limit a trial is asked to stop and to save its state.
        poll_seconds: How often Slurm is asked for the jobs.
        late_records_seconds: How long the record of an ended job is waited for.
    """

    jobs: int = setting(100, at_least=1)
    partition: str | None = None
    account: str | None = None
    qos: str | None = None
    constraint: str | None = None
    sbatch: dict[str, Any] = field(default_factory=dict)
    setup: list[str] = field(default_factory=list)
    requeue: bool = True
    max_requeues: int = setting(100, at_least=0)
    signal_seconds: int = setting(180, at_least=0)
    poll_seconds: float = setting(5.0, at_least=0)
    late_records_seconds: float = setting(30.0, at_least=0)


def read_slurm_settings(values: Mapping[str, Any], resources: Resources) -> SlurmSettings:
    """Return the settings.

    Raises:
        InputError: Everything that is wrong with them, and with what each trial asks for.
    """
    problems: list[Problem] = []
    settings = SlurmSettings()
    with noting(problems):
        settings = read_group(SlurmSettings, WHERE, values)
    problems += _resource_problems(settings, resources)
    if settings.sbatch:
        problems += sbatch_problems(settings.sbatch, sbatch_options())
    if problems:
        raise InputError(problems)
    return settings


def _resource_problems(settings: SlurmSettings, resources: Resources) -> list[Problem]:
    """Return what Slurm cannot give."""
    problems = []
    if resources.cpus is not None and resources.cpus < 1:
        problems.append(Problem(f"{WHERE}.cpus", str(resources.cpus), "a whole number of at least 1, or null"))
    if resources.gpus is not None and resources.gpus != int(resources.gpus):
        remedy = "where the site offers parts of GPUs, ask with sbatch.gres, e.g. hydra.launcher.sbatch.gres=shard:1"
        problems.append(Problem(f"{WHERE}.gpus", str(resources.gpus), "a whole number, or null", remedy))
    limit = resources.time_minutes
    if limit is not None and limit * 60 <= settings.signal_seconds:
        allowed = f"more than signal_seconds ({settings.signal_seconds} s)"
        problems.append(Problem(f"{WHERE}.time_minutes", f"{limit:g} min", allowed))
    return problems


def sbatch_options() -> frozenset[str]:
    """Return the long options that the installed sbatch knows; empty when it does not tell."""
    done = call_slurm("sbatch", "--help")
    return frozenset(re.findall(r"--([a-z][a-z0-9-]+)", done.stdout if done is not None else ""))


def sbatch_problems(given: Mapping[str, Any], known: frozenset[str]) -> list[Problem]:
    """Return what is wrong with options of sbatch.

    Args:
        given: Options by their names, dashes or underscores in them.
        known: What sbatch knows; empty when that is not known.
    """
    problems = []
    for name, value in given.items():
        where, option = f"{WHERE}.sbatch.{name}", str(name).replace("_", "-")
        if option in _OWN:
            problems.append(Problem(where, "has a setting of its own", f"{WHERE}.{_OWN[option]}"))
        elif option in _ENGINE:
            problems.append(Problem(where, "is set by yololab, which finds its jobs by it"))
        elif known and option not in known:
            close = nearest(option, sorted(known))
            remedy = f"did you mean {' or '.join(close)}?" if close else "sbatch --help lists its options"
            problems.append(Problem(where, "unknown to the sbatch of this machine", remedy=remedy))
        elif isinstance(value, (list, dict)):
            problems.append(Problem(where, f"{value!r}", "text, a number, or true"))
    return problems


def submission(settings: SlurmSettings, resources: Resources) -> dict[str, Any]:
    """Return the parameters of submitit's Slurm executor.

    What is not said is given as None: submitit's own defaults (five minutes, a wckey) are not those of the site.
    """
    cpus, gpus = resources.cpus, resources.gpus
    memory, minutes = resources.memory_gb, resources.time_minutes
    given = {str(name).replace("_", "-"): value for name, value in settings.sbatch.items()}
    extra = {name: value for name, value in given.items() if value not in (None, False)}
    return {
        "time": None if minutes is None else math.ceil(minutes),
        "cpus_per_task": cpus,
        "gpus_per_node": int(gpus) if gpus else None,
        "mem": None if memory is None else f"{math.ceil(memory * 1024)}M",
        **{name: getattr(settings, name) for name in ("partition", "account", "qos", "constraint")},
        "setup": list(settings.setup) or None,
        "signal_delay_s": settings.signal_seconds,
        "stderr_to_stdout": True,
        "wckey": None,
        "additional_parameters": {"requeue" if settings.requeue else "no-requeue": True, **extra},
        # srun does not take the number over from sbatch in every version (22.05 to 23.02 do not).
        "srun_args": None if cpus is None else [f"--cpus-per-task={cpus}"],
    }
