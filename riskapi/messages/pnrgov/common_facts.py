"""What a booking says of all its travellers: locator, dates, agency, payment, contact."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from riskapi.messages.base import Findings
from riskapi.messages.countries import country
from riskapi.messages.edifact.dates import near_date, time_of
from riskapi.messages.edifact.messages import EdifactMessage
from riskapi.messages.edifact.segments import Segment
from riskapi.messages.names import words_of
from riskapi.messages.pnrgov.requests import Class, class_of, email_of, phone_of, text_of

_PAYMENTS = {
    "CC": "CC",
    "CA": "CA",
    "CK": "CK",
    "MS": "MS",
    "GR": "GR",
    "DP": "DP",
    "VO": "VOC",
    "VOC": "VOC",
    "EX": "MS",
}
_OLD_PAYMENT = "2"
_CREATED, _TICKETED = (3, 4), "710"
_OSI, _SPONSOR = "28", "43"
_TEXT_MAX = 200
"""Characters of a free text that are looked at for ways of contact."""
_CONTACT = re.compile(r"\bCTC[A-Z]?\b|\bCTC ")
_EMAIL_DOMAINS = frozenset(
    {"gmail", "googlemail", "yahoo", "hotmail", "outlook", "live", "icloud", "aol", "msn", "mail", "gmx", "protonmail"}
)


@dataclass(slots=True)
class Shared:
    """Facts that hold for a booking, and again for one traveller of it where it says them there."""

    booking: dict[str, Any] = field(default_factory=dict)
    contact: dict[str, Any] = field(default_factory=dict)
    dropped: set[str] = field(default_factory=set)
    """Names of what came and is never stored."""
    payer: frozenset[str] = frozenset()
    """Words of the sponsor's name; compared, never kept."""
    frequent_flyer: bool = False


class SegmentReader:
    """Reads the segments that a booking and its travellers have in common."""

    def __init__(self, message: EdifactMessage, near: datetime, findings: Findings) -> None:
        self._message = message
        self._near = near
        self._findings = findings

    def read(self, segments: list[Segment], shared: Shared) -> Shared:
        """Read segments into what is known already; what is said later and further in counts."""
        for segment in segments:
            reader = _READERS.get(segment.tag)
            if reader is not None:
                reader(self, segment, shared)
        return shared

    def locator(self, segment: Segment, shared: Shared) -> None:
        """RCI: locator, and when the booking was created (GMT)."""
        if shared.booking.get("locator") is None:
            shared.booking["locator"] = segment.get(0, 1) or None
        created = self._moment(segment, segment.get(0, _CREATED[0]), segment.get(0, _CREATED[1]))
        if created is None and segment.get(0, 2):  # one colon too few
            created = self._moment(segment, segment.get(0, 2), segment.get(0, 3))
        if created is not None:
            shared.booking["created_at"] = created

    def dates(self, segment: Segment, shared: Shared) -> None:
        """DAT: when the ticket was issued; 700 is the last change and no creation."""
        for place in range(len(segment)):
            if segment.get(place) == _TICKETED:
                moment = self._moment(segment, segment.get(place, 1), segment.get(place, 2))
                if moment is not None:
                    shared.booking["ticketed_at"] = moment

    def _moment(self, segment: Segment, day: str, clock: str) -> datetime | None:
        """Read a time in UTC; a day without a time would be wrong by up to a day, and is left out."""
        if not day or not clock:
            return None
        found = time_of(near_date(day, self._near.date(), day_first=True), clock)
        if found is None:
            self.reject(segment, "a date and a time, as in 140326:0940")
            return None
        return found.replace(tzinfo=UTC)

    def agency(self, segment: Segment, shared: Shared) -> None:
        """ORG: who made the booking."""
        if number := segment.get(1) or segment.get(1, 1):  # IATA number, or the office in the reservation system
            shared.booking["agency_id"] = number
        if code := segment.get(5):
            shared.booking["agency_country"] = country(code)

    def payment(self, segment: Segment, shared: Shared) -> None:
        """FOP: how the ticket was paid; the last that is not an old one of an exchange."""
        for place in range(len(segment)):
            code = segment.get(place).upper()
            if segment.get(place, 4):
                shared.dropped.add("booking.card_number")
            if not code or segment.get(place, 1) == _OLD_PAYMENT:
                continue
            method = _PAYMENTS.get(code)
            if method is None:
                self.reject(segment, f"one of {', '.join(_PAYMENTS)}")
            else:
                shared.booking["payment_method"] = method

    def address(self, segment: Segment, shared: Shared) -> None:
        """ADD: address, with a telephone number at its end."""
        for place in range(1, len(segment)):
            parts = segment.components(place)
            street = [part for part in parts[1:7] if part]
            if len(street) > 1:
                shared.contact.setdefault("address", ", ".join(street)[:200])
            phone = next((found for part in parts[7:10] if (found := phone_of(part[:_TEXT_MAX]))), None)
            if phone is not None:
                shared.contact.setdefault("phone", phone)

    def text(self, segment: Segment, shared: Shared) -> None:
        """IFT: ways of contact and the payer's name are made use of; the texts are dropped."""
        kind, words = segment.get(0, 1), [segment.get(place)[:_TEXT_MAX] for place in range(1, min(len(segment), 10))]
        if kind == _SPONSOR:
            shared.payer = shared.payer or words_of(words[0] if words else None)
            shared.dropped.add("booking.card_holder")
            return
        text = " ".join(words)
        if kind == _OSI and _CONTACT.search(text):
            self._contact(text, shared)
        shared.dropped.add("osi" if kind == _OSI else "free_text")

    def request(self, segment: Segment, shared: Shared) -> None:
        """SSR: ways of contact; what is never kept is dropped."""
        kind = class_of(segment)
        if kind in {Class.PHONE, Class.EMAIL}:
            self._contact(f"{segment.get(0)} {text_of(segment)[:_TEXT_MAX]}", shared)
        elif kind is Class.FREQUENT_FLYER:
            self.frequent_flyer(segment, shared)
        elif kind in {Class.MEAL, Class.ASSISTANCE, Class.OTHER}:
            shared.dropped.add(kind.value)

    def frequent_flyer(self, _segment: Segment, shared: Shared) -> None:
        """FTI: that there is a card; its number is dropped."""
        shared.frequent_flyer = True
        shared.dropped.add("traveller.frequent_flyer_number")

    def _contact(self, text: str, shared: Shared) -> None:
        email = email_of(text) if "//" in text or "@" in text else None
        if email is not None:
            shared.contact["email"] = email
            if email.partition("@")[2].partition(".")[0] in _EMAIL_DOMAINS:
                shared.contact["email_class"] = "free"
        elif phone := phone_of(text):
            shared.contact["phone"] = phone

    def reject(self, segment: Segment, rule: str) -> None:
        """Tell that a segment breaks the rule of what it says."""
        self._findings.add(self._message.place(segment), rule, "The travellers are scored without it.")


_READERS = {
    "RCI": SegmentReader.locator,
    "DAT": SegmentReader.dates,
    "ORG": SegmentReader.agency,
    "FOP": SegmentReader.payment,
    "ADD": SegmentReader.address,
    "IFT": SegmentReader.text,
    "SSR": SegmentReader.request,
    "FTI": SegmentReader.frequent_flyer,
}
