"""Time between two facts; an impossible order is no duration, and has a quality feature of its own."""

from datetime import date, datetime

from features.record import Leg, TravellerRecord

SECONDS_PER_HOUR = 3600.0
SECONDS_PER_DAY = 86400.0


def hours_between(start: datetime | None, end: datetime | None) -> float | None:
    """Hours from start to end; ``None`` where one is missing or the order is impossible.

    >>> from datetime import UTC, datetime
    >>> hours_between(datetime(2026, 1, 8, 10, tzinfo=UTC), datetime(2026, 1, 10, 10, tzinfo=UTC))
    48.0
    >>> hours_between(datetime(2026, 1, 10, 10, tzinfo=UTC), datetime(2026, 1, 8, 10, tzinfo=UTC)) is None
    True
    """
    if start is None or end is None:
        return None
    seconds = (end - start).total_seconds()
    return seconds / SECONDS_PER_HOUR if seconds >= 0 else None


def legs_of(record: TravellerRecord) -> tuple[Leg, ...]:
    """The legs of the journey, in order of travel; empty where none were submitted."""
    journey = record.journey
    return () if journey is None else journey.legs


def first_departure(record: TravellerRecord) -> datetime | None:
    """Departure of the first leg."""
    journey = record.journey
    return None if journey is None or not journey.legs else journey.legs[0].departs_at


def crossing_day(record: TravellerRecord) -> date:
    """The day of the crossing, in UTC."""
    return record.crossing.expected_at.date()  # the record keeps its times in UTC
