"""One function reads every kind, whatever is done to the bytes; what is never stored is nowhere afterwards."""

import json
import random
import time

import pytest

from riskapi.errors import ServiceError
from riskapi.messages.kinds import KINDS, read_message
from tests.riskapi.messages import wire
from tests.riskapi.messages.test_gtas import profile, summary
from tests.riskapi.messages.wire import BRACKETS, MARKED, Pushed, as_telex, list_segments, push_segments, written

CROSSING = {"mode": "land", "point": "LIBOI", "direction": "in", "expected_at": "2026-03-14T09:40:00Z"}
MANIFEST = {
    "CarrierType": "AIR",
    "ArrivalPortCode": "NBO",
    "ScheduledDateOfArrival": "2026-03-14",
    "ScheduledTimeOfArrival": "09:40:00",
    "PassengerList": [{"PoavKey": "a", "Age": "34", "Meal": MARKED}, {"PoavKey": "b"}],
}
SAMPLES = {
    "list": written(list_segments()),
    "list as telex": as_telex(written(list_segments(), BRACKETS)),
    "us list": written(wire.us_list_segments()),
    "push": written(push_segments(Pushed(), Pushed(locator="OTHERX", changed=True, split=True))),
    "push as telex": as_telex(written(push_segments())),
    "both": written(list_segments()) + written(push_segments()),
    "manifest": json.dumps(MANIFEST),
    "summaries": json.dumps({"messageSummaryList": [summary()]}),
    "profiles": json.dumps({"profiles": [profile()]}),
    "zones": "\n".join(wire.SPECIMEN.values()),
    "zones in JSON": json.dumps({"crossing": CROSSING, "zones": list(wire.SPECIMEN.values())}),
}
EXPECTED = {
    "list": ("paxlst", 3, 0),
    "list as telex": ("paxlst", 3, 0),
    "us list": ("paxlst", 3, 0),
    "push": ("pnrgov", 4, 2),
    "push as telex": ("pnrgov", 2, 1),
    "both": ("paxlst+pnrgov", 5, 1),
    "manifest": ("voyage-manifest", 2, 0),
    "summaries": ("gtas-summaries", 1, 1),
    "profiles": ("gtas-profiles", 1, 0),
    "zones": ("zones", 5, 0),
    "zones in JSON": ("zones", 5, 0),
}
MUTATIONS = 5000
SECONDS_MAX = 2.0
"""For one message of a few kilobytes, on a machine that does other things too."""


@pytest.mark.parametrize("name", SAMPLES)
def test_the_kind_is_found_by_what_a_body_holds(name):
    """And persons and bookings are counted."""
    message = read_message(SAMPLES[name].encode(), crossing=CROSSING)
    assert (message.kind, message.persons, message.bookings) == EXPECTED[name]
    assert len(message.records) == message.persons


@pytest.mark.parametrize("name", SAMPLES)
def test_r2_what_is_never_stored_is_nowhere_in_records_and_findings(name):
    """Meals, assistance, free text, places of birth, card numbers: none of the marked content is left."""
    message = read_message(SAMPLES[name].encode(), crossing=CROSSING)
    assert MARKED in SAMPLES[name] or name not in {"list", "push", "summaries"}
    assert MARKED not in repr(message)
    assert "AVML" not in repr(message)
    assert "WCHR" not in repr(message)


def test_the_table_of_kinds_names_what_an_unknown_body_may_be():
    """The error lists what is read here."""
    for raw in (b"", b"hello", b"{}", b"[1]", b"<xml/>", b"\x00\xff", b"UN"):
        with pytest.raises(ServiceError) as caught:
            read_message(raw)
        problems = getattr(caught.value, "problems", ())
        assert not problems or all(kind.says in problems[0].rule for kind in KINDS.values())


def test_a_kind_that_is_asked_for_is_not_guessed():
    """JSON that was announced as EDIFACT is none."""
    with pytest.raises(ServiceError):
        read_message(SAMPLES["manifest"].encode(), "edifact")


