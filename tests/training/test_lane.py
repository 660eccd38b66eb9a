"""A lane that is not kept to gives bounds; a lane that is kept to gives a share with its interval."""

import numpy as np
import pandas as pd
import pytest

from training.lane import Compliance, compliance, share_in_lane, worst_case


def crossings(done: int, not_done: int, others: int, *, recorded: bool = True) -> pd.DataFrame:
    """All crossings: drawn and inspected, drawn and not, and everybody else."""
    rows = [("random", 0.1, "nothing_found", "done")] * done
    rows += [("random", 0.1, None, "not_done")] * not_done if recorded else [(None, np.nan, None, None)] * not_done
    rows += [(None, np.nan, None, None)] * others
    frame = pd.DataFrame(rows, columns=["selection", "selection_probability", "outcome_code", "compliance"])
    return frame if recorded else frame.drop(columns="compliance")


def test_recorded_compliance_counts_draws():
    """Eight of ten drawn were inspected."""
    found = compliance(crossings(8, 2, 90))
    assert (found.known, found.rate) == ("recorded", 0.8)
    assert not found.kept(0.9)
    assert "80.0 %" in found.text()


def test_implied_compliance_compares_with_the_logged_chance():
    """A chance of one in ten over a thousand crossings promises a hundred; sixty came."""
    found = compliance(crossings(60, 0, 940, recorded=False))
    assert (found.known, found.drawn) == ("implied", pytest.approx(100.0))
    assert found.rate == pytest.approx(0.6)
    assert not found.kept(0.9)


def test_chance_alone_is_no_breach_of_an_implied_lane():
    """Ninety-one of an expected hundred and three is within chance of ninety percent."""
    assert compliance(crossings(88, 0, 912, recorded=False)).kept(0.9)


def test_a_table_of_inspected_cases_alone_tells_nothing_of_compliance():
    """Unknown is said, not guessed."""
    found = compliance(crossings(50, 0, 0, recorded=False))
    assert (found.known, found.rate, found.kept(0.9)) == ("unknown", None, True)
    assert "not recorded" in found.text()


def test_a_kept_lane_gives_a_number_with_its_interval():
    """Seven of a thousand."""
    found = share_in_lane(7, 1000, 1050)
    assert found.kind == "interval"
    assert found.estimate == 0.007
    assert 0.003 < found.low < 0.007 < found.high < 0.015


def test_a_lane_below_the_floor_gives_bounds_and_no_number():
    """Whatever the three hundred carried who were skipped lies inside."""
    found = share_in_lane(7, 700, 1000)
    assert (found.kind, found.estimate) == ("bounds", None)
    assert found.low < 0.007
    assert found.high > 0.307
    assert "70 %" in found.note


def test_an_empty_lane_knows_nothing():
    """From 0 to 1."""
    found = share_in_lane(0, 0, 0)
    assert (found.low, found.high, found.kind) == (0.0, 1.0, "bounds")


def test_officers_cases_alone_give_the_worst_case():
    """Two percent inspected leaves nearly everything open, and the words say why."""
    found = worst_case(30, 200, 10_000)
    assert found.low < 0.003
    assert found.high > 0.98
    assert found.estimate is None
    assert "no fitted chance repairs that" in found.note


def test_a_lane_of_nobody_is_not_broken():
    """Without draws there is no rate."""
    assert Compliance(0.0, 0, "recorded").rate is None


def test_draws_that_nobody_followed_count_as_not_done():
    """The export says who was drawn, whatever became of it."""
    frame = crossings(8, 0, 92, recorded=False).assign(draw=[True] * 10 + [False] * 90)
    found = compliance(frame)
    assert (found.known, found.drawn, found.rate) == ("recorded", 10.0, 0.8)
