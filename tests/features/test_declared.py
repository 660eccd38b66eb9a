"""Declared columns: features without Python, sentences without accusation, values without identities."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.catalogue import CATALOGUE, Extractor
from features.declared import ENCODED, JOINT, DeclaredColumn, DeclaredColumns, encoding_key
from features.errors import FeatureDefinitionError
from features.examples import traveller
from features.record import TravellerRecord
from features.reference import NO_REFERENCE, Encoding, ReferenceData
from features.risk import RISKS
from features.spec import Kind, Monotone, check_reason

ENTRIES: list[dict[str, Any]] = [
    {"name": "tax_rate", "kind": "number", "unit": "percent"},
    {"name": "weight", "kind": "number", "unit": "kg"},
    {"name": "sealed", "kind": "flag", "expects": "decreasing"},
    {"name": "lane", "kind": "category", "words": {"L1": "lane one"}},
    {"name": "insured_until", "kind": "date", "label": "end of the insurance"},
    {"name": "goods", "kind": "category", "encoding": "rate", "label": "goods code"},
    {"name": "chapter", "kind": "category", "of": ["goods"], "prefix": 2},
    {"name": "origin", "kind": "category", "feature": False},
    {"name": "goods_origin", "kind": "category", "of": ["goods", "origin"], "encoding": "rate"},
    {"name": "tax_per_kg", "kind": "number", "ratio": ["tax_rate", "weight"], "unit": "percent per kg"},
]


def columns() -> DeclaredColumns:
    """The declaration of these tests."""
    return DeclaredColumns.from_json(ENTRIES)


def record(**extra: Any) -> TravellerRecord:
    """A traveller with an agency's own columns."""
    return traveller(expected_at="2026-03-14T09:00Z").model_copy(update={"extra": extra})


def reference() -> ReferenceData:
    """What training learned of one goods code, and of it with its origin."""
    tables = {
        "goods": Encoding(ENCODED, {encoding_key("goods", "6203"): (32.0, 9.0)}, (10.0, 0.0)),
        "goods_origin": Encoding(ENCODED, {encoding_key("goods_origin", f"6203{JOINT}KE"): (40.0, 3.0)}, (10.0, 0.0)),
    }
    return ReferenceData(encodings=tables)


def test_each_kind_gives_its_value():
    """Numbers, flags, categories, dates, prefixes, crosses and ratios arrive as features."""
    given_record = record(
        tax_rate=8, weight=4.0, sealed=True, lane="L1", insured_until="2026-03-04", goods="6203", origin="KE"
    )
    specs = columns().specs
    values = dict(zip((s.name for s in specs), Extractor(specs, reference()).values(given_record), strict=True))
    assert values == {
        "tax_rate": 8.0,
        "weight": 4.0,
        "sealed": True,
        "lane": "L1",
        "insured_until": 10.0,
        "goods_rate": 32.0,
        "goods_seen": 9.0,
        "chapter": "62",
        "goods_origin_rate": 40.0,
        "goods_origin_seen": 3.0,
        "tax_per_kg": 2.0,
    }


def test_nothing_submitted_is_missing_everywhere():
    """A record without extra columns gives None for every declared feature."""
    specs = columns().specs
    assert Extractor(specs, reference()).values(record()) == [None] * len(specs)


def test_a_value_never_met_takes_the_numbers_of_the_unseen():
    """An encoding answers for values that training never saw."""
    specs = [spec for spec in columns().specs if spec.name.startswith("goods_")][:2]
    assert Extractor(specs, reference()).values(record(goods="0000")) == [10.0, 0.0]


def test_a_partly_missing_cross_is_a_value_of_its_own():
    """A cross is missing only where all of its parts are."""
    column = DeclaredColumns.from_json([*ENTRIES[5:6], *ENTRIES[7:9]])
    assert column.values_of({"goods": "6203"}) == ["6203", f"6203{JOINT}"]
    assert column.values_of({}) == [None, None]


@pytest.mark.parametrize(("upper", "lower"), [(1.0, 0.0), (1.0, None), (None, 2.0), (1e308, 1e-308)])
def test_a_ratio_without_a_finite_answer_is_missing(upper, lower):
    """Division by zero, by nothing or beyond all numbers gives no value."""
    extra = {name: value for name, value in (("tax_rate", upper), ("weight", lower)) if value is not None}
    spec = next(spec for spec in columns().specs if spec.name == "tax_per_kg")
    assert spec(record(**extra)) is None


