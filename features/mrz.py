"""The machine-readable zone of a travel document: what it says, and whether its check digits hold.

Layouts and check digits are those of ICAO Doc 9303, parts 3 to 7: TD1 (3 x 30), TD2 and MRV-B (2 x 36), TD3 and
MRV-A (2 x 44); weights 7, 3, 1 over 0-9, A-Z = 10-35 and ``<`` = 0, modulo 10.
"""

from dataclasses import dataclass
from datetime import date

_VALUES = {**{str(digit): digit for digit in range(10)}, **{chr(65 + i): 10 + i for i in range(26)}, "<": 0}
_WEIGHTS = (7, 3, 1)
_TD1, _TD2, _TD3 = 90, 72, 88
"""Characters of a zone; MRV-B has the size of TD2, MRV-A that of TD3."""


@dataclass(frozen=True, slots=True)
class Mrz:
    """What a machine-readable zone says; dates as printed (YYMMDD), fillers removed."""

    document_number: str
    date_of_birth: str
    expiry_date: str
    check_digits_ok: bool

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


def read_mrz(text: str) -> Mrz | None:
    """Read a zone of any layout; lines may be joined or separated by line breaks.

    Returns:
        What it says, or ``None`` where the text has the shape of no layout.

    >>> read_mrz(EXAMPLE_TD3).check_digits_ok
    True
    >>> read_mrz(EXAMPLE_TD3.replace("740812", "740821")).check_digits_ok
    False
    >>> read_mrz("not a zone") is None
    True
    """
    zone = "".join(text.split()).upper()
    if len(zone) == _TD1:
        first, second = zone[:30], zone[30:60]
        number, digit, overflow = first[5:14], first[14], first[15:30]
        if digit == "<" and (tail := overflow.rstrip("<")):  # numbers over nine characters go on, digit last (part 5)
            number, digit = number + tail[:-1], tail[-1]
        fields = [(number, digit), (second[0:6], second[6]), (second[8:14], second[14])]
        composite = (first[5:30] + second[0:7] + second[8:15] + second[18:29], second[29])
    elif len(zone) in {_TD2, _TD3}:
        second = zone[len(zone) // 2 :]
        fields = [(second[0:9], second[9]), (second[13:19], second[19]), (second[21:27], second[27])]
        if zone[0] == "V":  # visas carry no composite digit (part 7)
            composite = None
        else:
            composite = (second[0:10] + second[13:20] + second[21:-1], second[-1])
            if len(zone) == _TD3:
                fields.append((second[28:42], second[42]))
    else:
        return None
    checked = [*fields, composite] if composite else fields
    return Mrz(
        document_number=fields[0][0].replace("<", ""),
        date_of_birth=fields[1][0],
        expiry_date=fields[2][0],
        check_digits_ok=all(_holds(part, digit) for part, digit in checked),
    )
