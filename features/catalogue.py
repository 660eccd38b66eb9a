"""The list of all features, in the order in which they should be read, and the one way to compute them."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from math import isfinite
from operator import itemgetter
from types import ModuleType
from typing import Any

from features import (
    audit,
    baggage,
    booking,
    contact,
    crossing,
    document,
    history,
    itinerary,
    links,
    minor,
    party,
    payment,
    quality,
    stay,
)
from features.errors import FeatureDefinitionError, FeatureError
from features.record import History, TravellerRecord
from features.reference import ReferenceData
from features.risk import Risk
from features.spec import FeatureSpec, FeatureValue, Kind, Use

GROUPS: tuple[ModuleType, ...] = (
    crossing,
    document,
    itinerary,
    booking,
    payment,
    party,
    minor,
    baggage,
    stay,
    contact,
    history,
    links,
    quality,
    audit,
)
"""The topics; each module holds the features of one. `risks.toml` names them."""

EXTRA_GROUP = "extra"
"""The group of an agency's own columns: open to every risk, since a declaration names the columns of one agency."""

LINKS_GROUP = "links"
"""The group of what a memory of earlier crossings knows; missing everywhere where none is kept."""


class FeatureCatalogue:
    """An ordered list of features in which every name, code, docstring and sentence occurs once."""

    def __init__(self, specs: Sequence[FeatureSpec]) -> None:
        self.specs = tuple(specs)
        self._by_name = {spec.name: spec for spec in self.specs}
        problems = sorted(set(_repeated(self.specs)))
        if problems:
            raise FeatureDefinitionError("; ".join(problems))

    @classmethod
    def from_groups(cls, *groups: ModuleType) -> "FeatureCatalogue":
        """Collect the features that modules define, in the order of their definition.

        Raises:
            FeatureDefinitionError: where two features share a name, a code, a docstring or a sentence.

        >>> [spec.name for spec in FeatureCatalogue.from_groups(crossing).specs][0]
        'transport_mode'
        """
        return cls([value for group in groups for value in vars(group).values() if isinstance(value, FeatureSpec)])

    def __getitem__(self, name: str) -> FeatureSpec:
        """Look up a feature by name."""
        try:
            return self._by_name[name]
        except KeyError:
            raise FeatureDefinitionError(
                f"No feature is called {name!r}; GET /v1/features and docs/features.md list them"
            ) from None

    def __contains__(self, name: object) -> bool:
        """Whether a feature has this name."""
        return name in self._by_name

    def __iter__(self) -> Iterator[FeatureSpec]:
        """Walk the features in reading order."""
        return iter(self.specs)

    def __len__(self) -> int:
        """Count the features, audit ones included."""
        return len(self.specs)

    def for_scoring(self, risk: Risk, declared: Sequence[FeatureSpec] = ()) -> tuple[FeatureSpec, ...]:
        """Select what a model of a risk may use.

        Args:
            risk: names the groups that it may use, and the features that it may not.
            declared: features over the agency's own columns.

        Raises:
            FeatureDefinitionError: where the risk names a feature or a group that does not exist, or a declared
                feature repeats a name or a code of the catalogue.

        >>> from features.risk import RISKS
        >>> "is_minor" in {spec.name for spec in CATALOGUE.for_scoring(RISKS["document_fraud"])}
        False
        """
        everything = FeatureCatalogue([*self.specs, *declared]) if declared else self
        known_groups = {spec.group for spec in everything} | {EXTRA_GROUP}
        unknown = [name for name in risk.without if name not in everything]
        unknown += [group for group in risk.groups if group not in known_groups]
        if unknown:
            raise FeatureDefinitionError(
                f"Risk {risk.name!r} names {', '.join(map(repr, unknown))}, which the catalogue does not hold;"
                f" groups are {', '.join(sorted(known_groups))}"
            )
        return tuple(
            spec
            for spec in everything
            if spec.use is Use.SCORE
            and (spec.group in risk.groups or spec.group == EXTRA_GROUP)
            and spec.name not in risk.without
            and (spec.only_for is None or risk.name in spec.only_for)
        )

    def describe(self) -> list[dict[str, Any]]:
        """Write everything that is known of each feature, ready for JSON.

        >>> CATALOGUE.describe()[0]["name"]
        'transport_mode'
        """
        return [describe(spec) for spec in self.specs]


