"""What is counted of a decision and of an outcome."""

import pytest

from riskapi.monitoring.bins import BundleBins, names_every_level
from riskapi.monitoring.tally import (
    DAY,
    EVERYWHERE,
    HOUR,
    Place,
    Tally,
    count_decision,
    count_outcome,
    count_values,
    finding,
    is_watched,
    told,
)
from tests.riskapi.makers import go_live
from tests.riskapi.monitoring.makers import answer_about, opened, record_data

CODES = ("forged_document", "impostor")
SCORED = "2026-03-14T09:00:00.000Z"


@pytest.fixture
def made(services):
    """A live model, and a decision that it made."""
    digest = go_live(services, "document_fraud")
    data = record_data("MBA")
    decision = opened(answer_about(services, data, "random"), data)
    model = services.active.live.models[0]
    return digest, decision, model


def test_a_decision_counts_at_its_hour_its_day_and_everywhere(made):
    """Once each; scores and reasons everywhere alone."""
    digest, decision, model = made
    tally, bins = Tally(), BundleBins(model.bundle)
    count_decision(tally, decision, {digest: bins})
    (one,) = told(decision.answer)
    for place in (
        Place(HOUR, "2026-03-14T09", "MBA", "document_fraud", digest),
        Place(DAY, "2026-03-14", "MBA", "document_fraud", digest),
    ):
        assert tally.places[place] == {"travellers": 1, f"band|{one.band}": 1, "arm|random": 1, "referred": 1}
    everywhere = tally.places[Place(DAY, "2026-03-14", EVERYWHERE, "document_fraud", digest)]
    assert everywhere[f"score|{bins.score_bin(one.log_odds)}"] == 1
    assert everywhere[f"reason|{one.reason}"] == 1
    assert everywhere["promised"] == one.probability
    assert len(tally.places) == 3


def test_scores_fall_into_bins_as_the_reference_population_did(made):
    """Shares add up to one, and each quantile is in the bin that the edges say."""
    bins = BundleBins(made[2].bundle)
    assert sum(bins.score_shares) == pytest.approx(1.0)
    assert len(bins.score_shares) == len(bins.score_edges) + 1
    quantiles = bins.baselines.quantiles
    for place, share in enumerate(bins.score_shares):
        counted = sum(bins.score_bin(value) == place for value in quantiles) / len(quantiles)
        assert counted == pytest.approx(share, abs=0.002)
    assert bins.reference_size > 0


def test_values_fall_into_the_bins_of_the_baselines(services, made):
    """Every feature of the model has one place, a bin or missing."""
    digest, decision, model = made
    bins, tally = BundleBins(model.bundle), Tally()
    place = Place(DAY, decision.day, EVERYWHERE, model.risk, digest)
    values = [None] * len(bins.names)
    values[0] = 1.0
    found = bins.value_bins(values)
    count_values(tally, place, found)
    assert tally.places[place]["seen"] == 1
    assert len(tally.places[place]) == len(found) + 1
    assert sum(name.startswith("missing|") for name in tally.places[place]) == len(found) - 1
    categories = [one for one in bins.baselines.features.values() if one.kind.value == "category"]
    assert all(names_every_level(one) == (bool(one.levels) and one.shares[-1] == 0) for one in categories)


@pytest.mark.parametrize(
    ("content", "confirmed"),
    [
        ({"outcome_code": "impostor"}, True),
        ({"outcome_code": "nothing_found"}, False),
        ({"outcome_code": "smuggled_migrant"}, False),
        ({"outcome_code": "inconclusive"}, None),
        ({"outcome_code": "overturned"}, None),
        ({"outcome_code": None, "compliance": "not_done"}, None),
    ],
)
def test_five_states_of_an_outcome_stay_apart(content, confirmed):
    """Above all "nobody looked" is not "nothing found"."""
    assert finding(content, CODES, SCORED).confirmed is confirmed


def test_delay_is_counted_in_days_from_the_score():
    """From 0 up to a bound; an outcome without a time has none."""
    delays = [
        finding({"outcome_code": "impostor", "known_at": at}, CODES, SCORED).delay_days
        for at in ("2026-03-14T20:00:00Z", "2026-03-20T10:00:00+01:00", "2029-01-01T00:00:00Z", "2026-03-01T00:00:00Z")
    ]
    assert delays == [0, 6, 400, 0]
    assert finding({"outcome_code": "impostor"}, CODES, SCORED).delay_days is None


def test_an_outcome_taken_back_leaves_nothing(made):
    """Counted with the other sign, every number is 0 again."""
    _, decision, _ = made
    (one,) = told(decision.answer)
    tally = Tally()
    found = finding({"outcome_code": "impostor", "known_at": "2026-03-20T10:00:00Z"}, CODES, SCORED)
    count_outcome(tally, decision, one, found, 1)
    everywhere = Place(DAY, decision.day, EVERYWHERE, one.risk, one.digest)
    assert tally.places[everywhere]["confirmed|random"] == 1
    assert tally.places[everywhere][f"expected|{one.band}"] == one.probability
    count_outcome(tally, decision, one, found, -1)
    assert {number for counts in tally.places.values() for number in counts.values()} == {0.0}


def test_tests_and_corrections_are_not_watched(made):
    """They are no travel: neither a test, nor a second decision about the same crossing."""
    _, decision, _ = made
    assert is_watched(decision)
    for change in ({"purpose": "test"}, {"purpose": "training"}, {"corrects": True}):
        assert not is_watched(opened(decision.answer, record_data(), **change))
