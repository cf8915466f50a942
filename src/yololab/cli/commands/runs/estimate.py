"""`yololab estimate`: time a few real batches and say what a training would cost."""

from yololab.cli.request import Request
from yololab.job.standalone.estimate import estimate_run


def run(request: Request) -> int:
    """Print the estimate, leave nothing behind; return 0."""
    found, warnings, devices = estimate_run(request.composed, request.working_directory, request.screen)
    cost = found.to_json()
    del cost["actual_seconds"]
    request.print_json({"trials": 1, "devices": devices, "warnings": warnings, **cost})
    return 0


def run_multirun(request: Request) -> int:
    """Print what a sweep would cost, each distinct training timed once; nothing is asked or left behind; return 0."""
    from yololab.sweep.start import start_sweep
    from yololab.sweep.sweeper import only_estimating

    with only_estimating() as facts:
        code = start_sweep(request.overrides, request.working_directory, request.screen)
    known = {"seconds": facts.get("estimated_seconds"), "disk_bytes": facts.get("disk_bytes")}
    request.print_json(known | {key: facts.get(key) for key in ("trials", "epochs", "devices", "datasets")})
    return code
