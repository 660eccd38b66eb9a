"""Hostile bodies of one record, generated from tables: what is refused, and what only looks as if.

Every body carries :data:`MARK` wherever it can, so that a search finds any part of it that comes back.
"""

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from features.examples import EXAMPLE_RECORD

MARK = "ZZSECRETZZ"
Path = tuple[str | int, ...]

NUMBERS: tuple[Path, ...] = (
    ("traveller", "age_years"),
    ("journey", "stay_days"),
    ("booking", "changes_count"),
    ("booking", "name_changes_count"),
    ("booking", "party_size"),
    ("baggage", "count"),
    ("baggage", "weight_kg"),
    ("history", "crossings_12_months"),
    ("history", "days_since_last"),
    ("history", "confirmed_benign_crossings"),
    ("extra", "tax"),
)
NO_NUMBERS = {
    "not a number": "NaN",
    "infinity": "Infinity",
    "minus infinity": "-Infinity",
    "beyond a double": "1e999",
    "minus beyond a double": "-1e999",
    "5,000 digits": "9" * 5000,
    "5,000 decimals": "0." + "0" * 5000 + "x",
    "leading zero": "01",
    "leading plus": "+1",
    "no whole part": ".5",
    "no fraction": "1.",
    "no exponent": "1e",
    "hexadecimal": "0x10",
    "underscore": "1_000",
    "two signs": "--1",
    "thousands": "1,000",
    "full-width digit": "\uff11",
    "arabic digit": "\u0663",
    "text": f'"{MARK}"',
    "digits in quotes": '"1"',
    "list": f'["{MARK}"]',
    "object": f'{{"{MARK}": 1}}',
    "beyond 2^53": str(2**53 + 1),
    "beyond 2^64": str(2**64),
    "largest double": "1.7976931348623157e308",
    "negative": "-1",
}
FLAGS: tuple[Path, ...] = (
    ("traveller", "frequent_flyer"),
    ("documents", 0, "data_verified"),
    ("journey", "has_return"),
    ("booking", "is_split"),
    ("baggage", "is_pooled"),
    ("seat", "apart_from_party"),
    ("guardian", "on_booking"),
    ("upstream", "watchlist_hit"),
)
NO_FLAGS = {
    "zero": "0",
    "one": "1",
    "word": '"true"',
    "yes": '"yes"',
    "marked": f'"{MARK}"',
    "list": f'["{MARK}"]',
    "upper case": "TRUE",
}

DATES: tuple[Path, ...] = (
    ("traveller", "date_of_birth"),
    ("documents", 0, "issue_date"),
    ("documents", 0, "expiry_date"),
)
NO_DATES = {
    "no such day": '"2026-02-30"',
    "no such month": '"1999-13-01"',
    "year zero": '"0000-01-01"',
    "year 10000": '"10000-01-01"',
    "short": '"2026-1-1"',
    "slashes": '"31/12/1999"',
    "with a time": '"1999-12-31T23:00:00Z"',
    "number": "19991231",
    "seconds": "946684799",
    "empty": '""',
    "space": '" 1999-12-31"',
    "arabic digits": '"\u0661\u0669\u0669\u0669-\u0661\u0662-\u0663\u0661"',
    "marked": f'"{MARK}"',
    "list": f'["{MARK}"]',
}

TIMES: tuple[Path, ...] = (
    ("crossing", "expected_at"),
    ("booking", "created_at"),
    ("journey", "legs", 0, "departs_at"),
)
NO_TIMES = {
    "no zone": '"2026-03-14T09:40:00"',
    "day only": '"2026-03-14"',
    "seconds": "1773481200",
    "no such hour": '"2026-03-14T25:00:00Z"',
    "past midnight": '"2026-03-14T24:00:01Z"',
    "no such zone": '"2026-03-14T09:40:00+99:00"',
    "after the calendar": '"9999-12-31T23:59:59-23:59"',
    "before the calendar": '"0001-01-01T00:00:00+23:59"',
    "year zero": '"0000-01-01T00:00:00Z"',
    "empty": '""',
    "marked": f'"{MARK}"',
    "list": f'["{MARK}"]',
}

