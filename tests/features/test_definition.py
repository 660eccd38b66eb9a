"""A definition that breaks a rule fails when it is read, and says what to do."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial
from operator import attrgetter

import pytest

from features import minor
from features.catalogue import CATALOGUE, FeatureCatalogue
from features.errors import FeatureDefinitionError
from features.record import History, TravellerRecord
from features.reference import ReferenceData
from features.spec import FeatureSpec, Kind, Monotone, ReasonText, Use, feature

REASON = ReasonText(
    code="XX01", raises="Value is {value}", lowers="The value is {value}", missing="The value was not given"
)
BECAUSE = "Published as an indicator in a source that everybody can read"


def define(function: Callable, **changes) -> FeatureSpec:
    """Define a feature over a function, with everything in order but the changes."""
    function.__doc__ = function.__doc__ or "One value.\n\n>>> 1 + 1\n2"
    settings = {"label": "a label", "reason": REASON, "because": BECAUSE, "unit": "points"}
    return feature(**(settings | changes))(function)


def documented(record: TravellerRecord) -> float | None:
    """Stay in days.

    >>> 1
    1
    """
    return record.journey.stay_days if record.journey else None


def _age_by_helper(record: TravellerRecord) -> float | None:
    return record.traveller.age_years if record.traveller else None


def test_a_complete_definition_is_accepted():
    """The decorated name is the spec, and it can be called like the function."""
    spec = define(documented)
    assert (spec.name, spec.kind, spec.use, spec.needs) == ("documented", Kind.NUMBER, Use.SCORE, ())


def _direct(record: TravellerRecord) -> float | None:
    return record.traveller.age_years if record.traveller else None


def _through_helper(record: TravellerRecord) -> float | None:
    return _age_by_helper(record)


def _through_module(record: TravellerRecord) -> bool | None:
    return minor.under_age(record)


def _through_feature(record: TravellerRecord) -> bool | None:
    return minor.is_minor(record)


def _through_inner_code(record: TravellerRecord) -> float | None:
    return max(person.age_years for person in (record.traveller,))


@lru_cache
def _cached_age(record: TravellerRecord) -> int | None:
    return record.traveller.age_years


def _through_cache(record: TravellerRecord) -> float | None:
    return _cached_age(record)


_bound_age = partial(_age_by_helper)


def _through_partial(record: TravellerRecord) -> float | None:
    return _bound_age()


def _through_text(record: TravellerRecord) -> float | None:
    return len(str(record.traveller))


def _through_getattr(record: TravellerRecord) -> float | None:
    return getattr(record.traveller, "age" + "_" * 1 + "years")


def _through_attrgetter(record: TravellerRecord) -> float | None:
    return attrgetter("traveller.age_years")(record)


def _through_dump(record: TravellerRecord) -> float | None:
    return record.model_dump()["traveller"]["age"]


def _through_match(record: TravellerRecord) -> str | None:
    match record.traveller:
        case object(gender=found):
            return found
    return None


@pytest.mark.parametrize(
    "function",
    [
        _direct,
        _through_helper,
        _through_module,
        _through_feature,
        _through_inner_code,
        _through_cache,
        _through_partial,
        _through_text,
        _through_getattr,
        _through_attrgetter,
        _through_dump,
        _through_match,
    ],
)
def test_r1_score_feature_that_reads_a_protected_fact_is_refused(function: Callable):
    """However it is read: by name, through helpers, modules, features, closures, or by hiding the name."""
    with pytest.raises(FeatureDefinitionError, match=r"protected fact|hides the facts"):
        define(function, expects=Monotone.INCREASING if "bool" in str(function.__annotations__) else Monotone.NONE)


def test_audit_feature_may_read_a_protected_fact():
    """The same function is allowed where the use is an audit."""
    assert define(_direct, use=Use.AUDIT).use is Use.AUDIT


def test_feature_without_example_is_refused():
    """A docstring with an example that runs is part of the definition."""

    def bare(record: TravellerRecord) -> float | None:
        """Stay in days, without example."""
        return record.journey.stay_days if record.journey else None

    with pytest.raises(FeatureDefinitionError, match="docstring with an example"):
        define(bare)


def test_r21_feature_without_justification_is_refused():
    """Why the fact may bear on risk, and where that was published, is part of the definition."""
    with pytest.raises(FeatureDefinitionError, match="because"):
        define(documented, because="it helps")


@pytest.mark.parametrize(
    ("changes", "remedy"),
    [
        ({"raises": "Stay is {days}"}, "only placeholder"),
        ({"raises": "Stay is {value:%Y}"}, "only placeholder"),
        ({"raises": "Stay is {0}"}, "only placeholder"),
        ({"missing": "{value} is missing"}, "no value to show"),
        ({"lowers": ""}, "state a fact"),
        ({"lowers": "A stay of {value} days."}, "full stop"),
        ({"raises": "A suspicious stay of {value} days"}, "'suspicious' accuses"),
        ({"code": "BKG01"}, "two capital letters"),
        ({"code": "b001"}, "two capital letters"),
    ],
)
def test_r6_wording_that_breaks_a_rule_is_refused(changes: dict[str, str], remedy: str):
    """Wrong placeholders, codes and accusing words are named at definition."""
    with pytest.raises(FeatureDefinitionError, match=remedy):
        define(documented, reason=replace(REASON, **changes))


def test_flag_without_direction_is_refused():
    """The sentences of a flag are chosen by value, which needs to know the riskier one."""

    def flag(record: TravellerRecord) -> bool | None:
        """Return leg.

        >>> 1
        1
        """
        return record.journey.has_return if record.journey else None

    with pytest.raises(FeatureDefinitionError, match="needs a direction"):
        define(flag)
    assert define(flag, expects=Monotone.DECREASING).kind is Kind.FLAG


def test_number_without_unit_is_refused():
    """A number without unit cannot be read by anyone."""
    with pytest.raises(FeatureDefinitionError, match="unit"):
        define(documented, unit=None)


def test_category_with_a_direction_is_refused():
    """Words have no order that a risk could grow along."""
    with pytest.raises(FeatureDefinitionError, match="no direction"):
        define(CATALOGUE["cabin"].function, expects=Monotone.INCREASING)


def test_parameters_come_in_one_order():
    """The extractor binds tables by name and hands the history over second."""

    def _turned(record: TravellerRecord, reference: ReferenceData, history: History | None) -> float | None:
        return None

    with pytest.raises(FeatureDefinitionError, match="order record, history, reference"):
        define(_turned)


def test_unknown_parameter_or_return_type_is_refused():
    """A feature sees the record, the history and the tables, and gives a number, a flag or a category."""

    def _asks_for_more(record: TravellerRecord, outcome: str) -> float | None:
        return None

    def _gives_anything(record: TravellerRecord) -> list | None:
        return None

    with pytest.raises(FeatureDefinitionError, match="parameter 'outcome'"):
        define(_asks_for_more)
    with pytest.raises(FeatureDefinitionError, match="return float"):
        define(_gives_anything)


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("name", {"name": "documented"}),
        ("code", {"reason": replace(REASON, raises="A", lowers="B", missing="C")}),
        ("docstring", {"doc": define(documented).doc}),
        ("sentence", {"reason": replace(REASON, code="XX02", raises="A", lowers="B")}),
    ],
)
def test_two_features_that_share_a_text_are_refused(what: str, change: dict):
    """Names, codes, docstrings and sentences occur once, so that each tells one feature."""
    first = define(documented)
    other_reason = ReasonText(code="XX09", raises="Fact one", lowers="Fact two", missing="Fact three")
    second = replace(first, **({"name": "other", "doc": "Other.", "reason": other_reason} | change))
    with pytest.raises(FeatureDefinitionError, match=f"share a {what}"):
        FeatureCatalogue([first, second])
