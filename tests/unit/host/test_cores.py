import os

import pytest

from yololab.host.cores import cgroup_quota, usable_cores


@pytest.fixture
def membership(tmp_path):
    def write(text):
        path = tmp_path / "cgroup"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_version_2_takes_the_smallest_quota_on_the_way_up(tmp_path, membership):
    root = tmp_path / "fs"
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "cpu.max").write_text("300000 100000\n")
    (root / "a" / "cpu.max").write_text("150000 100000\n")
    assert cgroup_quota(membership("0::/a/b\n"), root) == 1.5


def test_version_2_without_a_quota(tmp_path, membership):
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert cgroup_quota(membership("0::/\n"), tmp_path) is None


def test_a_group_that_is_not_mounted_here_falls_back_to_the_root(tmp_path, membership):
    (tmp_path / "cpu.max").write_text("200000 100000\n")
    assert cgroup_quota(membership("0::/docker/abc\n"), tmp_path) == 2.0


@pytest.mark.parametrize("mount", ["cpu", "cpu,cpuacct"])
def test_version_1(tmp_path, membership, mount):
    group = tmp_path / mount / "job"
    group.mkdir(parents=True)
    (group / "cpu.cfs_quota_us").write_text("250000\n")
    (group / "cpu.cfs_period_us").write_text("100000\n")
    assert cgroup_quota(membership("3:cpuset:/job\n4:cpu,cpuacct:/job\n"), tmp_path) == 2.5


def test_version_1_without_a_quota(tmp_path, membership):
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("-1\n")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert cgroup_quota(membership("4:cpu:/\n"), tmp_path) is None


def test_version_1_takes_the_smallest_quota_on_the_way_up_too(tmp_path, membership):
    for folder, quota in (("cpu/a/b", 800000), ("cpu/a", 350000), ("cpu", -1)):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        (tmp_path / folder / "cpu.cfs_quota_us").write_text(f"{quota}\n")
        (tmp_path / folder / "cpu.cfs_period_us").write_text("100000\n")
    assert cgroup_quota(membership("4:cpu,cpuacct:/a/b\n1:name=systemd:/a\n0::/a\n"), tmp_path) == 3.5


def test_both_versions_side_by_side_count(tmp_path, membership):
    (tmp_path / "cpu.max").write_text("400000 100000\n")
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu/cpu.cfs_quota_us").write_text("150000\n")
    (tmp_path / "cpu/cpu.cfs_period_us").write_text("100000\n")
    assert cgroup_quota(membership("3:cpu:/\n0::/\n"), tmp_path) == 1.5


@pytest.mark.parametrize("content", ["", "max", "100000 0\n", "x y\n", "1 2 3\n"])
def test_what_is_no_quota_is_none(tmp_path, membership, content):
    (tmp_path / "cpu.max").write_text(content)
    assert cgroup_quota(membership("0::/\n\nnonsense\n"), tmp_path) is None


def test_no_control_groups_at_all(tmp_path):
    assert cgroup_quota(tmp_path / "missing", tmp_path) is None


@pytest.mark.parametrize(("quota", "cores"), [(None, 6), (1.5, 1), (0.3, 1), (4.0, 4), (64.0, 6)])
def test_usable_cores_are_affinity_and_quota(monkeypatch, quota, cores):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(6)), raising=False)
    monkeypatch.setattr("yololab.host.cores.cgroup_quota", lambda membership, root: quota)
    assert usable_cores() == cores
