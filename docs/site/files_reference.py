"""The reference of our files: `python docs/site/files_reference.py` writes docs/reference/files.md and schemas/."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from yololab.comparison.result import ComparisonContent
from yololab.comparison.thresholds.choosing import ThresholdsContent
from yololab.data.checks.check_report import DatasetReport
from yololab.files.baseline import PromotedContent, Provenance
from yololab.files.looks import LooksContent
from yololab.files.metrics import MetricsContent
from yololab.files.paths import (
    BaselineFolder,
    CacheFolder,
    Folder,
    NightFolder,
    OutputTree,
    PredictionFolder,
    RunFolder,
    SplitFolder,
    SweepPaths,
)
from yololab.files.record_content import RecordContent
from yololab.sweep.referee.night import NightContent
from yololab.sweep.results.summary_files import SummaryContent

REFERENCE = Path(__file__).parents[1] / "reference"
FOLDERS: dict[str, tuple[str, type[Folder]]] = {
    "A project": ("The folder where commands are run, or `paths.root`.", OutputTree),
    "A run": ("`outputs/training/<name>_<time>/`; trials, `multirun/<name>_<time>/<n>/`, have the same.", RunFolder),
    "A sweep": ("`multirun/<name>_<time>/`, beside its trials.", SweepPaths),
    "A baseline": ("`outputs/baselines/<dataset>/<task>/`.", BaselineFolder),
    "Predictions": ("`outputs/predictions/<model>_<time>/`.", PredictionFolder),
    "A night of proposals": ("`outputs/referee/<time>/`.", NightFolder),
    "A split dataset": ("The folder that `yololab split … out=` names.", SplitFolder),
    "The caches": ("`paths.cache`; made again when something is missing.", CacheFolder),
}  # fmt: skip
SHAPES: dict[str, tuple[str, Any]] = {
    "experiment_log.json": ("The record of a run: there from its first second, true after a kill.", RecordContent),
    "metrics.json": ("The numbers of an evaluation. The metrics of the task stand beside these keys.", MetricsContent),
    "thresholds.json": ("The operating threshold, chosen on the evaluated split.", ThresholdsContent),
    "comparison.json": ("A comparison: its verdict and what it rests on.", ComparisonContent),
    "dataset_report.json": ("What the dataset check found.", DatasetReport),
    "provenance.json": ("Of a baseline: which version is in force, and where it came from.", Provenance),
    "promoted.json": ("Of a run: the baselines that were made of it.", PromotedContent),
    "looks.json": ("Of a baseline: the candidates of a series (`baseline.looks`).", LooksContent),
    "night.json": ("Of a night of proposals (`yololab referee`).", NightContent),
    "summary.json": ("Of a sweep: a row for each trial, the ranking, the answer.", SummaryContent),
}
HEAD = """\
# Files

Every file that yololab writes, and the shape of those for programs. Written by `python docs/site/files_reference.py`
from `files/paths.py` and from the types with which each file is checked when it is read. Files may hold more keys than
are listed; those are shown to people and never read back. Versions and how they change: [schemas](../schemas.md).
"""


def files_page() -> str:
    """Return the page."""
    parts = [HEAD]
    for title, (where, folder) in FOLDERS.items():
        rows = "".join(f"| `{path}` | {meaning} |\n" for path, meaning in places(folder))
        parts.append(f"\n## {title}\n\n{where}\n\n| path | what it is |\n| --- | --- |\n{rows}")
    for name, (meaning, _) in SHAPES.items():
        parts.append(f"\n## {name}\n\n{meaning} JSON Schema: [schemas/{name}](schemas/{name}).\n")
        schema = schema_of(name)
        parts += [_table(title, part) for title, part in schema["$defs"].items() if part.get("properties")]
    return "".join(parts)


def places(folder: type[Folder]) -> Iterator[tuple[str, str]]:
    """Yield what lies at a fixed place in a folder, with the comment that says what it is."""
    source = inspect.getsource(folder)
    for name, meaning in re.findall(r"^    (\w+) = At\(.*\)  # (.+)$", source, flags=re.MULTILINE):
        path = vars(folder)[name].parts
        yield "/".join(path) or ".", meaning.replace("|", r"\|")


def schema_of(name: str) -> dict[str, Any]:
    """Return the JSON Schema of one of our files."""
    (schema,), parts = msgspec.json.schema_components([SHAPES[name][1]], ref_template="#/$defs/{name}")
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": name}
    return head | schema | {"$defs": parts}


def _table(title: str, part: Mapping[str, Any]) -> str:
    required = part.get("required", ())
    rows = "".join(
        f"| `{key}` | {_kind(kind)} | {'always' if key in required else ''} |\n"
        for key, kind in part["properties"].items()
    )
    meaning = (part.get("description") or title).partition("\n")[0]
    return f"\n**{title}**: {meaning}\n\n| key | type | there |\n| --- | --- | --- |\n{rows}"


def _kind(schema: Mapping[str, Any]) -> str:
    """Write a type as a reader says it."""
    if "anyOf" in schema:
        return " or ".join(map(_kind, schema["anyOf"]))
    if "$ref" in schema:
        return f"*{schema['$ref'].rpartition('/')[2]}*"
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items') or {})}"
    if isinstance(schema.get("additionalProperties"), Mapping) and schema["additionalProperties"]:
        return f"object of {_kind(schema['additionalProperties'])}"
    return {"null": "null", "string": "text"}.get(str(schema.get("type")), str(schema.get("type", "anything")))


def outputs() -> Iterator[tuple[Path, str]]:
    """Yield each file that is written, and its content."""
    yield REFERENCE / "files.md", files_page()
    for name in SHAPES:
        yield REFERENCE / "schemas" / name, json.dumps(schema_of(name), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for path, content in outputs():
        path.write_text(content, encoding="utf-8")
