"""Different travellers behind each cell of a table of points."""

import numpy as np
import pytest

from training.families.redraw import travellers_per_cell


@pytest.mark.parametrize("shape", [(7,), (5, 4)])
def test_each_cell_counts_a_traveller_once(shape):
    """As a set of travellers per cell says it, whatever the order of rows and however often somebody came."""
    rng = np.random.default_rng(3)
    who = rng.integers(0, 90, 800)
    bins = tuple(rng.integers(0, size, 800) for size in shape)
    met = {}
    for traveller, *cell in zip(who.tolist(), *(axis.tolist() for axis in bins), strict=True):
        met.setdefault(tuple(cell), set()).add(traveller)
    counted = travellers_per_cell(bins, shape, who)
    assert counted.shape == shape
    assert {cell: int(number) for cell, number in np.ndenumerate(counted) if number} == {
        cell: len(people) for cell, people in met.items()
    }


def test_no_case_means_nobody_anywhere():
    """Without a row every cell is empty."""
    nobody = np.zeros(0, dtype=np.intp)
    assert travellers_per_cell((nobody,), (3,), nobody).tolist() == [0.0, 0.0, 0.0]
