"""Rounds of score, inspect and learn: what a model finds is what the next one learns from.

Selection, weights and model are those of the product: the lane's keyed draws, the threshold that the capacity has in
the reference population, no referral by a score that the model abstains from, logged chances, weights by their inverse,
a scorecard compiled to its table. Left out are delays of outcomes and the calibration: a rising line moves no ranking.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import pandas as pd

from features.spec import FeatureSpec
from models.abstention import Abstainer
from models.additive import AdditiveModel
from models.assessment import Z
from models.bands import BandPolicy
from models.baselines import Baselines
from models.lane import Draws
from training.families import FAMILIES, ExplainableModel, score
from training.rigour.learner import ARM_NAMES
from training.rigour.worlds import NOT_SELECTED, RANDOM, SCORE, Flags, Floats, Integers
from training.selection_bias import SelectionConfig, refuse_unlabelled, weights_to_fit
from training.stability import plain_rows, rules_for

FAMILY = FAMILIES["logistic_scorecard"]
AUDIENCE = "enforcement"
RULED = 4
"""One in so many of the reference population sets the rules of abstention, which take longest."""


@dataclass(frozen=True, slots=True)
class Crowd:
    """Everybody who crosses in one round.

    Attributes:
        frame: (n, n_features), what is recorded.
        risk: (n,), true chance of a violation.
        y: (n,), 1 where there is one, which an inspection finds.
    """

    frame: pd.DataFrame
    risk: Floats
    y: Floats


@dataclass(frozen=True, slots=True)
class History:
    """Everybody who has crossed so far, as a case table has them.

    Attributes:
        frame: (n, n_features).
        found: (n,), 1 or 0, and NaN where nobody looked.
        about: ``selection`` and ``selection_probability``, one row per crossing.
    """

    frame: pd.DataFrame
    found: Floats
    about: pd.DataFrame

    def and_then(self, crowd: Crowd, referred: "Referred") -> "History":
        """Add a round: what an inspection found of those who were referred, and nothing of the others."""
        found = np.where(referred.looked, crowd.y, np.nan)
        about = pd.DataFrame(
            {
                "selection": [ARM_NAMES.get(int(arm)) for arm in referred.arm],
                "selection_probability": np.where(referred.looked, referred.chance, np.nan),
            }
        )
        return History(
            pd.concat([self.frame, crowd.frame], ignore_index=True),
            np.concatenate([self.found, found]),
            pd.concat([self.about, about], ignore_index=True),
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """Shares of travellers who can be looked at.

    Attributes:
        capacity: referred by score.
        lane: drawn at random, beside them.
    """

    capacity: float
    lane: float


@dataclass(frozen=True, slots=True)
class Referred:
    """Who was referred in a round, by what chance; arrays are over the crowd.

    Attributes:
        arm: as in :class:`~training.rigour.worlds.Inspections`.
        chance: of being referred, before the draw.
        by_score: whether the score reached the threshold, drawn or not.
    """

    arm: Integers
    chance: Floats
    by_score: Flags

    @property
    def looked(self) -> Flags:
        """Who is inspected, (n,)."""
        return np.asarray(self.arm != NOT_SELECTED)


@dataclass(frozen=True, slots=True)
class Round:
    """A round as it went."""

    crowd: Crowd
    referred: Referred


Learn = Callable[[History, Sequence[FeatureSpec]], AdditiveModel]


def learn(history: History, specs: Sequence[FeatureSpec]) -> AdditiveModel:
    """Learn as the pipeline does: from those somebody looked at, weighted by logged chances."""
    labelled = ~np.isnan(history.found)
    weight = weights_to_fit(history.about[labelled], SelectionConfig()).weight
    return _fitted(history.frame[labelled], history.found[labelled], weight, specs)


def learn_alike(history: History, specs: Sequence[FeatureSpec]) -> AdditiveModel:
    """Learn naively from those somebody looked at, as if they were all travellers: a control."""
    labelled = ~np.isnan(history.found)
    return _fitted(history.frame[labelled], history.found[labelled], None, specs)


def learn_counts(history: History, specs: Sequence[FeatureSpec]) -> AdditiveModel:
    """Learn from counts of finds, as if nothing were where nobody looked, which the pipeline refuses: a control."""
    return _fitted(history.frame, np.nan_to_num(history.found), None, specs)


def _fitted(frame: pd.DataFrame, y: Floats, weight: Floats | None, specs: Sequence[FeatureSpec]) -> AdditiveModel:
    refuse_unlabelled(y)
    rows = frame.reset_index(drop=True)
    model = FAMILY.fit(rows, y, weight, specs, settings=FAMILY.settings_type(), seed=0)
    if not isinstance(model, ExplainableModel):  # it is
        raise TypeError(FAMILY.name)
    return model.compile()


@dataclass(frozen=True, slots=True)
class Scored:
    """What a model says of a round, and what it is held against.

    Attributes:
        model: that scores.
        specs: its features.
        reference: (n_reference, n_features), the population before, by which thresholds are set.
        crowd: who crosses.
    """

    model: AdditiveModel
    specs: Sequence[FeatureSpec]
    reference: pd.DataFrame
    crowd: Crowd


Reach = Callable[[Scored, float], Flags]
"""Tells, for a capacity, whom the score refers, (n,)."""


def highest_scores(scored: Scored, capacity: float) -> Flags:
    """Refer as the service does: from the threshold up, and never where the model abstains."""
    model, frame = scored.model, scored.crowd.frame
    usual = score(model, scored.reference)
    threshold = Baselines.from_reference(usual, {}, ()).threshold(capacity)
    some = scored.reference.iloc[::RULED]
    rules = rules_for(model, scored.specs, some, np.full(len(some), "air", dtype=object))
    bands = BandPolicy.from_reference(usual, version="1", abstention=rules)
    abstainer = Abstainer(rules, model, scored.specs, bands.edges)
    reached = score(model, frame) >= threshold
    places = np.flatnonzero(reached)
    for place, values in zip(places, plain_rows(model, scored.specs, frame.iloc[places]), strict=True):
        told = model.explain(values)
        reach = Z * told.standard_error
        reached[place] = not abstainer.reasons(told, told.log_odds - reach, told.log_odds + reach)
    return reached


def refer(scored: Scored, policy: Policy, reach: Reach, key: bytes) -> Referred:
    """Refer by score and by the lane; who is drawn counts as drawn, whatever the score.

    Args:
        scored: the round.
        policy: shares.
        reach: whom the score refers.
        key: of the lane's draws.
    """
    by_score = reach(scored, policy.capacity)
    drawn = np.zeros(len(by_score), dtype=np.bool_)
    if policy.lane:
        draws = Draws(key, policy.lane)
        drawn[:] = [draws.drawn(str(at), AUDIENCE) for at in range(len(drawn))]
    arm = np.select([drawn, by_score], [RANDOM, SCORE], NOT_SELECTED)
    return Referred(arm.astype(np.int64), np.where(by_score, 1.0, policy.lane), by_score)


def rounds(
    crowds: Iterable[Crowd],
    history: History,
    policy: Policy,
    learned: Learn,
    *,
    specs: Sequence[FeatureSpec],
    reach: Reach = highest_scores,
    name: str,
) -> Iterator[Round]:
    """Let each crowd meet a model that learned from all crowds before it.

    Args:
        crowds: one per round.
        history: what the first model learns from; its travellers are the first reference population.
        policy: shares.
        learned: how a model is learned.
        specs: of the features.
        reach: whom the score refers.
        name: of the world; the lane's keys follow from it.
    """
    reference = history.frame
    for number, crowd in enumerate(crowds):
        model = learned(history, specs)
        read = [spec for spec in specs if spec.name in model.features]
        key = sha256(f"{name}, round {number}".encode()).digest()
        referred = refer(Scored(model, read, reference, crowd), policy, reach, key)
        yield Round(crowd, referred)
        history, reference = history.and_then(crowd, referred), crowd.frame
