"""The file of a bundle that carries the lookup tables of its features."""

import math
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any

from features.catalogue import EXTRA_GROUP
from features.reference import Encoding, ReferenceData
from features.spec import FeatureSpec
from models.errors import BundleContentError

FILE = "reference.json"


def pack_reference(reference: ReferenceData, specs: Sequence[FeatureSpec]) -> dict[str, Any]:
    """Write the tables that the features need: airports only where a feature of the catalogue looks something up."""
    needing = {spec.group == EXTRA_GROUP for spec in specs if "reference" in spec.needs}
    encodings = reference.encodings.items() if needing else ()
    return {
        "airports": {code: list(place) for code, place in reference.airports.items()} if False in needing else {},
        "encodings": {
            name: {
                "columns": list(encoding.columns),
                "table": {value: list(numbers) for value, numbers in encoding.table.items()},
                "unseen": list(encoding.unseen),
            }
            for name, encoding in encodings
        },
    }


def read_reference(data: Any) -> ReferenceData:
    """Read what :func:`pack_reference` wrote.

    Raises:
        BundleContentError: where the data does not have that form.
    """
    try:
        airports = {code: (float(north), float(east)) for code, (north, east) in data["airports"].items()}
        _check(chain.from_iterable(data["airports"].values()))
        encodings = {name: _encoding(entry) for name, entry in data["encodings"].items()}
        whole = set(data) == {"airports", "encodings"}
    except (TypeError, KeyError, ValueError, AttributeError, OverflowError):
        whole = False
    if not whole:
        raise BundleContentError(FILE, "it holds airports (two numbers each) and encodings (one number per column)")
    return ReferenceData(airports=airports, encodings=encodings)


def _encoding(entry: dict[str, Any]) -> Encoding:
    columns = entry["columns"]
    if set(entry) != {"columns", "table", "unseen"} or not all(isinstance(column, str) for column in columns):
        raise ValueError
    width = len(columns)
    table = {value: tuple(map(float, numbers)) for value, numbers in entry["table"].items()}
    unseen = tuple(map(float, entry["unseen"]))
    _check(chain(entry["unseen"], *entry["table"].values()))
    if any(len(numbers) != width for numbers in (unseen, *table.values())):
        raise ValueError
    return Encoding(tuple(columns), table, unseen)


def _check(numbers: Iterable[Any]) -> None:
    """Refuse what only converts to a number, and what is not finite; in one pass, since there are thousands."""
    found = list(numbers)
    if not {int, float}.issuperset(map(type, found)) or not all(map(math.isfinite, found)):
        raise ValueError
