"""A real Slurm for tests: two nodes on this machine, one pretended GPU each, reachable over loopback alone.

Every daemon runs in the foreground as a child of the tests and dies with them; nothing is left in the system's folders.
"""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

from dying_with_us import die_with_parent

PACKAGES = ("munge", "slurmctld", "slurmd", "slurm-client")
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol", "sinfo", "srun")
NODES = ("n1", "n2")
CPUS = 4
MEMORY_MB = 8192


def why_not_here() -> str | None:
    """Install Slurm when that is possible; return the reason when it is not."""
    if find_spec("submitit") is None:
        return "submitit is not installed: pip install '.[slurm]'"
    if not _missing():
        return None if os.geteuid() == 0 else "Slurm's daemons of these tests need root"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return f"not installed, and not root with apt-get here: {', '.join(_missing())}"
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for words in (["update"], ["install", "-y", "--no-install-recommends", *PACKAGES]):
        try:
            done = subprocess.run(
                ["apt-get", "-q", *words], env=environment, capture_output=True, text=True, timeout=180, check=False
            )
        except subprocess.TimeoutExpired:
            return f"apt-get {words[0]} took more than 180 s"
        if done.returncode != 0 and words[0] == "install":
            return f"apt-get install failed: {done.stderr.strip().splitlines()[-1:]}"
    return f"not installed by apt-get: {', '.join(_missing())}" if _missing() else None


def _missing() -> list[str]:
    return [name for name in PROGRAMS if shutil.which(name) is None]


