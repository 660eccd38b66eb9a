"""What checks find, miss and mistake, and when that is known."""

import numpy as np
import pytest

from features.risk import RISKS
from training.simulator.officers import NOT_CHECKED, RANDOM, RULE, TIP
from training.simulator.outcomes import DEPTHS


def delays(past, codes):
    """Days from crossing to outcome, for some codes."""
    rows = np.isin(past.outcome("code").astype(str), codes)
    return (past.outcome("known_minute") - past.fact("minute"))[rows] / 1440


def test_deeper_checks_find_more(past):
    """Sensitivity grows from a quick look over a search to a full check, and none is perfect."""
    depth, checked = past.outcome("depth"), past.lane() != NOT_CHECKED
    shares = []
    for name in DEPTHS:
        true = [past.truth(risk) & checked & (depth == name) for risk in RISKS]
        found = [past.detected(risk) & checked & (depth == name) for risk in RISKS]
        shares.append(np.sum(found) / np.sum(true))
    assert 0.15 < shares[0] < shares[1] < shares[2] < 0.97
    assert shares[1] > shares[0] + 0.15


def test_officers_differ_in_what_they_find(past):
    """The spread of true skill shows in finds: the best half finds clearly more than the other."""
    officer = np.concatenate([week.selection.officer for week in past.weeks])
    able = past.cast.corps.skill[officer] > np.median(past.cast.corps.skill)
    true = np.logical_or.reduce([past.truth(risk) for risk in RISKS]) & (past.lane() != NOT_CHECKED)
    found = np.logical_or.reduce([past.detected(risk) for risk in RISKS])
    assert found[true & able].mean() > found[true & ~able].mean() + 0.1


def test_missed_cases_are_recorded_as_nothing_found(past):
    """A label can be wrong, as it is in life."""
    missed = np.logical_or.reduce([past.truth(risk) for risk in RISKS]) & (past.lane() == RANDOM)
    assert (past.outcome("code")[missed] == "nothing_found").mean() > 0.15


def test_false_finds_are_few(past):
    """Some confirmed cases are none, but not many."""
    for risk, declared in RISKS.items():
        confirmed = np.isin(past.outcome("code").astype(str), declared.outcome_codes)
        false = confirmed & ~past.truth(risk)
        assert false.sum() < 0.08 * confirmed.sum()
    every = np.isin(past.outcome("code").astype(str), [c for r in RISKS.values() for c in r.outcome_codes])
    assert (every & ~np.logical_or.reduce([past.truth(risk) for risk in RISKS])).sum() > 0


def test_finding_nothing_is_known_soon_and_trafficking_late(past):
    """Delays follow the mechanism: hours, days, months; never beyond the cap."""
    nothing = delays(past, ["nothing_found"])
    documents, smuggling, trafficking = (delays(past, risk.outcome_codes) for risk in RISKS.values())
    assert nothing.max() < 2.1
    assert 2 < np.median(documents) < 7
    assert 6 < np.median(smuggling) < 20
    assert 60 < np.median(trafficking) < 140
    assert np.quantile(trafficking, 0.9) > 2 * np.median(trafficking)
    assert trafficking.max() < 401


def test_some_finds_are_overturned_and_some_checks_stay_open(past):
    """All five states of the taxonomy occur: found, nothing, inconclusive, overturned, not inspected."""
    code = past.outcome("code")[past.lane() != NOT_CHECKED].astype(str)
    assert 0.005 < (code == "inconclusive").mean() < 0.03
    assert (
        0
        < (code == "overturned").sum()
        < 0.1 * np.isin(code, [c for r in RISKS.values() for c in r.outcome_codes]).sum()
    )


def test_some_rule_hits_are_closed_by_the_system(past):
    """Rows that a reader has to refuse as labels: no person looked."""
    by_system = past.outcome("role") == "system"
    assert 10 < by_system.sum() < 0.05 * (past.lane() == RULE).sum()
    assert (past.lane()[by_system] == RULE).all()
    assert (past.outcome("evidence")[by_system] == "rule_hit").all()


def test_finds_are_confirmed_by_those_who_may(past):
    """A protection officer or a court confirms a victim, never the officer at the desk."""
    victims = np.isin(past.outcome("code").astype(str), RISKS["trafficking_protection"].outcome_codes)
    assert set(past.outcome("role")[victims]) == {"protection_officer", "court"}


def test_tips_are_better_than_chance_and_not_certain(past):
    """A tip rests on the truth, loosely."""
    truth = np.logical_or.reduce([past.truth(risk) for risk in RISKS])
    tipped = past.lane() == TIP
    assert 2 * truth.mean() < truth[tipped].mean() < 0.7


@pytest.mark.parametrize("risk", RISKS)
def test_finds_only_happen_in_checks(past, risk):
    """Nobody is confirmed without having been checked."""
    assert not past.detected(risk)[past.lane() == NOT_CHECKED].any()
