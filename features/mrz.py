"""The machine-readable zone of a travel document: what it says, and whether its check digits hold.

Layouts and check digits are those of ICAO Doc 9303, parts 3 to 7: TD1 (3 x 30), TD2 and MRV-B (2 x 36), TD3 and
MRV-A (2 x 44); weights 7, 3, 1 over 0-9, A-Z = 10-35 and ``<`` = 0, modulo 10.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

_VALUES = {**{str(digit): digit for digit in range(10)}, **{chr(65 + i): 10 + i for i in range(26)}, "<": 0}
_WEIGHTS = (7, 3, 1)
_TD1_LINE, _TD2_LINE, _TD3_LINE = 30, 36, 44

Layout = Literal["TD1", "TD2", "TD3", "MRV-A", "MRV-B"]


class CheckDigit(NamedTuple):
    """One check digit: of which field, where it stands (from 1), and whether it holds."""

    field: str
    line: int
    column: int
    holds: bool


@dataclass(frozen=True, slots=True)
class Mrz:
    """What a machine-readable zone says; dates as printed (YYMMDD), fillers removed."""

    layout: Layout
    code: str
    """Kind of document: P, I, V ... with a second letter where there is one."""
    issuer: str
    surname: str
    given_names: str
    document_number: str
    nationality: str
    date_of_birth: str
    sex: Literal["F", "M", "X"]
    """X where the zone does not specify it."""
    expiry_date: str
    check_digits: tuple[CheckDigit, ...]

    @property
    def check_digits_ok(self) -> bool:
        """Whether all check digits hold."""
        return all(digit.holds for digit in self.check_digits)

    def agrees(self, *, number: str | None, born: date | None, expires: date | None) -> bool | None:
        """Whether the zone and the message say the same; ``None`` where they have nothing in common.

        >>> read_mrz(EXAMPLE_TD3).agrees(number="L898902C3", born=date(1974, 8, 12), expires=None)
        True
        >>> read_mrz(EXAMPLE_TD3).agrees(number="L898902C3", born=date(1974, 8, 21), expires=None)
        False
        """
        verdicts = []
        if number is not None:
            verdicts.append(number.replace("-", "").replace(" ", "").upper() == self.document_number)
        if born is not None:
            verdicts.append(f"{born:%y%m%d}" == self.date_of_birth)
        if expires is not None:
            verdicts.append(f"{expires:%y%m%d}" == self.expiry_date)
        return all(verdicts) if verdicts else None


def check_digit(text: str) -> int:
    """Compute the check digit of a field of the zone.

    Args:
        text: characters 0-9, A-Z and ``<``.

    Returns:
        A digit, or -1 where a character does not belong in a zone.

    >>> check_digit("520727")
    3
    """
    try:
        return sum(_VALUES[char] * _WEIGHTS[place % 3] for place, char in enumerate(text)) % 10
    except KeyError:
        return -1


def _holds(text: str, digit: str) -> bool:
    """An optional field that is all fillers may carry a filler for its digit (part 4, 4.2.2.2)."""
    return check_digit(text) == _VALUES.get(digit, -2) and (digit != "<" or not text.strip("<"))


EXAMPLE_TD3 = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
"""The specimen of Doc 9303 part 4."""
EXAMPLE_TD1 = "I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<"
"""The specimen of Doc 9303 part 5."""


def read_mrz(text: str) -> Mrz | None:
    """Read a zone of any layout; lines may be joined or separated by line breaks.

    Returns:
        What it says, or ``None`` where the text has the shape of no layout.

    >>> read_mrz(EXAMPLE_TD3).check_digits_ok
    True
    >>> wrong = read_mrz(EXAMPLE_TD3.replace("740812", "740821"))
    >>> [(digit.field, digit.line, digit.column) for digit in wrong.check_digits if not digit.holds]
    [('date_of_birth', 2, 20), ('composite', 2, 44)]
    >>> zone = read_mrz(EXAMPLE_TD1)
    >>> zone.layout, zone.surname, zone.given_names, zone.sex
    ('TD1', 'ERIKSSON', 'ANNA MARIA', 'F')
    >>> read_mrz("not a zone") is None
    True
    """
    zone = "".join(text.split()).upper()
    if len(zone) == 3 * _TD1_LINE:
        return _three_lines(zone)
    if len(zone) in {2 * _TD2_LINE, 2 * _TD3_LINE}:
        return _two_lines(zone)
    return None


def _three_lines(zone: str) -> Mrz:
    first, second, third = zone[:30], zone[30:60], zone[60:]
    number, digit, column = _long_number(first[5:14], first[14], first[15:30], 15)
    composite = first[5:30] + second[0:7] + second[8:15] + second[18:29]
    surname, given = _names(third)
    return Mrz(
        "TD1",
        first[:2].strip("<"),
        first[2:5].strip("<"),
        surname,
        given,
        number.replace("<", ""),
        second[15:18].strip("<"),
        second[0:6],
        _sex(second[7]),
        second[8:14],
        (
            CheckDigit("document_number", 1, column, _holds(number, digit)),
            CheckDigit("date_of_birth", 2, 7, _holds(second[0:6], second[6])),
            CheckDigit("expiry_date", 2, 15, _holds(second[8:14], second[14])),
            CheckDigit("composite", 2, 30, _holds(composite, second[29])),
        ),
    )


def _long_number(number: str, digit: str, optional: str, column: int) -> tuple[str, str, int]:
    """A number of over nine characters goes on in the optional field, its digit last (parts 5 and 6)."""
    tail = optional.partition("<")[0]
    return (number + tail[:-1], tail[-1], column + len(tail)) if digit == "<" and tail else (number, digit, column)


def _two_lines(zone: str) -> Mrz:
    width = len(zone) // 2
    first, second = zone[:width], zone[width:]
    is_visa, is_large = first[0] == "V", width == _TD3_LINE
    surname, given = _names(first[5:])
    optional = "" if is_visa or is_large else second[28:35]
    number = _long_number(second[0:9], second[9], optional, 10)
    layout: Layout = ("MRV-A" if is_large else "MRV-B") if is_visa else "TD3" if is_large else "TD2"
    return Mrz(
        layout,
        first[:2].strip("<"),
        first[2:5].strip("<"),
        surname,
        given,
        number[0].replace("<", ""),
        second[10:13].strip("<"),
        second[13:19],
        _sex(second[20]),
        second[21:27],
        tuple(_digits(second, number, is_visa=is_visa, is_large=is_large)),
    )


def _digits(second: str, number: tuple[str, str, int], *, is_visa: bool, is_large: bool) -> Iterator[CheckDigit]:
    yield CheckDigit("document_number", 2, number[2], _holds(number[0], number[1]))
    yield CheckDigit("date_of_birth", 2, 20, _holds(second[13:19], second[19]))
    yield CheckDigit("expiry_date", 2, 28, _holds(second[21:27], second[27]))
    if is_visa:  # visas carry no composite digit (part 7)
        return
    if is_large:
        yield CheckDigit("optional_data", 2, 43, _holds(second[28:42], second[42]))
    composite = second[0:10] + second[13:20] + second[21:-1]
    yield CheckDigit("composite", 2, len(second), _holds(composite, second[-1]))


def _names(text: str) -> tuple[str, str]:
    surname, _, given = text.rstrip("<").partition("<<")
    return surname.replace("<", " ").strip(), " ".join(given.replace("<", " ").split())


def _sex(sign: str) -> Literal["F", "M", "X"]:
    return "F" if sign == "F" else "M" if sign == "M" else "X"
