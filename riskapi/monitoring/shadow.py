"""Scores what was answered once more, by each risk's challenger, on the same record; off the response path."""

from collections.abc import Callable, Mapping

from features.errors import FeatureError
from features.record import TravellerRecord
from models.assessment import RiskAssessment
from models.errors import ModelError
from riskapi.challengers import ChallengerEvent
from riskapi.errors import NotFoundError
from riskapi.live import LiveModel, LiveModels
from riskapi.monitoring.book import Disagreement
from riskapi.monitoring.opened import OpenedDecision
from riskapi.monitoring.tally import SHADOW, Place, Tally, Told, told


class Shadow:
    """Compares challengers with what was answered.

    Args:
        open_bundle: opens and verifies a stored bundle by its digest.
    """

    def __init__(self, open_bundle: Callable[[str], LiveModel]) -> None:
        self._open_bundle = open_bundle
        self._models: dict[str, LiveModels] = {}

    def follow(self, current: Mapping[str, ChallengerEvent]) -> None:
        """Take up the challengers that there are now, by risk; one that cannot be opened is left out."""
        models: dict[str, LiveModels] = {}
        for risk, event in current.items():
            known = self._models.get(risk)
            if known is not None and known.digests == (event.digest,):
                models[risk] = known
                continue
            try:
                models[risk] = LiveModels([self._open_bundle(event.digest)])
            except (ModelError, FeatureError, NotFoundError):
                continue
        self._models = models

    def see(self, tally: Tally, decision: OpenedDecision, record: TravellerRecord) -> list[Disagreement]:
        """Score a record by the challengers of its risks.

        Args:
            tally: takes the counts.
            decision: what was answered.
            record: that it was answered about.

        Returns:
            The bands on which they differ.
        """
        if not self._models:
            return []
        differ = []
        for one in told(decision.answer):
            models = self._models.get(one.risk)
            if models is None:
                continue
            place = _place(decision, one, models)
            try:
                ((model, values),) = models.values(record)
            except FeatureError:
                tally.add(place, "failed")
                continue
            said = model.scorer.assess(values)
            _count(tally, place, one, said)
            if said.band != one.band:
                gap = said.log_odds - one.log_odds
                differ.append(
                    Disagreement(said.model.digest, decision.decision_id, decision.scored_at, one.band, said.band, gap)
                )
        return differ

    def pass_over(self, tally: Tally, decision: OpenedDecision) -> None:
        """Count a decision that there is no time for."""
        for one in told(decision.answer) if self._models else ():
            models = self._models.get(one.risk)
            if models is not None:
                tally.add(_place(decision, one, models), "dropped")


def _place(decision: OpenedDecision, one: Told, models: LiveModels) -> Place:
    return Place(SHADOW, decision.day, one.digest, one.risk, models.digests[0])


def _count(tally: Tally, place: Place, one: Told, said: RiskAssessment) -> None:
    """Count bands, and the sums that a correlation is made from."""
    log_odds = said.log_odds
    tally.add(place, "travellers")
    tally.add(place, f"bands|{one.band}|{said.band}")
    for name, number in (
        ("x", one.log_odds),
        ("y", log_odds),
        ("xx", one.log_odds**2),
        ("yy", log_odds**2),
        ("xy", one.log_odds * log_odds),
    ):
        tally.add(place, f"sum|{name}", number)
