"""What past checks say of the values of a column with many values: learned so that no case sees its own outcome.

A rate that was learned from a case and then shown to the same case tells the model its own answer: it looks strong in
training and misleads afterwards. So a training case gets the rate of cases that it is not among (out of fold), or of
those whose outcomes were known before it came (past only); every later case gets the table of all training cases.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.declared import ENCODED, encoding_key
from features.mapping_file import EncodingEntry
from features.reference import Encoding

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Values = npt.NDArray[np.object_]
Table = dict[str, tuple[float, float]]


@dataclass(frozen=True)
class History:
    """What may be learned from: the labelled cases of the training slice.

    Attributes:
        y: (n_cases,), 0.0 or 1.0.
        folds: (n_cases,), number of the fold; an entity is in one fold only.
        time: (n_cases,), seconds at which the case came.
        known_at: (n_cases,), seconds at which its outcome became known.
    """

    y: Floats
    folds: Ints
    time: Ints
    known_at: Ints


def folds_by_entity(entities: Sequence[str], folds: int, seed: int) -> Ints:
    """Deal entities to folds, whatever the order of the cases.

    Returns:
        (n_cases,), numbers from 0 to ``folds`` - 1.

    >>> folds_by_entity(["b", "a", "b"], 2, 0).tolist() in ([0, 1, 0], [1, 0, 1])
    True
    """
    places, known = pd.factorize(np.asarray(entities, dtype=object), sort=True)
    dealt = np.random.default_rng(seed).permutation(len(known)) % folds
    return np.asarray(dealt[places], dtype=np.int64)


def learn(values: Values, y: Floats, settings: EncodingEntry, min_seen: int) -> tuple[Table, float]:
    """Learn the table of one column from all training cases.

    Args:
        values: (n_cases,), text or ``None``.
        y: (n_cases,), 0.0 or 1.0.
        settings: how strongly a rate is drawn to that of all cases.
        min_seen: cases that a value needs to be in the table.

    Returns:
        Value -> (percent confirmed, cases), and the percent confirmed of all cases.
    """
    places, known = pd.factorize(values, use_na_sentinel=True, sort=True)
    held = places >= 0
    prior = float(y.mean())
    seen = np.bincount(places[held], minlength=len(known)).astype(np.float64)
    confirmed = np.bincount(places[held], weights=y[held], minlength=len(known)).astype(np.float64)
    rates = _smoothed(confirmed, seen, prior, settings.smoothing)
    table = {
        str(value): (float(rate), float(number))
        for value, rate, number in zip(known, rates, seen, strict=True)
        if number >= min_seen
    }
    return table, 100 * prior


def look_up(values: Values, table: Table, unseen: float) -> Floats:
    """Read a table for later cases: (n_cases, 2), NaN where the value is missing."""
    places, known = pd.factorize(values, use_na_sentinel=True)
    found = [table.get(str(value), (unseen, 0.0)) for value in known]
    return np.array([*found, (np.nan, np.nan)], dtype=np.float64)[places]


def out_of_fold(values: Values, history: History, settings: EncodingEntry, min_seen: int) -> Floats:
    """Give each training case what the cases of the other folds say: (n_cases, 2), NaN where the value is missing.

    The other folds hold fewer cases than the table that serves later cases, so counts are brought to its scale: a later
    case must not seem to have a longer past than any that the model has met.
    """
    places, known = pd.factorize(values, use_na_sentinel=True, sort=True)
    held, number = places >= 0, settings.folds
    cells = places[held] * number + history.folds[held]
    shape = (len(known), number)
    seen_in = np.bincount(cells, minlength=shape[0] * number).reshape(shape).astype(np.float64)
    confirmed_in = np.bincount(cells, weights=history.y[held], minlength=shape[0] * number).reshape(shape)
    seen = seen_in.sum(axis=1, keepdims=True) - seen_in
    confirmed = confirmed_in.sum(axis=1, keepdims=True) - confirmed_in
    cases_in = np.bincount(history.folds, minlength=number).astype(np.float64)
    positives_in = np.bincount(history.folds, weights=history.y, minlength=number)
    priors = (positives_in.sum() - positives_in) / np.maximum(cases_in.sum() - cases_in, 1)
    rows, fold = places[held], history.folds[held]
    columns = _filled(
        held, confirmed[rows, fold], seen[rows, fold], priors[fold], strength=settings.smoothing, min_seen=min_seen
    )
    scale = cases_in.sum() / np.maximum(cases_in.sum() - cases_in, 1)
    columns[held, 1] = np.rint(columns[held, 1] * scale[fold])
    return columns


def past_only(values: Values, history: History, settings: EncodingEntry, min_seen: int) -> Floats:
    """Give each training case what was known when it came: (n_cases, 2), NaN where the value is missing."""
    places, _ = pd.factorize(values, use_na_sentinel=True, sort=True)
    held = places >= 0
    start = min(history.time.min(), history.known_at.min())
    span = max(history.time.max(), history.known_at.max()) - start + 2
    block = places[held].astype(np.int64) * span
    known = block + (history.known_at[held] - start) + 1
    order = np.argsort(known, kind="stable")
    totals = np.concatenate([[0.0], np.cumsum(history.y[held][order])])
    first = np.searchsorted(known[order], block, side="left")
    last = np.searchsorted(known[order], block + (history.time[held] - start) + 1, side="left")  # known before it came
    prior = np.full(int(held.sum()), history.y.mean())
    return _filled(
        held,
        totals[last] - totals[first],
        (last - first).astype(np.float64),
        prior,
        strength=settings.smoothing,
        min_seen=min_seen,
    )


def training_columns(values: Values, history: History, settings: EncodingEntry, min_seen: int) -> Floats:
    """The columns of the training cases, in the way that the settings choose."""
    way = past_only if settings.order == "past" else out_of_fold
    return way(values, history, settings, min_seen)


def serving_table(name: str, table: Table, unseen: float) -> Encoding:
    """Write a table as it travels in a bundle: digests in place of values."""
    keyed = sorted((encoding_key(name, value), numbers) for value, numbers in table.items())
    return Encoding(columns=ENCODED, table=dict(keyed), unseen=(unseen, 0.0))


def _smoothed(confirmed: Floats, seen: Floats, prior: float | Floats, strength: float) -> Floats:
    """Percent confirmed, drawn towards that of all cases as if ``strength`` further checks had shown it."""
    return np.asarray(100 * (confirmed + strength * prior) / (seen + strength))


def _filled(
    held: npt.NDArray[np.bool_], confirmed: Floats, seen: Floats, prior: Floats, *, strength: float, min_seen: int
) -> Floats:
    """Put rates and counts where a value is, with too rare values as never met."""
    rare = seen < min_seen
    columns = np.full((len(held), 2), np.nan)
    columns[held, 0] = np.where(rare, 100 * prior, _smoothed(confirmed, seen, prior, strength))
    columns[held, 1] = np.where(rare, 0.0, seen)
    return columns
