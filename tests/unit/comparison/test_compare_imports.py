"""Two models are compared without PyTorch: a comparison takes seconds, and runs where nothing can be trained."""

import json

import pytest
from command_line import python
from record_samples import records_of, write_run

SCRIPT = """
import sys
from yololab.cli.main import main
code = main()
heavy = {"torch", "torchvision", "ultralytics", "matplotlib"} & {name.partition(".")[0] for name in sys.modules}
print("LOADED", sorted(heavy), file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.process
def test_two_runs_are_compared_without_torch(tmp_path):
    write_run(tmp_path / "a", records_of(0.8), {"seed": 1})
    write_run(tmp_path / "b", records_of(0.6, 1), {"seed": 1})
    done = python("-c", SCRIPT, "compare", "a", "b", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["statistical_support"] is True
    assert done.stderr.splitlines()[-1] == "LOADED []"
