"""The table of airports is that of its source, and clocks are read by it."""

import json
from importlib.resources import files

import pytest

from riskapi.messages.countries import ALPHA3
from riskapi.messages.ports import ports


def test_the_table_is_that_of_the_package():
    """Every airport of the release that the table names, with its country and its time zone."""
    airportsdata = pytest.importorskip("airportsdata")
    source = json.loads(files("riskapi.messages").joinpath("airports.json").read_bytes())["source"]
    release = pytest.importorskip("importlib.metadata").version("airportsdata")
    if release not in source:
        pytest.skip(f"the table is of another release than the installed {release}")
    rows = airportsdata.load("IATA")
    assert {code: (port.country, port.zone) for code, port in ports().items()} == {
        code: (ALPHA3.get(row["country"]), row["tz"]) for code, row in rows.items()
    }


def test_every_country_of_the_table_is_known():
    """No airport lies nowhere."""
    assert [code for code, port in ports().items() if port.country is None] == []


def test_countries_are_those_of_the_standard():
    """No code stands twice, and each has two and three letters."""
    assert len(set(ALPHA3.values())) == len(ALPHA3) == 250
    assert {(len(two), len(three)) for two, three in ALPHA3.items()} == {(2, 3)}
