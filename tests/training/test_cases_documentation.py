"""The page on agency tables: its example is a mapping, and every key that it may hold is named."""

import re
import tomllib
from pathlib import Path

from features.columns import Layout, Source
from features.declared_column import DeclaredColumn
from features.mapping import TableMapping
from features.mapping_file import AuditEntry, EncodingEntry, MappingFile, OutcomeEntry, TableEntry
from tests.training import agency
from training.cases import load
from training.dataset import build

PAGE = (Path(__file__).parents[2] / "docs" / "agency-columns.md").read_text(encoding="utf-8")


def example() -> dict:
    """The TOML of the page."""
    [block] = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    return tomllib.loads(block)


def test_the_example_reads_and_carries_a_training(tmp_path):
    """What the page shows works, from the table to the slices."""
    content = example()
    table = agency.table(3000)
    table["Weight"] = table["Weight"].str.replace(".", ",")
    table.to_csv(tmp_path / "cases.csv", index=False, sep=";")
    cases = load(tmp_path / "cases.csv", TableMapping(content))
    assert cases.rejected.empty
    dataset = build(cases, cases.risk)
    assert {"goods_origin_rate", "insured_until", "load_per_head"} <= {spec.name for spec in dataset.specs}


def test_every_key_is_on_the_page():
    """A key that the page does not name is a key that nobody finds."""
    models = (MappingFile, TableEntry, Layout, Source, DeclaredColumn, AuditEntry, EncodingEntry, OutcomeEntry)
    keys = {key for model in models for key in model.model_fields}
    assert not {key for key in keys if not re.search(rf"\b{key}\b", PAGE)}
