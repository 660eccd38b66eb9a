"""The table of airports that travels in a bundle: where each one lies, from the airportsdata package."""

from collections.abc import Sequence
from functools import cache

from features.spec import FeatureSpec
from training.errors import PackageError

DIGITS = 4
"""Decimal places of a degree that are kept: eleven metres, so that a table stays small."""


@cache
def airports() -> dict[str, tuple[float, float]]:
    """IATA code -> (latitude, longitude) in degrees, sorted by code.

    >>> round(airports()["NBO"][0], 1), round(airports()["NBO"][1], 1)
    (-1.3, 36.9)

    Raises:
        PackageError: where the package holds no airports.
    """
    import airportsdata  # noqa: PLC0415  reads a file of 28,000 rows, when it is due

    rows = airportsdata.load("IATA")
    table = {code: (round(row["lat"], DIGITS), round(row["lon"], DIGITS)) for code, row in sorted(rows.items())}
    if not table:
        raise PackageError("airportsdata holds no airports. Install it again.")
    return table


def airports_for(specs: Sequence[FeatureSpec]) -> dict[str, tuple[float, float]]:
    """The table where one of the features looks something up, and nothing otherwise."""
    return airports() if any("reference" in spec.needs and spec.group != "extra" for spec in specs) else {}
