"""All layouts of ICAO Doc 9303, with zones made here by an independent count of check digits."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.mrz import check_digit, read_mrz

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
NUMBERS = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=9)
DAYS = st.dates(date(1930, 1, 1), date(2029, 12, 31)).map(lambda day: f"{day:%y%m%d}")
OPTIONAL = st.text(ALPHABET, max_size=7)


def digit(text: str) -> str:
    """Count a check digit by the rule of the standard."""
    return str(sum((ALPHABET.find(char) if char != "<" else 0) * (7, 3, 1)[i % 3] for i, char in enumerate(text)) % 10)


def padded(text: str, length: int) -> str:
    """Fill a field up."""
    return text.ljust(length, "<")[:length]


def td3(number: str, born: str, expires: str, optional: str = "") -> str:
    """Write the zone of a passport."""
    number, optional = padded(number, 9), padded(optional, 14)
    optional_digit = digit(optional) if optional.strip("<") else "<"
    body = f"{number}{digit(number)}UTO{born}{digit(born)}F{expires}{digit(expires)}{optional}{optional_digit}"
    composite = body[0:10] + body[13:20] + body[21:43]
    return padded("P<UTOMUSTERFRAU<<ERIKA", 44) + "\n" + body + digit(composite)


def td2(number: str, born: str, expires: str, optional: str = "") -> str:
    """Write the zone of a document of size 2."""
    number = padded(number, 9)
    body = f"{number}{digit(number)}UTO{born}{digit(born)}M{expires}{digit(expires)}{padded(optional, 7)}"
    return padded("I<UTOMUSTERMANN<<MAX", 36) + "\n" + body + digit(body[0:10] + body[13:20] + body[21:35])


def td1(number: str, born: str, expires: str, optional: str = "") -> str:
    """Write the zone of a card; a number over nine characters goes on in the optional field."""
    if len(number) > 9:
        first = f"I<UTO{number[:9]}<{number[9:]}{digit(number)}"
    else:
        first = f"I<UTO{padded(number, 9)}{digit(padded(number, 9))}{optional}"
    first = padded(first, 30)
    second = f"{born}{digit(born)}F{expires}{digit(expires)}UTO" + "<" * 11
    second += digit(first[5:30] + second[0:7] + second[8:15] + second[18:29])
    return "\n".join((first, second, padded("MUSTERFRAU<<ERIKA", 30)))


def visa(width: int, number: str, born: str, expires: str) -> str:
    """Write the zone of a visa: MRV-A has 44 characters to a line, MRV-B 36."""
    number = padded(number, 9)
    body = f"{number}{digit(number)}UTO{born}{digit(born)}F{expires}{digit(expires)}"
    return padded("V<UTOMUSTERFRAU<<ERIKA", width) + "\n" + padded(body, width)


LAYOUTS = {
    "TD1": td1,
    "TD2": td2,
    "TD3": td3,
    "MRV-A": lambda *facts: visa(44, *facts),
    "MRV-B": lambda *facts: visa(36, *facts),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@given(number=NUMBERS, born=DAYS, expires=DAYS)
def test_zone_of_each_layout_is_read(layout: str, number: str, born: str, expires: str):
    """Number, birth and expiry come out as they went in, and all check digits hold."""
    zone = read_mrz(LAYOUTS[layout](number, born, expires))
    assert zone is not None
    assert (zone.document_number, zone.date_of_birth, zone.expiry_date) == (number, born, expires)
    assert zone.check_digits_ok


@pytest.mark.parametrize("layout", LAYOUTS)
@given(facts=st.tuples(NUMBERS, DAYS, DAYS), place=st.integers(0, 5), step=st.integers(1, 9))
def test_changed_digit_of_a_date_is_found(layout: str, facts: tuple[str, str, str], place: int, step: int):
    """Weights 7, 3 and 1 find every single wrong digit."""
    lines = LAYOUTS[layout](*facts).split("\n")
    start = 0 if layout == "TD1" else 13
    at = start + place
    wrong = str((int(lines[1][at]) + step) % 10)
    lines[1] = lines[1][:at] + wrong + lines[1][at + 1 :]
    zone = read_mrz("\n".join(lines))
    assert zone is not None
    assert not zone.check_digits_ok


@given(number=st.text(ALPHABET, min_size=10, max_size=20), born=DAYS, expires=DAYS)
def test_long_number_of_a_card_is_read(number: str, born: str, expires: str):
    """Numbers over nine characters go on in the optional field, their check digit last (part 5)."""
    zone = read_mrz(td1(number, born, expires))
    assert zone is not None
    assert zone.document_number == number
    assert zone.check_digits_ok


@given(number=NUMBERS, born=DAYS, expires=DAYS, optional=OPTIONAL)
def test_optional_field_is_no_part_of_the_number(number: str, born: str, expires: str, optional: str):
    """A personal number stands behind and is checked with the rest."""
    for write in (td1, td2, td3):
        zone = read_mrz(write(number, born, expires, optional))
        assert zone is not None
        assert zone.document_number == number
        assert zone.check_digits_ok


def test_passport_may_carry_a_zero_for_an_empty_optional_field():
    """Both a filler and a zero are allowed there (part 4, 4.2.2.2)."""
    zone = td3("A1234567", "740812", "300415")
    assert zone[-2] == "<"
    filled = read_mrz(zone[:-2] + "0" + zone[-1])
    assert filled is not None
    assert filled.check_digits_ok


def test_composite_digit_is_checked():
    """Fields that hold one by one do not prove the zone."""
    zone = td3("A1234567", "740812", "300415")
    wrong = read_mrz(zone[:-1] + str((int(zone[-1]) + 1) % 10))
    assert wrong is not None
    assert not wrong.check_digits_ok


@pytest.mark.parametrize("text", ["", "P<", "X" * 87, "X" * 91, "é" * 88, "!" * 90])
def test_text_that_is_no_zone_proves_nothing(text: str):
    """It is no zone, or one whose digits fail; it is never an error."""
    zone = read_mrz(text)
    assert zone is None or not zone.check_digits_ok


@given(st.text(max_size=130))
def test_any_text_is_read_or_refused_without_an_error(text: str):
    """What a sender may put there is not for us to choose."""
    read_mrz(text)


def test_lines_may_be_joined_spaced_or_in_small_letters():
    """Messages carry zones with and without line breaks."""
    zone = td3("A1234567", "740812", "300415")
    assert read_mrz(zone) == read_mrz(zone.replace("\n", "")) == read_mrz(zone.lower().replace("\n", "\r\n"))


def test_agreement_looks_at_what_both_sides_say():
    """Facts that one side lacks are no disagreement."""
    zone = read_mrz(td3("A1234567", "740812", "300415"))
    assert zone is not None
    assert zone.agrees(number="A123-4567", born=date(1974, 8, 12), expires=date(2030, 4, 15)) is True
    assert zone.agrees(number=None, born=None, expires=None) is None
    assert zone.agrees(number="A1234568", born=None, expires=None) is False
    assert zone.agrees(number=None, born=None, expires=date(2030, 4, 16)) is False


def test_check_digit_of_foreign_characters_never_holds():
    """A character that belongs in no zone gives no digit."""
    assert check_digit("AB é") == -1
