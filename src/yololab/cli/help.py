"""The one screen of `yololab --help`."""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Mapping, Sequence

_USAGE = """\
yololab: experiments for Ultralytics YOLO that are checked, compared and recorded

  yololab                                    the job, with the defaults
  yololab lr0=0.005 epochs=50 imgsz=320      any train argument of Ultralytics, by its own name
  yololab model=yolo26s data=path/data.yaml  options of the groups below, or a file
  yololab train model=best.pt device=0       any `yolo train …` line works as it is
  yololab -m lr0=0.001,0.01 model=yolo26n,yolo26s    a sweep: every combination
  yololab experiment=demo                    a recipe: built-in data, a few minutes on a CPU

  check data=…           only look at the dataset      compare CURRENT [BASELINE]   exit 4 when worse
  estimate …             only say what it would cost   promote RUN                  make it the baseline
  evaluate model=… data=…  measure a checkpoint        runs                         every run, best first
  rerun RUN              same config and seed again    note RUN "text"              add to the record
  resume RUN_OR_SWEEP    go on after a crash or kill   report RUN                   write report.html again

Groups (group=option; model, data and device also take a file, a name of Ultralytics, a device; [lmnsx]: one of these):
"""
_FOOTER = """
Settings: `yololab --cfg job` prints all, with their values. approval=auto goes on without asking.
Your own conf/<group>/<option>.yaml in the working directory adds options.
Exit codes: 0 done, 1 failed, 2 invalid input, 3 not approved, 4 worse than the baseline, 130 interrupted.
"""
_ORDER = ("model", "data", "hparams", "augmentation", "device", "experiment", "approval", "export")
_NAME_WIDTH = 15
_SIZES = "lmnsx"
_SIZE = re.compile(rf"^(.*\d)[{_SIZES}](-.*)?$")


def help_text(groups: Mapping[str, Sequence[str]]) -> str:
    """Return the help, with the groups and their options.

    Args:
        groups: Each group with the names of its options.
    """
    width = min(shutil.get_terminal_size((100, 40)).columns, 110)
    ordered = [*(name for name in _ORDER if name in groups), *(name for name in groups if name not in _ORDER)]
    lines = [
        textwrap.fill(
            ", ".join(in_sizes(groups[name])),
            width=width,
            initial_indent=f"  {name:<{_NAME_WIDTH - 2}}",
            subsequent_indent=" " * _NAME_WIDTH,
            break_on_hyphens=False,
        )
        for name in ordered
    ]
    return _USAGE + "\n".join(lines) + "\n" + _FOOTER


def in_sizes(options: Sequence[str]) -> list[str]:
    """Return options in their order, models that exist in all five sizes as one.

    >>> in_sizes(["a", "yolo9l-seg", "yolo9m-seg", "yolo9n-seg", "yolo9s-seg", "yolo9x-seg", "yolo8n"])
    ['a', 'yolo9[lmnsx]-seg', 'yolo8n']
    """
    shown: dict[str, None] = {}
    for option in options:
        match = _SIZE.match(option)
        head, tail = (match[1], match[2] or "") if match else ("", "")
        complete = match and all(f"{head}{size}{tail}" in options for size in _SIZES)
        shown[f"{head}[{_SIZES}]{tail}" if complete else option] = None
    return list(shown)
