"""How many cores the process may use: a container's quota counts as much as the cores that it sees."""

import math
import os
from pathlib import Path


def usable_cores() -> int:
    """Return the number of cores that this process may use: its CPU affinity and its cgroup's quota, at least 1."""
    cores = len(allowed_cores())
    quota = cgroup_quota(Path("/proc/self/cgroup"), Path("/sys/fs/cgroup"))
    if quota is None:
        return cores
    # Rounded down: one thread more than the quota pays for is stopped for a part of every period, and the threads of a
    # training wait for the slowest at each of their barriers.
    return max(1, min(cores, math.floor(quota)))


def allowed_cores() -> set[int]:
    """Return the numbers of the cores on which this process may run."""
    try:
        return os.sched_getaffinity(0)
    except AttributeError:  # macOS and Windows have no affinity
        return set(range(os.cpu_count() or 1))


def cgroup_quota(membership: Path, root: Path) -> float | None:
    """Return the CPU quota of a process in cores, the smallest one on the way up from its group; None without one.

    Args:
        membership: The process's `/proc/<pid>/cgroup`.
        root: Where the control groups are mounted, version 1 or 2.
    """
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    quotas = []
    for line in lines:
        hierarchy, controllers, path = (*line.split(":", 2), "", "")[:3]
        if hierarchy == "0" and not controllers:
            quotas += [_quota_v2(folder) for folder in _upwards(root, path)]
        elif "cpu" in controllers.split(","):
            quotas += [_quota_v1(folder) for folder in _upwards(root / controllers, path)]
            quotas += [_quota_v1(folder) for folder in _upwards(root / "cpu", path)]
    known = [quota for quota in quotas if quota is not None]
    return min(known) if known else None


def _upwards(root: Path, path: str) -> list[Path]:
    """Return the folder of a control group and of those above it."""
    group = root / path.strip("/")
    return [group, *(parent for parent in group.parents if parent.is_relative_to(root))]


def _quota_v2(group: Path) -> float | None:
    """Read `cpu.max`: "<quota or max> <period>", in microseconds."""
    try:
        quota, period = (group / "cpu.max").read_text(encoding="utf-8").split()
        return int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None


def _quota_v1(group: Path) -> float | None:
    """Read `cpu.cfs_quota_us` (-1: none) and `cpu.cfs_period_us`."""
    try:
        quota = int((group / "cpu.cfs_quota_us").read_text(encoding="utf-8"))
        period = int((group / "cpu.cfs_period_us").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return quota / period if quota > 0 and period > 0 else None
