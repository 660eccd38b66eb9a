"""What a simulation made: counts, rates and how much any model could reach in it."""

from collections import Counter
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from features.risk import RISKS
from models.metrics.quality import roc_auc
from training.simulator.columns import Flags, Floats
from training.simulator.officers import LANES, NOT_CHECKED, RANDOM
from training.simulator.outcomes import Week

TRUTH_ONLY = {"true_cases", "base_rate", "found_true", "oracle_auc", "oracle_auc_with_hidden"}
"""What the summary beside the case table may not tell."""


class RiskSummary(BaseModel):
    """One risk in a simulation."""

    model_config = ConfigDict(frozen=True)

    true_cases: int
    base_rate: float
    confirmed: int
    """Checked crossings whose outcome confirms the risk."""
    found_true: int
    """Confirmed ones that are truly so; the others are false finds."""
    oracle_auc: float | None
    """AUC of the true likelihood given the recorded facts: no model can do better in the long run."""
    oracle_auc_with_hidden: float | None
    """AUC of the true likelihood given everything, recorded or not."""
    random_lane_rate: float | None
    """Share of the random lane's checks that confirm the risk."""
    chosen_rate: float | None
    """The same for all other checks."""


class SimulationSummary(BaseModel):
    """What a simulation made."""

    model_config = ConfigDict(frozen=True)

    seed: int
    crossings: int
    travellers: int
    checked: int
    """Crossings that were checked, by any lane."""
    labelled: int
    """Checked crossings with a conclusive outcome that a person decided."""
    lanes: dict[str, int]
    outcomes: dict[str, int]
    risks: dict[str, RiskSummary]
    parameters_sha256: str
    files_sha256: dict[str, str]


def measure_auc(truth: Flags, score: Floats) -> float | None:
    """Area under the ROC curve; ``None`` where one class is empty, as it may be in a small world.

    >>> measure_auc(np.array([False, False, True]), np.array([0.1, 0.4, 0.3]))
    0.5
    """
    return roc_auc(truth, score) if truth.any() and not truth.all() else None


class Tally:
    """Adds up a simulation week by week."""

    def __init__(self, risks: list[str]) -> None:
        self._risks = risks
        self._lane: list[Any] = []
        self._codes: Counter[str] = Counter()
        self._labelled = 0
        self._parts: dict[str, list[tuple[Floats, Floats, Flags, Flags, Flags]]] = {risk: [] for risk in risks}

    def add(self, week: Week) -> None:
        """Add one week."""
        truths, selection, outcomes = week.truths, week.selection, week.outcomes
        self._lane.append(selection.lane)
        checked = selection.lane != NOT_CHECKED
        self._codes.update(outcomes.code[checked].tolist())
        open_ended = np.isin(outcomes.code[checked].astype(str), ["inconclusive", "overturned"])
        self._labelled += int((~open_ended & (outcomes.role[checked] != "system")).sum())
        for risk, truth in truths.items():
            confirmed = np.isin(outcomes.code.astype(str), RISKS[risk].outcome_codes)
            single = (truth.recorded.astype(np.float64), truth.probability.astype(np.float64))
            self._parts[risk].append((*single, truth.present, confirmed, outcomes.detected[risk]))

    def _summarise_risk(self, risk: str, lane: Any) -> RiskSummary:
        recorded, probability, present, confirmed, found = (
            np.concatenate(part) for part in zip(*self._parts[risk], strict=True)
        )
        drawn, chosen = lane == RANDOM, (lane != RANDOM) & (lane != NOT_CHECKED)
        return RiskSummary(
            true_cases=int(present.sum()),
            base_rate=float(present.mean()),
            confirmed=int(confirmed.sum()),
            found_true=int(found.sum()),
            oracle_auc=measure_auc(present, recorded),
            oracle_auc_with_hidden=measure_auc(present, probability),
            random_lane_rate=float(confirmed[drawn].mean()) if drawn.any() else None,
            chosen_rate=float(confirmed[chosen].mean()) if chosen.any() else None,
        )

    def summarise(
        self, seed: int, travellers: int, parameters_sha256: str, files_sha256: dict[str, str]
    ) -> SimulationSummary:
        """Sum up all weeks added."""
        lane = np.concatenate(self._lane)
        return SimulationSummary(
            seed=seed,
            crossings=len(lane),
            travellers=travellers,
            checked=int((lane != NOT_CHECKED).sum()),
            labelled=self._labelled,
            lanes={name: int((lane == number).sum()) for number, name in enumerate(LANES)},
            outcomes=dict(sorted(self._codes.items())),
            risks={risk: self._summarise_risk(risk, lane) for risk in self._risks},
            parameters_sha256=parameters_sha256,
            files_sha256=files_sha256,
        )
