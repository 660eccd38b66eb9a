"""How firm each reason is: shares of redraws, as the batch arithmetic finds them, at no cost to a score."""

import numpy as np
import pytest

from models import assessment
from models.assessment import RiskScorer
from models.batch import term_moves
from models.support import FIRST, support
from tests.models.bundle_makers import bundle, records
from training.families.base import model_columns  # the columns of many records, for the other arithmetic
from training.stability import first_reasons


def frame_of(model, rows):
    """Columns of a model from rows of values."""
    import pandas as pd  # noqa: PLC0415  for this test alone

    return model_columns(pd.DataFrame(rows, columns=list(model.features), dtype=object), model.features)


def test_support_is_the_share_of_redraws_in_which_a_reason_stays_first():
    """Each record against the arithmetic of many records at once, reasons for and against."""
    opened = bundle()
    model = opened.model
    rows = [opened.extractor.values(record) for record in records()]
    columns = frame_of(model, rows)
    drawn = model.contributions(columns)[:, :, None] + np.moveaxis(term_moves(model, columns)[1:], 0, 1)
    raising, lowering = first_reasons(drawn), first_reasons(-drawn)
    seen = 0
    for row, values in enumerate(rows):
        explained = model.explain(values)
        shares = support(model, explained.cells)
        assert set(shares) == {cell for cell in explained.cells if explained.points[cell]}
        for term, cell in enumerate(explained.cells):
            points = explained.points[cell]
            if points:
                expected = (raising if points > 0 else lowering)[row, term].mean()
                assert shares[cell] == pytest.approx(expected)
                seen += 0 < expected < 1
    assert seen, "no reason of these records is anything but certain"
    assert FIRST == 3


def test_an_explanation_carries_the_support_of_its_reasons():
    """In the order of the reasons, whatever their number."""
    opened = bundle()
    scorer = RiskScorer(opened)
    for record in records():
        values = opened.extractor.values(record)
        explained = opened.model.explain(values)
        shares = support(opened.model, explained.cells)
        by_points = {explained.points[cell]: share for cell, share in shares.items()}
        told = scorer.explanation(values)
        assert [reason.contribution for reason, _ in told] == sorted(
            (reason.contribution for reason, _ in told), key=lambda one: -abs(one)
        )
        if len(by_points) == len(shares):
            assert {reason.contribution: share for reason, share in told} == by_points


def test_a_score_never_pays_for_support(monkeypatch):
    """What scores a record does not compute it."""

    def never(*_arguments):
        pytest.fail("support was computed for a score")

    monkeypatch.setattr(assessment, "support", never)
    opened = bundle()
    assert RiskScorer(opened).assess(opened.extractor.values(records()[0])).reasons_for
