"""Trials as tasks of a Ray cluster that is already there."""

from __future__ import annotations

import json
import signal
import socket
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yololab
from yololab.config.reading import read_group
from yololab.config.settings import setting
from yololab.errors import InputError, JobError, Problem
from yololab.files.paths import RunFolder
from yololab.host.signals import handled
from yololab.sweep.engines.body import TrialBody, signal_text
from yololab.sweep.engines.late_records import LateRecords
from yololab.sweep.engines.ray.task import Ended, look_around, run_body
from yololab.sweep.executor import JobState, Resources

WHERE = "hydra.launcher"
# Ray puts its own handlers in the place of ours.
_TAKEN_BY_RAY = (signal.SIGTERM, signal.SIGINT)
_PROBE_SECONDS = 120
_KNOCK_SECONDS = 20


@dataclass(frozen=True)
class RaySettings:
    """How trials become tasks of Ray.

    Attributes:
        address: The cluster: host:port, or `auto` for the one of RAY_ADDRESS or of this machine.
        jobs: Trials at a time; null for as many as the cluster's nodes hold.
        custom: Resources of the site's own that a trial needs, by name.
        env: Variables for the trials: those of the sweep's own process stay here.
        wait_for_nodes: Nodes that can run a trial may come later (an autoscaler starts them).
        grace_seconds: From asking a trial to stop until it is killed.
        late_records_seconds: How long the record of an ended task is waited for.
    """

    address: str = "auto"
    jobs: int | None = setting(None, at_least=1)
    custom: dict[str, Any] = field(default_factory=dict)
    env: dict[str, Any] = field(default_factory=dict)
    wait_for_nodes: bool = False
    grace_seconds: float = setting(60.0, at_least=0)
    late_records_seconds: float = setting(30.0, at_least=0)


def make_executor(settings: Mapping[str, Any], resources: Resources, body: Sequence[str]) -> RayExecutor:
    """Return the engine of a Ray cluster.

    Raises:
        InputError: Ray is not installed, there is no cluster, a setting is wrong, or no node can ever run a trial.
    """
    if find_spec("ray") is None:
        raise InputError(Problem("hydra/launcher=ray", "Ray is not installed", remedy="pip install 'yololab[ray]'"))
    read = read_group(RaySettings, WHERE, settings)
    if resources.gpus is not None and resources.gpus > 1 and resources.gpus != int(resources.gpus):
        raise InputError(Problem(f"{WHERE}.gpus", str(resources.gpus), "whole GPUs, or a part of one (0.5)"))
    return RayExecutor(read, resources, tuple(body))


@dataclass
class _Task:
    """A task of ours.

    Attributes:
        ended: What it will return, as Ray's reference.
        folder: The trial's folder.
        started: The file that it leaves when it starts.
        state: Where it is.
        reason: Why it ended.
    """

    ended: Any
    folder: Path
    started: Path
    state: JobState = JobState.PENDING
    reason: str | None = None


