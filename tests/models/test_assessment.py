"""An assessment says everything about one risk of one record, and can be written as JSON."""

import math

import numpy as np
import orjson
import pytest

from features.risk import RISKS
from models.abstention import INSUFFICIENT
from models.assessment import INTERVAL_LEVEL, RiskScorer, Z
from tests.models.bundle_makers import bundle, records


@pytest.fixture(params=sorted(RISKS))
def scorer(request):
    """A scorer of each declared risk."""
    return RiskScorer(bundle(request.param))


def assessments(scorer):
    """All records, assessed."""
    extractor = bundle(scorer.assess([None] * len(scorer.specs)).risk).extractor
    return [(values, scorer.assess(values)) for values in map(extractor.values, records())]


def test_baseline_reasons_and_other_are_the_score(scorer):
    """What is shown and what is summed up is the whole score."""
    for _, found in assessments(scorer):
        listed = [reason.contribution for reason in found.reasons_for + found.reasons_against]
        assert found.baseline + math.fsum(listed) + found.other_contributions == pytest.approx(found.log_odds, abs=1e-9)
        assert len(found.reasons_for) <= 5
        assert len(found.reasons_against) <= 3
        assert found.probability == pytest.approx(1 / (1 + math.exp(-found.log_odds)), rel=1e-12)


def test_the_interval_is_the_standard_error_through_the_link(scorer):
    """Log-odds plus and minus z standard errors, as probabilities."""
    for _, found in assessments(scorer):
        ends = [math.log(end / (1 - end)) for end in (found.interval.low, found.interval.high)]
        reach = Z * found.standard_error
        assert ends == pytest.approx([found.log_odds - reach, found.log_odds + reach], abs=1e-6)
        assert found.interval.level == INTERVAL_LEVEL


def test_the_interval_holds_the_value_as_often_as_it_says():
    """Drawn with its standard error, a score lies in the interval in 90 of 100 draws."""
    scorer = RiskScorer(bundle())
    found = scorer.assess(bundle().extractor.values(records()[0]))
    draws = np.random.default_rng(0).normal(found.log_odds, found.standard_error, 100_000)
    chance = 1 / (1 + np.exp(-draws))
    inside = np.mean((chance >= found.interval.low) & (chance <= found.interval.high))
    assert inside == pytest.approx(INTERVAL_LEVEL, abs=0.005)


def test_advice_comes_with_the_top_band_only(scorer):
    """Nobody is asked to act on a lower band."""
    found = [one for _, one in assessments(scorer)]
    top = bundle(found[0].risk).bands.top
    assert {one.band for one in found} >= {top, "standard"}
    for one in found:
        assert (one.advice is not None) == (one.band == top)


def test_missing_and_out_of_range_features_are_named():
    """What is not known, and what training never saw, is said by name."""
    opened = bundle("migrant_smuggling")
    scorer = RiskScorer(opened)
    names = [spec.name for spec in scorer.specs]
    nothing = scorer.assess([None] * len(names))
    assert nothing.missing == names
    assert nothing.out_of_range == []
    values = opened.extractor.values(records()[0])
    values[names.index("stay_days")] = 5000.0
    assert scorer.assess(values).out_of_range == ["stay_days"]


def test_r30_a_value_outside_of_training_gets_a_score_and_no_band():
    """The probability and its interval are there, the band is neither low nor high, and the reason is told."""
    opened = bundle("migrant_smuggling")
    scorer = RiskScorer(opened)
    names = [spec.name for spec in scorer.specs]
    for record in records():
        values = opened.extractor.values(record)
        values[names.index("stay_days")] = 5000.0
        found = scorer.assess(values)
        assert found.band == INSUFFICIENT
        assert found.abstained[0].startswith("Outside of what training saw")
        assert 0 < found.interval.low < found.probability < found.interval.high < 1
        assert found.advice is None


def test_a_band_is_given_exactly_where_nothing_speaks_against_it(scorer):
    """Abstaining and naming a band exclude each other."""
    for _, found in assessments(scorer):
        assert (found.band == INSUFFICIENT) == bool(found.abstained)


def test_an_assessment_is_json_ready(scorer):
    """It becomes JSON without any help, and names its model by digest."""
    values, found = assessments(scorer)[0]
    told = orjson.loads(orjson.dumps(found))
    assert told["model"]["digest"] == bundle(found.risk).digest
    assert told["reasons_for"][0]["sentence"]
    assert told["audience"] == RISKS[found.risk].audience.value
    assert orjson.dumps(scorer.assess(values)) == orjson.dumps(found)


def test_the_explanation_lists_every_contribution(scorer):
    """The full list adds up to the score and begins with the reasons shown."""
    for values, found in assessments(scorer):
        every = [reason for reason, _ in scorer.explanation(values)]
        assert found.baseline + math.fsum(one.contribution for one in every) == pytest.approx(found.log_odds, abs=1e-9)
        raising = [one for one in every if one.direction == "raises"]
        assert {one.code for one in found.reasons_for} <= {one.code for one in raising}


def test_limits_on_reasons_can_be_chosen():
    """A service may show fewer reasons; the rest moves to the other contributions."""
    values = bundle().extractor.values(records()[0])
    short = RiskScorer(bundle(), reasons_for=1, reasons_against=0).assess(values)
    assert (len(short.reasons_for), len(short.reasons_against)) == (1, 0)
    shown = short.reasons_for[0].contribution
    assert short.baseline + shown + short.other_contributions == pytest.approx(short.log_odds, abs=1e-9)
