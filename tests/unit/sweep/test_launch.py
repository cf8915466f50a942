"""Jobs of a sweeper of Hydra's own."""

from __future__ import annotations

import pytest
from hydra.core.utils import JobStatus
from omegaconf import OmegaConf
from sweep_contract import BODY

from yololab.sweep.launch import launch_jobs

pytestmark = pytest.mark.process


def test_a_sweeper_of_hydras_gets_its_jobs_back(tmp_path):
    config = OmegaConf.create({"hydra": {"sweep": {"dir": str(tmp_path)}}})
    jobs = [["lr0=0.1"], ["lr0=0.2"]]
    launcher = {"jobs": 2, "gpus": None, "gpu_ids": []}
    found = launch_jobs(config, "local", launcher, jobs, 3, BODY)
    assert [job.status for job in found] == [JobStatus.COMPLETED] * 2
    assert [job.working_dir for job in found] == [str(tmp_path / "3"), str(tmp_path / "4")]
    assert found[0].return_value["evaluation"]["mAP50-95"] == pytest.approx(0.96)
    assert (tmp_path / "4/.hydra/config.yaml").is_file()
