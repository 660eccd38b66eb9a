"""Protected facts reach no score: shown by value, whatever a definition may look like."""

import copy
import json
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from features.catalogue import CATALOGUE, Extractor
from features.record import Block, Sensitivity, TravellerRecord, sensitivity_of
from features.risk import RISKS
from features.spec import FeatureSpec, Use
from features.walk import block_types
from tests.makers import EXAMPLE_REFERENCE, random_data

SCORED = [spec for spec in CATALOGUE if spec.use is Use.SCORE]
COUNTRIES = ("KEN", "SOM", "GBR", "XXB", "CHN")
PORTS = ("ADD", "DXB", "EBB", "MGQ", "NBO", "XXX")
TEXTS = ("one", "two", "X9", "+254711111111", "a@example.org", "OTIENO", "FATUMA")
VALUES: dict[str, tuple[Any, ...]] = {
    "date_of_birth": ("1950-01-01", "1999-12-31", "2015-06-30", "2025-01-01"),
    "age_years": (0, 12, 17, 18, 40, 99),
    "gender": ("F", "M", "X", "U"),
    "nationality": COUNTRIES,
    "residence_country": COUNTRIES,
    "issuing_country": COUNTRIES,
    "agency_country": COUNTRIES,
    "origin": PORTS,
    "destination": PORTS,
    "carrier": ("KQ", "ET", "EK"),
    "biometric_match_ok": (True, False),
    "birth_contradicts": ([], ["issue"], ["crossing", "issue"]),
    "sltd_hit": (True, False),
    "chip_auth_ok": (True, False),
    "watchlist_hit": (True, False),
    "visa_ok": (True, False),
    "document_ok": (True, False),
    "co_traveller_refs": ([], ["R1"], ["R1", "R2", "R3"]),
    "schema_version": ("1.0",),
    "purpose_code": ("border_control", "training", "test"),
    "received_at": ("2020-01-01T00:00Z", "2026-06-01T12:00+03:00"),
}
"""What a protected fact may be replaced by; any other one takes a text."""


def _types() -> dict[str, type[Block]]:
    return {"": TravellerRecord, **dict(block_types())}


def _permitted(path: str, name: str) -> set[str]:
    extra = _types()[path].model_fields[name].json_schema_extra
    return set(extra.get("x-derived-by", ()))


def _protected(*, with_derivations: bool) -> dict[str, list[str]]:
    """Names of the protected facts per block."""
    return {
        path: [
            name
            for name in block.model_fields
            if sensitivity_of(block, name) not in {None, Sensitivity.FEATURE}
            and (with_derivations or not _permitted(path, name))
        ]
        for path, block in _types().items()
    }


def _fill(rng: Random, data: dict[str, Any], protected: dict[str, list[str]]) -> dict[str, Any]:
    """Put random values into every protected fact of the blocks that are there."""
    data = copy.deepcopy(data)
    for path, names in protected.items():
        for block in _blocks_at(data, path):
            for name in names:
                block[name] = rng.choice(VALUES.get(name, TEXTS))
    return data


def _blocks_at(data: dict[str, Any], path: str) -> list[dict[str, Any]]:
    found: Any = data
    for step in path.split("__") if path else ():
        found = found.get(step) if found else None
    if found is None:
        return []
    return found if isinstance(found, list) else [found]


def _differences(protected: dict[str, list[str]], specs: Sequence[FeatureSpec] = SCORED) -> set[str]:
    """Names of the features that change in any of 1,000 random records."""
    rng = Random(20260314)
    extractor = Extractor(specs, EXAMPLE_REFERENCE)
    changed: set[str] = set()
    for data in random_data(1000, seed=1):
        before = TravellerRecord.model_validate_json(json.dumps(data))
        after = TravellerRecord.model_validate_json(json.dumps(_fill(rng, data, protected)))
        pairs = zip(specs, extractor.values(before), extractor.values(after), strict=True)
        changed |= {spec.name for spec, old, new in pairs if old != new}
    return changed


def test_r1_protected_facts_change_no_score_feature():
    """Every audit-only, hashed, check-only and never-stored fact is filled at random: all values stay the same."""
    assert _differences(_protected(with_derivations=False)) == set()


@pytest.mark.parametrize("fact", ["gender", "nationality", "surname", "biometric_match_ok", "ref"])
def test_r1_a_leak_would_be_found(fact: str):
    """The canary is alive: a feature that reads a protected fact by any trick moves."""
    leak = replace(
        CATALOGUE["stay_days"], function=lambda record: record.traveller and str(vars(record.traveller)[fact])
    )
    categorical = replace(leak, kind=CATALOGUE["transport_mode"].kind)
    assert _differences(_protected(with_derivations=False), [categorical]) == {"stay_days"}


def test_r1_permitted_derivations_are_the_only_way_in():
    """Where facts with a permitted derivation are filled, too, only the derivations named in the record move."""
    protected = _protected(with_derivations=True)
    permitted = set().union(*(_permitted(path, name) for path, names in protected.items() for name in names))
    changed = _differences(protected)
    assert changed <= permitted
    assert changed >= permitted - {"mrz_disagrees", "unaccompanied_minor"}, "a permission that nothing uses"


def test_r1_permitted_derivations_are_the_listed_ones():
    """A new derivation from a protected fact is a decision of its own: it has to be written here as well."""
    protected = _protected(with_derivations=True)
    permitted = set().union(*(_permitted(path, name) for path, names in protected.items() for name in names))
    assert permitted == {
        "backtracks",
        "broken_route",
        "carrier_count",
        "contact_channels",
        "detour_ratio",
        "is_minor",
        "mrz_disagrees",
        "mrz_fails",
        "unaccompanied_minor",
    }


@pytest.mark.parametrize("spec", [spec for spec in CATALOGUE if spec.use is Use.AUDIT], ids=lambda spec: spec.name)
def test_r1_audit_features_enter_no_model(spec):
    """A protected fact is offered for audits and selected for no risk."""
    assert all(spec not in CATALOGUE.for_scoring(risk) for risk in RISKS.values())
