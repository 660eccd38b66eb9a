"""What two messages say of one traveller at one crossing, put together: which said what, and where they disagree.

A passenger list (API) and a booking (PNR) belong together where they are about the same point within twelve hours, and
share a document, or a name with a date of birth or a locator. Of identity and document the list counts, since it is
made at check-in; of the booking and the journey, the booking.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal, cast

from features.facts import Block
from features.record import Document, TravellerRecord
from riskapi.messages.names import same_person, words_of

WITHIN = timedelta(hours=12)
Disagreement = Literal["birth", "expiry", "document", "nationality", "gender"]

_BOOKING_COUNTS = frozenset({"booking", "contact", "journey", "guardian", "stay"})
"""Blocks of which the booking's word counts; of all others, the list's."""


@dataclass(frozen=True, slots=True)
class Joined:
    """One record, and where its facts come from."""

    record: TravellerRecord
    places: tuple[int, ...]
    """Of the records that it was made of, among those that were given."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Fact, such as ``traveller.surname`` -> ``API``, ``PNR``, or ``API+PNR`` where both say the same."""


def join(records: Sequence[TravellerRecord]) -> list[Joined]:
    """Join what messages of both kinds say of the same travellers.

    Args:
        records: of any messages, one for each traveller of each.

    Returns:
        In the order of the first that is joined; what has no counterpart is as it was.
    """
    lists, bookings = _Index(), set[int]()
    for place, record in enumerate(records):
        present = record.message_types_present
        if present == ("API",):
            lists.add(place, record)
        elif present == ("PNR",):
            bookings.add(place)
    partner: dict[int, int] = {}
    for place in sorted(bookings):
        found = lists.take(records[place])
        if found is not None:
            partner[place], partner[found] = found, place
    joined = []
    for place, record in enumerate(records):
        other = partner.get(place)
        if other is None:
            joined.append(Joined(record, (place,)))
        elif place < other:
            api, pnr = (other, place) if place in bookings else (place, other)
            whole, sources = _together(records[api], records[pnr])
            joined.append(Joined(whole, (place, other), sources))
    return joined


class _Index:
    """Records of passenger lists, found by what identifies."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, ...], list[tuple[int, TravellerRecord]]] = defaultdict(list)
        self._taken: set[int] = set()

    def add(self, place: int, record: TravellerRecord) -> None:
        for key in _keys(record):
            self._found[key].append((place, record))

    def take(self, record: TravellerRecord) -> int | None:
        """Find the counterpart of a record, and take it, so that nobody is joined twice."""
        for key in _keys(record):
            for place, other in self._found.get(key, ()):
                if place not in self._taken and _same(record, other):
                    self._taken.add(place)
                    return place
        return None


def _keys(record: TravellerRecord) -> Iterable[tuple[str, ...]]:
    point, person = record.crossing.point, record.traveller
    for number in _numbers(record):
        yield "document", point, number
    if person is not None and person.date_of_birth is not None:
        yield "born", point, person.date_of_birth.isoformat()
    if record.booking is not None and record.booking.locator is not None:
        yield "locator", point, record.booking.locator.upper()


def _numbers(record: TravellerRecord) -> list[str]:
    return [_plain(one.number) for one in record.documents if one.number]


def _plain(number: str | None) -> str:
    return "".join(sign for sign in (number or "").upper() if sign.isalnum())


def _same(one: TravellerRecord, other: TravellerRecord) -> bool:
    if abs(one.crossing.expected_at - other.crossing.expected_at) > WITHIN:
        return False
    left, right = one.traveller, other.traveller
    named = same_person(_names(one), _names(other))
    if set(_numbers(one)) & set(_numbers(other)):
        return named or not _names(one) or not _names(other)
    if not named or left is None or right is None:
        return False
    if left.date_of_birth is not None and left.date_of_birth == right.date_of_birth:
        return True
    mine, theirs = one.booking, other.booking
    if mine is None or theirs is None or mine.locator is None or theirs.locator is None:
        return False
    return mine.locator.upper() == theirs.locator.upper()


def _names(record: TravellerRecord) -> frozenset[str]:
    person = record.traveller
    return frozenset() if person is None else words_of(person.surname, person.given_names)


def _together(api: TravellerRecord, pnr: TravellerRecord) -> tuple[TravellerRecord, dict[str, str]]:
    """Make one record of two, and tell its sources; its id is the booking's, which is pushed first and most often."""
    sources: dict[str, str] = {}
    facts: dict[str, Any] = {}
    for name in TravellerRecord.model_fields:
        mine, theirs = _sent(api, name), _sent(pnr, name)
        if name == "documents":
            facts[name] = _documents(api, pnr, sources)
        elif isinstance(mine, Block) and isinstance(theirs, Block):
            facts[name] = _block(name, mine, theirs, sources)
        elif mine is not None or theirs is not None:
            facts[name] = mine if mine is not None else theirs
            if isinstance(facts[name], Block):
                told = "API" if mine is not None else "PNR"
                sources.update({f"{name}.{one}": told for one in facts[name].model_fields_set})
    facts |= {
        "record_id": pnr.record_id,
        "source_system": f"{api.source_system}+{pnr.source_system}",
        "message_types_present": ("API", "PNR"),
        "messages_disagree": _disagreements(api, pnr),
    }
    return TravellerRecord.model_validate(facts), sources


