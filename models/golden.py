"""Golden records: real shapes of records without identity, with the answers that a bundle must give for ever."""

import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from features.catalogue import Extractor
from features.errors import FeatureError
from features.minor import age_on
from features.record import Sensitivity, TravellerRecord, sensitivity_of
from features.spec import FeatureValue
from features.timing import crossing_day
from features.walk import stored_form
from models.additive import AdditiveModel
from models.errors import BundleContentError, BundleReplayError
from models.reasons import Reasoner

FILE = "golden.json"
MAX_RECORDS = 5000
MAX_EXACT_INTEGER = 2**53
_KEPT = frozenset({"record_id", "point", "age_years", "origin", "destination", "carrier", "co_traveller_refs"})
"""Protected facts that stay in another form: a name that says nothing, or the shape of the route."""
_NO_RECORD = (FeatureError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError)
"""What a record that is none can provoke; pydantic's errors are ValueErrors."""


@dataclass(frozen=True, slots=True)
class GoldenRecord:
    """One record and what the bundle answers to it.

    Attributes:
        record: JSON form of an anonymous record.
        values: one per feature of the model.
        log_odds: the score.
        codes: of the reasons shown, those for and then those against.
    """

    record: Mapping[str, Any]
    values: tuple[FeatureValue, ...]
    log_odds: float
    codes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Write the record as plain values."""
        return {
            "record": dict(self.record),
            "values": [_exact(value) for value in self.values],
            "log_odds": self.log_odds + 0.0,
            "codes": list(self.codes),
        }


def anonymise(record: TravellerRecord, number: int = 1, private: Collection[str] = ()) -> TravellerRecord:
    """Take identity out of a record, and leave what features read.

    Names, references, nationality, gender, residence, issuing countries, posts, flight numbers, seats and results of
    other systems go; a date of birth becomes an age; linkage facts become "x"; carriers become numbered; the route and
    the times stay, since features measure them.

    Args:
        record: any record.
        number: names the result: golden-0001.
        private: declared columns whose values become "x", too.
    """
    facts: dict[str, Any] = orjson.loads(stored_form(record, lambda _fact: "x"))
    traveller = record.traveller
    age = None
    if traveller is not None:
        born = traveller.date_of_birth
        age = traveller.age_years if born is None else age_on(crossing_day(record), born)
    facts = _without_identity(record, facts)
    facts["record_id"] = f"golden-{number:04d}"
    facts["crossing"]["point"] = "X"
    if age is not None and age <= 130:  # noqa: PLR2004  the bound of the record
        facts.setdefault("traveller", {})["age_years"] = age
    if "co_traveller_refs" in (booking := facts.get("booking", {})):
        booking["co_traveller_refs"] = [f"x{place}" for place in range(len(booking["co_traveller_refs"]))]
    extra = facts.get("extra", {})
    extra.update({name: "x" for name in private if name in extra})
    names: dict[str, str] = {}
    for leg in facts.get("journey", {}).get("legs", ()):
        if "carrier" in leg:
            leg["carrier"] = names.setdefault(leg["carrier"], f"X{len(names)}")
    return TravellerRecord.model_validate_json(orjson.dumps(facts))


def _without_identity(block: Any, facts: dict[str, Any]) -> dict[str, Any]:
    """Copy the facts of a block without those that identify, or that other systems said."""
    kept: dict[str, Any] = {}
    for name, value in facts.items():
        inner = getattr(block, name)
        if isinstance(value, dict) and name != "extra":
            kept[name] = _without_identity(inner, value)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            kept[name] = [_without_identity(part, item) for part, item in zip(inner, value, strict=True)]
        elif name in _KEPT or sensitivity_of(type(block), name) not in (Sensitivity.AUDIT, Sensitivity.CHECK):
            kept[name] = value
    return kept


def make_golden(
    records: Sequence[TravellerRecord], extractor: Extractor, model: AdditiveModel, reasoner: Reasoner
) -> tuple[GoldenRecord, ...]:
    """Note what the model answers to anonymous records."""
    made = []
    for record in records:
        facts = orjson.loads(stored_form(record, lambda fact: fact))
        made.append(_answer(facts, record, extractor, model, reasoner))
    return tuple(made)


def _answer(
    facts: Mapping[str, Any], record: TravellerRecord, extractor: Extractor, model: AdditiveModel, reasoner: Reasoner
) -> GoldenRecord:
    values = extractor.values(record)
    explained = model.explain(values)
    reasons_for, reasons_against, _ = reasoner.rank(explained, values)
    codes = tuple(reason.code for reason in (*reasons_for, *reasons_against))
    return GoldenRecord(facts, tuple(values), explained.log_odds, codes)


def read_golden(data: Any) -> tuple[GoldenRecord, ...]:
    """Read golden records.

    Raises:
        BundleContentError: where the data is no list of them.
    """
    fields = {"record": dict, "values": list, "log_odds": (int, float), "codes": list}
    if not isinstance(data, list) or not 1 <= len(data) <= MAX_RECORDS:
        raise BundleContentError(FILE, f"it holds a list of 1 to {MAX_RECORDS} records")
    for entry in data:
        whole = isinstance(entry, dict) and set(entry) == set(fields)
        if not whole or not all(isinstance(entry[name], kind) for name, kind in fields.items()):  # type: ignore[arg-type]
            raise BundleContentError(FILE, "each entry has record, values, log_odds and codes")
    return tuple(
        GoldenRecord(entry["record"], tuple(entry["values"]), entry["log_odds"], tuple(entry["codes"]))
        for entry in data
    )


def replay(golden: Sequence[GoldenRecord], extractor: Extractor, model: AdditiveModel, reasoner: Reasoner) -> None:
    """Score the golden records again and compare values, score and reason codes exactly.

    Raises:
        BundleContentError: where a golden record is no record.
        BundleReplayError: naming the first golden record and what differs.
    """
    names = [spec.name for spec in extractor.specs]
    for number, noted in enumerate(golden, start=1):
        place = f"golden record {number}"
        try:
            record = TravellerRecord.model_validate_json(orjson.dumps(noted.record))
            given = _answer(noted.record, record, extractor, model, reasoner)
        except _NO_RECORD as error:
            raise BundleContentError(FILE, f"{place} is a traveller record ({type(error).__name__})") from None
        if len(noted.values) != len(given.values):
            raise BundleReplayError(FILE, f"{place} has one value per feature")
        for name, value, expected in zip(names, given.values, noted.values, strict=True):
            if not _equal(value, expected):
                raise BundleReplayError(FILE, f"{place}: feature {name!r} gives the value that was recorded")
        if not _equal(given.log_odds, noted.log_odds):
            raise BundleReplayError(FILE, f"{place} gives the score that was recorded")
        if given.codes != noted.codes:
            raise BundleReplayError(FILE, f"{place} gives the reasons that were recorded")


def _exact(value: Any) -> Any:
    """A whole number beyond 2**53 as the float that it is: canonical JSON writes large floats as whole numbers."""
    if type(value) is int and MAX_EXACT_INTEGER <= abs(value) <= sys.float_info.max:
        return float(value)
    return value


def _equal(value: FeatureValue, expected: Any) -> bool:
    """Equal in value and in kind: JSON knows one kind of number, and a flag is none."""
    if isinstance(value, bool) or isinstance(expected, bool):
        return value is expected
    return bool(_exact(value) == _exact(expected))
