"""Officers differ, and the report says how far; no feature ever names one."""

import numpy as np
import pytest

from features.catalogue import CATALOGUE
from training.officers import spread_of_officers

RNG = np.random.default_rng(4)


def finds(spread: float, officers: int = 60, cases: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cases of officers whose finds differ by a factor of this spread."""
    officer = np.repeat(np.array([f"O{number}" for number in range(officers)], dtype=object), cases)
    expected = RNG.uniform(0.01, 0.09, len(officer))
    factor = np.repeat(np.maximum(0.0, RNG.normal(1.0, spread, officers)), cases)
    y = (RNG.random(len(officer)) < np.minimum(expected * factor, 1.0)).astype(float)
    return officer, y, expected


def test_officers_who_do_not_differ_show_no_spread():
    """Chance alone may explain what is seen, and the words say so."""
    found = spread_of_officers(*finds(0.0))
    assert found.low == 0.0
    assert found.chance > 0.01
    assert "Chance alone" in found.text()


def test_a_planted_spread_is_measured():
    """The interval holds it, and the words warn."""
    found = spread_of_officers(*finds(0.5))
    assert found.low < 0.5 < found.high
    assert found.spread == pytest.approx(0.5, abs=0.15)
    assert found.chance < 1e-6
    assert "labels carry that" in found.text()


def test_few_officers_or_no_names_say_nothing():
    """No number from nobody."""
    officer, y, expected = finds(0.5, officers=3)
    assert spread_of_officers(officer, y, expected) is None
    assert spread_of_officers(np.full(len(y), None, dtype=object), y, expected) is None


def test_no_feature_is_an_officer():
    """Whoever stood at the post is nothing about the traveller."""
    assert not [spec.name for spec in CATALOGUE.specs if "officer" in spec.name or "inspect" in spec.name]