def test_all_features_stand_in_group_extra_and_join_the_catalogue():
    """The catalogue accepts them beside its own for any risk."""
    specs = columns().specs
    assert {spec.group for spec in specs} == {"extra"}
    chosen = CATALOGUE.for_scoring(RISKS["document_fraud"], specs)
    assert [spec.name for spec in chosen if spec.group == "extra"] == [spec.name for spec in specs]


def test_every_sentence_obeys_the_rules_of_wording():
    """Defaults pass the same checks as sentences written by hand."""
    for spec in columns().specs:
        assert not list(check_reason(spec.reason, spec.kind))


def test_r6_the_sentence_of_a_rate_names_no_value():
    """An importer's number is known to the model as a digest, and to the reader not at all."""
    rate = next(spec for spec in columns().specs if spec.name == "goods_rate")
    said = "Expected from past checks of this goods code: {value:,.1f} % confirmed, more than usual"
    assert rate.reason.raises == said
    assert rate.kind is Kind.NUMBER
    assert "6203" not in json.dumps(sorted(reference().encodings["goods"].table))


def test_a_rate_never_lowers_risk_by_rising_unless_the_agency_says_otherwise():
    """The sentence says "more than usual", so the direction is demanded."""
    expects = {spec.name: spec.expects for spec in columns().specs}
    assert expects["goods_rate"] is Monotone.INCREASING
    assert expects["goods_seen"] is Monotone.NONE


def test_a_rate_that_lowers_risk_says_so():
    """Where the agency demands the other direction, fewer confirmed cases raise the score."""
    spec = DeclaredColumns.from_json(
        [{"name": "sealer", "kind": "category", "encoding": "rate", "expects": "decreasing"}]
    ).specs[0]
    assert spec.reason.raises.endswith("less than usual")
    assert spec.reason.lowers.endswith("more than usual")


def test_a_sentence_for_the_missing_serves_both_features_of_a_rate():
    """Rate and count are two features: their sentences differ, whatever the agency writes."""
    entry = {"name": "haulier", "kind": "category", "encoding": "rate", "missing": "No haulier is on the papers"}
    specs = DeclaredColumns.from_json([entry]).specs
    assert len({spec.reason.missing for spec in specs}) == 2
    assert CATALOGUE.for_scoring(RISKS["document_fraud"], specs)


def test_codes_follow_from_names_alone():
    """A column keeps its codes when others are added or reordered."""
    codes = {spec.name: spec.reason.code for spec in columns().specs}
    alone = DeclaredColumns.from_json(ENTRIES[:1]).specs[0]
    assert alone.reason.code == codes["tax_rate"]
    assert len(set(codes.values())) == len(codes)


def test_codes_stay_unique_among_a_thousand_columns():
    """Where two names lead to one code, the later one gets another."""
    many = DeclaredColumns([DeclaredColumn(name=f"column_{n}", kind="number") for n in range(1000)])
    assert len({spec.reason.code for spec in many.specs}) == 1000


def test_json_round_trip_keeps_meaning_and_codes():
    """The declaration in a bundle says what the declaration in training said."""
    again = DeclaredColumns.from_json(json.loads(json.dumps(columns().to_json())))
    assert again == columns()
    assert [(s.name, s.reason, s.unit, s.expects) for s in again.specs] == [
        (s.name, s.reason, s.unit, s.expects) for s in columns().specs
    ]


def test_training_decides_only_what_was_left_open():
    """An explicit encoding is kept; "auto" takes the choice."""
    two = DeclaredColumns.from_json(
        [{"name": "a", "kind": "category", "encoding": "none"}, {"name": "b", "kind": "category"}]
    )
    assert [spec.name for spec in two.decided({"a": "rate", "b": "rate"}).specs] == ["a", "b_rate", "b_seen"]


@pytest.mark.parametrize(
    ("extra", "rule"),
    [
        ({"tax_rate": "8"}, "a number is expected"),
        ({"tax_rate": True}, "a number is expected"),
        ({"sealed": 1}, "a flag is expected"),
        ({"lane": 3}, "a text is expected"),
        ({"insured_until": "14/03/2026"}, "a date is expected"),
        ({"colour": "secret-red"}, "a column that is not declared"),
        ({"chapter": "62"}, "a column that is computed from others"),
    ],
)
def test_r37_check_names_place_and_rule_and_never_the_value(extra, rule):
    """Each problem says where and what to do; the submitted value is nowhere in it."""
    [problem] = columns().check(extra)
    assert problem.place == f"extra.{next(iter(extra))}"
    assert problem.rule == rule
    assert problem.remedy
    assert not any(isinstance(value, str) and value in " ".join(problem) for value in extra.values() if value != "8")


