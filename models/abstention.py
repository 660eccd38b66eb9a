"""When a score is given without a band: where the record lies outside of what the model has seen, and why.

To place such a record among the others would say more than is known, whether high or low. The probability and its
interval are still given. The rules are set when a model is packaged, travel in its bundle, and never change with it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from features.spec import FeatureSpec
from models.errors import ModelFormError

if TYPE_CHECKING:  # numpy is needed to set rules, not to apply them; a bundle replays with this floor
    import numpy as np
    import numpy.typing as npt

    from models.additive import AdditiveModel
    from models.base import Explanation

INSUFFICIENT = "insufficient_data"
"""The band of a record that the model can say too little of. It is neither low nor high."""
ORDINARY = 0.99
"""Share of travellers of each mode whose scores count as ordinarily certain."""
KNOWN = 0.999
"""Share of travellers of each mode who count as like those that were seen."""
GIVEN = 0.995
"""Share of travellers of each mode who give a group of facts, from which on a record without any of it is unusual."""
FEWEST = 20
"""Travellers of a mode below which it has no say in the rules."""
TRAVELLERS = 10
"""Training travellers up to which a bin says too little."""


@dataclass(frozen=True)
class AbstentionRules:
    """The rules of one model.

    Attributes:
        travellers: training travellers of a value, up to which it counts as not seen.
        required: groups of features by their title; a record that gives no fact of a group lacks what nearly all give.
        uncertain: standard error [log-odds] above which a score must lie within two neighbouring bands, all of its
            interval; ``None`` for no such rule.
        novel: standard error [log-odds] above which a record is unlike nearly all others; ``None`` for no such rule.
    """

    travellers: int = TRAVELLERS
    required: tuple[tuple[str, tuple[str, ...]], ...] = ()
    uncertain: float | None = None
    novel: float | None = None

    def __post_init__(self) -> None:
        """Check the form.

        Raises:
            ModelFormError: naming every rule that the rules break.
        """
        limits = [limit for limit in (self.uncertain, self.novel) if limit is not None]
        rules = {
            "a number of travellers is not negative": self.travellers >= 0,
            "groups that are required have names and features": all(name and held for name, held in self.required),
            "limits of the standard error are finite and not negative": all(
                math.isfinite(limit) and limit >= 0 for limit in limits
            ),
            "the limit of novelty is not below that of uncertainty": all(a <= b for a, b in pairwise(limits)),
        }
        broken = [rule for rule, holds in rules.items() if not holds]
        if broken:
            raise ModelFormError("; ".join(broken))

    @classmethod
    def from_reference(
        cls,
        errors: "npt.NDArray[np.float64]",
        missing: "Mapping[str, npt.NDArray[np.bool_]]",
        modes: "npt.NDArray[np.object_]",
        specs: Sequence[FeatureSpec],
    ) -> "AbstentionRules":
        """Set rules so that few ordinary travellers of any mode fall under them.

        Args:
            errors: (n_rows,), standard errors of the reference population [log-odds].
            missing: for each feature, (n_rows,), whether it was not given.
            modes: (n_rows,), how each traveller crosses: air, land, sea.
            specs: the features.
        """
        import numpy as np  # noqa: PLC0415  rules are set where models are trained, and applied without numpy

        parts = [modes == mode for mode in sorted(set(modes.tolist()), key=str)]
        parts = [part for part in parts if np.sum(part) >= FEWEST] or [np.ones(len(modes), dtype=bool)]
        groups: dict[str, list[str]] = {}
        for spec in specs:
            groups.setdefault(spec.group, []).append(spec.name)
        required = []
        for group, names in groups.items():
            given = ~np.logical_and.reduce([missing[name] for name in names])
            if all(float(np.mean(given[part])) >= GIVEN for part in parts):
                required.append((group, tuple(names)))
        uncertain, novel = (
            max(float(np.quantile(errors[part], share)) for part in parts) for share in (ORDINARY, KNOWN)
        )
        return cls(required=tuple(required), uncertain=uncertain + 0.0, novel=novel + 0.0)

    def to_json(self) -> dict[str, Any]:
        """Write the rules as plain values."""
        return {
            "travellers": self.travellers,
            "required": [{"group": name, "features": list(held)} for name, held in self.required],
            "uncertain": self.uncertain,
            "novel": self.novel,
        }

    @classmethod
    def from_json(cls, data: Any) -> "AbstentionRules":
        """Read what :meth:`to_json` wrote.

        Raises:
            ModelFormError: naming what breaks the form.
        """
        form = ModelFormError("abstention has travellers, required groups of features, and limits of standard errors")
        try:
            required = tuple((each["group"], tuple(each["features"])) for each in data["required"])
            limits = [data["uncertain"], data["novel"]]
            texts = [text for name, held in required for text in (name, *held)]
            whole = (
                set(data) == {"travellers", "required", "uncertain", "novel"}
                and all(set(each) == {"group", "features"} for each in data["required"])
                and type(data["travellers"]) is int
                and all(isinstance(text, str) for text in texts)
                and all(limit is None or type(limit) in (int, float) for limit in limits)
            )
        except (TypeError, KeyError):
            raise form from None
        if not whole:
            raise form
        try:
            uncertain, novel = (None if limit is None else float(limit) for limit in limits)
        except OverflowError:
            raise form from None
        return cls(data["travellers"], required, uncertain, novel)


class Abstainer:
    """Applies the rules to one score after the other.

    Args:
        rules: of the bundle.
        model: whose scores.
        specs: its features.
        edges: thresholds between bands, highest first [log-odds].

    Raises:
        ModelFormError: where the rules name a feature that the model does not read.
    """

    def __init__(
        self, rules: AbstentionRules, model: "AdditiveModel", specs: Sequence[FeatureSpec], edges: Sequence[float]
    ) -> None:
        place = {name: at for at, name in enumerate(model.features)}
        unknown = [name for _, held in rules.required for name in held if name not in place]
        if unknown:
            raise ModelFormError(f"abstention names features that the model does not read: {', '.join(unknown[:5])}")
        labels = {spec.name: spec.label for spec in specs}
        self._labels = [labels.get(name, name) for name in model.features]
        self._required = [(name, frozenset(place[each] for each in held)) for name, held in rules.required]
        self._unseen_missing = frozenset(
            place[term.axes[0].feature]
            for term in model.terms
            if len(term.axes) == 1 and float(term.travellers[0]) <= rules.travellers  # type: ignore[arg-type]
        )
        self._pooled = frozenset(
            place[term.axes[0].feature]
            for term in model.terms
            if len(term.axes) == 1 and term.axes[0].levels and float(term.travellers[-1]) > rules.travellers  # type: ignore[arg-type]
        )
        self._thin = {
            number: place[model.terms[at].axes[0].feature] for number, at in _thin_cells(model, rules.travellers)
        }
        first = {min(held) for _, held in self._required}
        self._telling = self._unseen_missing | first
        self._edges = tuple(edges)
        self.certain = math.inf if rules.uncertain is None else rules.uncertain
        """Standard error up to which nothing is asked of the interval."""
        self._novel = math.inf if rules.novel is None else rules.novel

    def reasons(self, explained: "Explanation", low: float, high: float) -> list[str]:
        """Say why a score gets no band; empty where it gets one.

        Args:
            explained: the score.
            low: lower end of its interval [log-odds].
            high: upper end [log-odds].
        """
        found: list[str] = []
        missing, outside = explained.missing, explained.out_of_range
        if missing and not self._telling.isdisjoint(missing):
            gone = frozenset(missing)
            found += [f"No fact of the group {name} was given" for name, held in self._required if held <= gone]
            found += [
                f"Not given, and hardly ever missing in training: {self._labels[at]}"
                for at in missing
                if at in self._unseen_missing
            ]
        if outside:
            found += [f"Outside of what training saw: {self._labels[at]}" for at in outside if at not in self._pooled]
        if self._thin:
            found += [
                f"Hardly ever seen in training: {self._labels[self._thin[cell]]}"
                for cell in explained.cells
                if cell in self._thin
            ]
        if explained.standard_error > self.certain:
            if explained.standard_error > self._novel:
                found.append("Unlike nearly all travellers: the score is less certain than 999 of 1,000")
            elif sum(low < edge <= high for edge in self._edges) > 1:
                found.append("The interval reaches over more than two bands, and few scores are as uncertain")
        return found


def _thin_cells(model: "AdditiveModel", travellers: int) -> list[tuple[int, int]]:
    """Cells of values (not of missing or unseen ones) of single features with too few travellers: number and term."""
    found = []
    for number, (at, bins) in enumerate(zip(model.cells.terms, model.cells.bins, strict=True)):
        term = model.terms[at]
        values = len(bins) == 1 and 0 < bins[0] < term.axes[0].size - 1
        if values and float(term.travellers[bins[0]]) <= travellers:  # type: ignore[arg-type]
            found.append((number, at))
    return found