@dataclass
class RayExecutor:
    """One task of Ray for each trial; Ray ends the tasks of a process that is gone.

    Attributes:
        settings: How trials become tasks.
        resources: What each trial gets.
        body: The command of a trial, without its folder.
    """

    settings: RaySettings
    resources: Resources
    body: Sequence[str]
    _tasks: dict[str, _Task] = field(default_factory=dict)
    _probed: set[Path] = field(default_factory=set)
    _connected_here: bool = False

    def __post_init__(self) -> None:
        import ray

        self._late_records = LateRecords(self.settings.late_records_seconds)
        if not ray.is_initialized():
            try:
                _knock(self.settings.address)
                with handled(_TAKEN_BY_RAY):
                    ray.init(self.settings.address, log_to_driver=False, logging_level="ERROR")
            except Exception as error:
                # Ray raises ConnectionError, ValueError, RuntimeError, … for a cluster that it cannot join.
                found = f"no cluster at {self.settings.address!r}: {str(error).strip().splitlines()[0]}"
                remedy = f"start one (ray start --head), or name it: {WHERE}.address=host:6379"
                raise InputError(Problem("hydra/launcher=ray", found, remedy=remedy)) from None
            self._connected_here = True
        if not self.settings.wait_for_nodes and not any(map(self._held_by, _alive_nodes())):
            nodes = "; ".join(_readable(node["Resources"]) for node in _alive_nodes()) or "none"
            remedy = f"ask for less, or say that nodes will come: {WHERE}.wait_for_nodes=true"
            found = f"no node has {_readable(self._request())}"
            self.close()
            raise InputError(Problem(WHERE, found, f"what a node has: {nodes}", remedy))

    @property
    def capacity(self) -> int:
        """How many trials run at once: as many as the nodes hold, those of other users of the cluster included."""
        return self.settings.jobs or max(1, sum(map(self._held_by, _alive_nodes())))

    def submit(self, folder: Path, environment: Mapping[str, str]) -> str:
        """Hand the body to Ray.

        Raises:
            InputError: A node does not see the folder, or has no yololab of this version.
            JobError: Ray does not take the task.
        """
        import ray

        if folder.parent not in self._probed:
            self._probe(folder.parent)
            self._probed.add(folder.parent)
        # The node's own Python: it need not lie where ours does.
        own_python = self.body[0] == sys.executable
        variables = {**{name: str(value) for name, value in self.settings.env.items()}, **environment}
        command, threads = tuple(self.body[1:] if own_python else self.body), self.resources.cpus or 1
        body = TrialBody(str(folder), command, variables, str(Path.cwd()), threads, own_python)
        try:
            task = ray.remote(run_body).options(
                num_cpus=1 if self.resources.cpus is None else self.resources.cpus,
                num_gpus=self.resources.gpus or 0,
                memory=None if self.resources.memory_gb is None else int(self.resources.memory_gb * 2**30),
                resources=dict(self.settings.custom) or None,
                # What failed is tried again by the sweep, which knows what came of it.
                max_retries=0,
                name=f"{folder.parent.name}.{folder.name}",
            )
            name = uuid.uuid4().hex
            started = RunFolder(folder).ray / name
            ended = task.remote(body, str(started), self.resources.time_minutes, self.settings.grace_seconds)
        except (ValueError, TypeError, ray.exceptions.RayError) as error:
            raise JobError(f"Ray does not take the task: {error}") from error
        handle = json.dumps({"job": ray.get_runtime_context().get_job_id(), "task": name})
        self._tasks[handle] = _Task(ended, folder, started)
        return handle

    def poll(self, handles: Sequence[str]) -> dict[str, JobState]:
        """Look at our tasks; those of another process are gone when that process is."""
        states = {}
        for handle in handles:
            if handle in self._tasks:
                self._listen(handle, self._tasks[handle])
                states[handle] = self._tasks[handle].state
            elif (living := _living_jobs()) is not None and json.loads(handle)["job"] not in living:
                states[handle] = JobState.GONE
        return states

    def cancel(self, handle: str) -> None:
        """Ask a task to end; the body saves its state, and is killed after the grace."""
        import ray

        task = self._tasks.get(handle)
        if task is None or task.state is JobState.GONE:
            return
        task.reason = "cancelled"
        with suppress(ray.exceptions.RayError):
            ray.cancel(task.ended, recursive=False)

    def reason(self, handle: str) -> str | None:
        """Return why a task of ours ended."""
        return self._tasks[handle].reason if handle in self._tasks else None

    def close(self) -> None:
        """End our tasks, which Ray would kill as soon as we are gone, and leave the cluster."""
        import ray

        running = [handle for handle, task in self._tasks.items() if task.state is not JobState.GONE]
        for handle in running:
            self.cancel(handle)
        deadline = time.monotonic() + self.settings.grace_seconds
        while running and time.monotonic() < deadline:
            states = self.poll(running)
            running = [handle for handle in running if states.get(handle) is not JobState.GONE]
            time.sleep(0.1)
        if self._connected_here:
            with handled(_TAKEN_BY_RAY):
                ray.shutdown()
            self._connected_here = False

    def _listen(self, handle: str, task: _Task) -> None:
        """Note that a task has started, or how it ended."""
        import ray

        if task.state is JobState.GONE:
            return
        if task.state is JobState.PENDING and task.started.exists():
            task.state = JobState.RUNNING
        if not ray.wait([task.ended], timeout=0)[0]:
            return
        if task.state is JobState.RUNNING and not self._late_records.has_arrived(handle, task.folder):
            return
        task.state = JobState.GONE
        try:
            ended: Ended = ray.get(task.ended)
        except ray.exceptions.RayError as error:
            task.reason = task.reason or _why(error)
        else:
            task.reason = task.reason or ended.reason or signal_text(ended.code)

    def _request(self) -> dict[str, float]:
        """Return what a trial asks for, under Ray's names."""
        request = {"CPU": 1.0 if self.resources.cpus is None else float(self.resources.cpus)}
        if self.resources.gpus:
            request["GPU"] = float(self.resources.gpus)
        if self.resources.memory_gb:
            request["memory"] = self.resources.memory_gb * 2**30
        return request | {name: float(value) for name, value in self.settings.custom.items()}

    def _held_by(self, node: Mapping[str, Any]) -> int:
        """Return how many trials a node holds when nothing else runs there."""
        request = {name: amount for name, amount in self._request().items() if amount > 0}
        there = node["Resources"]
        return min((int(there.get(name, 0.0) / amount + 1e-9) for name, amount in request.items()), default=1)

    def _probe(self, sweep: Path) -> None:
        """Look from every node that could run a trial at the sweep's folder and at yololab."""
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        look, nodes = ray.remote(look_around), {}
        for node in filter(self._held_by, _alive_nodes()):
            there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            view = look.options(num_cpus=0, max_retries=0, scheduling_strategy=there).remote(str(sweep))
            nodes[view] = node["NodeManagerHostname"]
        problems = []
        ready, _ = ray.wait(list(nodes), num_returns=len(nodes), timeout=_PROBE_SECONDS) if nodes else ([], [])
        for answer in ready:
            where = f"Ray node {nodes[answer]}"
            try:
                view = ray.get(answer)
            except ray.exceptions.NodeDiedError:
                continue
            except ray.exceptions.RayError as error:
                problems.append(Problem(where, _why(error), "a node that can import yololab", "install yololab there"))
                continue
            if not view.sees_folder:
                remedy = "put the sweep on storage that all nodes share: paths.root=/shared/folder"
                problems.append(Problem(where, f"does not see {sweep}", remedy=remedy))
            if view.version != yololab.__version__:
                found = f"has yololab {view.version}"
                problems.append(Problem(where, found, f"yololab {yololab.__version__}, as here"))
        if problems:
            raise InputError(dict.fromkeys(problems))


