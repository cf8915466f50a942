"""A seeded campaign of faults against the commands: kills, full disks, damaged and hostile files, odd arguments.

    python tests/benchmarks/faults.py                            # all of it: about two hours; writes faults.json
    python tests/benchmarks/faults.py --only files arguments --cases 200 --seed 7
    python tests/benchmarks/faults.py --stops 5 --cases 60 --no-save    # the short form that `make test-all` runs

A case fails when something of the user's is lost, something is written outside of the project, a command takes longer
than its limit, prints a traceback, or ends with an exit code that is not documented for what happened to it. Ends with
1 when any case failed.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import hashlib
import json
import os
import platform
import pwd
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1] / "src"), str(HERE.parent / "samples")]

from adapter_samples import MICRO  # noqa: E402
from fault_injection import KINDS, Fault, moments  # noqa: E402
from fuzz_samples import damage_file, odd_arguments  # noqa: E402
from tiny import make_dataset  # noqa: E402

FIXTURE = HERE.parent / "data/v0_1_0"
RESULT = Path(__file__).with_suffix(".json")
LIMIT_SECONDS = 120
DOCUMENTED = {0, 1, 2, 3, 4, 130}
EPOCHS = 3
TRAINING = f"""
data=pictures/data.yaml model=micro.yaml imgsz=64 batch=4 nbs=4 device=cpu device.threads=1 workers=0 optimizer=AdamW
lr0=0.01 warmup_epochs=0 plots=false evaluation.plots=false approval=auto estimate.batches=1 epochs={EPOCHS} export=none
""".split()
SWEEP = ["-m", *TRAINING, "name=sweep", "seed=0,1"]


@dataclass
class Table:
    """What the cases of one kind came to."""

    cases: int = 0
    failures: list[dict[str, str]] = field(default_factory=list)

    def note(self, case: str, wrong: list[str]) -> None:
        """Count a case."""
        self.cases += 1
        if wrong:
            self.failures.append({"case": case, "wrong": "; ".join(wrong)})
            print(f"WRONG  {case}: {'; '.join(wrong)}", flush=True)


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    output: str

    def wrong(self, allowed: set[int]) -> list[str]:
        """Return what is wrong with it in itself."""
        found = []
        if self.code == -signal.SIGALRM:
            found.append(f"still running after {LIMIT_SECONDS} s")
        elif self.code not in allowed:
            found.append(f"exit code {self.code}, documented {sorted(allowed)}: {self.output[-300:]!r}")
        if "Traceback (most recent call last)" in self.output:
            last = [line for line in self.output.splitlines() if line.strip()][-1:]
            found.append(f"a traceback: {last}")
        return found


def command(project: Path, *words: str, environment: dict[str, str] | None = None) -> Ended:
    """Run a command of yololab in a process of its own."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    environment = (environment or os.environ | {"PYTHONPATH": path}) | {"OMP_NUM_THREADS": "1", "YOLO_OFFLINE": "true"}
    process = subprocess.Popen(
        [sys.executable, "-m", "yololab", *words],
        cwd=project,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return Ended(-signal.SIGALRM, "")
    return Ended(process.returncode, output.decode(errors="replace"))


def forked(project: Path, words: list[str], user: int | None = None) -> Ended:
    """Run a command in a copy of this process, which has imported everything: a tenth of the time.

    Another user may not be able to read this environment; what is imported already is there for them, too.
    """
    printed = project.parent / "printed"
    child = os.fork()
    if child == 0:
        code = 70
        try:
            os.setsid()
            os.chdir(project)
            descriptor = os.open(printed, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(descriptor, 1)
            os.dup2(descriptor, 2)
            if user is not None:
                os.setuid(user)
                os.environ["HOME"] = str(project.parent)
            from yololab.cli.main import main

            try:
                code = main(words)
            except SystemExit as ended:
                code = ended.code if isinstance(ended.code, int) else 1
            except BaseException:
                sys.excepthook(*sys.exc_info())
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)
    deadline = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return Ended(
                os.waitstatus_to_exitcode(status), printed.read_text(errors="replace") if printed.exists() else ""
            )
        time.sleep(0.005)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return Ended(-signal.SIGALRM, "")


def content_of(folder: Path) -> dict[str, str]:
    """Return a hash of every file below a folder; links are what they point at."""
    found = {}
    for root, _, files in os.walk(folder):
        for name in files:
            path = Path(root) / name
            key = str(path.relative_to(folder))
            if path.is_symlink():
                found[key] = f"-> {path.readlink()}"
            elif path.is_file():
                found[key] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def kept(before: dict[str, str], folder: Path, used: str = "") -> list[str]:
    """Return what is missing, or is another one, of the files that the command may not touch."""
    after = content_of(folder)
    before = {
        name: value
        for name, value in before.items()
        if (used != "promote" or "baselines" not in name) and (used != "clean" or not name.startswith("multirun"))
    }
    precious = {
        name for name in before if name.endswith((".pt", ".onnx", ".npz", "metrics.json")) or "pictures" in name
    }
    return [f"lost: {name}" for name in sorted(precious) if after.get(name) != before[name]]


def debris(project: Path) -> list[str]:
    """Return temporary files that nobody has swept."""
    return [f"left: {path.relative_to(project)}" for path in project.rglob(".*.tmp")]


def empty_project(folder: Path) -> Path:
    """Return a project with a dataset and an architecture, and nothing done yet."""
    make_dataset(folder / "pictures")
    (folder / "micro.yaml").write_text(MICRO)
    return folder


def used_project(
    folder: Path, parts: tuple[str, ...] = ("outputs/training/detect*", "outputs/baselines", "multirun/search*")
) -> Path:
    """Return a copy of a project with runs, a baseline and a sweep."""
    shutil.copytree(FIXTURE / "data", folder / "data")
    shutil.copytree(FIXTURE / "models", folder / "models")
    for part in parts:
        for source in FIXTURE.glob(part):
            shutil.copytree(source, folder / source.relative_to(FIXTURE), symlinks=True)
    return folder


def run_named(project: Path, start: str) -> str:
    """Return the folder of a run, relative to its project."""
    return str(next(iter(sorted((project / "outputs/training").glob(f"{start}_2*")))).relative_to(project))


# What is stopped: the words, the project that it runs in, and the words that must bring it to its end afterwards.
Stopped = tuple[Callable[[Path], list[str]], Callable[[Path], Path], Callable[[Path], list[str]]]


def begun_in(place: Path) -> list[Path]:
    """Return the runs or sweeps that can be seen; a hidden folder is none yet, and goes when the next one starts."""
    return [path for path in sorted(place.glob("*_2*")) if not path.is_symlink() and not path.name.startswith(".")]


def _resume(where: str) -> Callable[[Path], list[str]]:
    def words(project: Path) -> list[str]:
        begun = begun_in(project / where)
        return ["resume", str(begun[-1].relative_to(project)), "approval=auto"] if begun else []

    return words


STOPPED: dict[str, Stopped] = {
    "train": (lambda _: TRAINING, empty_project, _resume("outputs/training")),
    "sweep": (lambda _: SWEEP, empty_project, _resume("multirun")),
    "promote": (
        lambda p: ["promote", run_named(p, "detect-longer")],
        used_project,
        lambda p: ["promote", run_named(p, "detect-longer")],
    ),
    "report": (
        lambda p: ["report", run_named(p, "detect")],
        used_project,
        lambda p: ["report", run_named(p, "detect")],
    ),
    "note": (
        lambda p: ["note", run_named(p, "detect"), "x"],
        used_project,
        lambda p: ["note", run_named(p, "detect"), "x"],
    ),
    "compare": (
        lambda p: ["compare", run_named(p, "detect-longer"), run_named(p, "detect")],
        used_project,
        lambda p: ["compare", run_named(p, "detect-longer"), run_named(p, "detect")],
    ),
    "check": (
        lambda _: ["check", "data=data/shapes/data.yaml"],
        used_project,
        lambda _: ["check", "data=data/shapes/data.yaml"],
    ),
}
# Half of the stops meet a training or a sweep, where most is at stake.
MIX = ["train", "sweep", "train", "promote", "sweep", "report", "train", "note", "sweep", "compare", "train", "check"]


def stops(scratch: Path, count: int, rng: random.Random) -> Iterator[tuple[str, list[str]]]:
    """Stop commands at moments drawn at random, go on, and look at what is there."""
    known: dict[tuple[str, str], int] = {}
    for number in range(count):
        name, kind = MIX[number % len(MIX)], KINDS[(number // 2) % len(KINDS)]
        of = "child" if name == "sweep" and number % 4 == 1 else "parent"
        words, make, again = STOPPED[name]
        if (name, of) not in known:
            project = make(scratch / f"counted-{name}-{of}")
            counting = Fault(of=of).environment(project, scratch / f"hook-{name}-{of}")
            command(project, *words(project), environment=counting)
            known[name, of] = moments(scratch / f"hook-{name}-{of}")
            shutil.rmtree(project)
        fault = Fault(kind, rng.randint(1, max(1, known[name, of])), of)
        project = make(scratch / f"stopped-{number}")
        before = content_of(project)
        environment = fault.environment(project, scratch / f"hook-{number}")
        ended = command(project, *words(project), environment=environment)
        # A process that is killed says so itself; its parent, and whatever is told to stop, end as documented.
        allowed = DOCUMENTED - {2, 3} | ({-signal.SIGKILL} if kind == "kill" and of == "parent" else set())
        wrong = ended.wrong(allowed | ({2} if kind == "disk full" else set()))
        wrong += kept(before, project, name)
        wrong += after_a_stop(project, again(project) or words(project))
        yield f"{kind} of the {of} at moment {fault.at} of {known[name, of]} of {name}", wrong
        shutil.rmtree(project)


def after_a_stop(project: Path, again: list[str]) -> list[str]:
    """Return what is wrong after a command was stopped: nothing may be left for the user to mend."""
    listed = command(project, "runs", "status=all", "--json")
    wrong = [f"runs: {text}" for text in listed.wrong({0})]
    shown = listed.output if listed.code == 0 else ""
    for folder in [*begun_in(project / "outputs/training"), *begun_in(project / "multirun")]:
        if folder.name not in shown:
            wrong.append(f"runs does not list {folder.name}")
    ended = command(project, *again)
    wrong += [f"{again[0]}: {text}" for text in ended.wrong({0})]
    for record in (project / "outputs/training").glob("*_2*/experiment_log.json"):
        try:
            status = json.loads(record.read_text()).get("status")
        except ValueError:
            wrong.append(f"{record.parent.name}: its record is damaged")
            continue
        if again[0] == "resume" and "outputs" in again[1] and status != "complete":
            wrong.append(f"{record.parent.name} is {status} after its resume")
    if again[0] == "resume" and "multirun" in again[1]:
        trials = [json.loads(path.read_text())["state"] for path in (project / again[1]).glob("[0-9]*/trial.json")]
        # A trial that was killed from outside has failed, and is not tried again unless search.retries says so.
        if trials.count("complete") + trials.count("failed") != 2 or "complete" not in trials:
            wrong.append(f"trials after the resume: {trials}")
    return wrong + debris(project)


FILES = ("*.json", "*.json", "*.npz", "*.csv", "*.yaml", "*.txt", "*.gz", "*.log", "*.pt")


USES = """
runs
runs --json
report {run}
report {sweep}
compare {run} {other}
compare {run}
promote {run}
promote {sweep}
note {run} x
resume {run} approval=never
resume {sweep} approval=never
rerun {run} approval=never
clean {run} approval=auto
clean {sweep} approval=auto
check data=data/shapes/data.yaml
train data=data/shapes/data.yaml model=models/micro.yaml device=cpu approval=never
""".strip().splitlines()
USES_OF_A_MOVED_ONE = [use for use in USES if "{" in use and "never" not in use and "{other}" not in use]


def files(scratch: Path, count: int, rng: random.Random) -> Iterator[tuple[str, list[str]]]:
    """Damage one to three files of a project, each of which somebody else may have written, and use the project."""
    outside = scratch / "outside"
    outside.mkdir()
    (outside / "precious.txt").write_text("nobody may change this\n")
    for _ in range(count):
        project = used_project(scratch / "project")
        run, other = run_named(project, "detect-longer"), run_named(project, "detect")
        sweep = str(next(iter((project / "multirun").glob("*_2*"))).relative_to(project))
        words = rng.choice(USES).format(run=run, other=other, sweep=sweep).split()
        places = [project / "data"] if words[0] in ("check", "train") else [project / "outputs", project / "multirun"]
        kinds = [
            [p for q in places for p in sorted(q.rglob(kind)) if not p.is_symlink() and ".conf" not in p.parts]
            for kind in FILES
        ]
        chosen = {rng.choice(rng.choice([kind for kind in kinds if kind])) for _ in range(rng.choice((1, 1, 2, 3)))}
        done = [damage_file(path, outside, rng) for path in sorted(chosen)]
        before, around = content_of(project), content_of(outside)
        ended = forked(project, words)
        wrong = ended.wrong(DOCUMENTED)
        wrong += kept(before, project, words[0])
        beside = sorted(path.name for path in scratch.iterdir())
        if content_of(outside) != around or beside != ["outside", "printed", "project"]:
            wrong.append("written outside of the project")
        described = ", ".join(f"{path.relative_to(project)} {how}" for path, how in done)
        yield f"{' '.join(words)} with {described}", wrong
        shutil.rmtree(project)


def arguments(scratch: Path, count: int, rng: random.Random) -> Iterator[tuple[str, list[str]]]:
    """Give commands words that nobody would type, and some that people do."""
    project = empty_project(scratch / "project")
    before = content_of(project)
    for _ in range(count):
        words = odd_arguments(rng)
        ended = forked(project, words)
        wrong = ended.wrong(DOCUMENTED) + kept(before, project)
        if sorted(path.name for path in scratch.iterdir()) != ["printed", "project"]:
            wrong.append("written outside of the project")
        yield " ".join(map(repr, words))[:300], wrong


def moved(scratch: Path, count: int, rng: random.Random) -> Iterator[tuple[str, list[str]]]:
    """Move a project, put a trap where it lay, and use it where it lies."""
    for number in range(count):
        old, new = scratch / f"old-{number}", scratch / f"new place {number}"
        used_project(old)
        ended = command(old, "promote", run_named(old, "detect-longer"))
        wrong = ended.wrong({0})
        copied = rng.random() < 0.5
        shutil.copytree(old, new, symlinks=True) if copied else old.rename(new)
        before, trap = content_of(new), content_of(old) if copied else None
        run = run_named(new, "detect-longer")
        sweep = str(next(iter((new / "multirun").glob("*_2*"))).relative_to(new))
        words = rng.choice(USES_OF_A_MOVED_ONE).format(run=run, sweep=sweep).split()
        wrong += command(new, *words).wrong(DOCUMENTED)
        wrong += kept(before, new, words[0])
        if copied and content_of(old) != trap:
            wrong.append("the project that it was copied from was written to")
        if not copied and old.exists():
            wrong.append("the place where it lay was made again")
        yield f"{' '.join(words)} in a project that was {'copied' if copied else 'moved'}", wrong


def users(scratch: Path, count: int, rng: random.Random) -> Iterator[tuple[str, list[str]]]:
    """Use one project and one cache as two users; needs root to become them."""
    if os.geteuid() != 0:
        return
    other = pwd.getpwnam("nobody")
    scratch.chmod(0o755)
    for number in range(count):
        project = used_project(scratch / f"shared-{number}")
        run, shared = run_named(project, "detect"), rng.random() < 0.5
        first = ["check", "data=data/shapes/data.yaml", "paths.cache=cache"]
        wrong = command(project, *first).wrong({0})
        if shared:
            for path in [project, *project.rglob("*")]:
                path.is_symlink() or path.chmod(0o777 if path.is_dir() else 0o666)
        before = content_of(project)
        words = rng.choice(
            [first, ["report", run], ["runs"], ["note", run, "x"], ["promote", run], ["compare", run, run]]
        )
        wrong += forked(project, words, other.pw_uid).wrong(DOCUMENTED)
        wrong += kept(before, project, words[0]) + command(project, *first).wrong({0})
        yield f"{' '.join(words)} as another user, {'all may write' if shared else 'for reading only'}", wrong


def together(scratch: Path, count: int, rng: random.Random) -> Iterator[tuple[str, list[str]]]:
    """Ten processes at once in one project."""
    for number in range(count):
        project = used_project(scratch / f"busy-{number}")
        before, run = content_of(project), run_named(project, "detect-longer")
        each = [["note", run, str(index)] for index in range(5)]
        each += [
            ["promote", run],
            ["promote", run_named(project, "detect")],
            ["report", run],
            ["runs", "--json"],
            ["compare", run],
        ]
        rng.shuffle(each)
        path = os.pathsep.join(entry for entry in sys.path if entry)
        begun = [
            subprocess.Popen(
                [sys.executable, "-m", "yololab", *words], cwd=project, env=os.environ | {"PYTHONPATH": path},
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )
            for words in each
        ]  # fmt: skip
        wrong = []
        for words, process in zip(each, begun, strict=True):
            output, _ = process.communicate(timeout=10 * LIMIT_SECONDS)
            wrong += [
                f"{words[0]}: {text}"
                for text in Ended(process.returncode, output.decode(errors="replace")).wrong({0, 4})
            ]
        notes = {note["text"] for note in json.loads((project / run / "experiment_log.json").read_text())["notes"]}
        wrong += [] if {str(index) for index in range(5)} <= notes else [f"notes are lost: {sorted(notes)}"]
        yield "ten commands at once", wrong + kept(before, project, "promote") + debris(project)


CAMPAIGNS: dict[str, tuple[Callable[..., Iterator[tuple[str, list[str]]]], Callable[[argparse.Namespace], int]]] = {
    "files": (files, lambda asked: asked.cases),
    "arguments": (arguments, lambda asked: asked.cases // 2),
    "moved": (moved, lambda asked: max(2, asked.stops // 4)),
    "users": (users, lambda asked: max(2, asked.stops // 4)),
    "together": (together, lambda asked: max(1, asked.stops // 12)),
    "stops": (stops, lambda asked: asked.stops),
}


def import_everything() -> None:
    """Import what the commands need, once, for all that are forked from here."""
    import importlib
    import pkgutil

    import yololab

    for module in pkgutil.walk_packages(yololab.__path__, "yololab."):
        if not module.name.endswith("__main__"):
            with contextlib.suppress(ModuleNotFoundError):  # what an extra brings
                importlib.import_module(module.name)


def machine() -> dict[str, Any]:
    """Return where it ran."""
    return {"os": platform.platform(), "python": platform.python_version(), "cores": len(os.sched_getaffinity(0))}


def main() -> int:
    """Run the campaign and keep its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=CAMPAIGNS, default=list(CAMPAIGNS))
    parser.add_argument("--cases", type=int, default=1400, help="damaged projects; half as many odd command lines")
    parser.add_argument("--stops", type=int, default=48)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--no-save", action="store_true")
    asked = parser.parse_args()
    os.environ.update(OMP_NUM_THREADS="1", YOLO_OFFLINE="true")
    if set(asked.only) & {"files", "arguments", "users"}:
        import_everything()
    tables: dict[str, Table] = collections.defaultdict(Table)
    begin = time.monotonic()
    for name in asked.only:
        run, count = CAMPAIGNS[name]
        with tempfile.TemporaryDirectory() as scratch:
            for case, wrong in run(Path(scratch).resolve(), count(asked), random.Random(f"{asked.seed} {name}")):
                tables[name].note(case, wrong)
        print(f"{name}: {tables[name].cases} cases, {len(tables[name].failures)} wrong", flush=True)
    if not asked.no_save:
        commit = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True, cwd=HERE
        ).stdout.strip()
        earlier = json.loads(RESULT.read_text())["kinds"] if RESULT.exists() else {}
        kinds = earlier | {name: {"cases": table.cases, "failures": table.failures} for name, table in tables.items()}
        body = {
            "command": " ".join(["python tests/benchmarks/faults.py", *sys.argv[1:]]),
            "commit": commit,
            "machine": machine(),
        }
        RESULT.write_text(
            json.dumps(body | {"seconds": round(time.monotonic() - begin), "kinds": kinds}, indent=2) + "\n"
        )
    return int(any(table.failures for table in tables.values()))


if __name__ == "__main__":
    raise SystemExit(main())
