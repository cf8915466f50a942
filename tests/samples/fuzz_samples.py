"""Files and words as nobody should write them: the right shape with wrong values, and the wrong shape."""

from __future__ import annotations

import gzip
import json
import os
import random
from pathlib import Path
from typing import Any

NESTED: Any = []
for _ in range(300):
    NESTED = [NESTED]
# What may stand in the place of any value.
VALUES: tuple[Any, ...] = (
    *(None, True, -1, 0, 1.5, 1e308, 10**400, [], {}, {"": {}}, [None], [[1], "a"], NESTED),
    *("", "..", "/../../x", "../../../outside/x", "a\x00b", "\x1b[31mred\x1b]0;t\x07", "\u202egnp.exe", "x" * 5000),
    *("<script>alert(1)</script>", "NaN", "nan", "mAP50-95"),
)
YAML_BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
TEXTS = (
    "",
    "\x00" * 100,
    "{",
    "[" * 50_000,
    '{"schema_version": 1}',
    '{"schema_version": 99}',
    YAML_BOMB,
    "- a\n- b: [",
    "\ufeff{}",
    "9" * 5000,
)


def places_in(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every value inside a JSON document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, item in inner for place in places_in(item, (*at, key)))]


def damage_value(document: Any, rng: random.Random) -> tuple[Any, str]:
    """Put another kind of value somewhere into a document, or take a key away."""
    place = rng.choice(places_in(document)[1:] or [()])
    value = rng.choice(VALUES)
    if not place:
        return value, f"is {str(value)[:40]!r}"
    owner = document
    for key in place[:-1]:
        owner = owner[key]
    if rng.random() < 0.15 and isinstance(owner, dict):
        del owner[place[-1]]
        return document, f"without {'.'.join(map(str, place))}"
    owner[place[-1]] = value
    return document, f"has {'.'.join(map(str, place))} = {str(value)[:40]!r}"


def damage_file(path: Path, outside: Path, rng: random.Random) -> tuple[Path, str]:
    """Damage a file in one of many ways; return it with the way."""
    if rng.random() < 0.6 and path.suffix == ".json":
        return path, _damage_json(path, rng)
    if rng.random() < 0.15:
        return path, _replace_file(path, outside, rng)
    data = path.read_bytes()
    way = rng.choice(("cut", "bytes", "text", "append"))
    if way == "cut":
        path.write_bytes(data[: rng.randrange(len(data) + 1)])
    elif way == "bytes":
        damaged = bytearray(data or b"x")
        for _ in range(rng.choice((1, 3, 50))):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        path.write_bytes(damaged)
    elif way == "text":
        text = rng.choice(TEXTS)
        path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
        return path, f"is {text[:20]!r}"
    else:
        path.write_bytes(data + rng.randbytes(64))
    return path, f"damaged ({way})"


def _damage_json(path: Path, rng: random.Random) -> str:
    document = json.loads(path.read_text())
    how = ""
    for _ in range(rng.choice((1, 1, 2, 4))):
        document, way = damage_value(document, rng)
        how = f"{how} {way}".strip()
    path.write_text(json.dumps(document))
    return how


def _replace_file(path: Path, outside: Path, rng: random.Random) -> str:
    """Put something else than a regular file in its place."""
    path.unlink()
    kind = rng.choice(("fifo", "folder", "link outside", "link to itself", "dangling link", "missing", "device"))
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "link outside":
        path.symlink_to(outside / "precious.txt")
    elif kind == "link to itself":
        path.symlink_to(path.name)
    elif kind == "dangling link":
        path.symlink_to("nowhere")
    elif kind == "device":
        path.symlink_to("/dev/zero")
    return f"is a {kind}" if kind != "missing" else "is missing"


KEYS = [
    "lr0",
    "epochs",
    "model",
    "data",
    "device",
    "hparams",
    "augmentation",
    "experiment",
    "search",
    "search.trials",
    "search.space",
    "seed",
    "freeze",
    "classes",
    "imgsz",
    "batch",
    "baseline.path",
    "baseline.gate",
    "paths.root",
    "paths.cache",
    "name",
    "notes",
    "optimizer",
    "tracking",
    "approval",
    "approval.cpu",
    "evaluation.split",
    "data.subset",
    "export.format",
    "hydra",
    "hydra.run.dir",
    "hydra.sweep.dir",
    "hydra.job.name",
    "hydra.mode",
    "hydra/launcher",
    "hydra/sweeper",
    "hydra.sweeper.params",
    "hydra.verbose",
    "device.threads",
    "check.severity",
    "model.weights",
    "data.source",
    "pretrained",
    "cfg",
    "mode",
    "task",
    "project",
    "resume",
]
WORDS = [
    *(
        "",
        " ",
        "a b",
        "x" * 300,
        "x" * 5000,
        "[" * 300 + "]" * 300,
        "choice(1,2",
        "tag(log,interval(1e-3,1))",
        "\x1b[2J",
    ),
    *[
        r"0",
        r"-1",
        r"1e999",
        r"nan",
        r"null",
        r"true",
        r"[1,x]",
        r"{a:1}",
        r"{",
        r"}",
        r"a,b",
        r"glob([ln]*)",
        r"glob(*)",
        r"interval(0,1)",
        r"range(1,5)",
        r"${nope}",
        r"${oc.env:HOME}",
        r"'",
        r'"',
        r"a=b",
        r"../..",
        r"/",
        r"..",
        r"/dev/zero",
        r"/proc/self/mem",
        r"pictures",
        r"pictures/data.yaml",
        r"micro.yaml",
        r"best.pt",
        r"yolo26n",
        r"ünï",
        r"C:\data\set.yaml",
        r"basic",
        r"MULTIRUN",
        r"http://127.0.0.1:9/x.pt",
        r"mysql://u:geheim@127.0.0.1:9/x",
    ],
]
COMMANDS = (
    "train",
    "check",
    "estimate",
    "evaluate",
    "compare",
    "promote",
    "runs",
    "note",
    "resume",
    "rerun",
    "report",
    "clean",
    "",
)


def odd_arguments(rng: random.Random) -> list[str]:
    """Return a command line; what could spend time is declined on it."""
    command = rng.choice(COMMANDS)
    words = [command] if command else []
    for _ in range(rng.randrange(5)):
        key, value = rng.choice(KEYS), rng.choice(WORDS)
        forms = (f"{key}={value}", f"{rng.choice(('+', '++', '~'))}{key}={value}", value, f"--{key}")
        words += rng.choices(forms, weights=(6, 1, 2, 1))
    if rng.random() < 0.2:
        words.append(rng.choice(("-m", "--help", "--cfg", "--info", "--json", "-c", "--version", "--config-dir", "-h")))
    return [word.replace("\x00", "") for word in [*words, "approval=never"]]
