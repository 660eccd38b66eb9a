"""How long what is stored of travellers is kept: calendar months, counted back from now."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime

_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Limits:
    """How long is kept what.

    Attributes:
        identity_months: until identity is masked.
        retention_months: until everything is deleted.
    """

    identity_months: int
    retention_months: int


def months_later(moment: datetime, months: int) -> datetime:
    """Add calendar months; a day that the month does not have becomes its last.

    >>> months_later(datetime(2026, 8, 31), 6)
    datetime.datetime(2027, 2, 28, 0, 0)
    >>> months_later(datetime(2026, 3, 14), -60)
    datetime.datetime(2021, 3, 14, 0, 0)
    """
    year, month = divmod(moment.year * _MONTHS + moment.month - 1 + months, _MONTHS)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))
