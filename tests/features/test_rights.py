"""Rights of the traveller, held at the floor of features."""

import pytest

from features.catalogue import CATALOGUE, Extractor
from features.indicators import INDICATORS
from features.record import TravellerRecord
from features.risk import RISKS, Audience
from features.spec import FeatureSpec, Monotone
from tests.makers import EXAMPLE_REFERENCE, random_data, traveller

ENFORCEMENT = [risk for risk in RISKS.values() if risk.audience is Audience.ENFORCEMENT]


@pytest.mark.parametrize("risk", RISKS.values(), ids=lambda risk: risk.name)
def test_r20_a_confirmed_benign_history_can_only_lower(risk):
    """Paired records: with earlier checks without findings, one value differs, and its trend is downwards."""
    specs = CATALOGUE.for_scoring(risk)
    extractor = Extractor(specs, EXAMPLE_REFERENCE)
    without = extractor.values(traveller(confirmed_benign_crossings=0))
    with_checks = extractor.values(traveller(confirmed_benign_crossings=6))
    moved = [spec for spec, a, b in zip(specs, without, with_checks, strict=True) if a != b]
    assert [spec.name for spec in moved] == ["confirmed_benign_crossings"]
    assert moved[0].expects is Monotone.DECREASING


@pytest.mark.parametrize("risk", ENFORCEMENT, ids=lambda risk: risk.name)
def test_r24_being_a_minor_changes_no_enforcement_score(risk):
    """Paired records: an adult and a child with the same journey have the same values, so the same score."""
    specs = CATALOGUE.for_scoring(risk)
    extractor = Extractor(specs, EXAMPLE_REFERENCE)
    for data in random_data(300, seed=24):
        person = {name: value for name, value in data.get("traveller", {}).items() if name != "age_years"}
        pair = [
            traveller(data, traveller=person | {"date_of_birth": born}, guardian=guardian)
            for born, guardian in (("1980-01-01", None), ("2020-01-01", {"on_booking": False, "record_present": False}))
        ]
        assert extractor.values(pair[0]) == extractor.values(pair[1])


def test_r24_facts_about_children_serve_protection_only():
    """The group is closed to every other risk, also to one that would list it."""
    for spec in CATALOGUE:
        if spec.group == "minor":
            assert spec.only_for == frozenset({"trafficking_protection"})
    greedy = RISKS["migrant_smuggling"].model_copy(update={"groups": ("minor", "party")})
    assert [spec.name for spec in CATALOGUE.for_scoring(greedy)] == ["party_size"]


def test_surname_is_no_sign_of_anything():
    """Somali names are given, father's and grandfather's name: families share no surname, and none is compared."""
    extractor = Extractor(CATALOGUE.for_scoring(RISKS["trafficking_protection"]), EXAMPLE_REFERENCE)
    base = {"born": "2015-01-01", "guardian": {"on_booking": True, "record_present": True}}
    assert extractor.values(traveller(surname="NOOR", **base)) == extractor.values(traveller(surname="ABDI", **base))


@pytest.mark.parametrize("risk", RISKS.values(), ids=lambda risk: risk.name)
def test_each_risk_rests_on_indicators_published_for_it(risk):
    """A feature whose indicators speak of other risks only is not used for this one."""
    for spec in CATALOGUE.for_scoring(risk):
        published = {name for number in spec.indicators for name in INDICATORS[number].risks}
        assert not spec.indicators or risk.name in published, spec.name


def test_each_published_indicator_is_covered():
    """Those over many records (agency rates, shared numbers, earlier cases) by the memory."""
    assert {number for spec in CATALOGUE for number in spec.indicators} == set(INDICATORS)


@pytest.mark.parametrize("risk", RISKS.values(), ids=lambda risk: risk.name)
@pytest.mark.parametrize(
    ("plain", "sensitive"),
    [
        ({"document__type": "P"}, {"document__type": "T"}),
        ({"stay__purpose_code": "other"}, {"stay__purpose_code": "medical"}),
    ],
    ids=["refugee travel document", "medical journey"],
)
def test_r25_status_and_health_change_no_score(risk, plain: dict, sensitive: dict):
    """A refugee's travel document counts as a passport, a journey to a hospital as any other."""
    extractor = Extractor(CATALOGUE.for_scoring(risk), EXAMPLE_REFERENCE)
    assert extractor.values(traveller(**plain)) == extractor.values(traveller(**sensitive))


def test_r25_no_field_for_asylum_status_exists():
    """What does not exist cannot be asked for."""
    names = str(TravellerRecord.model_json_schema()).lower()
    assert "asylum" not in names


@pytest.mark.parametrize("spec", CATALOGUE, ids=lambda spec: spec.name)
def test_flags_with_a_direction_say_which_value_was_seen(spec: FeatureSpec):
    """The two sentences of a feature differ, and so does the one for a missing fact."""
    assert len({spec.reason.raises, spec.reason.lowers, spec.reason.missing}) == 3
