"""Misses and false finds are corrected by what is documented of inspections, and the doubt is carried along."""

import pytest

from training.detection import corrected, rogan_gladen


def test_rogan_gladen_undoes_what_inspections_do():
    """The share that inspections would report of a true share gives the true share back."""
    for truth in (0.0, 0.007, 0.2, 1.0):
        reported = truth * 0.75 + (1 - truth) * (1 - 0.999)
        assert rogan_gladen(reported, 0.75, 0.999) == pytest.approx(truth, abs=1e-12)


def test_fewer_finds_than_false_ones_are_none():
    """The estimate stays a share."""
    assert rogan_gladen(0.0001, 0.75, 0.999) == 0.0


def test_an_inspection_that_tells_nothing_corrects_nothing():
    """A coin has sensitivity and specificity of one half."""
    with pytest.raises(ValueError, match="tells nothing"):
        rogan_gladen(0.1, 0.5, 0.5)


def test_a_perfect_inspection_changes_neither_share_nor_interval():
    """The drawn interval is the one given, up to the draws."""
    found = corrected(0.01, 0.008, 0.013, level=0.95, sensitivity=(1.0, 1.0), specificity=(1.0, 1.0))
    assert found.estimate == pytest.approx(0.01)
    assert found.low == pytest.approx(0.008, rel=0.02)
    assert found.high == pytest.approx(0.013, rel=0.02)


def test_doubt_about_inspections_widens_the_interval():
    """A range of sensitivity says less than its middle."""
    sure = corrected(0.01, 0.008, 0.013, level=0.9, sensitivity=(0.7, 0.7), specificity=(1.0, 1.0))
    unsure = corrected(0.01, 0.008, 0.013, level=0.9, sensitivity=(0.4, 1.0), specificity=(1.0, 1.0))
    assert unsure.high - unsure.low > 1.3 * (sure.high - sure.low)
    assert "40.00 % to 100.00 %" in unsure.note


@pytest.mark.parametrize("wrong", [(0.9, 0.8), (0.0, 0.5), (0.5, 1.1)])
def test_a_range_runs_from_low_to_high(wrong):
    """Above 0 and at most 1."""
    with pytest.raises(ValueError, match="from low to high"):
        corrected(0.01, 0.008, 0.013, level=0.9, sensitivity=wrong, specificity=(1.0, 1.0))
