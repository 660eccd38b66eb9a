"""What can be said of all travellers, though only some were inspected: shares and hit rates, or bounds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.risk import Risk
from models.card import Measure
from models.metrics.off_policy import OffPolicyEstimate, at_capacities, hit_rate
from training.dataset import Chosen, Dataset
from training.detection import corrected
from training.lane import Range, share_in_lane, worst_case
from training.measures import probability
from training.off_policy import recall_at
from training.officers import OfficerSpread, spread_of_officers
from training.selection_bias import LANE, logged
from training.slices import HOLDOUT

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

LEVEL = 0.95
"""Of the intervals here: they are read alone, not compared."""
MIN_DONE = 30
"""Inspections of the lane, or with logged chances, below which nothing is estimated from them."""


@dataclass(frozen=True)
class SelectionFindings:
    """How cases came to be chosen, and what follows for all travellers.

    Attributes:
        estimand: what the model's probability is of, in a sentence's end.
        limit: what the selection of the cases means for a reader.
        counts: per selection: its name, labelled cases, those with a logged chance, confirmed.
        measures: estimates, each with interval, or a note that says why there is none.
        notes: of weights, lane, delay and officers.
    """

    estimand: str
    limit: str
    counts: tuple[tuple[str, int, int, int], ...]
    measures: tuple[Measure, ...]
    notes: tuple[str, ...]


def study(dataset: Dataset, risk: Risk, log_odds: Floats, capacities: Sequence[float]) -> SelectionFindings:
    """Say what the cases tell of all travellers.

    Args:
        dataset: population and slices.
        risk: what is scored for.
        log_odds: (n_population,), calibrated scores of everybody; those of the holdout are used, which no fit has seen.
        capacities: shares of travellers referred.
    """
    chosen = dataset.chosen
    about, y = dataset.population.about, dataset.population.y
    labelled = ~np.isnan(y)
    kept = chosen.lane.kept(chosen.config.min_compliance)
    by_lane = _lane_share(about, y, labelled, chosen)
    measures = [_as_measure("prevalence_lane", "Confirmed among all travellers, by the random lane alone", by_lane)]
    seen = labelled & logged(about)
    if kept and int(seen.sum()) >= MIN_DONE:
        measures += _by_logged(dataset, seen, log_odds, capacities)
    elif not kept:
        measures.append(
            _none("prevalence_logged", "Confirmed among all travellers, by logged chances", "lane not kept")
        )
    if by_lane.kind == "bounds":
        bounds = worst_case(int(np.nansum(y)), int(labelled.sum()), len(y), level=LEVEL)
        measures.append(_as_measure("prevalence_bounds", "Confirmed among all travellers, whatever was missed", bounds))
    if chosen.config.sensitivity is not None:
        measures.append(_corrected(measures, chosen))
    everybody = chosen.holdout.stands_for == "all"
    of_whom = (
        "among all travellers of the period of the data"
        if everybody
        else "among travellers like those whom somebody chose to inspect in the period of the data"
    )
    return SelectionFindings(
        estimand=(
            f"{risk.wording.statement}, as an inspection would confirm it, {of_whom}. "
            f"Confirming outcomes: {', '.join(risk.outcome_codes)}."
        ),
        limit=_limit(everybody=everybody, dropped=chosen.config.officer == "drop"),
        counts=_counts(about, y, labelled),
        measures=tuple(measures),
        notes=tuple(_notes(dataset, chosen, log_odds)),
    )


def _limit(*, everybody: bool, dropped: bool) -> str:
    if everybody:
        learned = "" if dropped else " The ranking was learned from cases that officers chose as well."
        return f"Quality stands for all travellers, by cases that chance chose at a logged rate.{learned}"
    return (
        "Learned from travellers whom officers chose to inspect. Quality is measured among later inspected travellers; "
        "among those whom nobody inspects it is not known."
    )


def _counts(about: pd.DataFrame, y: Floats, labelled: Booleans) -> tuple[tuple[str, int, int, int], ...]:
    has_chance = logged(about)
    rows = []
    for name in sorted(about["selection"][labelled].dropna().unique()):
        own = labelled & (about["selection"] == name).to_numpy()
        rows.append((str(name), int(own.sum()), int((own & has_chance).sum()), int(y[own].sum())))
    return tuple(rows)


def _lane_share(about: pd.DataFrame, y: Floats, labelled: Booleans, chosen: Chosen) -> Range:
    """The lane of all slices, without the cases that are too young to have their hits."""
    old = about["share_known"].to_numpy(dtype=np.float64) >= chosen.config.mature_share
    lane = labelled & old & (about["selection"] == LANE).to_numpy()
    done = int(lane.sum())
    drawn = done / chosen.lane.rate if chosen.lane.rate else float(done)
    floor = 0.0 if chosen.lane.kept(chosen.config.min_compliance) else 1.0
    return share_in_lane(int(y[lane].sum()), done, drawn, floor=floor, level=LEVEL)


def _by_logged(dataset: Dataset, seen: Booleans, log_odds: Floats, capacities: Sequence[float]) -> list[Measure]:
    """Shares of the whole period, then of the holdout what this model would have found at each capacity."""
    about, y = dataset.population.about, dataset.population.y
    chances = np.where(seen, about["selection_probability"].to_numpy(dtype=np.float64), 1.0)
    entity = pd.factorize(about["entity"], sort=True)[0]  # in the order of the names, and sorted faster
    whole = hit_rate(np.ones(len(y)), seen, np.where(seen, y, 0.0), chances, cluster=entity, level=LEVEL)
    found = [_share("prevalence_logged", "Confirmed among all travellers, by logged chances", whole)]
    late = dataset.cut.place == HOLDOUT
    inside, truth, chance, score = seen[late], np.where(seen, y, 0.0)[late], chances[late], log_odds[late]
    if int(inside.sum()) < MIN_DONE or not truth[inside].any():
        found.append(_none("precision_off_policy", "Hit rate of this model at capacity", "too few logged cases"))
        return found
    predicted = probability(score)
    robust = hit_rate(
        np.ones(len(score)), inside, truth, chance, predicted=predicted, cluster=entity[late], level=LEVEL
    )
    found.append(_share("prevalence_robust", "The same in the holdout, doubly robust", robust))
    rates = at_capacities(score, inside, truth, chance, capacities, cluster=entity[late], level=LEVEL)
    doubly = at_capacities(
        score, inside, truth, chance, capacities, predicted=predicted, cluster=entity[late], level=LEVEL
    )
    for share, plain, both in zip(capacities, rates, doubly, strict=True):
        name, at = f"{share * 100:g}".replace(".", "_"), f"at {share * 100:g} % of all travellers referred"
        found.append(_share(f"precision_off_policy_{name}", f"Hit rate {at}", plain))
        found.append(_share(f"precision_robust_{name}", f"Hit rate {at}, doubly robust", both))
        caught = recall_at(score, inside, truth, chance, share, level=LEVEL)
        found.append(
            Measure(
                name=f"recall_off_policy_{name}",
                title=f"Share of all confirmed {at}",
                value=caught.estimate,
                low=caught.low,
                high=caught.high,
                level=LEVEL,
                unit="percent",
                note=f"{caught.hits} confirmed with logged chance",
            )
        )
    return found


def _share(name: str, title: str, found: OffPolicyEstimate) -> Measure:
    told = f"{found.inspected:,} inspected, {found.confirmed} confirmed, worth {found.effective_size:,.0f} cases"
    return Measure(
        name=name,
        title=title,
        value=found.estimate,
        low=found.low,
        high=found.high,
        level=found.level,
        unit="percent",
        note=f"{told}. {found.note}".strip(),
    )


def _none(name: str, title: str, why: str) -> Measure:
    return Measure(name=name, title=title, value=None, unit="percent", note=why)


def _as_measure(name: str, title: str, found: Range) -> Measure:
    """An estimate with interval; bounds go into the note, since no number between them is better than another."""
    if found.kind == "bounds":
        note = f"Between {found.low:.2%} and {found.high:.2%}. {found.note}".replace("%", " %")
        return _none(name, title, note)
    return Measure(
        name=name, title=title, value=found.estimate, low=found.low, high=found.high, level=found.level, unit="percent"
    )


def _corrected(measures: Sequence[Measure], chosen: Chosen) -> Measure:
    """Correct the best share there is for inspections that miss."""
    title = "What is there, corrected for inspections that miss"
    base = next((each for each in reversed(measures[:2]) if each.value is not None), None)
    if base is None or base.value is None or base.low is None or base.high is None or not chosen.config.sensitivity:
        return _none("prevalence_corrected", title, "no share to correct")
    se, sp = chosen.config.sensitivity, chosen.config.specificity
    found = corrected(base.value, base.low, base.high, level=LEVEL, sensitivity=se, specificity=sp)
    return Measure(
        name="prevalence_corrected",
        title=title,
        value=found.estimate,
        low=found.low,
        high=found.high,
        level=LEVEL,
        unit="percent",
        note=found.note,
    )


def _notes(dataset: Dataset, chosen: Chosen, log_odds: Floats) -> list[str]:
    notes = [chosen.weights.note, chosen.calibration.note, chosen.holdout.note, chosen.lane.text()]
    if not chosen.lane.kept(chosen.config.min_compliance):
        notes.append(
            f"The lane was kept to less than {chosen.config.min_compliance:.0%}: "
            "bounds stand in place of estimates.".replace("%", " %")
        )
    late = {name: share for name, share in chosen.pending.items() if share > 0}
    if late:
        told = ", ".join(f"{name} {share:.1%}" for name, share in late.items()).replace("%", " %")
        notes.append(f"Hits still to come at the moment of each slice, by the delay of those known: {told}.")
    notes += [_anchored(dataset.population.about), _officers(dataset, log_odds)]
    return [note for note in notes if note]


def _anchored(about: pd.DataFrame) -> str:
    """How much of the lane saw the score before it looked: who has seen a high score searches harder."""
    if "score_shown" not in about:
        return ""
    lane = (about["selection"] == LANE).to_numpy()
    shown = int((lane & about["score_shown"].isin([True]).to_numpy()).sum())
    if not shown:
        return "The random lane was inspected without sight of the score."
    return (
        f"{shown:,} of {int(lane.sum()):,} inspections of the random lane had seen the score before: what they found "
        "may follow the score, and the lane is no blind sample there."
    )


def _officers(dataset: Dataset, log_odds: Floats) -> str:
    """How far officers differ in what they find, beyond what the model expects: a warning, never a feature."""
    column = "officer_id"
    part = dataset.holdout
    if column not in part.groups:
        return ""
    found: OfficerSpread | None = spread_of_officers(
        part.groups[column].to_numpy(dtype=object), part.y, probability(log_odds[part.rows])
    )
    return "" if found is None else found.text()
