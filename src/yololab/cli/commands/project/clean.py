"""`yololab clean`: free the disk of weights that did not win, of runs that came to nothing, and of caches."""

from collections.abc import Iterable
from itertools import groupby

from yololab.cli.request import Request
from yololab.config.schema import Policy
from yololab.errors import ApprovalError
from yololab.job.gatekeeper import terminal_asker
from yololab.job.prepare import project_paths
from yololab.sweep.results.cleaning import CleaningPlan, Removable, delete, plan_cleaning
from yololab.terminal.screen import shown_path
from yololab.text import counted, size


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
    screen.stage("clean", f"{counted(plan.files, 'file')}, {size(plan.size)}")
    for (sweep, whole), found in groupby(plan.items, key=lambda item: (item.sweep, item.path.is_dir())):
        items = list(found)
        what = f"weights in {shown_path(sweep)}" if sweep else f"caches in {shown_path(paths.cache)}"
        what = "runs that were declined, or failed before they had trained" if whole else what
        screen.detail(f"{what}: {counted(sum(item.files for item in items), 'file')}, {size(_sum(items))}")
        for item in items if sweep or whole else ():
            screen.detail(f"  {shown_path(item.path)}  {size(item.size)}")
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


def _sum(items: Iterable[Removable]) -> int:
    return sum(item.size for item in items)


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
    agreed = ask(f"Delete {counted(plan.files, 'file')}, {size(plan.size)}? They cannot be had back.")
    return "" if agreed else "declined: nothing was deleted"
