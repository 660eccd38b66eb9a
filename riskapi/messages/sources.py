"""Which message each reason of a joined record rests on: the list, the booking, or both."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from features.catalogue import CATALOGUE
from features.reads import names_read

Sources = Mapping[str, str]
"""Fact, such as ``traveller.surname`` -> ``API``, ``PNR``, or ``API+PNR`` where both say the same."""


def sources_of_reasons(answer: Mapping[str, Any], sources: Sources) -> dict[str, dict[str, str]]:
    """Name the message of each fact that the features behind the reasons read.

    Args:
        answer: one answer of the service, parsed.
        sources: of the record's facts, as :func:`riskapi.messages.joining.join` tells them.

    Returns:
        Code of the reason -> fact -> message. What no message says (an agency's own columns, what a memory knows) has
        no entry.
    """
    told = {}
    for risk in answer["risks"]:
        for reason in (*risk["reasons_for"], *risk["reasons_against"]):
            names = frozenset[str]().union(*(_read_by(name) for name in reason["feature"].split(" & ")))
            facts = {place: message for place, message in sources.items() if names.issuperset(_parts(place))}
            if facts:
                told[reason["code"]] = dict(sorted(facts.items()))
    return told


@cache
def _read_by(feature: str) -> frozenset[str]:
    return frozenset(names_read(CATALOGUE[feature].function)) if feature in CATALOGUE else frozenset()


@cache
def _parts(place: str) -> tuple[str, ...]:
    """Take the names out of a place.

    >>> _parts("documents[0].issue_date")
    ('documents', 'issue_date')
    """
    return tuple(re.findall("[a-z_]+", place))
