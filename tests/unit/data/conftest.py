"""What the tests of several modules of data begin with."""

from __future__ import annotations

from pathlib import Path

import pytest
from cats_and_dogs import make_cats_and_dogs


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three images a split, every one with a cat and a dog."""
    return make_cats_and_dogs(tmp_path / "my dätä")
