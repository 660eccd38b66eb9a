"""Segments from whatever came: any separators, any wrapping, with the place of what is wrong."""

import pytest

from riskapi.errors import InvalidBodyError
from riskapi.messages.base import Findings
from riskapi.messages.edifact import messages, segments, text
from riskapi.messages.edifact.messages import edifact_messages
from riskapi.messages.edifact_reader import read_edifact
from tests.riskapi.messages.wire import (
    BRACKETS,
    DASHES,
    PLAIN,
    STARS,
    Signs,
    as_telex,
    list_segments,
    us_list_segments,
    written,
)

CONTROLS = Signs("\x1f", "\x1d", "", "\x1c")
LINES = Signs(":", "+", "?", "\n")


def elements(raw):
    """Read a message down to its components."""
    findings = Findings()
    found = edifact_messages(raw if isinstance(raw, bytes) else raw.encode(), findings)
    return [(one.type, [(part.tag, part.parts) for part in one.segments]) for one in found]


CLEAN = elements(written(list_segments()))


@pytest.mark.parametrize("signs", [PLAIN, STARS, DASHES, BRACKETS, LINES, CONTROLS, Signs(";", "|", "\\", "~")])
@pytest.mark.parametrize("una", [True, False])
def test_any_separators_are_read_announced_or_not(signs, una):
    """The same segments come out, whichever signs part them; without UNA, release is a question mark."""
    if not una and signs.release == "\\":
        pytest.skip("what releases can only be announced")
    assert elements(written(list_segments(), signs, una=una)) == CLEAN


@pytest.mark.parametrize(
    "change",
    [
        as_telex,
        lambda text: as_telex(text, 20),
        lambda text: text.replace("'", "'\r\n"),
        lambda text: text.replace("'", " ' \r\n\t"),
        lambda text: text.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}"),
        lambda text: text.replace("'", "\N{LEFT SINGLE QUOTATION MARK}\n"),
        lambda text: text.replace("'", "`\n"),
        lambda text: text.replace("UNG+", "UNG +"),
        lambda text: text[:-1],
        lambda text: text.partition("UNZ")[0],
        lambda text: "Dear all,\nplease find the list.\n\n" + text + "\nRegards, UNA\n",
        lambda text: "\ufeff" + text,
        lambda text: text.replace("UNG+PAXLST+KQ:ZZ+KEAPIS:ZZ+260314:0600+1+UN+D:05B'", "").replace("UNE+1+1'", ""),
    ],
)
def test_what_mail_and_telex_do_changes_nothing(change):
    """Headers, footers, wraps, blanks, quotes, groups and a lost end are passed over."""
    assert elements(change(written(list_segments()))) == CLEAN


def test_names_keep_their_apostrophes_and_released_signs():
    """A typographic quote inside of a name is part of the name, and so is a released sign."""
    people = [
        ["NAD+FL+++O\N{RIGHT SINGLE QUOTATION MARK}NEIL:ANN"],
        ["NAD+FL+++O?'NEIL:A?+B?:C"],
        ["NAD+FL+++WHAT??:ANN"],
    ]
    read = read_edifact(written(list_segments(persons=people)).encode())
    names = [(one.traveller.surname, one.traveller.given_names) for one in read.records]
    assert names == [("O\N{RIGHT SINGLE QUOTATION MARK}NEIL", "ANN"), ("O'NEIL", "A+B:C"), ("WHAT?", "ANN")]


@pytest.mark.parametrize(
    ("identifier", "encoding"),
    [("UNOC:3", "latin-1"), ("UNOC:3", "utf-8"), ("UNOA:4", "cp1252"), ("UNOW:4", "utf-8"), ("UNOE:3", "iso8859-5")],
)
def test_names_are_read_in_the_character_set_of_the_message(identifier, encoding):
    """UTF-8 is recognised; else the syntax identifier says how to read."""
    name = "НДЕГВА" if encoding == "iso8859-5" else "NDÉGWA"
    sent = written(list_segments(persons=[[f"NAD+FL+++{name}:ANN"]])).replace("UNOA:4", identifier)
    assert read_edifact(sent.encode(encoding)).records[0].traveller.surname == name


def test_utf_16_is_read_by_its_mark():
    """An office program may have saved the message so."""
    assert elements(written(list_segments()).encode("utf-16")) == CLEAN


