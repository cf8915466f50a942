"""The screens of `yololab --help` and `yololab <command> --help`."""

import re
import shutil
import textwrap
from collections.abc import Mapping, Sequence

from yololab.cli.table import COMMANDS, EXIT_CODES, SYNTAX, Command
from yololab.config.schema import GROUP_CLASSES
from yololab.config.settings import meanings_of

_USAGE = """\
yololab: experiments for Ultralytics YOLO that are checked, compared and recorded
  yololab lr0=0.005 epochs=50 imgsz=320              any train argument of Ultralytics, by its own name
  yololab train model=best.pt data=path/data.yaml    options of the groups below, or files: any line of `yolo`
  yololab -m lr0=0.001,0.01 model=yolo26n,yolo26s    a sweep: every combination
  yololab experiment=demo                            a recipe: built-in data, a few minutes on a CPU

"""
_GROUPS = """
Groups (group=option; [lmnsx] one of these; [-seg] may follow; model, data, device also take what `yolo` takes there):
"""
_FOOTER = """
`yololab <command> --help` says more. `yololab --cfg job` prints every setting. Your own conf/<group>/<option>.yaml adds
options. Completion: eval "$(yololab -sc install=bash)" in bash and zsh, `yololab -sc install=fish | source` in fish.
"""
_ORDER = ("model", "data", "hparams", "augmentation", "device", "experiment", "approval", "export")
_NAME_WIDTH = 15
# Ultralytics brings dozens of datasets: all of them would fill a third of the screen. A group has two lines.
_GROUP_LETTERS = 168
_LETTERS_AND_REST = 136
_SIZES = "lmnsx"
_FAMILY = 3  # so many options that begin alike are one
_SIZE = re.compile(rf"^(.*\d)[{_SIZES}](-.*)?$")
# What a command reads that is no group of the schema.
_OTHER_SETTINGS = {
    "truth": "The labels for COCO results files: an instances JSON, or a data.yaml.",
    "train": "Ultralytics' train arguments, by their own names.",
    "imgsz": "The image size.",
    "single_cls": "All classes count as one.",
    "seed": "The seed.",
    "classes": "Only these classes.",
    "tracking": "Experiment trackers to feed: tensorboard, mlflow, wandb, …",
    "speed": "exact, balanced or fast: what a training leaves out to get there sooner.",
    "dry_run": "true takes one batch through every stage; overfit trains on it.",
    "notes": "Text for the record.",
}


def overview(groups: Mapping[str, Sequence[str]]) -> str:
    """Return the screen of `yololab --help`: every command in a line, and the groups with their options.

    Args:
        groups: Each group with the names of its options.
    """
    ordered = [*(name for name in _ORDER if name in groups), *(name for name in groups if name not in _ORDER)]
    options = {name: folded(in_sizes(groups[name])) for name in ordered}
    options["model"] = sorted(options.get("model", ()), key=_newest_first)
    lines = [_entry(name, _some(options[name], name), _NAME_WIDTH) for name in ordered]
    calls = {SYNTAX[name].usage.removeprefix("yololab "): row.summary for name, row in COMMANDS.items()}
    codes = ", ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items())
    return f"{_USAGE}{_entries(calls)}{_GROUPS}{''.join(lines)}{_FOOTER}Exit codes: {codes}.\n"


def command_help(name: str) -> str:
    """Return the screen of `yololab <name> --help`."""
    command = COMMANDS[name]
    examples = "".join(f"  {f'yololab {name} {line}'.rstrip()}  # {meaning}\n" for line, meaning in command.examples)
    sections = {
        "Arguments": _entries(_meanings(command)),
        "Flags": _entries(flags(command)),
        "Settings (key=value)": _entries(
            {**command.own_settings, **{setting_name(key): setting_summary(key) for key in command.settings}}
        ),
        "Exit codes": _entries({str(code): meaning for code, meaning in exit_codes(command).items()}),
        "Examples": examples,
    }
    details = textwrap.fill(description(command), _width(), break_on_hyphens=False)
    shown = "".join(f"\n{title}:\n{content}" for title, content in sections.items() if content)
    return f"{SYNTAX[name].usage}\n\n{details}\n{shown}"


