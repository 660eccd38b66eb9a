"""What a bundle must show before a person is asked to approve it: each rule with its limit, its value, its verdict."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.card import Measure
from models.promotion import Gate, GateReport, Verdict
from training.config import GateConfig
from training.evaluate import Evaluation


@dataclass(frozen=True)
class Proof:
    """What the gates look at.

    Attributes:
        train_positives: confirmed cases behind the fit.
        evaluation: on the holdout.
        parity_gap: largest difference of table and estimator [log-odds].
        against_directions: what contradicts a direction of the catalogue; empty where nothing does.
        missing_reach: most that missing facts alone add, and take away [log-odds].
        golden: golden records that the packed bundle answered again.
    """

    train_positives: int
    evaluation: Evaluation
    parity_gap: float
    against_directions: str
    missing_reach: tuple[float, float]
    golden: int


def judge(proof: Proof, config: GateConfig, more: Sequence[Gate] = ()) -> GateReport:
    """Hold a model to its gates. A ranking measure alone opens none: quality is judged at capacity.

    Args:
        proof: what a run has shown.
        config: the limits.
        more: gates of further checks, such as those of groups, proxies and leaks.
    """
    chosen = proof.evaluation.chosen
    worst, single = max(
        ((value, name) for name, value in proof.evaluation.single_terms.items()), default=(0.5, "no feature")
    )
    unmeasured = [f"{row.share:g}" for row in chosen.capacity for measure in row.measures if measure.value is None]
    return GateReport(
        gates=(
            _at_least(
                "train_positives",
                "Confirmed cases behind the fit",
                f"at least {config.min_train_positives} confirmed cases train the model",
                config.min_train_positives,
                proof.train_positives,
            ),
            _at_least(
                "holdout_positives",
                "Confirmed cases in the holdout",
                f"at least {config.min_holdout_positives} later confirmed cases test the model",
                config.min_holdout_positives,
                proof.evaluation.positives,
            ),
            Gate(
                name="capacity_measured",
                title="Quality at capacity is known",
                rule="precision, recall and lift are measured at every share referred",
                verdict=Verdict.FAILED if unmeasured else Verdict.PASSED,
                note=f"not measured at {', '.join(sorted(set(unmeasured)))}" if unmeasured else "",
            ),
            _above(
                "lift_at_capacity",
                "Quality at capacity",
                f"the lift at {config.capacity * 100:g} % referred is at least {config.min_lift:g}, by its lower end",
                chosen.at(config.capacity, "lift"),
                config.min_lift,
            ),
            _above(
                "better_than_prior",
                "Better than the base rate",
                "the log loss is lower than that of the base rate alone, by the lower end of the gain",
                proof.evaluation.gain.get("prior"),
                0.0,
            ),
            _calibrated(chosen.measure("observed_to_expected"), config),
            _at_most(
                "not_too_good",
                "No sign of a leak",
                f"the ROC AUC is at most {config.max_roc_auc:g}: a better one most likely knows the outcome",
                limit=config.max_roc_auc,
                value=chosen.measure("roc_auc").value,
            ),
            _at_most(
                "no_telling_feature",
                "No feature tells the outcome",
                f"no feature alone has a ROC AUC above {config.max_single_feature_auc:g}",
                limit=config.max_single_feature_auc,
                value=worst,
                note=f"highest: {single}",
            ),
            _at_most(
                "parity",
                "Table equals estimator",
                f"compiled table and fitted estimator differ by at most {config.max_parity_gap:g} log-odds",
                limit=config.max_parity_gap,
                value=proof.parity_gap,
            ),
            Gate(
                name="directions",
                title="Directions are kept",
                rule="no term steps against a direction of the catalogue, in any row or column",
                verdict=Verdict.FAILED if proof.against_directions else Verdict.PASSED,
                note=proof.against_directions,
            ),
            Gate(
                name="golden_replay",
                title="Golden records",
                rule="the packed bundle gives the recorded values, scores and reasons for every golden record",
                limit=1,
                value=proof.golden,
                verdict=Verdict.PASSED if proof.golden else Verdict.FAILED,
            ),
            _at_most(
                "missingness",
                "Missing facts move little",
                f"missing facts alone add or take away at most {config.max_missing_reach:g} log-odds",
                limit=config.max_missing_reach,
                value=max(proof.missing_reach[0], -proof.missing_reach[1]),
                note=f"add at most {proof.missing_reach[0]:.2f}, take away at most {-proof.missing_reach[1]:.2f}",
            ),
            *more,
        )
    )


def _at_least(name: str, title: str, rule: str, limit: float, value: float) -> Gate:
    verdict = Verdict.PASSED if value >= limit else Verdict.FAILED
    return Gate(name=name, title=title, rule=rule, limit=limit, value=value, verdict=verdict)


def _at_most(name: str, title: str, rule: str, *, limit: float, value: float | None, note: str = "") -> Gate:
    verdict = Verdict.INCONCLUSIVE if value is None else Verdict.PASSED if value <= limit else Verdict.FAILED
    return Gate(name=name, title=title, rule=rule, limit=limit, value=value, verdict=verdict, note=note)


def _above(name: str, title: str, rule: str, measure: Measure | None, limit: float) -> Gate:
    """Three-valued: the interval lies above the limit, below it, or straddles it."""
    if measure is None or measure.value is None or measure.low is None or measure.high is None:
        note = "not enough data" if measure is None else measure.note or "not enough data"
        return Gate(name=name, title=title, rule=rule, limit=limit, verdict=Verdict.INCONCLUSIVE, note=note)
    if measure.low >= limit and measure.value > limit:
        verdict = Verdict.PASSED
    elif measure.high < limit:
        verdict = Verdict.FAILED
    else:
        verdict = Verdict.INCONCLUSIVE
    return Gate(
        name=name,
        title=title,
        rule=rule,
        limit=limit,
        value=measure.low,
        verdict=verdict,
        note=f"measured {measure.text()}",
    )


def _calibrated(measure: Measure, config: GateConfig) -> Gate:
    """Three-valued: the ratio lies inside the range, its whole interval outside, or the data cannot tell."""
    low, high = config.min_observed_to_expected, config.max_observed_to_expected
    rule = f"observed over expected cases lies between {low:g} and {high:g}"
    gate = {"name": "calibration", "title": "Calibration", "rule": rule, "value": measure.value}
    if measure.value is None or measure.low is None or measure.high is None:
        return Gate(**gate, verdict=Verdict.INCONCLUSIVE, note=measure.note)
    if low <= measure.value <= high:
        verdict = Verdict.PASSED
    elif measure.high < low or measure.low > high:
        verdict = Verdict.FAILED
    else:
        verdict = Verdict.INCONCLUSIVE
    return Gate(**gate, verdict=verdict, note=f"measured {measure.text()}")
