"""`yololab referee start|judge|report`: a night of proposals, of which only the better ones are kept."""

from typing import Any

from yololab.cli.request import Request
from yololab.cli.table import COMMANDS
from yololab.errors import GateError, InputError, Problem
from yololab.files.paths import OutputTree
from yololab.files.run_names import find_run
from yololab.sweep.referee.night import Night, judged_in_lost_nights, newest_night
from yololab.sweep.referee.report import night_report, noise_text, show_night, write_night_page
from yololab.sweep.referee.ruling import Judgement, rule_on
from yololab.sweep.referee.start import NightSettings, start_night
from yololab.text import counted


def run(request: Request) -> int:
    """Do what is asked of the referee; return 0, or 4 when a proposal is discarded."""
    action, *others = request.operands
    names = [text for text in others if "=" not in text]
    _refuse_several_metrics(others)
    settings, tree = request.own_settings(NightSettings, others)
    _check(action, names, settings)
    if action == "start":
        night, found = start_night(names[0], settings, tree, request.working_directory), None
    elif action == "report":
        night, found = newest_night(tree), None
    else:
        found = rule_on(find_run(tree, names[0], request.working_directory), tree)
        night = found.night
    content = night_report(night, tree.root)
    page = write_night_page(night, content, tree.root)
    if found is not None:
        content |= {"proposal": dict(found.proposal), "again": found.again}
        _tell(request, found, content["reference"])
    elif action == "start":
        _begin(request, night, content)
    else:
        show_night(request.screen, content)
        request.screen.place("report", page)
    request.print_json(content)
    return 0 if found is None or found.proposal["kept"] else GateError.exit_code


def _check(action: str, names: list[str], settings: NightSettings) -> None:
    """Refuse what is no action, or lacks what the action is about."""
    actions = COMMANDS["referee"].arguments or ()
    if action not in actions[0].choices:
        raise InputError(Problem("referee", repr(action), " | ".join(actions[0].choices)))
    wanted = {
        "start": "a baseline: start BASELINE proposals=N",
        "judge": "one run: judge RUN",
        "report": "report alone",
    }
    if len(names) != (action != "report"):
        raise InputError(Problem(f"referee {action}", counted(len(names), "operand"), wanted[action]))
    if action != "start" and settings != NightSettings():
        raise InputError(Problem(f"referee {action}", "settings of a night", "declared by `referee start` alone"))


def _refuse_several_metrics(arguments: list[str]) -> None:
    """Refuse other metrics than the task's own: of them a night knows no noise between seeds."""
    if asked := [word for word in arguments if word.startswith(("baseline.metric", "baseline.correction"))]:
        allowed = "a night goes by the task's primary metric alone, the one whose noise between seeds it knows"
        remedy = "look at what it keeps by several: yololab compare RUN BASELINE 'baseline.metric=[…]'"
        raise InputError(Problem("referee", asked[0], allowed, remedy))


def _begin(request: Request, night: Night, content: dict[str, Any]) -> None:
    """Print what was declared."""
    screen = request.screen
    screen.stage("referee", f"{counted(content['proposals'], 'proposal')} share one α, of {content['metric']}")
    screen.detail(noise_text(content))
    screen.detail(f"reference: {content['reference']}")
    screen.place("the night", night.folder.path)
    if lost := judged_in_lost_nights(OutputTree(night.folder.path.parents[2])):
        screen.warn(
            f"nights that are gone have judged {counted(lost, 'run')} of this project: each had an α of its own"
        )
    screen.hint("train one change at a time, then: yololab referee judge RUN")


def _tell(request: Request, found: Judgement, reference: str) -> None:
    """Print a judgement."""
    screen, proposal = request.screen, found.proposal
    if found.seed is not None:
        runs = len(found.night.reference_names)
        said = f"{found.seed} is another seed of proposal {proposal['number']}, which was kept: {runs} runs stand for "
        screen.stage("referee", f"{said}the reference now, and nothing was spent")
        return
    word = "kept" if proposal["kept"] else "discarded"
    again = "; it had been judged before, and nothing was spent" if found.again else ""
    screen.stage("referee", f"proposal {proposal['number']} {word}{again}. {proposal['reason']}")
    for warning in () if found.again else proposal.get("warnings", ()):
        screen.warn(warning)
    screen.detail(f"{counted(found.night.left, 'proposal')} left; the reference is {reference}")
    if proposal["kept"] and proposal.get("needed") and found.night.left:
        screen.hint("train two or three seeds more of it and judge them: that makes the next gains far easier to tell")