def describe(spec: FeatureSpec) -> dict[str, Any]:
    """Write everything that is known of one feature, ready for JSON."""
    return {
        "name": spec.name,
        "group": spec.group,
        "label": spec.label,
        "kind": spec.kind.value,
        "unit": spec.unit,
        "expects": spec.expects.value,
        "use": spec.use.value,
        "message": spec.message,
        "only_for": None if spec.only_for is None else sorted(spec.only_for),
        "code": spec.reason.code,
        "raises": spec.reason.raises,
        "lowers": spec.reason.lowers,
        "missing": spec.reason.missing,
        "labels": dict(spec.labels),
        "because": spec.because,
        "indicators": list(spec.indicators),
        "reviewed": spec.reviewed.isoformat(),
        "doc": spec.doc,
    }


def _repeated(specs: Sequence[FeatureSpec]) -> Iterator[str]:
    """Name every text that two features share."""
    seen: dict[tuple[str, str], str] = {}
    for spec in specs:
        reason = spec.reason
        texts = [("name", spec.name), ("code", reason.code), ("docstring", spec.doc)]
        texts += [("sentence", text) for text in (reason.raises, reason.lowers, reason.missing)]
        for what, text in texts:
            other = seen.setdefault((what, text), spec.name)
            if other != spec.name or (what == "name" and sum(s.name == text for s in specs) > 1):
                yield f"{other} and {spec.name} share a {what}: give each its own"


def _missing(_record: TravellerRecord) -> FeatureValue:
    """The value of a feature whose message did not come."""
    return None


_Row = tuple[Callable[..., FeatureValue], bool]


class Extractor:
    """Computes the values of chosen features, for training and for the service alike.

    A feature whose source message is absent is missing, whatever an earlier push may have left in the record.

    >>> from features.examples import EXAMPLE_REFERENCE, traveller
    >>> extractor = Extractor([CATALOGUE["booking_lead_hours"]], EXAMPLE_REFERENCE)
    >>> extractor.values(traveller(booked_at="2026-03-12T07:50Z"))
    [48.0]
    >>> extractor.values(traveller(message_types_present=["API"]))
    [None]
    """

    def __init__(self, specs: Sequence[FeatureSpec], reference: ReferenceData) -> None:
        self.specs = tuple(specs)
        self.reference = reference
        self._rows = [_bind(spec, reference) for spec in self.specs]
        self._rows_by_messages: dict[tuple[str, ...] | None, list[_Row]] = {None: self._rows}
        numbers = [place for place, spec in enumerate(self.specs) if spec.kind is Kind.NUMBER]
        # itemgetter gives a bare value for a single place: asked twice, it always gives a tuple
        self._numbers = itemgetter(*numbers, *numbers[:1]) if numbers else None

    def values(self, record: TravellerRecord, history: History | None = None) -> list[FeatureValue]:
        """Compute the values of one record.

        Args:
            record: what was submitted.
            history: what the agency's own store knows of earlier crossings; by default what the record says.

        Returns:
            One value per spec, in their order; ``None`` is missing.

        Raises:
            FeatureError: where a feature yields a number that is not finite.
        """
        if history is None:
            history = record.history
        present = record.message_types_present
        rows = self._rows_by_messages.get(present)
        if rows is None:
            rows = self._guard(present or ())
        values = [function(record, history) if past else function(record) for function, past in rows]
        # a sum is finite unless a part is not (or it overflows): one look instead of one per number
        if self._numbers is not None and not isfinite(sum(filter(None, self._numbers(values)))):
            self._refuse_infinite(values)
        return values

    def _guard(self, present: tuple[str, ...]) -> list[_Row]:
        """Keep the features whose message came; at most 40 orders of messages exist, so the table stays small."""
        rows: list[_Row] = [
            row if spec.message is None or spec.message in present else (_missing, False)
            for spec, row in zip(self.specs, self._rows, strict=True)
        ]
        self._rows_by_messages[present] = rows
        return rows

    def _refuse_infinite(self, values: list[FeatureValue]) -> None:
        for spec, value in zip(self.specs, values, strict=True):
            if spec.kind is Kind.NUMBER and isinstance(value, (int, float)) and not isfinite(value):
                raise FeatureError(
                    f"{spec.name}: the value is not a finite number; return None where it has no meaning"
                )


def _bind(spec: FeatureSpec, reference: ReferenceData) -> _Row:
    """Give a function its lookup tables once, and say whether it asks for the history."""
    function = spec.function
    if "reference" in spec.needs:  # always the last parameter
        function = partial(function, reference=reference)
    return function, "history" in spec.needs


CATALOGUE = FeatureCatalogue.from_groups(*GROUPS)
"""Every feature of the project."""