def _sent(record: TravellerRecord, name: str) -> Any:
    return getattr(record, name) if name in record.model_fields_set else None


def _block(name: str, api: Block, pnr: Block, sources: dict[str, str]) -> dict[str, Any]:
    first, second = (("PNR", pnr), ("API", api)) if name in _BOOKING_COUNTS else (("API", api), ("PNR", pnr))
    merged: dict[str, Any] = {}
    for told, block in (second, first):
        for fact in block.model_fields_set:
            value = getattr(block, fact)
            if value is None:
                continue
            same = fact in merged and merged[fact] == value
            merged[fact] = value
            sources[f"{name}.{fact}"] = "API+PNR" if same else told
    return merged


def _documents(api: TravellerRecord, pnr: TravellerRecord, sources: dict[str, str]) -> tuple[Any, ...]:
    """The list's documents, completed from the booking's with the same number, and then the others."""
    merged: list[Any] = []
    left = list(pnr.documents)
    for mine in api.documents:
        theirs = next((one for one in left if _plain(one.number) and _plain(one.number) == _plain(mine.number)), None)
        if theirs is None:
            merged.append(mine)
            _note(sources, f"documents[{len(merged) - 1}]", mine, "API")
            continue
        left.remove(theirs)
        facts = _block(f"documents[{len(merged)}]", mine, theirs, sources)
        merged.append(facts)
    for one in left:
        merged.append(one)
        _note(sources, f"documents[{len(merged) - 1}]", one, "PNR")
    return tuple(merged[:10])


def _note(sources: dict[str, str], path: str, document: Document, told: str) -> None:
    sources.update({f"{path}.{fact}": told for fact in document.model_fields_set})


def _disagreements(api: TravellerRecord, pnr: TravellerRecord) -> tuple[Disagreement, ...]:
    """Facts that both messages state, and differently."""
    found: list[str] = []
    mine, theirs = api.traveller, pnr.traveller
    if mine is not None and theirs is not None:
        pairs = {
            "birth": (mine.date_of_birth, theirs.date_of_birth),
            "nationality": (mine.nationality, theirs.nationality),
            "gender": (mine.gender, theirs.gender),
        }
        found += [name for name, (one, two) in pairs.items() if None not in {one, two} and one != two]
    shared = [
        (one, two)
        for one in api.documents
        for two in pnr.documents
        if _plain(one.number) and _plain(one.number) == _plain(two.number)
    ]
    if any(
        None not in {one.expiry_date, two.expiry_date} and one.expiry_date != two.expiry_date for one, two in shared
    ):
        found.append("expiry")
    kinds = {one.type for one in api.documents if one.number} & {one.type for one in pnr.documents if one.number}
    if kinds and not shared:
        found.append("document")
    return tuple(cast("Disagreement", name) for name in sorted(found))
