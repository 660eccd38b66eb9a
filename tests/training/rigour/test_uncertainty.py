"""The claims of uncertainty in short: two seeds and few cases, against wider limits than those of the scoreboard."""

from training.rigour import abstention, coverage, stability


def test_intervals_hold_the_truth_and_naive_ones_do_not():
    """In two small worlds, where few cases make intervals rather too wide; the control falls short of the level."""
    rows = coverage.claim((1, 2), rows=4000).rows
    right, naive = (
        [row.measured for row in rows if not row.is_control],
        [row.measured for row in rows if row.is_control],
    )
    assert all(each >= 0.8 for each in right)
    assert all(each <= 0.85 for each in naive)


def test_insufficient_data_is_said_of_the_right_ones():
    """All values outside of training, few ordinary travellers, at land posts as in the air."""
    share, land, outside, *_ = abstention.claim((1, 2), rows=4000).rows
    assert outside.measured == 1.0
    assert share.measured <= 0.03
    assert land.measured <= 0.03


def test_reasons_are_stable_and_a_table_tells_of_nobody():
    """Support, cost of directions and membership, with a control that tells members at once."""
    found = {row.label: row for row in stability.claim((1, 2), rows=4000).rows}
    assert found["median support of a first reason over redraws"].measured >= 0.7
    assert found["ROC AUC that directions cost"].measured <= 0.05
    assert found["ROC AUC of telling who was learned from, by the loss"].measured <= 0.55
    assert found["the same for a tree that learns each case by heart"].measured >= 0.8
