"""From what a record says to the keys of the memory: numbers that stay equal for equal facts and tell nothing else."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from features.minor import under_age
from features.record import TravellerRecord

Hasher = Callable[[str], str]
"""A keyed hash of a text, as at least 16 hexadecimal digits."""

SHORT_STAY_DAYS = 3
"""Longest stay that counts as short."""
OWN = "extra."
"""Begins the kinds of an agency's own keys, so that none meets one of the record's."""

_APART = "\x1f"
_HEX_DIGITS = 16


class Crossing(NamedTuple):
    """One crossing as the memory knows it: hashes and two flags.

    Attributes:
        at: moment of scoring [seconds since 1970].
        who: the person by birth date and initials, or by document where those are not known; tells identities apart.
        traveller: the person by document, or by name and birth date where there is none; finds own earlier crossings.
        booking: the reservation; for a crossing without one, traveller, day and place.
        has_party: whether ``booking`` is a reservation that others may be on.
        keys: kind of key -> key, for what the record gives.
        minor: whether the traveller is under 18.
        short_stay: whether the stay is at most :data:`SHORT_STAY_DAYS` days.
    """

    at: int
    who: int
    traveller: int
    booking: int
    has_party: bool
    keys: dict[str, int]
    minor: bool
    short_stay: bool


def crossing_of(
    record: TravellerRecord, at: int, hasher: Hasher, own: Mapping[str, str] = MappingProxyType({})
) -> Crossing | None:
    """Take from a record what is remembered of it.

    Args:
        record: a validated record.
        at: moment of scoring [seconds since 1970].
        hasher: keyed hash; its key decides which hashes can be compared.
        own: texts of an agency's own keys by kind (:meth:`features.memory.own.OwnKeys.texts`).

    Returns:
        The crossing; ``None`` of crew, who are not scored, and where nothing can be remembered. A record that tells
        neither document nor person is remembered under an agency's own keys alone, as a person of its own.

    >>> from features.examples import traveller
    >>> one = crossing_of(traveller(), 0, lambda text: hashlib.sha256(text.encode()).hexdigest())
    >>> sorted(one.keys)
    ['address', 'agency', 'document', 'email', 'phone', 'stay_address', 'traveller']
    """
    if record.traveller is not None and record.traveller.passenger_type == "C":
        return None
    document, (person, alike) = _document(record), _persons(record)
    traveller, who = document or person, alike or document
    own_keys = {kind: number(hasher, kind, _code(text)) for kind, text in own.items() if _code(text)}
    if traveller is None or who is None:
        return _of_nobody(record, at, hasher, own_keys) if own_keys else None
    booking, contact, stay = record.booking, record.contact, record.stay
    texts = {
        # whether a document has a second holder cannot be told where the first one is known by it alone
        "document": document if person else None,
        "phone": contact and contact.phone and re.sub(r"\D", "", contact.phone).lstrip("0"),
        "email": contact and contact.email and contact.email.strip().casefold(),
        "address": contact and contact.address and _plain(contact.address),
        "stay_address": stay and stay.address and _plain(stay.address),
        "agency": booking and booking.agency_id and _code(booking.agency_id),
        "traveller": traveller,
    }
    locator = booking and booking.locator
    if locator:
        made = booking.created_at.date().isoformat() if booking and booking.created_at else ""
        journey: tuple[str, ...] = ("booking", _code(locator), made)
    else:
        journey = ("crossing", traveller, record.crossing.expected_at.date().isoformat(), record.crossing.point)
    days = None if record.journey is None else record.journey.stay_days
    return Crossing(
        at=at,
        who=number(hasher, "who", who),
        traveller=number(hasher, "traveller", traveller),
        booking=number(hasher, *journey),
        has_party=bool(locator),
        keys={kind: number(hasher, kind, text) for kind, text in texts.items() if text} | own_keys,
        minor=bool(under_age(record)),
        short_stay=days is not None and days <= SHORT_STAY_DAYS,
    )


def _of_nobody(record: TravellerRecord, at: int, hasher: Hasher, keys: dict[str, int]) -> Crossing:
    """A record that names nobody: it is known by its id, which every push of it has."""
    one = number(hasher, "record", record.source_system or "", record.record_id)
    return Crossing(at, one, one, one, False, keys, False, False)


def number(hasher: Hasher, *parts: str) -> int:
    """Hash texts into a number of 63 bits, which every database can hold."""
    return int(hasher(_APART.join(parts))[:_HEX_DIGITS], 16) >> 1


def derived(kind: str, key: int) -> int:
    """Make of one key another that stands for something else about the same; needs no secret.

    >>> derived("escort", 1) == derived("escort", 1) != derived("checks", 1)
    True
    """
    digest = hashlib.blake2b(key.to_bytes(8, "big"), digest_size=8, person=kind.encode()[:16]).digest()
    return int.from_bytes(digest, "big") >> 1


def _document(record: TravellerRecord) -> str | None:
    main = record.documents[0] if record.documents else None
    if main is None or main.number is None:
        return None
    return f"{main.issuing_country or ''} {_code(main.number)}"


def _persons(record: TravellerRecord) -> tuple[str | None, str | None]:
    """The person exactly, and loosely; ``None`` twice where name or birth date is not known.

    Exactly: all words of the name in any order, and the birth date. Loosely: the initials of these words, and the birth
    date with day and month in any order. Spellings and exchanged dates are the usual defects of such data, and must not
    make a second holder of a document.
    """
    person = record.traveller
    if person is None or person.date_of_birth is None:
        return None, None
    born, name = person.date_of_birth, f"{person.surname or ''} {person.given_names or ''}"
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    words = sorted(re.findall("[A-Z]+", plain.upper()) or name.upper().split())
    if not words:
        return None, None
    low, high = sorted((born.day, born.month))
    initials = "".join(word[0] for word in words)
    return f"{' '.join(words)} {born.isoformat()}", f"{initials} {born.year} {low} {high}"


def _code(text: str) -> str:
    """Write a number or code without what differs between senders.

    >>> _code("a-12 34")
    'A1234'
    """
    return re.sub(r"\W", "", text).upper()


def _plain(text: str) -> str:
    """Write an address without what differs between senders.

    >>> _plain("PO Box 1,  Nairobi")
    'po box 1 nairobi'
    """
    return " ".join(re.findall(r"\w+", text.casefold()))
