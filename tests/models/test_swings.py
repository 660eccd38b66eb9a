"""Swings add up lane by lane, exactly: the standard error of a score holds what its terms have in common."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.spec import Kind
from models.additive import AdditiveModel, Axis, Term
from models.swings import MAX_SWING, UNIT, Packing, lanes_of, move_unit, norm
from tests.models.model_makers import random_columns, row, small_model

MOVES = st.integers(-MAX_SWING // 50, MAX_SWING // 50)


CELLS = st.integers(1, 30).flatmap(
    lambda lanes: st.lists(st.lists(MOVES, min_size=lanes, max_size=lanes), min_size=1, max_size=50)
)


@given(CELLS, st.sampled_from([1, 2**20]))
def test_packed_lanes_add_up_like_lists_of_numbers(cells, divisor):
    """No lane ever borrows from its neighbour, whatever the signs, in narrow lanes and in wide ones."""
    first, *others = [[move // divisor for move in moves] for moves in cells]
    reach = [max(map(abs, moves)) for moves in others]
    packing = Packing(len(first), reach, first)
    total = packing.start + sum(packing.pack(moves, above) for moves, above in zip(others, reach, strict=True))
    assert read(packing, total) == tuple(sum(moves) for moves in zip(first, *others, strict=True))


def read(packing, total):
    """The lanes of a running sum."""
    return packing.unpack((total ^ packing.flip).to_bytes(packing.size, "little"))


@pytest.mark.parametrize("most", [2**15 - 1, 2**15, MAX_SWING])
def test_the_largest_sum_that_a_model_may_reach_still_fits(most):
    """Both ends of a lane are read as they are, at the end of narrow lanes, beyond it, and at the end of wide ones."""
    ends = (most, -most, 0)
    packing = Packing(3, (), ends)
    assert read(packing, packing.start) == ends


def test_the_error_of_a_score_is_that_of_its_redraws():
    """For 300 records: the spread of the score over the redraws, computed the long way."""
    model, columns = small_model(), random_columns(300, seed=3)
    drawn = model.redraws(columns)
    scores, errors = model.log_odds(columns), model.standard_errors(columns)
    lanes = drawn.shape[1]
    spread = np.sqrt(np.sum((drawn - scores[:, None]) ** 2, axis=1) / (lanes - 1))
    assert errors == pytest.approx(spread, abs=1e-9)
    for at in range(300):
        assert model.explain(row(columns, at)).standard_error == errors[at]


def test_terms_that_swing_against_each_other_leave_the_score_at_rest():
    """What one term takes the other gives: each is uncertain and their sum is not."""
    axes = [Axis(name, Kind.FLAG, cuts=(0.5,)) for name in "ab"]
    there, back = (300, -500, 800), (-300, 500, -800)
    terms = [Term((axis,), (0.0,) * 4, (move,) * 4, (9.0,) * 4) for axis, move in zip(axes, (there, back), strict=True)]
    against = AdditiveModel(0.0, (0, 0, 0), ("a", "b"), tuple(terms)).explain([True, True]).standard_error
    along = AdditiveModel(0.0, (0, 0, 0), ("a", "b"), (terms[0], Term((axes[1],), *vars_of(terms[0]))))
    assert against == 0.0
    assert along.explain([True, True]).standard_error == pytest.approx(2 * norm(there))


def vars_of(term):
    """The tables of a term."""
    return term.points, term.swings, term.travellers


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=40))
def test_lanes_hold_the_spread_of_their_moves(moves):
    """Their length is the standard deviation about zero, to the width of a step."""
    expected = math.sqrt(sum(move * move for move in moves) / (len(moves) - 1))
    assert norm(lanes_of(moves)) == pytest.approx(expected, abs=UNIT * math.sqrt(len(moves)))
    for lane, move in zip(lanes_of(moves), moves, strict=True):
        assert lane * move_unit(len(moves)) == pytest.approx(move, abs=move_unit(len(moves)))


def test_a_line_that_differs_by_redraw_moves_the_score_as_told():
    """Calibrated anew in every redraw, each redraw's score goes through its own line."""
    model, columns = small_model(), random_columns(100, seed=4)
    lines = [(1.2, 0.1), (0.9, -0.2), (1.0, 0.0), (1.1, 0.3)]
    before, after = model.redraws(columns), model.scaled(1.05, 0.05, lines).redraws(columns)
    expected = np.column_stack([before[:, at] * slope + level for at, (slope, level) in enumerate(lines)])
    assert after == pytest.approx(expected, abs=20 * move_unit(4))