TEXTS: tuple[Path, ...] = (
    ("record_id",),
    ("traveller", "surname"),
    ("documents", 0, "number"),
    ("contact", "email"),
)
HIDDEN = {
    "NUL": "\x00",
    "BEL": "\x07",
    "backspace": "\b",
    "tab": "\t",
    "line feed": "\n",
    "carriage return": "\r",
    "carriage return, line feed": "\r\n",
    "escape": "\x1b",
    "red by ANSI": "\x1b[31m",
    "delete": "\x7f",
    "C1 next line": "\x85",
    "C1 control sequence": "\x9b31m",
    "soft hyphen": "\xad",
    "zero-width space": "\u200b",
    "word joiner": "\u2060",
    "byte order mark": "\ufeff",
    "line separator": "\u2028",
    "paragraph separator": "\u2029",
    "left-to-right embedding": "\u202a",
    "right-to-left embedding": "\u202b",
    "pop direction": "\u202c",
    "left-to-right override": "\u202d",
    "right-to-left override": "\u202e",
    "left-to-right isolate": "\u2066",
    "right-to-left isolate": "\u2067",
    "first-strong isolate": "\u2068",
    "pop isolate": "\u2069",
    "replacement character": "\ufffd",
    "noncharacter": "\uffff",
    "tag": "\U000e0041",
    "zalgo": "\u0337\u0321\u030d" * 7,
    "10,000 marks": "\u0301" * 10_000,
}
NO_TEXTS = {
    "empty": "",
    "blank": "   ",
    "no-break spaces": "\xa0\u2003\u3000",
    "201 characters": MARK.ljust(201, "x"),
    "60,000 characters": MARK.ljust(60_000, "x"),
}
NO_TEXT_VALUES = {
    "number": "7",
    "flag": "true",
    "list": f'["{MARK}"]',
    "object": f'{{"{MARK}": 1}}',
    "lone high surrogate": f'"{MARK}\\ud800"',
    "lone low surrogate": f'"{MARK}\\udc00"',
    "swapped surrogates": f'"{MARK}\\udc00\\ud800"',
    "broken escape": f'"{MARK}\\x41"',
    "short escape": f'"{MARK}\\u12"',
    "raw NUL": f'"{MARK}\x00"',
    "raw line feed": f'"{MARK}\n"',
    "raw escape": f'"{MARK}\x1b"',
}

CODES: dict[Path, tuple[str, ...]] = {
    ("traveller", "nationality"): ("ken", "KE", "KENN", "K\u0415N", "KEN\n", "K N", "", MARK),
    ("documents", 0, "issuing_country"): ("ken", "D<<", "\uff2b\uff25\uff2e", MARK),
    ("journey", "legs", 0, "origin"): ("mgq", "MG", "MGQMGQ", "MG\u051ab", "../", MARK),
    ("journey", "legs", 0, "carrier"): ("kq", "K", "KQKQ", "K\u202eQ", MARK),
    ("crossing", "mode"): ("AIR", "rail", "a\u0456r", "", MARK),
    ("crossing", "direction"): ("IN", "both", MARK),
    ("traveller", "gender"): ("f", "female", MARK),
    ("documents", 0, "type"): ("p", "PP", MARK),
    ("booking", "payment_method"): ("cc", "cash", MARK),
    ("stay", "purpose_code"): ("asylum", "Family", MARK),
    ("schema_version",): ("2.0", "1", MARK),
    ("purpose_code",): ("marketing", "BORDER_CONTROL", MARK),
}


def marked() -> dict[str, Any]:
    """The example record, its texts marked."""
    data: dict[str, Any] = json.loads(json.dumps(EXAMPLE_RECORD))
    data["traveller"] |= {"surname": MARK, "given_names": f"{MARK} YUSUF"}
    data["documents"][0]["number"] = MARK
    data.setdefault("contact", {})["email"] = f"{MARK}@example.org"
    return data


def with_text(path: Path, value: str) -> bytes:
    """The marked record, with the JSON text of one value replaced; the text need not be JSON."""
    slot = "@@slot@@"
    return (
        json.dumps(_with(path, slot), ensure_ascii=False).replace(f'"{slot}"', value).encode("utf-8", "surrogatepass")
    )


def with_value(path: Path, value: Any, *, escaped: bool = False) -> bytes:
    """The marked record with one value replaced; characters as they are, or as escapes."""
    return json.dumps(_with(path, value), ensure_ascii=escaped).encode()


def _with(path: Path, value: Any) -> dict[str, Any]:
    data = marked()
    place: Any = data
    for part, after in pairwise(path):
        if isinstance(place, dict) and part not in place:
            place[part] = [{}] if isinstance(after, int) else {}
        place = place[part]
    place[path[-1]] = value
    return data


