"""The approved models as one value: which features they need together, and which columns they declare."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter

from features.catalogue import LINKS_GROUP, Extractor
from features.declared import DeclaredColumns
from features.memory.own import OwnKeys
from features.record import TravellerRecord
from features.reference import ReferenceData
from features.risk import Audience
from features.spec import FeatureSpec, FeatureValue
from models.assessment import RiskScorer
from models.bundle import ModelBundle
from riskapi.errors import Problem

Values = Sequence[FeatureValue]

_WHOLE_MAX = 2**63 - 1
"""Largest whole number that every part of the service and its callers can hold."""


@dataclass(frozen=True)
class LiveModel:
    """One approved bundle, ready to score."""

    bundle: ModelBundle
    scorer: RiskScorer

    @property
    def risk(self) -> str:
        """Name of the risk."""
        return self.bundle.risk.name

    @property
    def audience(self) -> Audience:
        """Who may act on its scores."""
        return self.bundle.risk.audience


class LiveModels:
    """Approved models that score together: each feature is computed once, whoever of them reads it.

    Immutable: a change of models makes a new value, and a request keeps the one it began with.
    """

    def __init__(self, models: Sequence[LiveModel] = ()) -> None:
        self.models = tuple(models)
        self.digests = tuple(model.bundle.digest for model in self.models)
        self._columns = _distinct([model.bundle.declared for model in self.models])
        self.own_keys = OwnKeys(pair for columns in self._columns for pair in columns.own_keys.declared)
        plan = _Plan()
        for model in self.models:
            plan.add(model.bundle)
        self._selections = [(model, plan.picker(model.bundle)) for model in self.models]
        self._extractors = plan.extractors()
        self._by_audiences: dict[frozenset[Audience], LiveModels] = {}

    def __bool__(self) -> bool:
        return bool(self.models)

    def for_audiences(self, audiences: frozenset[Audience]) -> "LiveModels":
        """The models whose scores these audiences may see; made once for each of the few combinations."""
        view = self._by_audiences.get(audiences)
        if view is None:
            chosen = [model for model in self.models if model.audience in audiences]
            view = self if len(chosen) == len(self.models) else LiveModels(chosen)
            self._by_audiences[audiences] = view
        return view

    def values(self, record: TravellerRecord) -> list[tuple[LiveModel, Values]]:
        """Compute the features of a record.

        Returns:
            Each model with the values of its own features, in its order.
        """
        first, *others = self._extractors
        values = first.values(record)
        for extractor in others:
            values += extractor.values(record)
        return [(model, select(values)) for model, select in self._selections]

    def reading_memory(self) -> list[str]:
        """Name the risks whose models read what a memory knows."""
        return [
            one.risk
            for one in self.models
            if one.bundle.declared.own_keys or any(spec.group == LINKS_GROUP for spec in one.bundle.specs)
        ]

    def problems_of_extra(self, record: TravellerRecord) -> list[Problem]:
        """Check the agency's own columns against what the models declare.

        A name that was sent is shown only where a model declares it: any other may hold anything.
        """
        problems = []
        for position, (name, value) in enumerate(record.extra.items(), 1):
            if isinstance(value, int) and abs(value) > _WHOLE_MAX:
                problems.append(
                    Problem("extra", f"the number of column {position} is too large", "Send 64 bits at most.")
                )
                continue
            found = [columns.check({name: value}) for columns in self._columns]
            if all(found):  # no model accepts it
                known = [one[0] for columns, one in zip(self._columns, found, strict=True) if _declares(columns, name)]
                problems.append(
                    known[0]
                    if known
                    else Problem(
                        "extra",
                        f"column {position} is not declared by any live model",
                        f"Leave it out; declared are: {', '.join(self.declared_names()) or 'none'}.",
                    )
                )
        return problems

    def declared_names(self) -> list[str]:
        """Names of the columns that may be sent."""
        return sorted({column.name for columns in self._columns for column in columns.columns if not column.derived})


class _Plan:
    """Gives every feature of every model a place in one list of values; equal features share a place."""

    def __init__(self) -> None:
        self._groups: list[tuple[ReferenceData, list[FeatureSpec]]] = []

    def add(self, bundle: ModelBundle) -> None:
        """Give each feature of a bundle a place, unless an equal one has it."""
        for spec in bundle.specs:
            if self._find(spec, bundle.reference) is None:
                self._group(spec, bundle.reference).append(spec)

    def picker(self, bundle: ModelBundle) -> Callable[[list[FeatureValue]], Values]:
        """Make the function that picks a bundle's values from the list, once all bundles are added."""
        positions = [self._position(spec, bundle.reference) for spec in bundle.specs]
        if len(positions) > 1:
            return itemgetter(*positions)
        return lambda values: [values[position] for position in positions]

    def extractors(self) -> list[Extractor]:
        """One extractor for each set of lookup tables."""
        return [Extractor(specs, reference) for reference, specs in self._groups] or [Extractor((), ReferenceData())]

    def _find(self, spec: FeatureSpec, reference: ReferenceData) -> tuple[int, int] | None:
        for group, (known, specs) in enumerate(self._groups):
            if spec in specs and ("reference" not in spec.needs or known == reference):
                return group, specs.index(spec)
        return None

    def _group(self, spec: FeatureSpec, reference: ReferenceData) -> list[FeatureSpec]:
        for known, specs in self._groups:
            if "reference" not in spec.needs or known == reference:
                return specs
        self._groups.append((reference, []))
        return self._groups[-1][1]

    def _position(self, spec: FeatureSpec, reference: ReferenceData) -> int:
        found = self._find(spec, reference)
        assert found is not None, "every feature was added"
        group, place = found
        return sum(len(specs) for _, specs in self._groups[:group]) + place


def _distinct(columns: Sequence[DeclaredColumns]) -> list[DeclaredColumns]:
    found: list[DeclaredColumns] = []
    for one in columns:
        if one not in found:
            found.append(one)
    return found or [DeclaredColumns()]


def _declares(columns: DeclaredColumns, name: str) -> bool:
    return any(column.name == name for column in columns.columns)