@pytest.mark.parametrize(
    "advice", ["UNA:+\\*'\r\n", "UNA:+.?'", "UNA:+.? '~", "UNA::.? '", "UNA:+.+ '", "UNA: .? '", "UNA\n:+.? '"]
)
def test_a_una_that_does_not_have_six_signs_is_told_with_its_place(advice):
    """Nothing is guessed where a message contradicts itself; the error says where and what to do."""
    sent = "QP NBOKQXS\r\n.MGQ 140600\r\n" + advice + written(list_segments(), una=False)
    with pytest.raises(InvalidBodyError) as caught:
        read_edifact(sent.encode())
    (problem,) = caught.value.problems
    assert problem.place == "segment 1 (UNA), line 3"
    assert "UNA" in problem.remedy


def test_a_una_that_lies_is_not_believed():
    """Six signs that are well formed, and a message that uses others."""
    assert elements("UNA:*.? $" + written(list_segments(), una=False)) == CLEAN


def test_several_interchanges_are_read_and_a_broken_one_is_told():
    """One file holds what came in a night."""
    good = written(list_segments())
    sent = good + "\r\n\r\nFrom: somebody\r\n" + "UNA:+.?'" + written(list_segments(), una=False) + "\r\n" + good
    read = read_edifact(sent.encode())
    assert (read.persons, len(read.records)) == (6, 3)
    assert [finding.place for finding in read.findings] == ["segment 1 (UNA), line 4"]


def test_findings_name_segment_and_line():
    """The line is that of what was sent, wherever telex broke it."""
    sent = written(list_segments(persons=[["NAD+FL+++WARSAME:AMINA", "DTM+329:991399"]]), line="\r\n")
    lines = sent.splitlines()
    (finding,) = [one for one in read_edifact(("HEADER\r\n" + sent).encode()).findings if "DTM" in one.place]
    wanted = next(number for number, line in enumerate(lines, start=2) if line.startswith("DTM+329"))
    assert finding.place.endswith(f"(DTM), line {wanted}")


def test_trailers_that_count_otherwise_are_told():
    """A list that was cut in the middle shows in its own numbers."""
    sent = list_segments(people=2)
    del sent[-10:-5]
    rules = [finding.rule for finding in read_edifact(written(sent).encode()).findings]
    assert "UNT tells the number of segments of its message" in rules


def test_a_message_without_its_end_is_told_and_read():
    """A telex that stopped in the middle of the second traveller."""
    sent = written(list_segments(people=2)).partition("WARSAMEB")[0] + "WARSAMEB"
    read = read_edifact(sent.encode())
    assert read.persons == 2
    assert "a message ends with UNT" in [finding.rule for finding in read.findings]


@pytest.mark.parametrize("raw", [b"", b"hello", b"UNB", b"UNB+", b"UNH+1", b"UNA", b"UNB+UNOA:4'", b"\x00" * 100])
def test_what_is_no_message_is_one_clear_error(raw):
    """There is nothing in it that could be read."""
    with pytest.raises(InvalidBodyError) as caught:
        read_edifact(raw)
    assert caught.value.problems


def test_bounds_are_looked_at_first(monkeypatch):
    """Size, segments and messages."""
    sent = written(list_segments()).encode()
    monkeypatch.setattr(text, "MAX_BYTES", 100)
    with pytest.raises(InvalidBodyError):
        read_edifact(sent)
    monkeypatch.undo()
    monkeypatch.setattr(segments, "MAX_SEGMENTS", 20)
    with pytest.raises(InvalidBodyError):
        read_edifact(sent)
    monkeypatch.undo()
    monkeypatch.setattr(messages, "MAX_MESSAGES", 1)
    read = read_edifact(sent + sent)
    assert read.persons == 3
    assert "at most 1 messages" in [finding.rule for finding in read.findings]


def test_a_list_without_its_envelope_is_read():
    """Somebody copied the middle of a message."""
    body = [one for one in list_segments() if one[:3] not in {"UNB", "UNG", "UNE", "UNZ"}]
    assert read_edifact(written(body, una=False).encode()).persons == 3


def test_the_us_form_is_read():
    """One PDT segment for each traveller; times with their zone."""
    read = read_edifact(written(us_list_segments()).encode())
    assert [one.traveller.passenger_type for one in read.records] == ["P", "C", "I"]
    first, crew, through = read.records
    assert first.crossing.expected_at.isoformat() == "2026-03-14T13:00:00+00:00"
    assert first.documents[0].issuing_country == "KEN"
    assert crew.traveller.surname == "O'NEIL"
    assert (through.crossing.direction, through.documents[0].type) == ("transit", "V")
    assert [leg.destination for leg in through.journey.legs] == ["JFK", "YUL"]
