"""Rings and couriers: they link bookings that have nothing else in common, and the shipped world has none."""

import json

import pyarrow.parquet as pq
import pytest

from training.simulator.parameters import WorldParameters
from training.simulator.simulation import simulate


@pytest.fixture(scope="module")
def border(tmp_path_factory):
    """Records and truth of a small border with rings."""
    place = tmp_path_factory.mktemp("border")
    simulate(WorldParameters.default().with_rings(share=0.05, courier_share=0.5), 8_000, 2, place)
    records = [json.loads(text) for text in pq.read_table(place / "feed" / "cases.parquet")["record"].to_pylist()]
    return records, pq.read_table(place / "world" / "truth.parquet").to_pylist()


def acts(truth, risk, cause):
    """Whether a cause acts at each crossing."""
    return [cause in row[f"truth_causes_{risk}"].split() for row in truth]


def test_ring_bookings_share_telephones_and_are_smuggled_more_often(border):
    """Of the rings' bookings many give one of few numbers; of the others hardly any gives these."""
    records, truth = border
    ring = acts(truth, "migrant_smuggling", "ring")
    phones = [record.get("contact", {}).get("phone") for record in records]
    of_rings = [phone for phone, is_ring in zip(phones, ring, strict=True) if is_ring and phone]
    often = {phone for phone in of_rings if of_rings.count(phone) > 2}
    assert len(often) < len(of_rings) / 3
    elsewhere = sum(phone in often for phone, is_ring in zip(phones, ring, strict=True) if not is_ring)
    assert elsewhere < 0.05 * len(of_rings)
    rates = [
        sum(row["truth_migrant_smuggling"] for row, one in zip(truth, ring, strict=True) if one is wanted)
        / ring.count(wanted)
        for wanted in (True, False)
    ]
    assert rates[0] > 4 * rates[1]


def test_each_cause_of_rings_acts(border):
    """A cause that never acts would be a dead parameter."""
    _, truth = border
    assert sum(acts(truth, "migrant_smuggling", "ring")) > 100
    assert sum(acts(truth, "document_fraud", "reused_document")) > 10
    assert sum(acts(truth, "trafficking_protection", "courier")) > 50


def test_lent_passports_come_with_several_persons(border):
    """One number, other birth dates."""
    records, truth = border
    lent = acts(truth, "document_fraud", "reused_document")
    holders: dict[str, set[str]] = {}
    for record, one in zip(records, lent, strict=True):
        number = record.get("documents", [{}])[0].get("number")
        born = record["traveller"].get("date_of_birth")
        if one and number and born:
            holders.setdefault(number, set()).add(born)
    assert sum(len(each) > 1 for each in holders.values()) > 3


def test_the_shipped_world_has_neither(default_parameters):
    """So its models can be compared with earlier ones."""
    rings = default_parameters.rings
    assert (rings.share, rings.courier_share) == (0.0, 0.0)
