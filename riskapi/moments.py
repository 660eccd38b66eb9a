"""Times as they are written down everywhere: UTC, ISO 8601, milliseconds."""

from datetime import datetime


def iso(moment: datetime) -> str:
    """Write a UTC time with milliseconds.

    >>> from datetime import UTC
    >>> iso(datetime(2026, 3, 14, 9, 40, 0, 1234, tzinfo=UTC))
    '2026-03-14T09:40:00.001Z'
    """
    return f"{moment.isoformat(timespec='milliseconds')[:23]}Z"
