"""An agency's own keys: columns of ``record.extra`` under which crossings are remembered, and the facts about them."""

from collections.abc import Iterable, Mapping
from typing import Any

from features.memory.facts import FACTS, Facts, MemoryFact, days_since_unrelated, other_identities, unrelated_bookings
from features.memory.keys import OWN

STATISTICS = {"bookings": unrelated_bookings, "persons": other_identities, "since": days_since_unrelated}
"""What is told of a key: unrelated bookings, other persons, days since the last unrelated booking."""


def fact_names(column: str, days: int) -> dict[str, str]:
    """Name the facts about a key: what is told -> column of ``record.extra`` that holds it.

    >>> fact_names("plate", 90)["persons"]
    'plate_persons_90'
    """
    return {told: f"{column}_{told}_{days}" for told in STATISTICS}


class OwnKeys:
    """The key columns that models declare together.

    Args:
        declared: name and window [days] of each.

    Attributes:
        columns: their names.
        facts: every fact that is remembered, those of the record's own keys first.

    >>> own = OwnKeys([("plate", 90)])
    >>> own.columns, [fact.name for fact in own.facts[-3:]]
    (('plate',), ['plate_bookings_90', 'plate_persons_90', 'plate_since_90'])
    """

    def __init__(self, declared: Iterable[tuple[str, int]] = ()) -> None:
        self.declared = tuple(sorted(set(declared)))
        self.columns = tuple(dict.fromkeys(name for name, _ in self.declared))
        about = tuple(
            MemoryFact(fact_names(name, days)[told], OWN + name, statistic, days)
            for name, days in self.declared
            for told, statistic in STATISTICS.items()
        )
        self.facts = FACTS + about
        self._names = frozenset(fact.name for fact in about)

    def __bool__(self) -> bool:
        return bool(self.declared)

    def texts(self, extra: Mapping[str, Any]) -> dict[str, str]:
        """Read the keys of a record: kind -> text as it was sent; what is no text is left to the check of columns."""
        return {OWN + name: value for name in self.columns if isinstance(value := extra.get(name), str)}

    def told(self, extra: Mapping[str, Any], facts: Facts | None) -> dict[str, Any]:
        """Put the facts in place of the keys, whose values are kept nowhere.

        Args:
            extra: an agency's columns as they came.
            facts: what a memory says; ``None`` where there is none, or where the facts that came were seen by one.
        """
        sent = {name for name, value in extra.items() if name in self.columns and isinstance(value, str)}
        left = {name: value for name, value in extra.items() if name not in sent}
        if facts is None:
            return left
        known = {name: facts[name] for name in sorted(self._names) if facts.get(name) is not None}
        return {name: value for name, value in left.items() if name not in self._names} | known

    def seen_in(self, extra: Mapping[str, Any]) -> bool:
        """Whether the columns hold facts of a memory already."""
        return not self._names.isdisjoint(extra)


NO_OWN_KEYS = OwnKeys()
"""Where no model declares any."""
