"""What came as EDIFACT read into records, whichever of the two messages it holds, or both."""

from riskapi.errors import InvalidBodyError
from riskapi.messages.base import Entry, Findings, Message, Voyage, distinct
from riskapi.messages.edifact.messages import EdifactMessage, edifact_messages
from riskapi.messages.joining import join
from riskapi.messages.paxlst.reader import read_list
from riskapi.messages.paxlst.us_variant import is_us_variant, read_us_list
from riskapi.messages.pnrgov.reader import Pushed
from riskapi.messages.versions import versions_of

PAXLST, PNRGOV = "paxlst", "pnrgov"


def read_edifact(raw: bytes) -> Message:
    """Read passenger lists and pushed bookings.

    Args:
        raw: as it arrived, with headers of telex and mail around it.

    Returns:
        One entry for each traveller of each crossing: of several pushes the last, of list and booking both together.

    Raises:
        InvalidBodyError: no message of either kind can be read.
    """
    findings = Findings()
    messages = edifact_messages(raw, findings)
    entries: list[Entry] = []
    voyages: list[Voyage] = []
    persons = bookings = 0
    kinds = []
    for message in messages:
        kind = _kind(message)
        if kind == PNRGOV:
            pushed = Pushed(message, findings, persons, bookings)
            found, count, voyage = pushed.entries, pushed.persons, pushed.voyage
            bookings += pushed.bookings
        elif kind == PAXLST:
            read = read_us_list if is_us_variant(message) else read_list
            found, count, voyage = read(message, findings, persons)
        else:
            findings.add(f"message {message.number}", "PAXLST or PNRGOV", "Messages of another kind are not read.")
            continue
        kinds.append(kind)
        entries += found
        persons += count
        voyages += [voyage] if voyage is not None else []
    if not voyages:
        raise InvalidBodyError(findings.all())
    entries = [
        one.source._replace(record=one.record) for one in versions_of((entry.record, entry) for entry in entries)
    ]
    if len(set(kinds)) > 1:
        entries = _joined(entries)
    return Message("+".join(dict.fromkeys(kinds)), distinct(voyages), tuple(entries), persons, bookings, findings.all())


def _joined(entries: list[Entry]) -> list[Entry]:
    """Put lists and bookings of one body together."""
    whole = []
    for joined in join([entry.record for entry in entries]):
        parts = [entries[place] for place in joined.places]
        booking = next((part.booking for part in parts if part.booking is not None), None)
        place = " and ".join(part.place for part in parts)
        whole.append(Entry(joined.record, parts[0].number, place, booking, joined.sources))
    return whole


def _kind(message: EdifactMessage) -> str | None:
    if message.type in {"PAXLST", "PNRGOV"}:
        return message.type.lower()
    tags = {segment.tag for segment in message.segments}
    if tags & {"TIF", "RCI"}:
        return PNRGOV
    return PAXLST if tags & {"NAD", "PDT"} and "TDT" in tags else None
