"""Learning from cases that somebody chose to look at: weights that stand for those whom nobody looked at.

Only chances that the system itself drew and logged make such weights valid. Where an officer chose by what nobody
recorded, no weight repairs it: a chance that is fitted afterwards on recorded facts leaves out what the officer saw
(De-Arteaga, Dubrawski and Chouldechova 2018, "Learning under selective labels in the presence of expert consistency").
Such cases are left out, or train unweighted, as the configuration says; they are never weighted, and never judged by.

Weights are inverse chances (Horvitz and Thompson 1952), brought to mean one (Hajek 1971) and cut at a multiple of it;
what they are worth is the effective sample size (Kish 1965).
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from training.errors import EffectiveSizeError, NotInspectedError

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

BY_SYSTEM = ("random", "score")
"""Selections whose chance the system draws and can log."""
LANE = "random"
CUTS, ROUNDING = 1_000, 1e-9
"""Most rounds of cutting weights, and how closely the largest then keeps to the limit."""


class SelectionConfig(BaseModel):
    """How it is allowed for that cases were chosen."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    officer: Literal["drop", "unweighted"] = "unweighted"
    """What becomes, in the fit, of cases whose chance nobody logged (officer, tip, rule): left out, or weight one.
    They never count as a sample of all travellers: calibration and quality rest on logged chances where there are
    enough of them."""
    clip: Annotated[float, Field(gt=1, le=1000)] = 20.0
    """Largest weight, as a multiple of the mean weight; the share of cut weights is reported."""
    min_effective_share: Annotated[float, Field(gt=0, le=1)] = 0.30
    """Effective sample size over number of cases, below which weights are refused."""
    min_logged_positives: Annotated[int, Field(ge=5)] = 30
    """Confirmed cases with logged chance (of equal weight: Kish) that a slice needs for calibration and quality to rest
    on them alone."""
    min_compliance: Annotated[float, Field(gt=0, le=1)] = 0.90
    """Share of the travellers drawn at random who must really have been inspected; below, bounds replace estimates."""
    mature_share: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """Cases younger than the age at which this share of the hits is known are left out of a slice; 0 keeps all."""
    sensitivity: tuple[float, float] | None = None
    """Chance that an inspection finds what is there, as a range that is documented for this kind of case; with
    `specificity` it corrects the prevalence."""
    specificity: tuple[float, float] = (0.999, 1.0)
    """Chance that an inspection finds nothing where nothing is, as a range."""


@dataclass(frozen=True)
class Weights:
    """What each case of a slice counts for.

    Attributes:
        weight: (n_cases,), mean one over those that are used, 0 for those left out.
        logged: (n_cases,), whether the case has a chance of inspection that the system logged.
        clipped: share of the logged cases whose weight was cut.
        effective_size: of the logged cases [cases].
        note: in words, for report and card.
    """

    weight: Floats
    logged: Booleans
    clipped: float
    effective_size: float
    note: str

    @property
    def used(self) -> Booleans:
        """Which cases count at all, (n_cases,)."""
        return self.weight > 0

    @property
    def plain(self) -> bool:
        """Whether all used cases count the same, so that weights need not be handed on."""
        return bool((self.weight[self.used] == 1.0).all())


@dataclass(frozen=True)
class Judged:
    """Which cases of a slice calibration or quality rests on, and for whom they stand.

    Attributes:
        chosen: (n_cases,), the cases.
        weight: (n_chosen,), mean one; ``None`` where all count the same.
        stands_for: "all" where the cases stand for all travellers, "inspected" where they stand for those alone whom
            somebody chose to inspect.
        note: in words.
    """

    chosen: Booleans
    weight: Floats | None
    stands_for: Literal["all", "inspected"]
    note: str


def logged(about: pd.DataFrame) -> Booleans:
    """Find the cases that the system selected by a chance that it logged, (n_cases,).

    Args:
        about: ``selection`` and ``selection_probability``, one row per case.
    """
    by_system = about["selection"].isin(BY_SYSTEM)
    return np.asarray(by_system & about["selection_probability"].notna(), dtype=np.bool_)


def inverse(probability: Floats, clip: float) -> tuple[Floats, float]:
    """Turn chances of inspection into weights of mean one.

    Args:
        probability: (n_cases,), above 0 and not above 1.
        clip: largest weight as a multiple of the mean weight.

    Returns:
        Weights of mean one, (n_cases,), and the share of them that was cut.

    >>> weights, cut = inverse(np.array([0.5, 0.25, 0.25]), 20.0)
    >>> weights.tolist(), cut
    ([0.6, 1.2, 1.2], 0.0)
    """
    if not len(probability):
        return np.zeros(0), 0.0
    raw = 1.0 / probability
    if raw.min() == raw.max():
        return np.ones(len(raw)), 0.0
    kept = raw
    for _ in range(CUTS):  # each cut lowers the mean, and with it the limit
        limit = clip * kept.mean()
        if kept.max() <= limit * (1 + ROUNDING):
            break
        kept = np.minimum(kept, limit)
    return kept / kept.mean(), float(np.mean(kept < raw))


def effective_size(weight: Floats) -> float:
    """Number of cases of equal weight that would say as much (Kish 1965, Survey Sampling, section 11.7).

    >>> effective_size(np.array([1.0, 1.0])), round(effective_size(np.array([1.0, 3.0])), 2)
    (2.0, 1.6)
    """
    squares = float(np.sum(weight * weight))
    return float(np.sum(weight)) ** 2 / squares if squares else 0.0


