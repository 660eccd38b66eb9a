"""The cells that scoring reads are all cells of the terms, each found by its value and ranked by its points."""

import math
from itertools import product

from models.additive import AdditiveModel
from tests.models.model_makers import LANES, random_columns, row, small_model


def test_numbers_rise_with_the_points_and_every_cell_has_one():
    """Numbers rank the cells, the earlier of equal terms first on either side, and know what raises or lowers."""
    model = small_model()
    cells = model.cells
    assert cells.points == sorted(cells.points)
    sizes = [math.prod(axis.size for axis in term.axes) for term in model.terms]
    assert [cells.terms.count(at) for at in range(len(model.terms))] == sizes
    for number, points in enumerate(cells.points):
        assert (number < cells.lowering) == (points < 0)
        assert (number >= cells.raising) == (points > 0)


def test_of_equal_points_the_earlier_term_stands_outside():
    """Where all terms have the same points, rank follows the order of the terms."""
    model = small_model()
    flat = AdditiveModel(0.0, (0,) * LANES, model.features, tuple(term.scaled(0.0) for term in model.terms))
    assert flat.cells.lowering == 0
    assert flat.cells.raising == len(flat.cells.points)
    assert flat.cells.terms == sorted(flat.cells.terms)


def test_every_value_finds_its_bin():
    """On 500 random records the cell found is the one that the plain definition of an axis names."""
    model, columns = small_model(), random_columns(500, seed=5)
    place = {name: at for at, name in enumerate(model.features)}
    for at in range(500):
        values = row(columns, at)
        explained = model.explain(values)
        for term, cell, number in zip(model.terms, explained.contributions, explained.cells, strict=True):
            own = [values[place[axis.feature]] for axis in term.axes]
            assert cell == term.cell(term.points, own)
            assert model.terms[model.cells.terms[number]] is term


def test_not_a_number_is_missing_wherever_it_stands():
    """Also for a feature that only a pair reads."""
    model = small_model()
    pair_only = AdditiveModel(0.0, (0,) * LANES, model.features, model.terms[4:])
    nothing = (None, float("nan"))
    for one in (model, pair_only):
        found = [one.explain(values) for values in product(nothing, nothing, [True], nothing)]
        assert all(other == found[0] for other in found)
        assert found[0].missing == [0, 1, 3]
