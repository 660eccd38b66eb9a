"""Encodings of columns with many values: no training case is told its own answer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.declared import encoding_key
from features.mapping_file import EncodingEntry
from training.encoding import (
    History,
    folds_by_entity,
    learn,
    look_up,
    out_of_fold,
    past_only,
    serving_table,
    training_columns,
)

FOLDS = EncodingEntry(folds=5)
PAST = EncodingEntry(order="past")


def texts(values):
    """An array of objects, as columns of texts are."""
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def history(y, folds=None, time=None, known_at=None) -> History:
    """Labelled cases, ten seconds apart, with outcomes five seconds later unless said otherwise."""
    rows = len(y)
    return History(
        y=np.asarray(y, dtype=np.float64),
        folds=np.asarray(folds if folds is not None else np.arange(rows) % 5, dtype=np.int64),
        time=np.asarray(time if time is not None else np.arange(rows) * 10, dtype=np.int64),
        known_at=np.asarray(known_at if known_at is not None else np.arange(rows) * 10 + 5, dtype=np.int64),
    )


def test_a_table_holds_smoothed_percent_and_number():
    """Two cases, one confirmed, drawn to the rate of all as if two more had shown it."""
    table, prior = learn(texts(["a", "a", "b", None]), np.array([1.0, 0, 0, 0]), EncodingEntry(smoothing=2), 1)
    assert prior == 25.0
    assert table == {"a": (100 * (1 + 2 * 0.25) / 4, 2.0), "b": (100 * (2 * 0.25) / 3, 1.0)}


def test_a_value_below_the_least_number_is_not_in_the_table():
    """What too few cases share is known to nobody who holds the bundle."""
    table, prior = learn(texts(["a", "a", "b"]), np.array([1.0, 0, 1]), FOLDS, 2)
    assert set(table) == {"a"}
    assert look_up(texts(["b", None]), table, prior)[0].tolist() == [prior, 0.0]
    assert np.isnan(look_up(texts(["b", None]), table, prior)[1]).all()


def test_a_serving_table_lists_digests_alone():
    """The values themselves stay with the agency."""
    table, prior = learn(texts(["IMP-77", "IMP-77"]), np.array([1.0, 0]), FOLDS, 1)
    served = serving_table("importer", table, prior)
    assert set(served.table) == {encoding_key("importer", "IMP-77")}
    assert served.unseen == (50.0, 0.0)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_training_case_sees_an_outcome_of_its_own_fold(data):
    """Turning a case's outcome around changes no rate of the cases in its fold."""
    rows = data.draw(st.integers(6, 60))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**20)))
    values, y, folds = (
        texts(rng.choice(["a", "b", None, "c"], rows)),
        rng.integers(0, 2, rows),
        rng.integers(0, 5, rows),
    )
    at = int(rng.integers(0, rows))
    turned = y.copy()
    turned[at] = 1 - turned[at]
    before = out_of_fold(values, history(y, folds), FOLDS, 1)
    after = out_of_fold(values, history(turned, folds), FOLDS, 1)
    np.testing.assert_array_equal(before[folds == folds[at]], after[folds == folds[at]])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_past_only_uses_nothing_that_became_known_later(data):
    """A case's rate holds the outcomes that were known when it came, and no other but for the rate of all."""
    rows = data.draw(st.integers(3, 60))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**20)))
    values = texts(rng.choice(["a", "b", None], rows))
    y, time = rng.integers(0, 2, rows), rng.integers(0, 500, rows)
    known_at = time + rng.integers(0, 200, rows)
    found = past_only(values, history(y, None, time, known_at), PAST, 1)
    for row in range(rows):
        if values[row] is None:
            assert np.isnan(found[row]).all()
            continue
        # an outcome known at the very moment of the crossing may be the case's own: it does not count
        known = (known_at < time[row]) & np.array([value == values[row] for value in values])
        assert found[row, 1] == known.sum()
        assert found[row, 0] == pytest.approx(100 * (y[known].sum() + 2 * y.mean()) / (known.sum() + 2))


def test_out_of_fold_equals_learning_from_the_other_folds():
    """The fast way gives what one table per fold would give."""
    rng = np.random.default_rng(2)
    values, y, folds = texts(rng.choice(list("abcdefgh"), 400)), rng.integers(0, 2, 400), rng.integers(0, 5, 400)
    found = out_of_fold(values, history(y, folds), FOLDS, 3)
    for fold in range(5):
        held = folds == fold
        table, prior = learn(values[~held], y[~held].astype(float), FOLDS, 3)
        others = look_up(values[held], table, prior)
        np.testing.assert_allclose(found[held, 0], others[:, 0], rtol=1e-12)
        assert found[held, 1].tolist() == np.rint(others[:, 1] * 400 / (400 - held.sum())).tolist()


def test_no_later_case_has_a_longer_past_than_training_met():
    """Counts are on the scale of the table that serves: else each later case would lie outside of the trained range."""
    rng = np.random.default_rng(3)
    values, y, folds = texts(rng.choice(list("abcdefgh"), 400)), rng.integers(0, 2, 400), rng.integers(0, 5, 400)
    trained = out_of_fold(values, history(y, folds), FOLDS, 1)[:, 1]
    table, _ = learn(values, y.astype(float), FOLDS, 1)
    for value, (_, seen) in table.items():
        assert trained[values == value].max() >= seen
        assert abs(trained[values == value].mean() - seen) < 0.06 * seen


def test_noise_teaches_nothing_out_of_fold_and_everything_in_sample():
    """The reason for it all: a column of mere names, which says nothing, looks strong to a model that cheats."""
    rng = np.random.default_rng(4)
    values, y = texts([f"v{n}" for n in rng.integers(0, 1500, 3000)]), rng.integers(0, 2, 3000).astype(float)
    table, prior = learn(values, y, FOLDS, 1)
    cheat = look_up(values, table, prior)[:, 0]
    honest = out_of_fold(values, history(y, folds_by_entity([str(n) for n in range(3000)], 5, 0)), FOLDS, 1)[:, 0]
    assert np.corrcoef(cheat, y)[0, 1] > 0.5
    assert abs(np.corrcoef(honest, y)[0, 1]) < 0.06


def test_an_entity_is_in_one_fold_whatever_the_order():
    """Cases of one person never teach each other, and row order changes nothing."""
    rng = np.random.default_rng(1)
    entities = [f"e{n}" for n in rng.integers(0, 200, 1000)]
    folds = folds_by_entity(entities, 10, seed=3)
    assert all(len(set(folds[np.array(entities) == entity])) == 1 for entity in set(entities))
    order = rng.permutation(1000)
    np.testing.assert_array_equal(folds_by_entity([entities[at] for at in order], 10, seed=3), folds[order])
    assert np.bincount(folds).min() > 50


def test_the_settings_choose_the_way():
    """Past and folds are two ways to the training columns."""
    values, told = texts(["a"] * 10), history([0, 1] * 5)
    np.testing.assert_array_equal(training_columns(values, told, PAST, 1), past_only(values, told, PAST, 1))
    np.testing.assert_array_equal(training_columns(values, told, FOLDS, 1), out_of_fold(values, told, FOLDS, 1))
