"""A real Slurm and a real Ray for the tests of this folder, started when the first test needs them."""

from __future__ import annotations

import os

import pytest
import ray_cluster
import slurm_cluster
from executor_contract import Engine


@pytest.fixture(scope="session")
def slurm():
    reason = slurm_cluster.why_not_here()
    if reason:
        pytest.skip(f"no Slurm here: {reason}")
    cluster = slurm_cluster.SlurmCluster()
    before = os.environ.get("SLURM_CONF")
    try:
        cluster.start()
        os.environ.update(cluster.environment)
        yield cluster
    finally:
        cluster.stop()
        os.environ.pop("SLURM_CONF", None)
        if before is not None:
            os.environ["SLURM_CONF"] = before


@pytest.fixture(scope="module")
def ray_nodes():
    # For the module: while it lasts, this process sees loopback alone, and no other cluster.
    reason = ray_cluster.why_not_here()
    if reason:
        pytest.skip(f"no Ray here: {reason}")
    with ray_cluster.lonely_network():
        before = {name: os.environ.get(name) for name in ray_cluster.ENVIRONMENT}
        os.environ.update(ray_cluster.ENVIRONMENT)
        cluster = ray_cluster.RayCluster()
        try:
            yield cluster
        finally:
            cluster.stop()
            for name, value in before.items():
                os.environ.pop(name)
                if value is not None:
                    os.environ[name] = value


@pytest.fixture
def slurm_engine(slurm, tmp_path):
    engine = Engine("slurm", {"poll_seconds": 0.2, "signal_seconds": 30, "late_records_seconds": 0}, tmp_path)
    yield engine
    slurm.clear()
    engine.close()


@pytest.fixture
def ray_engine(ray_nodes, tmp_path):
    engine = Engine("ray", {"address": ray_nodes.address, "grace_seconds": 3, "late_records_seconds": 0}, tmp_path)
    yield engine
    engine.close()