def name_of(path: Path) -> str:
    """The path as people write it."""
    return ".".join(map(str, path))


def numbers() -> Iterator[tuple[str, bytes]]:
    """Numbers that are none, or that no fact can have."""
    for path in NUMBERS:
        for kind, text in NO_NUMBERS.items():
            yield f"{name_of(path)}: {kind}", with_text(path, text)


def flags() -> Iterator[tuple[str, bytes]]:
    """What is neither true nor false."""
    for path in FLAGS:
        for kind, text in NO_FLAGS.items():
            yield f"{name_of(path)}: {kind}", with_text(path, text)


def times() -> Iterator[tuple[str, bytes]]:
    """Days and moments that are none."""
    for paths, values in ((DATES, NO_DATES), (TIMES, NO_TIMES)):
        for path in paths:
            for kind, text in values.items():
                yield f"{name_of(path)}: {kind}", with_text(path, text)


def hidden() -> Iterator[tuple[str, bytes]]:
    """Characters that hide, steer or reorder, written as escapes and, where JSON lets them, as they are."""
    for path in TEXTS:
        for kind, character in HIDDEN.items():
            text = f"{MARK[:5]}{character}{MARK[5:]}"
            yield f"{name_of(path)}: {kind}, escaped", with_value(path, text, escaped=True)
            yield f"{name_of(path)}: {kind}, raw", with_text(path, f'"{text}"')


def texts() -> Iterator[tuple[str, bytes]]:
    """Texts that are too long, too short, broken or none."""
    for path in TEXTS:
        for kind, value in NO_TEXTS.items():
            yield f"{name_of(path)}: {kind}", with_value(path, value)
        for kind, text in NO_TEXT_VALUES.items():
            yield f"{name_of(path)}: {kind}", with_text(path, text)


def codes() -> Iterator[tuple[str, bytes]]:
    """Codes that are not in the list, look-alikes among them."""
    for path, values in CODES.items():
        for value in values:
            yield f"{name_of(path)}: {value!a}", with_value(path, value)


