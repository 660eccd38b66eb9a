"""What the agency's own books hold of a traveller's earlier checks, posted week by week."""

import numpy as np

from training.simulator.columns import Flags, Ints


class Ledger:
    """Counts of checks that found nothing, as known at the start of each week.

    >>> ledger = Ledger(travellers=3)
    >>> ledger.enter(np.array([0, 2]), known_minute=np.array([50, 500]))
    >>> ledger.post(until_minute=100)
    >>> ledger.benign.tolist()
    [1, 0, 0]
    """

    def __init__(self, travellers: int) -> None:
        self.benign: Ints = np.zeros(travellers, dtype=np.int64)
        self._waiting: list[tuple[Ints, Ints]] = []

    def enter(self, traveller: Ints, known_minute: Ints) -> None:
        """Enter checks that found nothing, with the minutes at which that became known."""
        self._waiting.append((traveller, known_minute))

    def post(self, until_minute: int) -> None:
        """Count the entries that are known by then; keep the others waiting."""
        later: list[tuple[Ints, Ints]] = []
        for traveller, known_minute in self._waiting:
            known: Flags = np.asarray(known_minute < until_minute, dtype=np.bool_)
            np.add.at(self.benign, traveller[known], 1)
            if not known.all():
                later.append((traveller[~known], known_minute[~known]))
        self._waiting = later
