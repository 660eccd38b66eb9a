"""What the service says of one record and one risk: score, interval, band, reasons, and how far to trust it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from features.spec import FeatureSpec, FeatureValue
from models.abstention import INSUFFICIENT, Abstainer
from models.base import logistic
from models.reasons import Reason
from models.support import support

if TYPE_CHECKING:  # a bundle replays its golden records with this module
    from models.bundle import ModelBundle

INTERVAL_LEVEL = 0.90
Z = 1.6448536269514722
"""Quantile of the normal distribution for :data:`INTERVAL_LEVEL`, two-sided."""
REASONS_FOR = 5
REASONS_AGAINST = 3


@dataclass(slots=True)
class Interval:
    """Where the probability lies, as far as the uncertainty of the model's points goes.

    Attributes:
        low: probability.
        high: probability.
        level: share of intervals so made that hold the value.
    """

    low: float
    high: float
    level: float


@dataclass(slots=True)
class ModelRef:
    """Which model spoke."""

    name: str
    version: str
    digest: str


@dataclass(slots=True)
class RiskAssessment:
    """One risk of one record, ready for JSON. It informs a decision; a person takes it.

    Attributes:
        risk: name of the risk.
        audience: who may act on it.
        probability: calibrated.
        interval: of the probability.
        percentile: percent of the reference population that scores lower, or as high.
        band: of the policy in the bundle; ``insufficient_data`` where the model can say too little.
        abstained: why it can say too little, in sentences; empty where there is a band.
        baseline: log-odds before anything is known.
        log_odds: ``baseline`` plus all contributions.
        standard_error: of ``log_odds``.
        reasons_for: what raises the score most.
        reasons_against: what lowers it most.
        other_contributions: all others together [log-odds]: baseline + listed + other is the score.
        missing: features whose facts were not submitted.
        out_of_range: features with a value outside what the model was trained on.
        model: which model spoke.
        statement: what the score estimates.
        advice: what a person is asked to consider, in the highest band only.
    """

    risk: str
    audience: str
    probability: float
    interval: Interval
    percentile: float
    band: str
    abstained: list[str]
    baseline: float
    log_odds: float
    standard_error: float
    reasons_for: list[Reason]
    reasons_against: list[Reason]
    other_contributions: float
    missing: list[str]
    out_of_range: list[str]
    model: ModelRef
    statement: str
    advice: str | None


class RiskScorer:
    """Scores records with one bundle; no state, so one scorer serves all requests."""

    def __init__(
        self, bundle: "ModelBundle", reasons_for: int = REASONS_FOR, reasons_against: int = REASONS_AGAINST
    ) -> None:
        self.specs: tuple[FeatureSpec, ...] = bundle.specs
        """Features in the order in which :meth:`assess` takes their values."""
        self.reasoner = bundle.reasoner
        self._model = bundle.model
        self._bands = bundle.bands
        self._baselines = bundle.baselines
        self._about = bundle.risk.name, bundle.risk.audience.value
        self._statement, self._advice = bundle.risk.wording.statement, bundle.risk.wording.advice
        self._top = bundle.bands.top
        self._model_ref = ModelRef(bundle.manifest.name, bundle.manifest.version, bundle.digest)
        self._limits = reasons_for, reasons_against
        self._abstainer = Abstainer(bundle.bands.abstention, bundle.model, bundle.specs, bundle.bands.edges)

    def assess(self, values: Sequence[FeatureValue]) -> RiskAssessment:
        """Assess one record.

        Args:
            values: one per feature of :attr:`specs`, in that order; ``None`` is missing.
        """
        explained = self._model.explain(values)
        reasons_for, reasons_against, other = self.reasoner.rank(explained, values, *self._limits)
        log_odds, reach = explained.log_odds, Z * explained.standard_error
        names = self._model.features
        abstained = self._abstainer.reasons(explained, log_odds - reach, log_odds + reach)
        band = INSUFFICIENT if abstained else self._bands.band(log_odds)
        outside = explained.out_of_range
        return RiskAssessment(
            *self._about,
            explained.probability,
            Interval(logistic(log_odds - reach), logistic(log_odds + reach), INTERVAL_LEVEL),
            self._baselines.percentile(log_odds),
            band,
            abstained,
            explained.baseline,
            log_odds,
            explained.standard_error,
            reasons_for,
            reasons_against,
            other,
            [names[at] for at in explained.missing],
            [names[at] for at in outside] if outside else [],
            self._model_ref,
            self._statement,
            self._advice if band == self._top else None,
        )

    def explanation(self, values: Sequence[FeatureValue]) -> list[tuple[Reason, float]]:
        """Every contribution that is not zero, the largest first; baseline plus contributions is the score.

        Args:
            values: as for :meth:`assess`.

        Returns:
            Each reason with its support (:func:`models.support.support`).
        """
        explained = self._model.explain(values)
        points = explained.points
        told = sorted(support(self._model, explained.cells).items(), key=lambda one: -abs(points[one[0]]))
        return list(zip(self.reasoner.all(explained, values), (share for _, share in told), strict=True))
