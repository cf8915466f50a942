"""The table of commands: what each takes, reads, prints and returns, and the module that runs it.

Parsing, `--help`, shell completion, the shape of `--json` and the reference page in `docs/` all come from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from yololab.config.arguments.commands import PROTOCOL_ARGUMENTS, Syntax


class Takes(StrEnum):
    """What an argument may be; the value says it to the user."""

    RUN = "a run: its folder, or its name as `yololab runs` prints it"
    SWEEP = "a sweep: its folder below multirun/"
    METRICS = "a metrics.json"
    BASELINE = "a folder below outputs/baselines/"
    PLAIN = "a plain folder of Ultralytics with weights/best.pt, which is measured first"
    PATTERN = "a quoted pattern of runs, for seeds of one recipe: 'multirun/x/*'"
    PROJECT = "a folder with results: also empties the caches of the project"
    TEXT = "text"


@dataclass(frozen=True)
class Argument:
    """One argument of a command.

    Attributes:
        name: Its name in the usage.
        takes: What it may be.
        required: Whether it must be given.
    """

    name: str
    takes: tuple[Takes, ...]
    required: bool = True

    def __str__(self) -> str:
        name = f'"{self.name}"' if self.takes == (Takes.TEXT,) else self.name
        return name if self.required else f"[{name}]"


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        module: The module below `cli/commands/` that runs it: `run(request)`, with `-m` `run_multirun(request)`.
        summary: What it does, in half a line.
        details: What else a user should know.
        arguments: Its arguments; None for a command that takes only settings.
        usual: The settings that the usage of such a command shows.
        settings: What it reads of the config: `train` is every train argument, anything else a key or a prefix.
        mode: The mode of `yolo` that it stands for.
        multirun: Whether it takes `-m`.
        protocol: Train arguments that it does not read at top level.
        exit_codes: The exit codes that it can return apart from 0, 2 and 130; a meaning of its own, or nothing.
        examples: Command lines, each with what it is for.
        json: The keys of the JSON document that `--json` prints, with their meaning; None where it takes no `--json`.
        json_rows: Whether the document is a list of such objects.
    """

    module: str
    summary: str
    details: str = ""
    arguments: tuple[Argument, ...] | None = None
    usual: str = "[key=value …]"
    settings: tuple[str, ...] = ("paths",)
    mode: str | None = None
    multirun: bool = False
    protocol: frozenset[str] = frozenset()
    exit_codes: Mapping[int, str] = field(default_factory=dict)
    examples: tuple[tuple[str, str], ...] = ()
    json: Mapping[str, str] | None = None
    json_rows: bool = False

    @property
    def takes_text(self) -> str:
        """The arguments as the usage shows them."""
        return self.usual if self.arguments is None else " ".join(str(argument) for argument in self.arguments)


EXIT_CODES: dict[int, str] = {
    0: "done",
    1: "the job failed",
    2: "invalid input",
    3: "not approved",
    4: "worse than the baseline",
    130: "interrupted",
}
_RUN = Argument("RUN", (Takes.RUN,))
_RUN_OR_SWEEP = Argument("RUN_OR_SWEEP", (Takes.RUN, Takes.SWEEP))
_MEASURED = (Takes.RUN, Takes.METRICS, Takes.BASELINE, Takes.PLAIN)
_JOB_CODES = {1: "", 3: "", 4: "worse, with baseline.gate=degraded|confirmed|not_improved"}
_JOB_JSON = {
    "path": "the folder of the run or sweep",
    "status": "what became of a run: complete, rejected, failed, interrupted, pruned; null for a sweep",
    "exit_code": "what the command returns",
}

