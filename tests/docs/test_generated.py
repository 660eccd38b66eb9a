"""Generated pages equal the code."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from features.catalogue import CATALOGUE
from features.record import TravellerRecord, sensitivity_of
from features.walk import block_types

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def test_generated_pages_are_current():
    """A change of a feature or of the record shows in the documentation of the same commit."""
    done = subprocess.run(
        [sys.executable, DOCS / "generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_examples_of_the_page_writer_run():
    """The script lies outside of the packages, so its examples are asked for by name."""
    done = subprocess.run(
        [sys.executable, "-m", "doctest", DOCS / "generate.py"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("spec", CATALOGUE, ids=lambda spec: spec.name)
def test_feature_page_tells_of_each_feature(spec):
    """Its name, its code and its justification can be found."""
    page = (DOCS / "features.md").read_text(encoding="utf-8")
    assert f"### `{spec.name}`" in page
    assert spec.reason.code in page
    assert spec.because in page


@pytest.mark.parametrize("block", [TravellerRecord, *dict(block_types()).values()], ids=lambda block: block.__name__)
def test_data_dictionary_holds_each_fact(block):
    """Every fact that may be submitted has a row, and every block a heading."""
    page = (DOCS / "record.md").read_text(encoding="utf-8")
    for name in block.model_fields:
        if sensitivity_of(block, name) is None:
            assert re.search(rf"## `(journey\.)?{name}(\[\])?`", page), name
        else:
            assert f"| `{name}` |" in page, name
