"""Whether the clock can be trusted: a step of it, or a log that is ahead of it, is told."""

import time
from collections.abc import Callable
from datetime import datetime

STEP_SECONDS = 2.0
"""A clock that is slewed stays below this between two looks."""
REMEMBERED_SECONDS = 600.0


class ClockWatch:
    """Holds the clock against one that only ever goes forward.

    Args:
        clock: the present, in UTC.
        monotonic: seconds that nobody sets.
    """

    def __init__(self, clock: Callable[[], datetime], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._last = clock(), monotonic()
        self._stepped_at = float("-inf")
        self.step_seconds = 0.0
        """Size of the last step; below zero where the clock was set back."""

    def problem(self) -> str | None:
        """Look at both clocks; a step stays told for ten minutes, since times near it are in doubt."""
        wall, since_start = self._clock(), self._monotonic()
        last_wall, last_since = self._last
        self._last = wall, since_start
        step = (wall - last_wall).total_seconds() - (since_start - last_since)
        if abs(step) > STEP_SECONDS:
            self.step_seconds, self._stepped_at = step, since_start
        if since_start - self._stepped_at > REMEMBERED_SECONDS:
            self.step_seconds = 0.0
            return None
        way = "forward" if self.step_seconds > 0 else "back"
        return f"the clock was set {way} by {abs(self.step_seconds):.0f} s; check the time service"
