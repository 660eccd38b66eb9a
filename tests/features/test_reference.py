"""Distances on the globe, from a table that cannot be filled by callers."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features import reference
from features.reference import EARTH_RADIUS_KM, ReferenceData, great_circle_km

PLACES = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@given(PLACES, PLACES)
def test_distance_is_symmetric_and_at_most_half_the_globe(start, end):
    """Also for antipodes, where rounding could leave the domain of the arc sine."""
    distance = great_circle_km(start, end)
    assert distance == pytest.approx(great_circle_km(end, start), abs=1e-6)
    assert 0 <= distance <= math.pi * EARTH_RADIUS_KM + 1e-9


@given(PLACES, PLACES, PLACES)
def test_a_stop_never_shortens_the_way(start, stop, end):
    """So that a detour is at least 1."""
    assert great_circle_km(start, stop) + great_circle_km(stop, end) >= great_circle_km(start, end) - 1e-3


def test_unknown_airport_gives_no_distance_and_takes_no_memory():
    """What callers send is not kept; what the table knows is kept up to a limit."""
    data = ReferenceData(airports={"NBO": (-1.3, 36.9), "ADD": (9.0, 38.8)})
    assert data.distance_km("NBO", "ZZZ") is None
    assert data.distance_km(None, "NBO") is None
    assert data._distances == {}
    assert data.distance_km("NBO", "ADD") == data.distance_km("NBO", "ADD") == pytest.approx(1164, abs=5)
    assert len(data._distances) == 1


def test_memory_of_distances_is_bounded(monkeypatch):
    """Above the limit distances are computed each time."""
    monkeypatch.setattr(reference, "DISTANCES_KEPT", 0)
    data = ReferenceData(airports={"NBO": (-1.3, 36.9), "ADD": (9.0, 38.8)})
    assert data.distance_km("NBO", "ADD") is not None
    assert data._distances == {}