def _knock(address: str) -> None:
    """Connect to host:port and let go again: Ray itself waits for minutes for a cluster that is not there.

    Raises:
        OSError: Nobody answers.
    """
    host, _, port = address.rpartition(":")
    if host and port.isdigit() and "/" not in host:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_KNOCK_SECONDS).close()


def _alive_nodes() -> list[dict[str, Any]]:
    """Return the nodes of the cluster that are alive."""
    import ray

    return [node for node in ray.nodes() if node["Alive"]]


def _living_jobs() -> set[str] | None:
    """Return the processes that are connected to the cluster, by Ray's number; None when that cannot be learnt."""
    try:
        # Ray's public state API needs its dashboard, which not every cluster has.
        from ray._private.state import jobs

        return {str(job["JobID"]) for job in jobs() if not job["IsDead"]}
    except Exception:
        return None


def _readable(resources: Mapping[str, float]) -> str:
    """Return resources as a person reads them."""
    return ", ".join(
        f"memory_gb {amount / 2**30:.3g}" if name == "memory" else f"{name} {amount:.3g}"
        for name, amount in sorted(resources.items())
        if not name.startswith("node:") and name != "object_store_memory"
    )


def _why(error: BaseException) -> str:
    """Return what an error of Ray says: the error inside of a task, or the first line."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, BaseException):
        return f"{type(cause).__name__}: {cause}"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0].partition('. ')[0] if lines else ''}"
