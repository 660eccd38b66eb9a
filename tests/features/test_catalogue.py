"""The catalogue lists each feature once, selects for a risk, and computes in the order of its specs."""

import json
from dataclasses import replace

import pytest

from features import booking, contact
from features.catalogue import CATALOGUE, GROUPS, Extractor, FeatureCatalogue
from features.errors import FeatureDefinitionError, FeatureError
from features.record import History
from features.risk import RISKS
from features.spec import Kind, Use
from tests.makers import EXAMPLE_REFERENCE, random_records, traveller

SCORED = [spec for spec in CATALOGUE if spec.use is Use.SCORE]


def test_catalogue_holds_every_feature_of_every_group():
    """A feature is added by writing it: no second list exists."""
    assert len(SCORED) >= 48
    assert len(CATALOGUE) == len(CATALOGUE.specs) > len(SCORED)
    assert {spec.group for spec in CATALOGUE} == {group.__name__.rpartition(".")[2] for group in GROUPS}


def test_a_feature_is_found_by_name_or_the_error_says_where_to_look():
    """The remedy is in the text."""
    assert CATALOGUE["paid_in_cash"].reason.code == "PY01"
    assert "paid_in_cash" in CATALOGUE
    with pytest.raises(FeatureDefinitionError, match=r"features\.md"):
        CATALOGUE["paid_in_gold"]


def test_description_is_ready_for_json_and_complete():
    """What /v1/features answers and the documentation is made from."""
    described = CATALOGUE.describe()
    assert json.loads(json.dumps(described)) == described
    assert [entry["name"] for entry in described] == [spec.name for spec in CATALOGUE]
    assert all(entry["because"] and entry["doc"] and entry["reviewed"] for entry in described)


def test_selection_respects_groups_exceptions_and_use():
    """A risk gets the features of its groups, minus its exceptions."""
    risk = RISKS["document_fraud"]
    chosen = CATALOGUE.for_scoring(risk)
    assert {spec.group for spec in chosen} == set(risk.groups)
    assert not {spec.name for spec in chosen} & set(risk.without)
    assert all(spec.use is Use.SCORE for spec in chosen)


def test_declared_columns_are_open_to_every_risk():
    """The group of an agency's own columns is not listed by any risk."""
    spec = CATALOGUE["stay_days"]
    reason = replace(spec.reason, code="ZZ01", raises="One", lowers="Two", missing="Three")
    extra = replace(spec, name="own_column", group="extra", doc="An own column.", reason=reason)
    assert extra in CATALOGUE.for_scoring(RISKS["document_fraud"], declared=[extra])
    with pytest.raises(FeatureDefinitionError, match="share a name"):
        CATALOGUE.for_scoring(RISKS["document_fraud"], declared=[replace(extra, name="stay_days")])


@pytest.mark.parametrize("change", [{"without": ("paid_in_gold",)}, {"groups": ("booking", "palmistry")}])
def test_risk_that_names_what_does_not_exist_is_refused(change: dict):
    """A misspelt exception would silently let a feature in."""
    with pytest.raises(FeatureDefinitionError, match="does not hold"):
        CATALOGUE.for_scoring(RISKS["document_fraud"].model_copy(update=change))


def test_same_group_twice_is_refused():
    """Listing a group twice would compute each of its features twice."""
    with pytest.raises(FeatureDefinitionError, match="share a name"):
        FeatureCatalogue.from_groups(booking, contact, booking)


def test_extractor_gives_values_in_the_order_of_its_specs():
    """The order is that of the model, not that of the catalogue."""
    specs = [CATALOGUE["stay_days"], CATALOGUE["paid_in_cash"], CATALOGUE["transport_mode"]]
    assert Extractor(specs, EXAMPLE_REFERENCE).values(traveller()) == [12.0, False, "air"]
    assert Extractor(specs[::-1], EXAMPLE_REFERENCE).values(traveller()) == ["air", False, 12.0]
    assert Extractor([], EXAMPLE_REFERENCE).values(traveller()) == []


def test_extractor_agrees_with_each_function_called_alone():
    """Fast and plain ways give the same values."""
    extractor = Extractor(SCORED, EXAMPLE_REFERENCE)
    for record in random_records(300, seed=8):
        arguments = {"history": record.history, "reference": EXAMPLE_REFERENCE}
        present = record.message_types_present
        alone = [
            None
            if present is not None and spec.message is not None and spec.message not in present
            else spec(record, *(arguments[name] for name in spec.needs))
            for spec in SCORED
        ]
        assert extractor.values(record) == alone


def test_values_have_the_kind_that_the_spec_says():
    """A number is a number, a flag is a flag, a category is one of its labels."""
    kinds = {Kind.NUMBER: (int, float), Kind.FLAG: bool, Kind.CATEGORY: str}
    extractor = Extractor(SCORED, EXAMPLE_REFERENCE)
    for record in random_records(500, seed=3):
        for spec, value in zip(SCORED, extractor.values(record), strict=True):
            assert value is None or isinstance(value, kinds[spec.kind]), spec.name
            assert spec.kind is Kind.FLAG or not isinstance(value, bool), spec.name
            assert spec.kind is not Kind.CATEGORY or value is None or value in spec.labels, spec.name
            assert spec.kind is not Kind.NUMBER or value is None or value >= 0, spec.name


def test_history_comes_from_the_record_unless_a_store_knows_better():
    """The door through which a store brings its counts."""
    extractor = Extractor([CATALOGUE["crossings_12_months"]], EXAMPLE_REFERENCE)
    assert extractor.values(traveller(crossings_12_months=3)) == [3]
    assert extractor.values(traveller(crossings_12_months=3), History(crossings_12_months=9)) == [9]
    assert extractor.values(traveller(history=None)) == [None]


@pytest.mark.parametrize("spec", [spec for spec in SCORED if spec.message], ids=lambda spec: spec.name)
def test_r36_a_feature_is_missing_without_its_source_message(spec):
    """A booking fact left over from an earlier push is stale where the booking message is absent."""
    record = traveller(passenger_type="I")
    others = [message for message in ("API", "PNR", "DOC") if message != spec.message]
    extractor = Extractor([spec], EXAMPLE_REFERENCE)
    assert extractor.values(record) != [None]
    assert extractor.values(traveller(passenger_type="I", message_types_present=others)) == [None]
    assert extractor.values(traveller(passenger_type="I", message_types_present=[])) == [None]


def test_r36_without_a_list_of_messages_nothing_is_held_back():
    """A sender that does not say which messages came is believed."""
    extractor = Extractor([CATALOGUE["paid_in_cash"]], EXAMPLE_REFERENCE)
    assert extractor.values(traveller(message_types_present=None)) == [False]


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_number_that_is_not_finite_is_an_error(number: float):
    """A value that no bin can hold must not pass as missing."""
    spec = replace(CATALOGUE["stay_days"], function=lambda _record: number)
    for specs in ([spec], [CATALOGUE["party_size"], spec, CATALOGUE["transport_mode"]]):
        with pytest.raises(FeatureError, match="stay_days: the value is not a finite number"):
            Extractor(specs, EXAMPLE_REFERENCE).values(traveller())


def test_large_finite_numbers_pass():
    """The check for finite numbers is not fooled by a sum that overflows."""
    spec = replace(CATALOGUE["stay_days"], function=lambda _record: 1.7e308)
    assert Extractor([spec, spec], EXAMPLE_REFERENCE).values(traveller()) == [1.7e308, 1.7e308]
