"""`yololab clean SWEEP_OR_FOLDER`: free the disk of weights that did not win, and of caches."""

from itertools import groupby

from yololab.cli.request import Request
from yololab.config.schema import Policy
from yololab.errors import ApprovalError
from yololab.job.gatekeeper import terminal_asker
from yololab.job.prepare import project_paths
from yololab.sweep.results.cleaning import CleaningPlan, delete, plan_cleaning
from yololab.text import size


def run(request: Request) -> int:
    """Show what would go and how many bytes that is, ask, and delete it.

    Returns:
        0, also when there is nothing to delete.

    Raises:
        ApprovalError: Somebody declined, or nobody was there to ask; nothing was deleted.
    """
    path = request.path
    paths = project_paths(request.experiment, request.working_directory)
    plan = plan_cleaning(path, paths.cache, paths.tree)
    screen = request.screen
    screen.stage("clean", f"{len(plan.items)} files, {size(plan.size)}")
    for sweep, found in groupby(plan.items, key=lambda item: item.sweep):
        items = list(found)
        what = f"caches in {paths.cache}" if sweep is None else f"weights in {sweep}"
        screen.detail(f"{what}: {len(items)} files, {size(sum(item.size for item in items))}")
        for item in items if sweep is not None else ():
            screen.detail(f"  {item.path.relative_to(sweep or path)}  {size(item.size)}")
    for line in plan.left:
        screen.detail(f"left alone: {line}")
    content = {
        "path": str(path),
        "files": [{"path": str(item.path), "bytes": item.size} for item in plan.items],
        "bytes": plan.size,
        "left": list(plan.left),
    }
    refusal = _refusal(request, plan)
    freed = 0 if refusal else delete(plan)
    request.print_json(content | {"freed_bytes": freed})
    if refusal:
        raise ApprovalError(refusal)
    if plan.items:
        screen.detail(f"{size(freed)} freed")
    return 0


def _refusal(request: Request, plan: CleaningPlan) -> str:
    """Return why nothing is deleted; empty when it may be."""
    policy = request.experiment.approval.policy
    if not plan.items or policy is Policy.AUTO:
        return ""
    if policy is Policy.NEVER:
        return "approval=never: nothing was deleted"
    ask = terminal_asker(request.screen)
    if ask is None:
        return "There is no terminal to ask at, and nothing was deleted. approval=auto deletes without being asked."
    agreed = ask(f"Delete these {len(plan.items)} files, {size(plan.size)}? They cannot be had back.")
    return "" if agreed else "declined: nothing was deleted"
