"""A made-up border whose groups are met exactly alike, for tests that then break one thing at a time."""

from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from statistics import NormalDist

import numpy as np
import pandas as pd

from features.spec import Kind
from models.metrics.fairness import Flags
from tests.training.synthetic import spec
from training.fairness import Scored
from training.fairness_config import FairnessConfig
from training.leakage import Table

REGIONS = {"East": 0.5, "North": 0.3, "South": 0.2}
CAPACITY = 0.05
CONFIG = FairnessConfig()
SPECS = (
    spec("lead", Kind.NUMBER),
    spec("weight", Kind.NUMBER),
    spec("cash", Kind.FLAG),
    spec("purpose", Kind.CATEGORY),
)


@dataclass(frozen=True)
class Border:
    """What the checks look at.

    Attributes:
        frame: features; they tell no group.
        scored: everybody, each one labelled.
    """

    frame: pd.DataFrame
    scored: Scored

    def moved(self, by: float, **groups: str) -> Scored:
        """Scores with those of some groups moved."""
        inside = self.inside(**groups)
        return replace(self.scored, log_odds=self.scored.log_odds + by * inside)

    def inside(self, **groups: str) -> Flags:
        """Who is in all of these groups."""
        found = np.ones(len(self.scored), dtype=bool)
        for fact, group in groups.items():
            found &= (self.scored.groups[fact] == group).to_numpy()
        return found


@cache
def border(rows: int = 60_000, seed: int = 8) -> Border:
    """Make it: in every cell of region, gender and age the scores are the same, and so are the chances."""
    rng = np.random.default_rng(seed)
    parts = []
    for region, gender, age in product(REGIONS, "FM", ("18-29", "30-44")):
        size = round(rows * REGIONS[region] / 4)
        even = (np.arange(size) + 0.5) / size
        scores = np.array([NormalDist(-2.9, 0.9).inv_cdf(place) for place in even])
        chance = 1 / (1 + np.exp(-scores))
        held = np.floor(np.cumsum(chance)) - np.floor(np.cumsum(chance) - chance)  # as many as expected, evenly
        cell = {"nationality_region": region, "gender": gender, "age_band": age, "mode": "air", "crossing_point": "NBO"}
        parts.append(pd.DataFrame(cell | {"score": scores, "y": held}))
    whole = pd.concat(parts, ignore_index=True)
    whole = whole.iloc[rng.permutation(len(whole))].reset_index(drop=True)
    number = len(whole)
    frame = pd.DataFrame(
        {
            "lead": rng.gamma(2.0, 200.0, number),
            "weight": rng.normal(20, 6, number),
            "cash": (rng.random(number) < 0.3).astype(float),
            "purpose": rng.choice(np.array(["tourism", "work"], dtype=object), number),
        }
    )
    scored = Scored(
        log_odds=whole.pop("score").to_numpy(),
        y=whole.pop("y").to_numpy(),
        weight=np.ones(number),
        entity=np.arange(number),
        groups=whole.astype(object),
    )
    return Border(frame, scored)


def table(rows: int = 4000, seed: int = 9) -> Table:
    """Cases for the search of leaks: half of them inspected, travellers cross more than once, the split is honest."""
    rng = np.random.default_rng(seed)
    whole = border()
    entity = np.sort(rng.integers(0, rows // 4, rows))
    time = rng.random(rows) * 1e7
    looked = rng.random(rows) < 0.5
    y = np.where(looked, (rng.random(rows) < 0.2).astype(float), np.nan)
    frame = whole.frame.iloc[:rows].reset_index(drop=True)
    later = entity % 4 == 0
    return Table(
        frame=frame.assign(lead=frame["lead"].where(rng.random(rows) < 0.9)),
        specs=SPECS,
        y=y,
        entity=entity,
        time=time,
        known_at=np.where(looked, time + 1e5, np.nan),
        train=looked & ~later,
        holdout=looked & later,
        audit={"officer_id": rng.choice(np.array([f"officer {n}" for n in range(12)], dtype=object), rows)},
        content=[str(row).encode() for row in range(rows)],
    )
