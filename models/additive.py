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
from models.swings import MAX_LANES, MAX_SWING, UNIT, Lanes, Packing, move_unit, norm
from models.terms import MAX_POINTS, Axis, Term, read_term, scaled_lanes

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
    >>> term = Term((lead,), points=(0.1, 0.75, -0.25, 0.0), swings=((0,),) * 4, travellers=(0.0,) * 4)
    >>> model = AdditiveModel(-3.0, (0,), ("lead_hours",), (term,))
    >>> model.explain([5.0]).log_odds, model.explain([None]).contributions
    (-2.25, [0.1])
    """

    baseline: float
    baseline_swings: Lanes
    """How the baseline moved when cases were drawn anew, one lane per redraw (:mod:`models.swings`)."""
    features: tuple[str, ...]
    terms: tuple[Term, ...]
    cells: Cells = field(init=False, repr=False, compare=False)
    """What :meth:`explain` reads."""
    packing: Packing = field(init=False, repr=False, compare=False)
    """Of the swings of all cells."""
    _unread: list[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the form, then prepare what :meth:`explain` reads.

        Raises:
            ModelFormError: naming every rule that the tables break.
        """
        problems = self._problems()
        if problems:
            raise ModelFormError("; ".join(problems[:20]))
        prepare = object.__setattr__  # the dataclass is frozen; these are set once, here
        packing = Packing(len(self.baseline_swings), [max(term.reach()) for term in self.terms], self.baseline_swings)
        prepare(self, "packing", packing)
        prepare(self, "cells", Cells(self.features, self.terms, packing))
        read = {term.axes[0].feature for term in self.terms if len(term.axes) == 1}
        prepare(self, "_unread", [at for at, name in enumerate(self.features) if name not in read])

    def _problems(self) -> list[str]:
        axes = [len(term.axes) for term in self.terms]
        names = [frozenset(axis.feature for axis in term.axes) for term in self.terms]
        rules = {
            "the baseline is finite": math.isfinite(self.baseline) and abs(self.baseline) <= MAX_POINTS,
            f"the baseline has one to {MAX_LANES} swings": 1 <= len(self.baseline_swings) <= MAX_LANES,
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
        if not found and any(each.lanes != len(self.baseline_swings) for each in self.terms):
            found.append("every cell has as many swings as the baseline")
        if not found and sum(max(t.reach()) for t in self.terms) + max(map(abs, self.baseline_swings)) > MAX_SWING:
            found.append(f"swings add up to {MAX_SWING} at most")
        return found

    @property
    def baseline_error(self) -> float:
        """Standard error of the baseline [log-odds]."""
        return norm(self.baseline_swings)

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
        packing = self.packing
        swing = packing.start
        numbers: list[int] = []
        missing: list[int] = []
        outside: list[int] = []
        add = numbers.append
        for place, cuts, table in self.cells.singles:
            value = values[place]
            at = value if cuts is None else -1 if value is None else bisect_right(cuts, value)
            number, points, moves, noted = table[at]
            if noted:
                if value is None:
                    missing.append(place)
                elif value != value:  # noqa: PLR0124  not-a-number, which only sorts like a number above all
                    return self.explain(_without_nan(values))
                else:
                    outside.append(place)
            add(number)
            log_odds += points
            swing += moves
        for first, cuts, rows, second, other_cuts in self.cells.pairs:
            value, other = values[first], values[second]
            row = rows[value if cuts is None else -1 if value is None else bisect_right(cuts, value)]
            at = other if other_cuts is None else -1 if other is None else bisect_right(other_cuts, other)
            number, points, moves, _ = row[at]
            add(number)
            log_odds += points
            swing += moves
        missing.extend(place for place in self._unread if values[place] is None)
        lanes = packing.unpack((swing ^ packing.flip).to_bytes(packing.size, "little"))
        return Explanation(
            self.baseline,
            numbers,
            self.cells.points,
            math.hypot(*lanes) * UNIT,
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

    def redraws(self, columns: "Mapping[str, npt.NDArray[np.generic]]") -> "npt.NDArray[np.float64]":
        """Log-odds of many records in every redraw of the cases, (n_rows, n_redraws)."""
        from models import batch  # noqa: PLC0415  as above

        return batch.redraws(self, columns)

    def scaled(self, slope: float, intercept: float, lines: Sequence[tuple[float, float]] = ()) -> "AdditiveModel":
        """Calibrate: the model of ``slope * log_odds + intercept``, which is additive again.

        Args:
            slope: of the line.
            intercept: of the line [log-odds].
            lines: slope and intercept in each redraw; the same line in all where there is none.
        """
        slopes = [own for own, _ in lines]
        swings = scaled_lanes(self.baseline_swings, self.baseline, slope, slopes)
        if lines:
            unit = move_unit(len(swings))
            swings = tuple(lane + round((own - intercept) / unit) for lane, (_, own) in zip(swings, lines, strict=True))
        return AdditiveModel(
            self.baseline * slope + intercept,
            swings,
            self.features,
            tuple(term.scaled(slope, slopes) for term in self.terms),
        )

    def to_json(self) -> dict[str, Any]:
        """Write the model as plain lists and numbers; :meth:`from_json` reads back an equal model."""
        return {
            "baseline": self.baseline + 0.0,
            "baseline_swings": list(self.baseline_swings),
            "features": list(self.features),
            "terms": [term.to_json() for term in self.terms],
        }

    @classmethod
    def from_json(cls, data: Any) -> "AdditiveModel":
        """Read what :meth:`to_json` wrote, after any JSON writer that keeps floats exact.

        Raises:
            ModelFormError: naming what breaks the form.
        """
        if not isinstance(data, dict) or set(data) != {"baseline", "baseline_swings", "features", "terms"}:
            raise ModelFormError("a model has baseline, baseline_swings, features and terms")
        swings, features, terms = data["baseline_swings"], data["features"], data["terms"]
        if type(data["baseline"]) not in (int, float):
            raise ModelFormError("the baseline is a number")
        if not isinstance(swings, list) or not all(type(move) is int and abs(move) <= MAX_SWING for move in swings):
            raise ModelFormError(f"baseline_swings is a list of whole numbers from {-MAX_SWING} to {MAX_SWING}")
        if not isinstance(features, list) or not all(isinstance(name, str) for name in features):
            raise ModelFormError("features is a list of names")
        if not isinstance(terms, list):
            raise ModelFormError("terms is a list of terms")
        try:
            baseline = float(data["baseline"])
        except OverflowError:
            raise ModelFormError("the baseline is finite") from None
        return cls(baseline, tuple(swings), tuple(features), tuple(map(read_term, terms)))


def _without_nan(values: Sequence[FeatureValue]) -> list[FeatureValue]:
    """Not-a-number is missing."""
    return [None if value != value else value for value in values]  # noqa: PLR0124  only it differs from itself
