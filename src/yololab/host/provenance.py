"""Where a run comes from: the user's git commit, the packages, the machine, the command."""

import hashlib
import os
import platform
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from yololab.extensions import installed
from yololab.host.cores import usable_cores
from yololab.host.processes import ProcessIdentity
from yololab.host.processor import processor_name

GIT_TIMEOUT_SECONDS = 10


def collect_provenance(
    working_directory: Path, command: Sequence[str], seed: int, gpus: Sequence[str] = ()
) -> dict[str, Any]:
    """Return the provenance of a job that runs in `working_directory`.

    Args:
        working_directory: The user's folder; its git repository is the one that is recorded.
        command: The command as it was typed.
        seed: The seed of the training.
        gpus: Names of the GPUs that PyTorch sees.
    """
    return {
        "git": git_state(working_directory),
        "packages": packages(),
        "extensions": installed(),
        "hardware": hardware(gpus),
        "command": list(command),
        "working_directory": str(working_directory),
        "seeds": {"seed": seed},
        "process": ProcessIdentity.current().to_json(),
    }


def git_state(folder: Path) -> dict[str, Any] | None:
    """Return commit, branch and state of the repository around `folder`; None when there is none (or no git).

    `diff_sha256` covers `git diff HEAD`, so two runs with equal hashes had equal tracked files.
    """
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return None
    diff = git_diff(folder)
    untracked = _git(folder, "ls-files", "--others", "--exclude-standard") or ""
    return {
        "commit": commit.strip(),
        "branch": (_git(folder, "rev-parse", "--abbrev-ref", "HEAD") or "").strip() or None,
        "dirty": bool(diff or untracked.strip()),
        "diff_sha256": hashlib.sha256(diff.encode()).hexdigest() if diff else None,
        "untracked_files": len(untracked.splitlines()),
    }


def git_diff(folder: Path) -> str:
    """Return `git diff HEAD` of the repository around `folder`; empty when clean, or when there is none."""
    return _git(folder, "diff", "HEAD", "--no-color", "--no-ext-diff") or ""


def _git(folder: Path, *arguments: str) -> str | None:
    """Run git read-only in `folder`; None when it fails."""
    environment = os.environ | {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            check=True,
            timeout=GIT_TIMEOUT_SECONDS,
            env=environment,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode(errors="replace")


def packages() -> dict[str, str]:
    """Return the installed packages with their versions, by name."""
    found = {str(item.metadata["Name"]): item.version for item in distributions() if item.metadata["Name"]}
    return dict(sorted(found.items(), key=lambda pair: pair[0].lower()))


def hardware(gpus: Sequence[str] = ()) -> dict[str, Any]:
    """Return processor, cores that this process may use, memory in bytes, GPUs, operating system and Python."""
    return {
        "cpu": processor_name(),
        "cores": usable_cores(),
        "memory_bytes": _memory_bytes(),
        "gpus": list(gpus),
        "os": platform.platform(),
        "python": sys.version.split()[0],
        "hostname": socket.gethostname(),
    }


def _memory_bytes() -> int | None:
    """Return the machine's memory in bytes; None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def what_differs(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what of packages, git and machine is not as it was, one line each.

    Args:
        then: The provenance of an earlier run.
        now: The provenance of this one.
    """
    lines = []
    old_packages, new_packages = then.get("packages") or {}, now["packages"]
    for name in sorted(old_packages.keys() | new_packages.keys()):
        if old_packages.get(name) != new_packages.get(name):
            lines.append(f"package {name}: {old_packages.get(name)} then, {new_packages.get(name)} now")
    old_git, new_git = then.get("git") or {}, now["git"] or {}
    for key in ("commit", "diff_sha256"):
        if old_git.get(key) != new_git.get(key):
            lines.append(f"git {key}: {old_git.get(key)} then, {new_git.get(key)} now")
    for key in ("cpu", "cores", "gpus", "os", "python"):
        old, new = (then.get("hardware") or {}).get(key), now["hardware"].get(key)
        if old != new:
            lines.append(f"{key}: {old} then, {new} now")
    return lines