def refuse_unlabelled(y: Floats) -> None:
    """Refuse cases without an outcome: that nobody looked is not that nothing was there.

    Args:
        y: (n_cases,), labels.

    Raises:
        NotInspectedError: where a label is missing.
    """
    missing = int(np.isnan(y).sum())
    if missing:
        raise NotInspectedError(
            f"{missing} of {len(y)} cases carry no label: nobody inspected them, or nothing was concluded. They are no "
            "zeros; leave them out of fit, calibration and quality, and count them in the population only."
        )


def weights_to_fit(about: pd.DataFrame, config: SelectionConfig) -> Weights:
    """Weigh the labelled cases of the training slice.

    Args:
        about: ``selection`` and ``selection_probability``, one row per labelled case.
        config: what becomes of cases without a logged chance, and the limits.

    Raises:
        EffectiveSizeError: where the weights leave too little, or no case at all.
    """
    has_chance = logged(about)
    chances = about["selection_probability"].to_numpy(dtype=np.float64)[has_chance]
    weights, clipped = inverse(chances, config.clip)
    size = effective_size(weights)
    _refuse_small(size, len(weights), config)
    weight = np.full(len(about), 0.0 if config.officer == "drop" else 1.0)
    weight[has_chance] = weights
    if not (weight > 0).any():
        raise EffectiveSizeError(
            'No case has a logged chance of inspection, and [selection] officer = "drop" leaves out the others. Draw a '
            'random lane and log its chances, or set officer = "unweighted" and say so.'
        )
    others = int((~has_chance).sum())
    told = f"The fit rests on {int((weight > 0).sum()):,} labelled cases. "
    if len(weights):
        told += (
            f"{len(weights):,} carry a logged chance of inspection: weighted by its inverse, {clipped:.1%} of the "
            f"weights cut at {config.clip:g} times the mean, worth {size:,.0f} cases of equal weight. "
        )
    if others:
        told += (
            f"{others:,} were selected by what nobody logged and are left out."
            if config.officer == "drop"
            else f"{others:,} were selected by what nobody logged and count unweighted: they teach the ranking as far "
            "as those who chose them looked, and no weight corrects their choice."
        )
    return Weights(weight, has_chance, clipped, size, told.replace("%", " %").strip())


def judge_by(name: str, y: Floats, about: pd.DataFrame, config: SelectionConfig, *, lane_kept: bool = True) -> Judged:
    """Choose the cases that calibration or quality rests on: all logged ones, else the random lane, else all.

    Args:
        name: of the slice.
        y: (n_cases,), labels, none missing.
        about: ``selection`` and ``selection_probability``, one row per case.
        config: the limits.
        lane_kept: whether the random lane was kept to; if not, neither it nor logged chances stand for anybody.

    Raises:
        NotInspectedError: where a label is missing.
    """
    refuse_unlabelled(y)
    if not lane_kept:
        return _all(name, y, "the random lane was not kept to, so who was inspected in it is not chance")
    reasons = []
    has_chance = logged(about)
    chances = about["selection_probability"].to_numpy(dtype=np.float64)[has_chance]
    weights, clipped = inverse(chances, config.clip)
    if _enough(y[has_chance], weights, config):
        size = effective_size(weights)
        if size >= config.min_effective_share * len(weights):
            told = (
                f"The {name} slice is judged by {len(weights):,} cases with logged chance of inspection "
                f"({int(y[has_chance].sum())} confirmed), weighted to stand for all travellers; {clipped:.1%} of the "
                f"weights cut, worth {size:,.0f} cases of equal weight."
            ).replace("%", " %")
            plain = bool((weights == 1.0).all())
            return Judged(has_chance, None if plain else weights, "all", told)
        reasons.append(f"the weights of the logged chances are worth only {size:,.0f} of {len(weights):,} cases")
    lane = (about["selection"] == LANE).to_numpy()
    if _enough(y[lane], np.ones(int(lane.sum())), config):
        told = f"The {name} slice is judged by the {int(lane.sum()):,} cases of the random lane"
        return Judged(lane, None, "all", "; ".join([told, *reasons]) + ".")
    reasons.append(
        f"the random lane and logged chances hold {int(y[lane | has_chance].sum())} confirmed cases, and "
        f"{config.min_logged_positives} of equal weight are needed to rest on them alone"
    )
    return _all(name, y, "; ".join(reasons))


def _all(name: str, y: Floats, why: str) -> Judged:
    told = (
        f"The {name} slice is judged by all {len(y):,} labelled cases, which stand for travellers like those whom "
        f"somebody chose to inspect, not for all: {why}."
    )
    return Judged(np.ones(len(y), dtype=np.bool_), None, "inspected", told)


def _enough(y: Floats, weight: Floats, config: SelectionConfig) -> bool:
    """Whether the hits of equal weight are as many as are asked for, and not all cases are hits."""
    return effective_size(weight[y == 1]) >= config.min_logged_positives and y.sum() < len(y)


def _refuse_small(size: float, cases: int, config: SelectionConfig) -> None:
    if cases and size < config.min_effective_share * cases:
        raise EffectiveSizeError(
            f"The weights of the {cases} cases with logged chance are worth {size:.0f} cases of equal weight; "
            f"[selection] min_effective_share asks for {config.min_effective_share:.0%} of them: few cases would "
            "decide everything. Cut weights lower with [selection] clip (a smaller variance for some bias, which is "
            "reported), or refer by chance around the threshold, so that fewer chances are small.".replace("%", " %")
        )
