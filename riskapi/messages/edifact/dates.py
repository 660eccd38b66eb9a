"""Dates and times as EDIFACT messages write them; years of two digits get their century from what can be true."""

import re
from datetime import date, datetime

_MONTHS = {
    name: place
    for place, name in enumerate(
        ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), start=1
    )
}
_NAMED = re.compile(r"(\d{1,2})([A-Z]{3})(\d{2}|\d{4})")
_CENTURY = 100
_HALF_CENTURY = 50


def _whole(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _parts(text: str, *, day_first: bool) -> tuple[int, int, int, bool] | None:
    """Year, month, day, and whether the year has two digits."""
    text = text.strip().upper()
    named = _NAMED.fullmatch(text)
    if named is not None and named[2] in _MONTHS:
        return int(named[3]), _MONTHS[named[2]], int(named[1]), len(named[3]) == len("YY")
    if not _whole(text):
        return None
    if len(text) == len("YYMMDD"):
        first, month, last = int(text[:2]), int(text[2:4]), int(text[4:])
        return (last, month, first, True) if day_first else (first, month, last, True)
    if len(text) == len("YYYYMMDD"):
        if day_first:
            return int(text[4:]), int(text[2:4]), int(text[:2]), False
        return int(text[:4]), int(text[4:6]), int(text[6:]), False
    return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def birth_date(text: str, on: date, *, day_first: bool = False) -> date | None:
    """Read a date of birth: the latest century in which it is not after a day.

    >>> birth_date("640712", date(2026, 3, 14)), birth_date("12JUL15", date(2026, 3, 14))
    (datetime.date(1964, 7, 12), datetime.date(2015, 7, 12))
    """
    parts = _parts(text, day_first=day_first)
    if parts is None:
        return None
    year, month, day, short = parts
    if not short:
        return _date(year, month, day)
    century = on.year // _CENTURY * _CENTURY
    found = _date(century + year, month, day)
    return found if found is not None and found <= on else _date(century - _CENTURY + year, month, day)


def near_date(text: str, near: date, *, day_first: bool = False) -> date | None:
    """Read a date of a document or a journey: the century that brings it nearest to a day.

    >>> near_date("360217", date(2026, 3, 14)), near_date("230526", date(2026, 3, 14), day_first=True)
    (datetime.date(2036, 2, 17), datetime.date(2026, 5, 23))
    """
    parts = _parts(text, day_first=day_first)
    if parts is None:
        return None
    year, month, day, short = parts
    if short:
        year += near.year // _CENTURY * _CENTURY
        if year - near.year > _HALF_CENTURY:
            year -= _CENTURY
        elif near.year - year > _HALF_CENTURY:
            year += _CENTURY
    return _date(year, month, day)


def time_of(day: date | None, clock: str) -> datetime | None:
    """Put a day and a time of four or six digits together; 2400 is read as the day's last minute.

    >>> time_of(date(2026, 3, 14), "0940"), time_of(date(2026, 3, 14), "9:40")
    (datetime.datetime(2026, 3, 14, 9, 40), None)
    """
    clock = clock.strip()
    if day is None or not _whole(clock) or len(clock) not in {3, 4, 6}:
        return None
    clock = clock.zfill(4)
    if clock[:4] == "2400":
        clock = "2359"
    try:
        return datetime(day.year, day.month, day.day, int(clock[:2]), int(clock[2:4]), int(clock[4:6] or 0))  # noqa: DTZ001 - the port's own clock
    except ValueError:
        return None


def stamp(text: str, near: date, form: str = "") -> datetime | None:
    """Read a date and a time in one, year first: YYMMDDHHMM, CCYYMMDDHHMM, either with seconds.

    Args:
        text: digits.
        near: a day that the time is not far from.
        form: code of the format (UN/EDIFACT 2379), where the message says it; twelve digits may be read in two ways.

    >>> stamp("2603140940", date(2026, 1, 1)), stamp("202603140940", date(2026, 1, 1))
    (datetime.datetime(2026, 3, 14, 9, 40), datetime.datetime(2026, 3, 14, 9, 40))
    """
    text = text.strip()
    if not _whole(text):
        return None
    long_year = form in {"203", "204"} or (form not in {"201", "202"} and text[:2] in {"19", "20"})
    for length in (8, 6) if long_year else (6, 8):
        if len(text) - length in {4, 6}:
            found = time_of(near_date(text[:length], near), text[length:])
            if found is not None:
                return found
    return None
