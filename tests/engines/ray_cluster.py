"""A real Ray cluster for tests: two nodes on this machine, alone in a network that has only loopback.

Ray listens at every address of a machine; in a network namespace of its own there is none that anybody could reach. The
cluster is a process of its own (`python ray_cluster.py`), which ends with its standard input: with the tests.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from dying_with_us import die_with_parent

CLONE_NEWNET = 0x40000000  # unshare(2)
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1  # netdevice(7)
START_SECONDS = 90
# Memory is not what these tests are about, and nothing is to be reported to anybody.
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_memory_monitor_refresh_ms": "0",
    "RAY_DEDUP_LOGS": "0",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_failure_threshold": "4",
}


def why_not_here() -> str | None:
    """Return why there can be no cluster here; None when there can."""
    if find_spec("ray") is None:
        return "Ray is not installed: pip install '.[ray]'"
    if sys.platform != "linux":
        return "needs Linux: a network namespace with only loopback"
    try:
        with lonely_network():
            return None
    except OSError as error:
        return f"no network namespace of our own: {error.strerror} (root has one)"


@contextmanager
def lonely_network() -> Iterator[None]:
    """Move this thread, and all that it starts, into a network that has only loopback, and back again."""
    library = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        if library.unshare(CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        try:
            _loopback_up()
            yield
        finally:
            library.setns(before, CLONE_NEWNET)
    finally:
        os.close(before)


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sh14x", b"lo", 0)
        flags = struct.unpack("16sh14x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


class RayCluster:
    """The cluster's process, from outside; to be used within `lonely_network`."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ray-"))
        (self.folder / "ray").mkdir()
        with (self.folder / "cluster.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, __file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=os.environ | ENVIRONMENT | {"RAY_TMPDIR": str(self.folder)},
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509 (one system call)
            )
        self.address = str(self._answer()["address"])

    def kill_second_node(self) -> None:
        """Kill the second node's raylet and all its workers, as when a machine fails."""
        self._ask("kill")

    def add_second_node(self) -> None:
        """Start the second node again."""
        self._ask("add")

    def stop(self) -> None:
        """End the cluster."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _ask(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n".encode())
        self._process.stdin.flush()
        self._answer()

    def _answer(self) -> dict[str, str]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("Ray did not start: " + (self.folder / "cluster.log").read_text()[-2000:])
        return json.loads(line)


def serve() -> None:
    """Start two nodes, and do what standard input says until it ends."""
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 2, "num_gpus": 1, "object_store_memory": 80 * 2**20}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    second = cluster.add_node(**node)
    cluster.wait_for_nodes(timeout=START_SECONDS)
    _tell(address=cluster.address)
    for line in sys.stdin:
        if line.strip() == "kill":
            cluster.remove_node(second, allow_graceful=False)
        else:
            second = cluster.add_node(**node)
            cluster.wait_for_nodes(timeout=START_SECONDS)
        _tell(done=line.strip())
    cluster.shutdown()


def _tell(**words: str) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve()
