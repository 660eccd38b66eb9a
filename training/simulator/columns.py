"""Columns of facts: the plain form in which the simulator passes crossings from one step to the next."""

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Texts = NDArray[np.object_]
Columns = dict[str, Array]
"""Facts of the crossings of one week by name, one entry per crossing (parties: one entry per booking)."""

MINUTES_PER_DAY = 1440


def open_stream(seed: int, topic: str, window: int = 0) -> np.random.Generator:
    """Open the random numbers of one topic in one window, so that a change in one topic leaves the others alone.

    >>> bool(open_stream(1, "a").random() == open_stream(1, "a").random())
    True
    """
    return np.random.default_rng(np.random.SeedSequence([seed, zlib.crc32(topic.encode()), window]))


def sigmoid(log_odds: Array) -> Floats:
    """Turn log-odds into probabilities."""
    return np.asarray(1.0 / (1.0 + np.exp(-log_odds)), dtype=np.float64)


def logit(probability: float) -> float:
    """Turn a probability into log-odds."""
    return float(np.log(probability / (1.0 - probability)))


def draw_flags(rng: np.random.Generator, share: float | Floats, lean: Floats) -> Flags:
    """Draw a custom that is more or less usual by a lean in log-odds.

    Args:
        rng: source of random numbers.
        share: probability where the lean is 0; shape (n,) or one number.
        lean: shift in log-odds, shape (n,).
    """
    bounded = np.clip(share, 1e-9, 1 - 1e-9)
    return np.asarray(rng.random(len(lean)) < sigmoid(np.log(bounded / (1 - bounded)) + lean), dtype=np.bool_)


def draw_choices(rng: np.random.Generator, shares: Sequence[float] | Floats, size: int) -> Ints:
    """Draw indices with the given shares, which need not sum to one."""
    cumulative = np.cumsum(np.asarray(shares, dtype=np.float64))
    return np.asarray(np.searchsorted(cumulative / cumulative[-1], rng.random(size), side="right"), dtype=np.int64)


def draw_texts(rng: np.random.Generator, shares: Mapping[str, float], size: int) -> Texts:
    """Draw names with the given shares."""
    return np.array(list(shares), dtype=object)[draw_choices(rng, list(shares.values()), size)]


def draw_rows(rng: np.random.Generator, cumulative: Floats) -> Ints:
    """Draw one index per row from rows of cumulative shares, shape (n, k), the last column being one."""
    return np.asarray((rng.random(len(cumulative))[:, None] >= cumulative[:, :-1]).sum(axis=1), dtype=np.int64)


def texts(values: Sequence[str | None]) -> Texts:
    """Make a column of text that indices can pick from."""
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
