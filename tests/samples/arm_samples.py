"""Runs of one recipe with several seeds."""

from __future__ import annotations

from record_samples import records_of, write_run

from yololab.comparison.arms import Arm, read_arms


def read_arm(text, folder) -> Arm:
    (arm,) = read_arms(text, folder)
    return arm


def arm_of(folder, found, seeds, **config):
    for number, seed in enumerate(seeds):
        write_run(folder / str(number), records_of(found, seed), {"lr0": 0.01, "seed": seed} | config)
    return folder