def structures() -> Iterator[tuple[str, bytes]]:
    """Whole bodies that are no record, or no JSON, or JSON that two readers would understand in two ways."""
    whole = json.dumps(marked())
    surname = f'"surname": "{MARK}"'
    raw = whole.encode()
    yield from {
        "empty": b"",
        "blank": b" \n ",
        "null": b"null",
        "number": b"1",
        "text": f'"{MARK}"'.encode(),
        "list": f'["{MARK}"]'.encode(),
        "empty object": b"{}",
        "cut": raw[:-1],
        "half": raw[: len(raw) // 2],
        "two values": raw + raw,
        "trailing text": raw + MARK.encode(),
        "trailing NUL": raw + b"\x00",
        "trailing comma": raw[:-1] + b",}",
        "comment": f"/* {MARK} */".encode() + raw,
        "line comment": raw + f"// {MARK}".encode(),
        "single quotes": raw.replace(b'"', b"'"),
        "no quotes": raw.replace(b'"', b""),
        "form": f"record_id={MARK}".encode(),
        "XML": f"<record>{MARK}</record>".encode(),
        "byte order mark": b"\xef\xbb\xbf" + raw,
        "UTF-16": whole.encode("utf-16"),
        "UTF-16 without mark": whole.encode("utf-16-le"),
        "UTF-32": whole.encode("utf-32"),
        "UTF-7": whole.encode("utf-7").replace(b'"', b"+ACI-"),
        "EBCDIC": whole.encode("cp500"),
        "gzip": b"\x1f\x8b\x08\x00" + raw,
        "pickle": b"\x80\x04\x95" + raw,
        "invalid UTF-8": raw.replace(b"YUSUF", b"\xff\xfe"),
        "cut UTF-8": raw.replace(b"YUSUF", b"\xe2\x82"),
        "overlong NUL": raw.replace(b"YUSUF", b"\xc0\x80"),
        "overlong quote": raw.replace(b"YUSUF", b"\xc0\xa2"),
        "overlong solidus": raw.replace(b"YUSUF", b"\xe0\x80\xaf"),
        "surrogate in UTF-8": raw.replace(b"YUSUF", b"\xed\xa0\x80"),
        "beyond Unicode": raw.replace(b"YUSUF", b"\xf4\x90\x80\x80"),
        "five bytes": raw.replace(b"YUSUF", b"\xf8\x88\x80\x80\x80"),
        "duplicate key": raw[:-1] + f', "record_id": "{MARK}"}}'.encode(),
        "duplicate key, same value": raw[:-1] + f', "record_id": {json.dumps(EXAMPLE_RECORD["record_id"])}}}'.encode(),
        "duplicate key, nested": whole.replace(surname, f'{surname}, "surname": "A"', 1).encode(),
        "duplicate key, escaped": whole.replace(surname, f'{surname}, "\\u0073urname": "A"', 1).encode(),
        "duplicate key, three times": raw[:-1] + b', "meals": 1, "meals": 2, "meals": 3}',
        "duplicate key in a dropped fact": raw[:-1] + f', "meals": {{"a": 1, "a": "{MARK}"}}}}'.encode(),
        "duplicate key, unknown": raw[:-1] + f', "{MARK}": 1, "{MARK}": 2}}'.encode(),
        "depth 17 for a text": with_text(TEXTS[1], "[" * 17 + "]" * 17),
        "depth 1,000": raw[:-1] + b', "meals": ' + b"[" * 1_000 + b"]" * 1_000 + b"}",
        "depth 30,000": b"[" * 30_000 + b"]" * 30_000,
        "depth 1,000,000": b"[" * 1_000_000,
        "depth of objects": b'{"a":' * 10_000,
        "a million entries": b'{"documents": [' + b"{}," * 999_999 + b"{}]}",
        "twenty thousand entries": b'{"documents": [' + b"{}," * 19_999 + b"{}]}",
        "many keys": b"{" + b",".join(b'"k%d":1' % n for n in range(5000)) + b"}",
        "unknown field": raw[:-1] + f', "{MARK}": 1}}'.encode(),
        "unknown field, like a name": raw[:-1] + f', "{MARK.lower()}": 1}}'.encode(),
        "unknown field, nested": whole.replace(surname, f'{surname}, "{MARK}": "{MARK}"', 1).encode(),
        "unknown field: is_admin": raw[:-1] + b', "is_admin": true}',
        "unknown field: score": raw[:-1] + b', "score": 0}',
        "unknown field: model_version": raw[:-1] + b', "model_version": "1"}',
        "unknown field: decision_id": raw[:-1] + b', "decision_id": "1"}',
        "key with NUL": raw[:-1] + f', "record_id\\u0000{MARK}": 1}}'.encode(),
        "key with override": raw[:-1] + f', "\\u202e{MARK}": 1}}'.encode(),
        "key in upper case": raw.replace(b'"record_id"', b'"RECORD_ID"', 1),
        "look-alike key": raw.replace(b'"record_id"', '"rec\u043erd_id"'.encode(), 1),
        "empty key": raw[:-1] + b', "": 1}',
        "prototype": raw[:-1] + f', "__proto__": {{"{MARK}": 1}}}}'.encode(),
        "class": raw[:-1] + f', "__class__": "{MARK}"}}'.encode(),
        "text for a block": raw[:-1].replace(b'"baggage": {', b'"baggage_": {') + f', "baggage": "{MARK}"}}'.encode(),
        "list for a block": with_text(("baggage",), f'["{MARK}"]'),
        "object for a list": with_text(("documents",), f'{{"{MARK}": 1}}'),
        "null in a list": with_text(("documents",), "[null]"),
        "eleven documents": with_value(("documents",), [{"number": MARK}] * 11),
        "seventeen legs": with_value(("journey", "legs"), [{"flight_number": MARK}] * 17),
        "ten thousand legs": with_value(("journey", "legs"), [{}] * 10_000),
        "a thousand references": with_value(("booking", "co_traveller_refs"), [MARK] * 1_000),
        "many problems": with_value(("documents",), [{"type": MARK, "number": ""}] * 500),
        "no crossing": json.dumps({key: value for key, value in marked().items() if key != "crossing"}).encode(),
        "null crossing": with_text(("crossing",), "null"),
        "own column: bad name": with_value(("extra",), {MARK: 1}),
        "own column: undeclared": with_value(("extra",), {MARK.lower(): 1}),
        "own column: list": with_value(("extra",), {"tax": [MARK]}),
        "own column: object": with_value(("extra",), {MARK.lower(): {MARK: 1}}),
        "own column: null": with_value(("extra",), {"tax": None}),
        "own column: long": with_value(("extra",), {"tax": MARK * 30}),
        "own column: hidden": with_value(("extra",), {"tax": f"{MARK}\u202e"}),
        "own columns: 101": with_value(("extra",), {f"c{number}": 1 for number in range(101)}),
        "own columns: no object": with_value(("extra",), MARK),
    }.items()


GROUPS = {made.__name__: dict(made()) for made in (structures, numbers, flags, times, hidden, texts, codes)}
"""Name of the group -> name of the body -> body."""
BODIES = {f"{group}, {name}": body for group, bodies in GROUPS.items() for name, body in bodies.items()}

ACCEPTED_TEXTS = {
    "one letter": "O",
    "200 letters": "X" * 200,
    "apostrophe": "O'BRIEN",
    "curly apostrophe": "O\u2019BRIEN",
    "hyphen and full stop": "SAINT-JEAN JR.",
    "slash and comma": "A/B, C",
    "umlauts": "M\xfcller-L\xfcdenscheidt",
    "composed": "Nguy\u1ec5n",
    "decomposed": "Nguye\u0302\u0303n",
    "arabic": "\u0645\u062d\u0645\u062f \u0628\u0646 \u0639\u0644\u064a",
    "arabic with marks": "\u0645\u064f\u062d\u064e\u0645\u0651\u064e\u062f",
    "arabic with direction mark": "\u200f\u0645\u062d\u0645\u062f\u061c",
    "persian with non-joiner": "\u0645\u06cc\u200c\u0631\u0648\u0645",
    "hebrew with points": "\u05d3\u05b8\u05bc\u05d5\u05b4\u05d3",
    "amharic": "\u12a0\u1260\u1260 \u1260\u1242\u120b",
    "hindi with joiner": "\u0936\u0930\u094d\u200d\u092e\u093e",
    "tamil": "\u0b95\u0bbf\u0bb0\u0bc1\u0bb7\u0bcd\u0ba3\u0ba9\u0bcd",
    "thai": "\u0e19\u0e49\u0e33\u0e1c\u0e36\u0e49\u0e07",
    "tibetan stack": "\u0f67\u0f90\u0fa9\u0fa8\u0fb3\u0fba\u0fbc\u0fbb\u0f82",
    "chinese": "\u738b\u5c0f\u660e",
    "chinese beyond 16 bits": "\U00020bb7\u91ce",
    "japanese": "\u5c71\u7530 \u30e6\u30a6\u30b3",
    "korean, decomposed": "\u1112\u1161\u11ab",
    "georgian": "\u10d2\u10d8\u10dd\u10e0\u10d2\u10d8",
    "cyrillic": "\u0418\u0432\u0430\u043d\u043e\u0432",
    "mixed scripts, look-alike": "\u0406vanov",
    "click letters": "\u01c3Kung",
    "no-break space": "A\xa0B",
    "word null": "null",
    "word undefined": "undefined",
    "word true": "true",
    "digits": "0",
    "SQL": "'; DROP TABLE decisions; --",
    "script": "<script>alert(1)</script>",
    "formula": "=cmd|' /C calc'!A0",
    "template": "{{7*7}}${7*7}%{7*7}",
    "format": "%s%n%x{0}{name}",
    "path": "../../etc/passwd",
    "lookup": "${jndi:ldap://127.0.0.1/a}",
    "emoji": "\U0001f600",
}
"""Names that are accepted as they are; what shows them has to render them inert."""

ACCEPTED_TEXT_OF_VALUES: dict[Path, tuple[str, ...]] = {
    ("baggage", "weight_kg"): ("-0.0", "0", "1e2", "21.50", "1E+2", "4.9e-324"),
    ("baggage", "count"): ("0", "99"),
    ("traveller", "date_of_birth"): ('"2999-01-01"', '"0001-01-01"', "null"),
    ("booking", "created_at"): ('"2999-01-01T00:00:00Z"', '"2026-03-14T09:40:00.123456789+05:45"'),
    ("meals",): ("[" * 17 + "]" * 17, '{"a": {"b": 1e5}}'),
}
"""Unusual, and allowed: dates that contradict each other are evidence that a feature reads, no error of form."""


def accepted() -> Iterator[tuple[str, bytes]]:
    """Bodies that look hostile and are answered like any other."""
    for name, text in ACCEPTED_TEXTS.items():
        yield f"name: {name}", with_value(("traveller", "surname"), text)
        yield f"name: {name}, escaped", with_value(("traveller", "surname"), text, escaped=True)
    for path, values in ACCEPTED_TEXT_OF_VALUES.items():
        for value in values:
            yield f"{name_of(path)}: {value[:20]}", with_text(path, value)


ACCEPTED = dict(accepted())
