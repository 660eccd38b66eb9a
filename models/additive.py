"""The one form in which every model is served: a baseline plus points looked up per feature and per pair."""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from features.spec import FeatureValue, Kind
from models.base import Explanation, logistic
from models.cells import Cells
from models.errors import ModelFormError
from models.terms import MAX_POINTS, Axis, Term, read_term

if TYPE_CHECKING:  # numpy is loaded by the batch path alone: scoring one record starts without it
    import numpy as np
    import numpy.typing as npt

__all__ = ["AdditiveModel", "Axis", "Term"]

MAX_TERMS = 2000
"""Most terms, and most features, of one model."""


@dataclass(frozen=True)
class AdditiveModel:
    """A baseline plus one contribution per term; terms of one feature come before those of two.

    A plain loop over prepared tuples reads one record: code generated for the model was measured to be 1.2 times as
    fast, which does not pay for generated code.

    >>> lead = Axis("lead_hours", Kind.NUMBER, cuts=(24.0,), low=0.0, high=900.0)
    >>> term = Term((lead,), points=(0.1, 0.75, -0.25, 0.0), errors=(0.0,) * 4, weights=(0.0,) * 4)
    >>> model = AdditiveModel(-3.0, 0.0, ("lead_hours",), (term,))
    >>> model.explain([5.0]).log_odds, model.explain([None]).contributions
    (-2.25, [0.1])
    """

    baseline: float
    baseline_error: float
    features: tuple[str, ...]
    terms: tuple[Term, ...]
    cells: Cells = field(init=False, repr=False, compare=False)
    """What :meth:`explain` reads."""
    _unread: list[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the form, then prepare what :meth:`explain` reads.

        Raises:
            ModelFormError: naming every rule that the tables break.
        """
        problems = self._problems()
        if problems:
            raise ModelFormError("; ".join(problems[:20]))
        prepare = object.__setattr__  # the dataclass is frozen; these two are set once, here
        prepare(self, "cells", Cells(self.features, self.terms))
        read = {term.axes[0].feature for term in self.terms if len(term.axes) == 1}
        prepare(self, "_unread", [at for at, name in enumerate(self.features) if name not in read])

    def _problems(self) -> list[str]:
        axes = [len(term.axes) for term in self.terms]
        names = [frozenset(axis.feature for axis in term.axes) for term in self.terms]
        rules = {
            "the baseline is finite": math.isfinite(self.baseline) and abs(self.baseline) <= MAX_POINTS,
            "the error of the baseline is finite and not negative": 0 <= self.baseline_error <= MAX_POINTS,
            f"at most {MAX_TERMS} features, each once": len(set(self.features)) == len(self.features) <= MAX_TERMS,
            f"at most {MAX_TERMS} terms": len(self.terms) <= MAX_TERMS,
            "terms of one feature come before terms of two": axes == sorted(axes),
            "one term for a feature, and one for a pair of features": len(set(names)) == len(names),
        }
        found = [rule for rule, holds in rules.items() if not holds]
        kinds: dict[str, Kind] = {}
        for term in self.terms:
            found.extend(f"term {term.name!r}: {problem}" for problem in term.problems())
            for axis in term.axes:
                if axis.feature not in self.features:
                    found.append(f"term {term.name!r}: its features are features of the model")
                if kinds.setdefault(axis.feature, axis.kind) is not axis.kind:
                    found.append(f"term {term.name!r}: a feature has one kind in all terms")
        return found

    def explain(self, values: Sequence[FeatureValue]) -> Explanation:
        """Score one record.

        Args:
            values: one per feature, in the order of :attr:`features`; ``None`` is missing.

        Returns:
            The score with one contribution per term, in log-odds.
        """
        if self._unread and any(values[place] != values[place] for place in self._unread):
            return self.explain(_without_nan(values))
        log_odds = self.baseline
        variance = self.baseline_error * self.baseline_error
        numbers: list[int] = []
        missing: list[int] = []
        outside: list[int] = []
        add = numbers.append
        for place, cuts, table in self.cells.singles:
            value = values[place]
            at = value if cuts is None else -1 if value is None else bisect_right(cuts, value)
            number, points, square, noted = table[at]
            if noted:
                if value is None:
                    missing.append(place)
                elif value != value:  # noqa: PLR0124  not-a-number, which only sorts like a number above all
                    return self.explain(_without_nan(values))
                else:
                    outside.append(place)
            add(number)
            log_odds += points
            variance += square
        for first, cuts, rows, second, other_cuts in self.cells.pairs:
            value, other = values[first], values[second]
            row = rows[value if cuts is None else -1 if value is None else bisect_right(cuts, value)]
            at = other if other_cuts is None else -1 if other is None else bisect_right(other_cuts, other)
            number, points, square, _ = row[at]
            add(number)
            log_odds += points
            variance += square
        missing.extend(place for place in self._unread if values[place] is None)
        return Explanation(
            self.baseline,
            numbers,
            self.cells.points,
            math.sqrt(variance),
            log_odds,
            logistic(log_odds),
            missing,
            outside,
        )

    def contributions(self, columns: "Mapping[str, npt.NDArray[np.generic]]") -> "npt.NDArray[np.float64]":
        """Contributions of many records at once.

        Args:
            columns: one array per feature, (n_rows,). Numbers and flags: float, not-a-number is missing.
                Categories: text in an object array, ``None`` is missing.

        Returns:
            (n_rows, n_terms), float, log-odds.
        """
        from models import batch  # noqa: PLC0415  numpy costs 0.1 s and 20 MB: only the batch path pays

        return batch.contributions(self, columns)

    def log_odds(self, columns: "Mapping[str, npt.NDArray[np.generic]]") -> "npt.NDArray[np.float64]":
        """Score many records at once, (n_rows,), equal to :meth:`explain` bit for bit: added up in the same order."""
        from models import batch  # noqa: PLC0415  as above

        return batch.log_odds(self, self.contributions(columns))

    def standard_errors(self, columns: "Mapping[str, npt.NDArray[np.generic]]") -> "npt.NDArray[np.float64]":
        """Standard errors of the log-odds of many records, (n_rows,), equal to :meth:`explain` bit for bit."""
        from models import batch  # noqa: PLC0415  as above

        return batch.standard_errors(self, columns)

    def scaled(self, slope: float, intercept: float) -> "AdditiveModel":
        """Calibrate: the model of ``slope * log_odds + intercept``, which is additive again."""
        return AdditiveModel(
            self.baseline * slope + intercept,
            self.baseline_error * abs(slope),
            self.features,
            tuple(term.scaled(slope) for term in self.terms),
        )

    def to_json(self) -> dict[str, Any]:
        """Write the model as plain lists and numbers; :meth:`from_json` reads back an equal model."""
        return {
            "baseline": self.baseline + 0.0,
            "baseline_error": self.baseline_error + 0.0,
            "features": list(self.features),
            "terms": [term.to_json() for term in self.terms],
        }

    @classmethod
    def from_json(cls, data: Any) -> "AdditiveModel":
        """Read what :meth:`to_json` wrote, after any JSON writer that keeps floats exact.

        Raises:
            ModelFormError: naming what breaks the form.
        """
        if not isinstance(data, dict) or set(data) != {"baseline", "baseline_error", "features", "terms"}:
            raise ModelFormError("a model has baseline, baseline_error, features and terms")
        numbers, lists = (data["baseline"], data["baseline_error"]), (data["features"], data["terms"])
        if not all(type(number) in (int, float) for number in numbers):
            raise ModelFormError("the baseline and its error are numbers")
        if not all(isinstance(one, list) for one in lists) or not all(isinstance(name, str) for name in lists[0]):
            raise ModelFormError("features is a list of names, terms a list of terms")
        try:
            baseline, error = map(float, numbers)
        except OverflowError:
            raise ModelFormError("the baseline and its error are finite") from None
        return cls(baseline, error, tuple(lists[0]), tuple(map(read_term, lists[1])))


def _without_nan(values: Sequence[FeatureValue]) -> list[FeatureValue]:
    """Not-a-number is missing."""
    return [None if value != value else value for value in values]  # noqa: PLR0124  only it differs from itself