def test_what_is_declared_passes_the_check():
    """A record as declared has no problems; missing columns are none."""
    assert columns().check({"tax_rate": 1, "sealed": False, "lane": "x", "insured_until": "2026-01-01"}) == []


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"name": "religion", "kind": "category"}, "never stored"),
        ({"name": "driver_gender", "kind": "category"}, "audit"),
        ({"name": "x", "kind": "category", "label": "Nationality of the driver"}, "audit"),
        ({"name": "age", "kind": "number"}, "audit"),
        ({"name": "sltd_hit", "kind": "flag", "expects": "increasing"}, "reads the label"),
        ({"name": "x", "kind": "flag"}, "direction"),
        ({"name": "x", "kind": "number", "encoding": "rate"}, "encoding"),
        ({"name": "x", "kind": "number", "of": ["a", "b"]}, "category"),
        ({"name": "x", "kind": "category", "of": ["a"]}, "prefix"),
        ({"name": "x", "kind": "category", "prefix": 2}, "prefix"),
        ({"name": "x", "kind": "category", "ratio": ["a", "b"]}, "ratio"),
        ({"name": "x", "kind": "category", "expects": "increasing"}, "direction"),
        ({"name": "x", "kind": "number", "label": "illegal load"}, "accuses"),
        ({"name": "x", "kind": "number", "raises": "A suspect {value}"}, "accuses"),
        ({"name": "x", "kind": "number", "raises": "Value {other}"}, "placeholder"),
        ({"name": "x", "kind": "number", "raises": "Ends with a stop."}, "full stop"),
        ({"name": "x", "kind": "number", "code": "bad"}, "code"),
        ({"name": "X y", "kind": "number"}, "name"),
        ({"name": "x", "kind": "colour"}, "kind"),
        ({"name": "x", "kind": "number", "colour": 1}, "colour"),
    ],
)
def test_a_wrong_entry_is_refused_with_its_name(entry, words):
    """Every rule has a text that says what to do."""
    with pytest.raises(FeatureDefinitionError, match=words) as error:
        DeclaredColumns.from_json([entry])
    assert entry["name"] in str(error.value)


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([{"name": "a", "kind": "number"}] * 2, "declared twice"),
        ([{"name": "a", "kind": "category", "of": ["b", "c"]}], "no entry above"),
        (
            [{"name": "b", "kind": "number"}, {"name": "a", "kind": "category", "of": ["b"], "prefix": 2}],
            "no category or flag",
        ),
        (
            [{"name": "b", "kind": "category"}, {"name": "a", "kind": "number", "ratio": ["b", "b"]}],
            "no number",
        ),
        (
            [{"name": "a", "kind": "category", "encoding": "rate"}, {"name": "a_rate", "kind": "number"}],
            "clashes",
        ),
        ([{"name": n, "kind": "number", "code": "AB01"} for n in "ab"], "used twice"),
    ],
)
def test_entries_that_do_not_fit_together_are_refused(entries, words):
    """Names, codes and sources are checked over the whole declaration."""
    with pytest.raises(FeatureDefinitionError, match=words):
        DeclaredColumns.from_json(entries)


def test_all_problems_are_told_at_once():
    """A declaration is corrected in one go."""
    with pytest.raises(FeatureDefinitionError) as error:
        DeclaredColumns.from_json([{"name": "religion", "kind": "category"}, {"name": "x", "kind": "flag"}])
    assert "religion" in str(error.value)
    assert "x: " in str(error.value)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=12), min_size=2, max_size=40, unique=True))
def test_different_values_have_different_keys(values):
    """Digests do not confuse two values of a column."""
    assert len({encoding_key("importer", value) for value in values}) == len(values)


def test_columns_travel_between_processes():
    """Pickling keeps the declaration, although its readers are made again."""
    import pickle  # noqa: PLC0415  only here

    again = pickle.loads(pickle.dumps(columns()))
    assert again == columns()
    assert Extractor([again.specs[0]], NO_REFERENCE).values(record(tax_rate=8)) == [8.0]
