"""Identifiers of people and bookings that do not exist: the same for a person at every crossing, drawn from no list."""

import numpy as np
from numpy.typing import NDArray

from training.simulator.columns import Array, Ints, Texts

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def scramble(values: Array, salt: int) -> NDArray[np.uint64]:
    """Turn numbers into others that look random, always the same for the same number and salt (splitmix64).

    >>> scramble(np.array([1, 2]), 0) == scramble(np.array([1, 2]), 0)
    array([ True,  True])
    """
    mixed = values.astype(np.uint64) + np.uint64((salt + 1) * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)), dtype=np.uint64)


def pick(pools: list[Texts], which: Ints, values: Array, salt: int) -> list[str]:
    """Pick a word for each value from the pool that its row names."""
    scrambled = scramble(values, salt)
    picked = np.empty(len(values), dtype=object)
    for number in np.unique(which):
        here = which == number
        picked[here] = pools[number][(scrambled[here] % np.uint64(len(pools[number]))).astype(np.int64)]
    return list(picked)


def document_numbers(traveller: Ints, renewals: Ints) -> list[str]:
    """Numbers of travel documents: a letter and seven digits, another after each renewal."""
    scrambled = scramble(traveller * 64 + renewals, 11)
    digits, letters = (scrambled % np.uint64(10**7)).tolist(), ((scrambled >> np.uint64(40)) % np.uint64(24)).tolist()
    return [f"{LETTERS[letter]}{digit:07d}" for letter, digit in zip(letters, digits, strict=True)]


def locators(values: Ints) -> list[str]:
    """Record locators: six characters.

    >>> locators(np.array([0, 32]))
    ['AAAAAA', 'AAAABA']
    """
    return ["".join(LETTERS[value >> shift & 31] for shift in (25, 20, 15, 10, 5, 0)) for value in values.tolist()]