def mutated(raw, rng):
    """Change a message as no standard foresees."""
    data = bytearray(raw)
    for _ in range(rng.choice((1, 1, 2, 5, 20))):
        at, to = sorted(rng.randrange(len(data) + 1) for _ in range(2)) if data else (0, 0)
        match rng.randrange(7):
            case 0:
                del data[at : min(to, at + 30)]
            case 1:
                data[at:at] = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 8)))
            case 2:
                data[at:at] = data[at : min(to, at + 200)]
            case 3:
                data[at : at + 1] = rng.choice([b"'", b"+", b":", b"?", b"\n", b"/", b"<", b'"', b"}", b"\xe2\x80\x99"])
            case 4:
                del data[at:]
            case 5:
                data[at : at + 6] = rng.choice([b"999999", b"000000", b"UNB+UN", b"UNA:+.", b"TIF+A+", b"-1:-1:"])
            case 6 if at < len(data):
                data[at] ^= 1 << rng.randrange(8)
    return bytes(data)


def test_r38_no_mutation_breaks_a_reader():
    """Errors that are documented, in bounded time, and nothing of the values in findings."""
    rng = random.Random(20260314)
    names = list(SAMPLES)
    read = slowest = 0
    for number in range(MUTATIONS):
        raw = mutated(SAMPLES[names[number % len(names)]].encode(), rng)
        began = time.perf_counter()
        try:
            message = read_message(raw, crossing=CROSSING)
        except ServiceError:
            continue
        finally:
            slowest = max(slowest, time.perf_counter() - began)
        read += 1
        assert "WARSAME" not in repr(message.findings)
        assert len(message.entries) <= message.persons
        assert len({record.record_id for record in message.records}) == len(message.records)
    assert read > MUTATIONS / 4
    assert slowest < SECONDS_MAX


def flood(name):
    """Make a body of a quarter of a megabyte that is long where readers look again and again."""
    head, size = "UNB+UNOA:4+A+B'UNH+1+PNRGOV:13:1:IA'TVL+140326:0750:140326:0940+MGQ+NBO+KQ+416'", 250_000
    people = "SRC'RCI+KQ:ABC'" + "".join(f"TIF+NAME{place}+ANN:A:{place}'" for place in range(2000))
    return {
        "blanks": "UNB+UNOA:4+A" + "\x0c" * size + "'",
        "terminators": head + "'" * size,
        "elements": head + "SSR" + "+" * size + "'",
        "components": head + "SSR+" + ":" * size + "'",
        "released": head + "IFT+4:28::KQ+" + "?'" * (size // 2) + "'",
        "starts": "UNB+UNOA:4+A'" * (size // 13),
        "announced": "UNA:+.? 'UNB+X'" * (size // 15),
        "quotes": head + "\N{RIGHT SINGLE QUOTATION MARK} " * (size // 4) + "'",
        "address": head + "SRC'RCI+KQ:ABC'IFT+4:28::KQ+CTCE " + "A" * size + "//'",
        "telephone": head + "SRC'RCI+KQ:ABC'ADD++700:1:2:3:4:5:6:" + "1 " * (size // 2) + "'",
        "requests": head + people + "SSR+DOCS:HK:1:KQ:::::/P/KEN/A1/KEN/02MAY91/F/31JAN31/NAME1/ANN'" * 3000,
        "seats": head + people + "TVL+140326:0750:140326:0940+MGQ+NBO+KQ+416'" + "TRI++1:::9'SSD+12A'" * 10_000,
        "findings": head + people + "FOP+XX'" * 35_000,
        "names": head + "SRC'RCI+KQ:ABC'TIF+" + "A " * (size // 2) + "+" + "B" * size + "MR:A:1'",
        "list": "UNB+UNOA:4+A'UNH+1+PAXLST:D:05B:UN:IATA'TDT+20+KQ416'LOC+87+NBO'DTM+232:2603140940:201'"
        + "NAD+FL+++A:B'" * 20_000,
        "slashes": head + "SRC'RCI+KQ:ABC'TIF+A+B:A:1'SSR+DOCS:HK:1:KQ:::::" + "/" * size + "'",
        "zones": "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\n" * (size // 45),
    }[name]


FLOODS = (
    "blanks terminators elements components released starts announced quotes address telephone requests seats findings "
    "names list slashes zones"
)


@pytest.mark.parametrize("name", FLOODS.split())
def test_a_flood_takes_bounded_time(name):
    """What is long where readers look again and again is read or refused in seconds."""
    raw = flood(name).encode()
    began = time.process_time()
    try:
        read_message(raw, crossing=CROSSING)
    except ServiceError as error:
        assert error.problems  # noqa: PT017 - both ways are right
    assert time.process_time() - began < 3 * SECONDS_MAX
