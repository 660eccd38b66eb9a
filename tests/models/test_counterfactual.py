"""The smallest changes: each gives the band that it names, none smaller is passed over, and none makes a fact up."""

import pytest

from features.catalogue import CATALOGUE
from features.risk import RISKS
from features.spec import Kind
from models.additive import AdditiveModel, Axis, Term
from models.bands import Band, BandPolicy
from models.counterfactual import smallest_changes
from tests.models import bundle_makers


def term(name, points, cuts, low=0.0, high=100.0):
    """A term of one number."""
    axis = Axis(name, Kind.NUMBER, cuts=cuts, low=low, high=high)
    return Term((axis,), points, ((0,),) * len(points), (0.0,) * len(points))


def policy(threshold):
    """Two bands."""
    return BandPolicy((Band("high", 0.1, threshold), Band("standard", 0.9, None)), "1")


def model(*terms):
    """A model of terms."""
    return AdditiveModel(0.0, (0,), tuple(one.axes[0].feature for one in terms), terms)


LEAD = term("lead", (0.0, 2.0, 0.5, -1.0, 0.0), (24.0, 72.0))
CHANGES = term("changes", (0.0, -0.5, 0.0, 1.5, 0.0), (1.0, 5.0))


def test_fewer_bins_go_before_more_and_the_nearest_value_of_the_bin_is_named():
    """From 100 hours: one bin down is not enough for the limit, two are; the value lies just below the cut."""
    found = smallest_changes(model(LEAD), policy(1.0), [90.0])
    assert [(one.band, one.changes[0].steps, one.changes[0].at_least) for one in found] == [("high", 2, False)]
    assert found[0].changes[0].value < 24.0
    assert found[0].changes[0].value == pytest.approx(24.0)


def test_two_features_are_given_where_none_does_it_alone():
    """Neither reaches the limit; both together do."""
    [found] = smallest_changes(model(LEAD, CHANGES), policy(3.0), [90.0, 0.0])
    assert {one.feature for one in found.changes} == {"lead", "changes"}
    assert (found.band, found.log_odds) == ("high", 3.5)


def test_a_fact_that_is_missing_is_not_made_up_and_what_training_never_saw_is_not_asked_for():
    """No change of a missing value; no value beyond the range."""
    assert smallest_changes(model(LEAD), policy(1.0), [None]) == []
    narrow = term("lead", (0.0, 2.0, 0.5, -1.0, 0.0), (24.0, 72.0), low=30.0)
    assert smallest_changes(model(narrow), policy(1.0), [90.0]) == []


@pytest.mark.parametrize("seed", range(5))
def test_every_change_of_a_real_catalogue_gives_the_band_that_it_names(seed):
    """Held against the model itself; fewer features first, at most as many as asked for."""
    specs = CATALOGUE.for_scoring(RISKS["document_fraud"])
    made = bundle_makers.random_model(specs, seed)
    columns = bundle_makers.columns_of(specs)
    scores = made.log_odds(columns)
    bands = BandPolicy.from_reference(scores, {"high": 0.1, "elevated": 0.2}, version="1")
    values = [columns[name][seed] for name in made.features]
    observed = bands.band(made.explain(values).log_odds)
    found = smallest_changes(made, bands, values, limit=4)
    assert len(found) <= 4
    assert [len(one.changes) for one in found] == sorted(len(one.changes) for one in found)
    for one in found:
        changed = list(values)
        for change in one.changes:
            changed[made.features.index(change.feature)] = change.value
        again = made.explain(changed).log_odds
        assert (bands.band(again), again) == (one.band, one.log_odds)
        assert one.band != observed
