"""Special service requests (SSR): identity documents, infants and unaccompanied minors; all else is dropped.

Meals and assistance tell of religion and health. The names of their classes are not kept either: a record says no more
than that such a thing came and was dropped.
"""

import re
from datetime import date
from enum import Enum
from typing import Any, NamedTuple

from riskapi.messages.countries import country
from riskapi.messages.documents import document_type
from riskapi.messages.edifact.dates import birth_date, near_date
from riskapi.messages.edifact.segments import Segment


class Class(Enum):
    """What may be made of a request."""

    DOCUMENT = "documents"
    VISA = "visas"
    INFANT = "infant"
    MINOR = "unaccompanied minor"
    SEAT = "seat"
    FREQUENT_FLYER = "frequent_flyer_number"
    PHONE = "phone"
    EMAIL = "email"
    MEAL = "meals"
    ASSISTANCE = "assistance"
    OTHER = "ssr"


_CLASSES = {
    "DOCS": Class.DOCUMENT,
    "DOCO": Class.VISA,
    "INFT": Class.INFANT,
    "UMNR": Class.MINOR,
    "SEAT": Class.SEAT,
    "NSST": Class.SEAT,
    "NSSA": Class.SEAT,
    "NSSW": Class.SEAT,
    "RQST": Class.SEAT,
    "FQTV": Class.FREQUENT_FLYER,
    "CTCM": Class.PHONE,
    "CTCE": Class.EMAIL,
}
_ASSISTANCE = re.compile(r"WCH\w|WC\w\w|BLND|DEAF|DPNA|MEDA|STCR|MAAS|OXYG|PPOC|ESAN|SVAN|LANG|LEGL|LEGR|LEGB|PRMD")
_GENDERS = {"M": "M", "MI": "M", "F": "F", "FI": "F", "X": "X", "XI": "X", "U": "U", "UI": "U"}
_FREE_TEXT = 8
_DAY = re.compile(r"\d{1,2}[A-Z]{3}\d{2}(?:\d{2})?")
_PHONE = re.compile(r"\+?\d[\d ()./-]{5,24}")


def class_of(segment: Segment) -> Class:
    """Sort a request by its code.

    >>> [class_of(Segment(f"SSR+{code}:HK:1:KQ")).value for code in ("DOCS", "AVML", "WCHR", "PETC")]
    ['documents', 'meals', 'assistance', 'ssr']
    """
    code = segment.get(0).upper()
    found = _CLASSES.get(code)
    if found is not None:
        return found
    if len(code) == len("AVML") and code.endswith("ML"):
        return Class.MEAL
    return Class.ASSISTANCE if _ASSISTANCE.fullmatch(code) else Class.OTHER


def text_of(segment: Segment) -> str:
    """The text of a request, whose place differs by carrier."""
    parts = segment.components(0)
    if len(parts) > _FREE_TEXT and parts[_FREE_TEXT]:
        return ":".join(parts[_FREE_TEXT:])
    return parts[-1] if len(parts) > _FREE_TEXT // 2 and "/" in parts[-1] else ""


def refs_of(segment: Segment) -> list[tuple[str, str]]:
    """Seat and reference of each traveller whom a request is about."""
    return [(segment.get(place), segment.get(place, 2) or segment.get(place, 3)) for place in range(1, len(segment))]


class DocumentText(NamedTuple):
    """What a DOCS text says: facts of the document and of its holder, and the holder's name."""

    document: dict[str, Any]
    traveller: dict[str, Any]
    surname: str
    given: str
    is_infant: bool


def read_docs(text: str, day: date) -> DocumentText | None:
    """Read the text of DOCS: /kind/issuer/number/nationality/birth/gender/expiry/surname/given names.

    Carriers leave slashes out or send one too many; the gender, or else the date of birth, shows where the others are.

    >>> found = read_docs("/P/GBR/123456789/GBR/12JUL64/M/23AUG19/SMITH/JOHN/ROBERT", date(2010, 12, 12))
    >>> found.document["number"], found.traveller["gender"], found.given
    ('123456789', 'M', 'JOHN ROBERT')
    """
    fields = [part.strip().upper() for part in text.split("/")]
    at = next((place for place in range(3, min(len(fields), 9)) if fields[place] in _GENDERS), None)
    if at is None:
        born_at = next((place for place in range(2, min(len(fields), 8)) if _DAY.fullmatch(fields[place])), None)
        at = 6 if born_at is None else born_at + 1
    shift = at - 6
    if len(fields) + abs(shift) < 4:  # noqa: PLR2004 - kind, issuer and number at least
        return None

    def get(place: int) -> str:
        place += shift
        return fields[place] if 0 <= place < len(fields) else ""

    kind = get(1)
    expires = get(7)
    gender = get(6)
    return DocumentText(
        {
            "type": (document_type(kind) or "O") if kind else None,
            "issuing_country": country(get(2)),
            "number": get(3) or None,
            "expiry_date": near_date(expires, day, day_first=True),
        },
        {
            "nationality": country(get(4)),
            "date_of_birth": birth_date(get(5), day, day_first=True),
            "gender": _GENDERS.get(gender),
        },
        get(8),
        " ".join(filter(None, (get(9), get(10)))),
        gender.endswith("I") and len(gender) == len("MI"),
    )


def read_doco(text: str, day: date) -> dict[str, Any] | None:
    """Read the text of DOCO: /place of birth/kind/number/place of issue/date of issue/country. The place is dropped.

    >>> read_doco("/X/V/8675309/NAIROBI/22DEC24/SO", date(2026, 3, 14))
    {'type': 'V', 'number': '8675309', 'issue_date': datetime.date(2024, 12, 22)}
    """
    fields = [part.strip().upper() for part in text.split("/")]
    at = next((place for place in (2, 1) if len(fields) > place + 1 and fields[place] in {"V", "K", "R"}), None)
    if at is None:
        return None
    issued = next((part for part in fields[at + 2 :] if _DAY.fullmatch(part)), "")
    return {
        "type": "R" if fields[at] == "R" else "V",
        "number": fields[at + 1] or None,
        "issue_date": near_date(issued, day, day_first=True),
    }


def email_of(text: str) -> str | None:
    """Read an e-mail address as reservation systems write it.

    >>> email_of("CTCE A.WARSAME//EXAMPLE.ORG"), email_of("A..B//EXAMPLE.ORG"), email_of("none")
    ('a.warsame@example.org', 'a_b@example.org', None)
    """
    plain = text.upper().partition("CTCE")[2] or text
    plain = plain.strip(" -/").replace("//", "@").replace("..", "_").replace("./", "-")
    found = re.search(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", plain)
    return found[0].lower() if found else None


def phone_of(text: str) -> str | None:
    """Find a telephone number in a text.

    >>> phone_of("CTCM 254700000000"), phone_of("CTCT SEA 866 746-4647 AGENCY"), phone_of("none")
    ('254700000000', '866 746-4647', None)
    """
    found = _PHONE.search(text)
    return found[0].strip(" -./(") if found else None