def _meanings(command: Command) -> dict[str, str]:
    """Return what each argument is; one that is what the one before it is says that alone."""
    shown = [item.meaning for item in command.arguments or ()]
    meanings = ("the same" if place and shown[place - 1] == text else text for place, text in enumerate(shown))
    return {str(item): text for item, text in zip(command.arguments or (), meanings, strict=True)}


def flags(command: Command) -> dict[str, str]:
    """Return the flags of a command with their meaning."""
    kind = "a list of JSON objects" if command.json_rows else "a JSON object"
    return {
        **({"-m, --multirun": "a sweep: several values, one run each"} if command.multirun else {}),
        **command.flags,
        **({"--json": f"print {kind} with {', '.join(command.json)}"} if command.json else {}),
    }


def exit_codes(command: Command) -> dict[int, str]:
    """Return the exit codes of a command with what they mean."""
    codes = dict.fromkeys((0, 2, 130), "") | dict(command.exit_codes)
    return {code: codes[code] or EXIT_CODES[code] for code in sorted(codes)}


def setting_name(key: str) -> str:
    """Return how a setting of the table is written: a group of settings by its prefix."""
    return f"{key}.…" if key in GROUP_CLASSES else "epochs, lr0, …" if key == "train" else key


def setting_summary(key: str) -> str:
    """Return what a setting of the table is: of a group what its class says, of one of its keys what that says."""
    if key in _OTHER_SETTINGS:
        return _OTHER_SETTINGS[key]
    group, _, name = key.partition(".")
    cls = GROUP_CLASSES[group]
    return meanings_of(cls).get(name, "") if name else (cls.__doc__ or "").partition("\n")[0]


def description(command: Command) -> str:
    """Return what a command does, as sentences."""
    return f"{command.summary[:1].upper()}{command.summary[1:]}. {command.details}".strip()


def folded(options: Sequence[str]) -> list[str]:
    """Return options in their order, an option with its variants as one.

    >>> folded(["coco", "coco-pose", "coco-seg", "demo", "demo_small", "voc"])
    ['coco[-pose|-seg]', 'demo[_small]', 'voc']
    >>> folded(["depth-diode", "depth-kitti", "depth-nyu", "dog-pose"])
    ['depth-[diode|kitti|nyu]', 'dog-pose']
    """
    variants: dict[str, list[str]] = {}
    for option in options:
        stem = next((stem for stem in variants if re.match(rf"{re.escape(stem)}[-_]", option)), None)
        if stem is None:
            variants[option] = []
        else:
            variants[stem].append(option.removeprefix(stem))
    names = [f"{stem}[{'|'.join(tails)}]" if tails else stem for stem, tails in variants.items()]
    families: dict[str, list[str]] = {}
    for name in names:
        families.setdefault(name.split("-")[0] if name.count("-") == 1 and "[" not in name else name, []).append(name)
    return [
        item
        for head, family in families.items()
        for item in (
            family if len(family) < _FAMILY else [f"{head}-[{'|'.join(name.split('-')[1] for name in family)}]"]
        )
    ]


def _newest_first(model: str) -> int:
    """Order models by the number in their names, the highest first."""
    number = re.search(r"\d+", model)
    return -int(number[0]) if number else 0


def _some(options: Sequence[str], group: str) -> str:
    """List options, as many as have room; completion lists them all."""
    listed = ", ".join(options)
    if len(listed) <= _GROUP_LETTERS:
        return listed
    shown = listed[:_LETTERS_AND_REST].rpartition(", ")[0]
    return f"{shown}, and {len(options) - shown.count(', ') - 1} more: {group}= and Tab"


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


def _width() -> int:
    return min(shutil.get_terminal_size((100, 40)).columns, 120)


def _entries(rows: Mapping[str, str]) -> str:
    """Write names with their meanings, one below the other."""
    width = max((len(name) for name in rows), default=0) + 4
    return "".join(_entry(name, meaning, width) for name, meaning in rows.items())


def _entry(name: str, meaning: str, width: int) -> str:
    """Write a name and, from column `width` on, its meaning."""
    first = f"  {name:<{width - 2}}" if len(name) <= width - 3 else f"  {name}  "
    filled = textwrap.fill(
        meaning, _width(), initial_indent=first, subsequent_indent=" " * width, break_on_hyphens=False
    )
    return f"{filled if meaning else first.rstrip()}\n"