COMMANDS: dict[str, Command] = {
    "train": Command(
        "runs.train",
        "the whole job: check, estimate, train, evaluate, compare, verify",
        "The default: `yololab …` is `yololab train …`. Any `yolo train …` line works as it is.",
        settings=(
            *("train", "model", "data", "device", "approval", "baseline", "evaluation", "export", "check", "estimate"),
            *("verification", "report", "search", "tracking", "dry_run", "notes", "paths"),
        ),
        mode="train",
        multirun=True,
        exit_codes=_JOB_CODES,
        examples=(
            ("lr0=0.005 epochs=50 imgsz=320", "train arguments by their own names"),
            ("model=best.pt data=path/data.yaml device=0", "a file, a dataset, a GPU"),
            ("-m lr0=0.001,0.01 model=yolo26n,yolo26s", "a sweep: every combination"),
            ("-m search=tpe search.trials=50", "a search that learns from its trials"),
        ),
    ),
    "check": Command(
        "data.check",
        "only check the dataset",
        "For the task or model that is named, else for the task that the dataset looks like.",
        usual="data=…",
        settings=("data", "model", "imgsz", "single_cls", "classes", "check", "evaluation.split", "paths"),
        exit_codes={2: "invalid input, or the dataset has a blocking problem"},
        examples=(
            ("data=path/data.yaml", "report: outputs/checks/<dataset>_<time>/"),
            ("segment data=coco8-seg.yaml check.decode=full", "for a task, decoding every pixel"),
        ),
    ),
    "estimate": Command(
        "runs.estimate",
        "only say what a training, or with -m a sweep, would cost",
        settings=("train", "model", "data", "device", "evaluation", "export", "estimate", "search", "paths"),
        multirun=True,
        examples=(
            ("data=path/data.yaml epochs=100", "a few real batches, timed"),
            ("-m search=tpe search.trials=50", "a whole search"),
        ),
    ),
    "evaluate": Command(
        "models.evaluate",
        "measure a checkpoint under the pinned protocol",
        usual="model=… data=…",
        settings=("model", "data", "imgsz", "single_cls", "classes", "device", "evaluation", "paths"),
        mode="val",
        protocol=PROTOCOL_ARGUMENTS,
        examples=(("model=best.pt data=path/data.yaml evaluation.split=test", "on the test split"),),
    ),
    "compare": Command(
        "models.compare",
        "is it better? exits with 4 when worse",
        "Without BASELINE the promoted baseline of the dataset and task is taken. Writes comparison.json and .md.",
        (
            Argument("CURRENT", (*_MEASURED, Takes.PATTERN)),
            Argument("BASELINE", (*_MEASURED, Takes.PATTERN), required=False),
        ),
        settings=("baseline.tolerance", "baseline.gate", "baseline.guards", "evaluation", "device", "paths"),
        exit_codes={4: "worse, as baseline.gate defines it"},
        examples=(
            ("outputs/training/latest", "with the promoted baseline"),
            ("outputs/training/latest runs/detect/train baseline.gate=none", "with a plain run; never exit with 4"),
            ("'multirun/ours_*/*' 'multirun/theirs_*/*'", "recipes, by three seeds or more of each"),
        ),
        json={
            "verdict": "IMPROVED, EQUIVALENT, NOT_WORSE, DEGRADED, INCONCLUSIVE or NO_BASELINE",
            "confirmed": "whether a degradation is certain even at the upper end of its interval",
            "sentence": "the verdict for people",
            "statistical_support": "whether a test over the images, or seeds, stands behind it",
            "primary_metric": "the metric that decides",
            "tolerance": "the drop of it that still counts as no worse",
            "metrics": "list of {metric, direction, current, baseline, delta, percent, arrow, ci_low, ci_high, p, …}",
            "per_class": "list of {name, current, baseline, delta, ci_low, ci_high, p, q, images, …}",
            "statistics": "what stands behind the verdict; null without records",
            "guards": "list of the limits that were set, each with whether it is broken",
            "current": "what the current model is: path, model, split, fingerprint",
            "baseline": "the same of the baseline",
            "warnings": "list of what makes the two less alike than they should be",
            "notes": "list of what else a reader should know",
            "gate": "{policy, passed}",
            "path": "the comparison.json that was written",
        },
    ),
    "promote": Command(
        "models.promote",
        "make a run, or a sweep's winner, the baseline of its dataset and task",
        "Earlier baselines stay in its history/.",
        (Argument("RUN_OR_SWEEP", (Takes.RUN, Takes.SWEEP, Takes.METRICS, Takes.PLAIN)),),
        settings=("notes", "evaluation", "device", "paths"),
        examples=(
            ("outputs/training/latest notes='first good one'", "the newest run"),
            ("multirun/yolo26n_20260117_143000", "the winner of a sweep"),
        ),
        json={"baseline": "the folder of the baseline", "version": "the name of this version in its history/"},
    ),
    "runs": Command(
        "project.runs",
        "every run and sweep, the best first",
        arguments=(),
        examples=(("", "of the folder where you are"), ("paths.root=/shared/project", "of another one")),
        json={
            "run": "its name, which other commands take",
            "path": "its folder",
            "status": "complete, running, killed, failed, …",
            "task": "the task",
            "metric": "the primary metric of the task",
            "value": "what the run reached in it",
            "epochs": "epochs trained",
            "dataset": "the dataset's name",
            "verdict": "the verdict of its comparison",
            "started": "when it was started",
            "mAP50": "null where the task has none; the other metrics of the task follow",
            "mAP50-95": "the same",
        },
        json_rows=True,
    ),
    "note": Command(
        "project.note",
        "add a note to the record of a run",
        arguments=(_RUN, Argument("text", (Takes.TEXT,))),
        examples=(('outputs/training/latest "warm-up made the difference"', "earlier notes stay"),),
        json={"path": "the record", "notes": "list of all its notes"},
    ),
    "resume": Command(
        "runs.resume",
        "do what is missing after a crash, a kill or Ctrl-C",
        "Finished stages are not repeated; a training continues after its last saved epoch. Settings cannot change. "
        "A sweep takes approval.… only; notes and resume.… belong to a single run.",
        (_RUN_OR_SWEEP,),
        settings=("approval", "resume", "notes"),
        exit_codes=_JOB_CODES,
        examples=(
            ("outputs/training/latest", "the newest run"),
            ("multirun/yolo26n_20260117_143000 approval=auto", "a sweep, with nobody at the terminal"),
        ),
        json=_JOB_JSON,
    ),
    "rerun": Command(
        "runs.rerun",
        "the same config and seed again, saying what differs",
        arguments=(_RUN,),
        settings=("approval", "notes"),
        exit_codes=_JOB_CODES,
        examples=(("outputs/training/latest approval=auto", "in a folder of its own"),),
        json=_JOB_JSON,
    ),
    "report": Command(
        "project.report",
        "write report.html again; of a sweep its summary, too",
        arguments=(_RUN_OR_SWEEP,),
        examples=(("multirun/yolo26n_20260117_143000", "of a sweep, also while it runs"),),
        json={"report": "the page"},
    ),
    "clean": Command(
        "project.clean",
        "free the disk of weights that did not win, and of caches",
        "Shows what would go, asks, and deletes it. Metrics, records, baselines and winners always stay.",
        (Argument("SWEEP_OR_FOLDER", (Takes.SWEEP, Takes.PROJECT)),),
        settings=("approval", "paths"),
        exit_codes={3: "declined, or nobody there to ask; nothing was deleted"},
        examples=(
            ("multirun/yolo26n_20260117_143000", "one sweep"),
            (". approval=auto", "every sweep and the caches, without being asked"),
        ),
        json={
            "path": "what was cleaned",
            "files": "list of {path, bytes}: what may go",
            "bytes": "their size",
            "left": "list of what stays, and why",
            "freed_bytes": "what was freed; 0 when it was declined",
        },
    ),
}


def syntax_of(name: str) -> Syntax:
    """Return what the reader of the command line must know of a command."""
    command = COMMANDS[name]
    arguments = command.arguments
    text = [index for index, argument in enumerate(arguments or ()) if argument.takes == (Takes.TEXT,)]
    return Syntax(
        usage=f"yololab {name} {command.takes_text}".rstrip(),
        operands=None if arguments is None else (sum(item.required for item in arguments), len(arguments)),
        text_operand=text[0] if text else None,
        mode=command.mode,
        multirun=command.multirun,
        json=command.json is not None,
        protocol=command.protocol,
    )


SYNTAX: dict[str, Syntax] = {name: syntax_of(name) for name in COMMANDS}
