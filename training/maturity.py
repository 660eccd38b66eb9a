"""Outcomes that come late: which cases are old enough to be learned from, and how many hits are still to come.

That nothing was found is known at once, a hit when somebody has confirmed it. So among young cases hits are missing and
the others are there, and whoever counts them learns a risk that is too low. The delay is learned from the hits that are
known at the moment of the training; each of those was short enough to be known, which the estimate allows for
(product limit of right-truncated times: Lagakos, Barraj and De Gruttola 1988, Biometrika 75).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

MIN_HITS = 10
"""Known hits below which no delay is learned."""
WORTH_A_WEIGHT = 0.02
"""Share of the hits still to come up to which known hits count once: so small a share is not worth a weight."""
MOST = 10.0
"""Largest weight of a hit for those that are still to come."""


@dataclass(frozen=True, slots=True)
class DelayModel:
    """Share of the hits that are known at an age, of those known at the greatest age that was seen.

    Attributes:
        delays: (n_steps,), ages at which the share rises, rising [days].
        shares: (n_steps,), the share from there on.
        hits: known hits behind it.
    """

    delays: Floats
    shares: Floats
    hits: int

    def known(self, age: npt.ArrayLike) -> Floats:
        """Share of the hits that are known at an age [days]; 1 everywhere where no delay was learned."""
        ages = np.asarray(age, dtype=np.float64)
        if not len(self.delays):
            return np.ones_like(ages)
        place = np.searchsorted(self.delays, ages, side="right")
        return np.asarray(np.concatenate(([0.0], self.shares))[place])

    def age_at(self, share: float) -> float:
        """Smallest age at which this share of the hits is known [days]; 0 where no delay was learned.

        >>> learn_delays(np.array([1.0] * 5 + [3.0] * 5), np.full(10, 30.0)).age_at(0.5)
        1.0
        """
        if not len(self.delays) or share <= 0:
            return 0.0
        return float(self.delays[min(int(np.searchsorted(self.shares, share - 1e-12)), len(self.delays) - 1)])


def learn_delays(delay: Floats, age: Floats) -> DelayModel:
    """Learn the delay from the hits that are known at a moment.

    Args:
        delay: (n_hits,), days from the crossing until the hit was known; none above its age.
        age: (n_hits,), days from the crossing to the moment.

    Returns:
        The model; below :data:`MIN_HITS` hits one that knows of no delay.
    """
    if len(delay) < MIN_HITS:
        return DelayModel(np.zeros(0), np.zeros(0), len(delay))
    if (delay > age).any():
        raise ValueError("a hit that is known only after the moment teaches nothing about the time before it")
    steps, events = np.unique(delay, return_counts=True)
    # at risk at u, in reversed time: known within u, though old enough to have been known later
    short = np.searchsorted(np.sort(delay), steps, side="right")
    young = np.searchsorted(np.sort(age), steps, side="left")
    at_risk = short - young
    stays = 1.0 - events / np.maximum(at_risk, 1)
    # the share known by a delay is the chance not to have "failed" at any longer one
    shares = np.concatenate((np.cumprod(stays[::-1])[::-1][1:], [1.0]))
    return DelayModel(steps, shares, len(delay))


def weights_of_hits(y: Floats, known: Floats, limit: float = MOST) -> Floats:
    """Let each known hit stand for those of its age that are still to come, (n_cases,).

    Inverse chance of being known, as for censored times (Robins and Rotnitzky 1992); cases without a hit count once.

    Args:
        y: (n_cases,), labels as known.
        known: (n_cases,), share of the hits known at the age of each case.
        limit: largest weight.

    >>> weights_of_hits(np.array([1.0, 0.0]), np.array([0.5, 0.5])).tolist()
    [2.0, 1.0]
    """
    return np.where(y == 1, np.minimum(1.0 / np.maximum(known, 1.0 / limit), limit), 1.0)


def pending_share(y: Floats, known: Floats) -> float:
    """Share of the hits of these cases that are still to come, judged by the known ones and their ages.

    >>> round(pending_share(np.array([1.0, 1.0, 0.0]), np.array([1.0, 0.5, 0.2])), 3)
    0.333
    """
    hits = float(np.sum(y == 1))
    return 1.0 - hits / float(np.sum(weights_of_hits(y, known)[y == 1])) if hits else 0.0
