"""How far to trust a model: do its reasons stay when cases are drawn anew, and for whom does it give no band?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

from features.spec import FeatureSpec, Kind
from models.abstention import Abstainer, AbstentionRules
from models.additive import AdditiveModel
from models.assessment import Z
from models.bands import BandPolicy
from models.batch import term_moves
from models.promotion import Gate, Verdict
from training.families.base import Floats, model_columns

TOP = 3
"""Reasons looked at: those that raise a score most."""
MAIN = 0.6
"""Share of redraws in which a reason stays among the first to be called a main one."""
MIN_SUPPORT = 0.7
MAX_ABSTENTION = 0.05
SHOWN = 500
"""Travellers of a mode from which its share without a band is shown."""
SAMPLE = 500
"""Most of the highest scores whose reasons are looked at."""


@dataclass(frozen=True)
class Reasons:
    """How stable the first reasons of the highest scores are.

    Attributes:
        records: looked at.
        support: median share of redraws in which a first reason stays among the first.
        jaccard: mean overlap of the first reasons with those of a redraw: common ones over all.
        main: share of records with at least one main reason.
        rank: mean rank correlation (Spearman 1904) of a record's contributions with those of a redraw.
        terms: per term that is among the first anywhere: its name, how many records, and the median share of redraws in
            which it stays there.
    """

    records: int
    support: float
    jaccard: float
    main: float
    rank: float
    terms: tuple[tuple[str, int, float], ...]


@dataclass(frozen=True)
class Silence:
    """For whom a score gets no band.

    Attributes:
        records: of the reference population.
        share: of them without a band.
        modes: the same by mode of transport, where enough travellers use it.
    """

    records: int
    share: float
    modes: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Stability:
    """Both."""

    reasons: Reasons | None
    silence: Silence

    def gates(self) -> tuple[Gate, ...]:
        """What must hold before a person is asked."""
        support = None if self.reasons is None else round(self.reasons.support, 4)
        share = round(self.silence.share, 4)
        return (
            Gate(
                name="reason_support",
                title="Reasons that stay when cases are drawn anew",
                rule=f"the median first reason of the highest scores stays in at least {MIN_SUPPORT:.0%} of redraws",
                limit=MIN_SUPPORT,
                value=support,
                verdict=_verdict(None if support is None else support >= MIN_SUPPORT),
            ),
            Gate(
                name="abstention",
                title="Ordinary travellers without a band",
                rule=f"at most {MAX_ABSTENTION:.0%} of the reference population get no band",
                limit=MAX_ABSTENTION,
                value=share,
                verdict=_verdict(share <= MAX_ABSTENTION),
            ),
        )

    def limits(self) -> list[str]:
        """What a reader of the card should know."""
        found = []
        if self.reasons is not None:
            found.append(
                f"Reasons vary with the cases: among the highest scores a first reason stays among the first {TOP} in "
                f"{self.reasons.support:.0%} of redraws (median), and the overlap is {self.reasons.jaccard:.0%} on "
                f"average. {self.reasons.main:.0%} of these scores have a reason that stays in {MAIN:.0%} or more."
            )
        by_mode = ", ".join(f"{mode} {share:.1%}" for mode, share in self.silence.modes)
        found.append(
            f"{self.silence.share:.1%} of the reference population get no band, since their record lies outside of "
            f"what was seen{f' ({by_mode})' if by_mode else ''}."
        )
        return found


def rules_for(
    model: AdditiveModel, specs: Sequence[FeatureSpec], frame: pd.DataFrame, modes: npt.NDArray[np.object_]
) -> AbstentionRules:
    """Set the rules of abstention on the reference population; a model without features never abstains."""
    if not model.features:
        return AbstentionRules()
    missing = {name: frame[name].isna().to_numpy() for name in model.features}
    return AbstentionRules.from_reference(
        model.standard_errors(model_columns(frame, model.features)), missing, modes, specs
    )


def stability(
    model: AdditiveModel,
    bands: BandPolicy,
    frame: pd.DataFrame,
    modes: npt.NDArray[np.object_],
    *,
    abstained: npt.NDArray[np.bool_],
    inflation: float,
) -> Stability:
    """Measure both on the reference population.

    Args:
        model: calibrated.
        bands: its bands.
        frame: features of the reference population.
        modes: (n_rows,), how each traveller crosses.
        abstained: (n_rows,), who gets no band (:func:`silent`).
        inflation: by which the model's swings were widened beyond what redraws showed.
    """
    told = silence(abstained, modes)
    if not model.features:
        return Stability(None, told)
    log_odds = model.log_odds(model_columns(frame, model.features))
    top = np.flatnonzero(log_odds >= bands.edges[0])
    chosen = frame.iloc[top[_spread(len(top), SAMPLE)]]
    return Stability(reasons(model, chosen, inflation) if len(chosen) else None, told)


def reasons(model: AdditiveModel, frame: pd.DataFrame, inflation: float = 1.0) -> Reasons:
    """Compare the first reasons of records with those of every redraw.

    Args:
        model: with swings.
        frame: features of the records, (n_rows, n_features).
        inflation: by which the swings were widened.
    """
    columns = model_columns(frame, model.features)
    points = model.contributions(columns)
    moves = term_moves(model, columns)[1:] / inflation  # (n_terms, n_rows, n_redraws)
    drawn = points[:, :, None] + np.moveaxis(moves, 0, 1)
    first = first_reasons(points[:, :, None])[:, :, 0]
    redrawn = first_reasons(drawn)
    kept = redrawn & first[:, :, None]
    shares = kept.mean(axis=2)
    overlap = kept.sum(axis=1) / np.maximum(1, (redrawn | first[:, :, None]).sum(axis=1))
    best = np.where(first, shares, 0.0).max(axis=1)
    terms = [
        (term.name, int(first[:, at].sum()), float(np.median(shares[first[:, at], at])))
        for at, term in enumerate(model.terms)
        if first[:, at].any()
    ]
    return Reasons(
        records=len(frame),
        support=float(np.median(shares[first])) if first.any() else 0.0,
        jaccard=float(overlap.mean()),
        main=float(np.mean(best >= MAIN)),
        rank=_rank_agreement(points, drawn),
        terms=tuple(sorted(terms, key=lambda each: (-each[1], each[0]))),
    )


def _rank_agreement(points: Floats, drawn: Floats) -> float:
    """Mean correlation of ranks; 1 where a model has one term, whose rank nothing can change.

    Args:
        points: (n_rows, n_terms).
        drawn: (n_rows, n_terms, n_redraws).
    """
    if points.shape[1] < 2:  # noqa: PLR2004  an order takes two
        return 1.0
    own = rankdata(points, axis=1)[:, :, None]
    other = rankdata(drawn, axis=1)
    one, two = own - own.mean(axis=1, keepdims=True), other - other.mean(axis=1, keepdims=True)
    lengths = np.sqrt((one**2).sum(axis=1) * (two**2).sum(axis=1))
    told = lengths > 0  # where all contributions are equal there is no order to keep
    return float(np.mean((one * two).sum(axis=1)[told] / lengths[told])) if told.any() else 1.0


def silent(
    model: AdditiveModel, specs: Sequence[FeatureSpec], bands: BandPolicy, frame: pd.DataFrame
) -> npt.NDArray[np.bool_]:
    """Find whose score gets no band, (n_rows,), by the rules as the service applies them."""
    if not model.features:
        return np.zeros(len(frame), dtype=bool)
    abstainer = Abstainer(bands.abstention, model, specs, bands.edges)
    found = []
    for values in plain_rows(model, specs, frame):
        told = model.explain(values)
        reach = Z * told.standard_error
        found.append(bool(abstainer.reasons(told, told.log_odds - reach, told.log_odds + reach)))
    return np.asarray(found, dtype=bool)


def silence(abstained: npt.NDArray[np.bool_], modes: npt.NDArray[np.object_]) -> Silence:
    """Count whose score gets no band.

    Args:
        abstained: (n_rows,).
        modes: (n_rows,), how each traveller crosses.
    """
    names = modes.astype(str)
    counts = {mode: int(np.sum(names == mode)) for mode in sorted(set(names.tolist()))}
    shares = tuple((mode, float(abstained[names == mode].mean())) for mode, n in counts.items() if n >= SHOWN)
    return Silence(len(abstained), float(abstained.mean()), shares)


def first_reasons(contributions: Floats) -> npt.NDArray[np.bool_]:
    """Mark the :data:`TOP` largest contributions of each record that raise its score.

    Args:
        contributions: (n_rows, n_terms, ...), log-odds.
    """
    order = np.argsort(np.argsort(-contributions, axis=1, kind="stable"), axis=1)
    return np.asarray((order < TOP) & (contributions > 0))


def _spread(rows: int, most: int) -> npt.NDArray[np.intp]:
    return np.unique(np.linspace(0, rows - 1, min(rows, most)).round().astype(np.intp))


def plain_rows(
    model: AdditiveModel, specs: Sequence[FeatureSpec], frame: pd.DataFrame
) -> Iterator[tuple[float | str | None, ...]]:
    """The values of each record as the service would hold them, in the order of the model's features."""
    kinds = {spec.name: spec.kind for spec in specs}
    return zip(*(_plain(frame[name], kinds[name]) for name in model.features), strict=True)


def _plain(column: "pd.Series[float]", kind: Kind) -> list[float | str | None]:
    if kind is Kind.CATEGORY:
        return [None if value is None or value != value else str(value) for value in column]  # noqa: PLR0124  NaN
    return [None if np.isnan(value) else value for value in column.to_numpy(np.float64).tolist()]


def _verdict(holds: bool | None) -> Verdict:  # noqa: FBT001  a verdict is what becomes of it
    if holds is None:
        return Verdict.INCONCLUSIVE
    return Verdict.PASSED if holds else Verdict.FAILED