class SlurmCluster:
    """Two nodes, the partitions `work` (a job in it may be pushed aside and queued again) and `urgent`."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="slurm-"))
        # munged wants every folder above its socket to be searchable by all.
        self.folder.chmod(0o755)
        self.conf = self.folder / "slurm.conf"
        self.only_on_first_node = self.folder / "only-on-n1"
        self.environment = {"SLURM_CONF": str(self.conf)}
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}
        self._ports = _free_ports(1 + len(NODES))

    def start(self) -> None:
        """Start all daemons and wait until both nodes are idle."""
        for name in ("state", "munge", *NODES):
            (self.folder / name).mkdir()
        key = self.folder / "munge/key"
        key.write_bytes(os.urandom(512))
        key.chmod(0o400)
        (self.folder / "munge").chmod(0o711)
        self._write_config()
        files = {"key-file": "key", "socket": "socket", "pid-file": "pid", "seed-file": "seed", "log-file": "log"}
        options = [f"--{option}={self.folder / 'munge' / name}" for option, name in files.items()]
        self._start("munged", ["munged", "--foreground", *options])
        _wait_for((self.folder / "munge/socket").exists, 10, "munged's socket")
        self.start_controller()
        self.only_on_first_node.mkdir()
        for node in NODES:
            slurmd = ["slurmd", "-D", "-f", str(self.conf), "-N", node]
            if node != NODES[0]:
                # The other nodes see an empty folder there, as when it lies on the first one's own disk.
                script = 'mount -t tmpfs -o ro none "$0" && exec "$@"'
                slurmd = ["unshare", "--mount", "sh", "-c", script, str(self.only_on_first_node), *slurmd]
            self._start(node, slurmd)
        _wait_for(self._all_idle, 30, "idle nodes", self.folder)

    def start_controller(self) -> None:
        """Start slurmctld, for the first time or again."""
        self._start("slurmctld", ["slurmctld", "-D", "-i", "-f", str(self.conf)])

    def stop_controller(self) -> None:
        """Stop slurmctld; jobs go on."""
        self._stop("slurmctld")

    def stop(self) -> None:
        """Cancel every job, stop every daemon, and remove the folder."""
        self.run("scancel", "--user=root", check=False)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and self.run("squeue", "-h", check=False):
            time.sleep(0.2)
        for name in reversed(list(self._daemons)):
            self._stop(name)
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, *words: str, check: bool = True) -> str:
        """Run one of Slurm's commands and return what it printed."""
        try:
            done = subprocess.run(
                words, env=os.environ | self.environment, capture_output=True, text=True, timeout=20, check=False
            )
        except subprocess.TimeoutExpired:
            if check:
                raise
            return ""
        assert not check or done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout.strip()

    def clear(self) -> None:
        """Cancel every job and wait until they are gone."""
        self.run("scancel", "--user=root", check=False)
        _wait_for(lambda: not self.run("squeue", "-h", check=False), 40, "empty queue", self.folder)

    def state(self, job: str) -> str:
        """Return the state of a job, empty when Slurm does not know it any more."""
        return self.run("squeue", "-h", "-t", "all", "-j", job, "-o", "%T", check=False)

    def _all_idle(self) -> bool:
        return self.run("sinfo", "-h", "-N", "-p", "work", "-o", "%t", check=False).split() == ["idle"] * len(NODES)

    def _write_config(self) -> None:
        host = socket.gethostname().partition(".")[0]
        controller, *nodes = self._ports
        devices = []
        for number, node in enumerate(NODES):
            # Slurm takes only character devices for GPUs; these are two more names of /dev/null.
            device = self.folder / f"gpu{number}"
            os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
            devices.append(f"NodeName={node} Name=gpu Flags=nvidia_gpu_env File={device}")
        (self.folder / "gres.conf").write_text("\n".join(devices) + "\n")
        settings = {
            "ClusterName": "tests",
            "SlurmctldHost": f"{host}(127.0.0.1)",
            "SlurmUser": "root",
            "SlurmctldPort": controller,
            "SlurmctldPidFile": self.folder / "slurmctld.pid",
            "SlurmctldLogFile": self.folder / "slurmctld.log",
            "SlurmdPidFile": self.folder / "%n/slurmd.pid",
            "SlurmdLogFile": self.folder / "%n/slurmd.log",
            "SlurmdSpoolDir": self.folder / "%n/spool",
            "SlurmdParameters": "config_overrides",
            "StateSaveLocation": self.folder / "state",
            "AuthType": "auth/munge",
            "AuthInfo": f"socket={self.folder / 'munge/socket'},cred_expire=5",
            "CommunicationParameters": "NoCtldInAddrAny,NoInAddrAny",
            "ProctrackType": "proctrack/linuxproc",
            "TaskPlugin": "task/none",
            "JobAcctGatherType": "jobacct_gather/none",
            "AccountingStorageType": "accounting_storage/none",
            "MpiDefault": "none",
            "SwitchType": "switch/none",
            "MailProg": "/bin/true",
            "GresTypes": "gpu",
            "SelectType": "select/cons_tres",
            "SelectTypeParameters": "CR_CPU_Memory",
            "SchedulerType": "sched/backfill",
            "SchedulerParameters": "sched_interval=2,sched_min_interval=100000",
            "PreemptType": "preempt/partition_prio",
            "PreemptMode": "REQUEUE",
            "JobRequeue": 1,
            "ReturnToService": 2,
            "KillWait": 8,
            "MinJobAge": 300,
        }
        lines = [f"{key}={value}" for key, value in settings.items()]
        for node, port in zip(NODES, nodes, strict=True):
            lines.append(
                f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={CPUS} "
                f"RealMemory={MEMORY_MB} Gres=gpu:1 State=UNKNOWN"
            )
        common = f"Nodes={','.join(NODES)} MaxTime=INFINITE State=UP"
        lines.append(f"PartitionName=work {common} Default=YES PriorityTier=1 GraceTime=20")
        lines.append(f"PartitionName=urgent {common} PriorityTier=10 PreemptMode=OFF")
        self.conf.write_text("\n".join(lines) + "\n")

    def _start(self, name: str, command: list[str]) -> None:
        with (self.folder / f"{name}.out").open("ab") as output:
            self._daemons[name] = subprocess.Popen(
                command,
                env=os.environ | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 (one system call)
            )

    def _stop(self, name: str) -> None:
        daemon = self._daemons.pop(name)
        daemon.terminate()
        try:
            daemon.wait(timeout=15)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()


def _free_ports(number: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [item.getsockname()[1] for item in sockets]
    for item in sockets:
        item.close()
    return ports


def _wait_for(condition, seconds: float, what: str, logs: Path | None = None) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            tails = [f"{path.name}: {path.read_text()[-1500:]}" for path in (logs.rglob("*.log") if logs else ())]
            raise RuntimeError("\n".join([f"no {what} after {seconds} s", *tails]))
        time.sleep(0.1)
