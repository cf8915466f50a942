"""The reference of our files is what the code says."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import msgspec
import pytest

from yololab.files.paths import RunFolder
from yololab.files.record_content import RecordContent

SITE = Path(__file__).parents[2] / "docs/site"
WRITER = runpy.run_path(str(SITE / "files_reference.py"))
OUTPUTS = dict(WRITER["outputs"]())


@pytest.mark.parametrize("path", OUTPUTS, ids=lambda path: path.name)
def test_the_page_is_current(path):
    assert path.read_text(encoding="utf-8") == OUTPUTS[path], "write it again: python docs/site/files_reference.py"


def test_every_file_of_a_run_is_listed():
    page = (SITE.parent / "reference/files.md").read_text(encoding="utf-8")
    places = [name for name, place in vars(RunFolder).items() if hasattr(place, "parts")]
    assert len(places) > 30
    assert [name for name in places if f"| `{'/'.join(vars(RunFolder)[name].parts)}` |" not in page] == []


def test_a_schema_takes_what_the_reader_takes():
    schema = json.loads((SITE.parent / "reference/schemas/experiment_log.json").read_text(encoding="utf-8"))
    record = schema["$defs"]["RecordContent"]
    assert set(record["required"]) == set(RecordContent.__required_keys__)
    assert set(record["properties"]) == set(RecordContent.__annotations__)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"timestamp": "t", "status": "asleep"}, RecordContent)
