"""How often a client may ask: a bucket of requests for each, and a quota against trying out the models.

Both count within one process and start afresh with it. They cost under two microseconds a request.
"""

import time
from collections.abc import Callable
from zlib import crc32

from riskapi.errors import TooManyRequestsError

_CLIENTS_MAX = 10_000
_RECORDS_MAX = 100_000
_HOUR = 3600.0

Header = tuple[bytes, bytes]


class RateLimit:
    """A bucket for each client: it fills at a steady rate up to a burst, and each request takes one out.

    Args:
        per_second: requests that a client may make in the long run; 0 for no limit.
        burst: requests that a client may make at once after a pause.
        clock: seconds that only grow.
    """

    def __init__(self, per_second: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._burst = float(burst)
        self._clock = clock
        self._buckets: dict[str, list[float]] = {}
        window = max(1, round(burst / per_second)) if per_second else 1
        self._policy: Header = (b"ratelimit-policy", b'"requests";q=%d;w=%d' % (burst, window))

    def take(self, client: str) -> tuple[Header, ...]:
        """Take one request out of a client's bucket.

        Returns:
            The headers that tell the client where it stands (RateLimit header fields for HTTP).

        Raises:
            TooManyRequestsError: where the bucket is empty; it says when to come back.
        """
        if not self._per_second:
            return ()
        now = self._clock()
        bucket = self._buckets.get(client)
        if bucket is None:
            bucket = self._new_bucket(client, now)
        left = bucket[0] + (now - bucket[1]) * self._per_second
        left = min(left, self._burst)
        bucket[1] = now
        if left < 1.0:
            bucket[0] = left
            wait = (1.0 - left) / self._per_second
            raise TooManyRequestsError("This client asks too often: wait as Retry-After says.", wait)
        bucket[0] = left - 1.0
        return (self._policy, (b"ratelimit", b'"requests";r=%d;t=1' % (left - 1.0)))

    def _new_bucket(self, client: str, now: float) -> list[float]:
        """Start a full bucket; the oldest goes where there are too many, which is full or nearly so by then."""
        if len(self._buckets) >= _CLIENTS_MAX:
            del self._buckets[min(self._buckets, key=lambda one: self._buckets[one][1])]
        bucket = self._buckets[client] = [self._burst, now]
        return bucket


class ProbingQuota:
    """Bounds what one client can learn of the models by trying: variations of one record, and records in all.

    A record that is sent again unchanged is no variation. Carriers correct a record a few times; somebody who looks for
    what lowers a score sends it again and again with one fact changed.

    Args:
        variations: different bodies under one record id that a client may have scored in an hour; 0 for no limit.
        records: records that a client may have scored in an hour; 0 for no limit.
        clock: seconds that only grow.
    """

    def __init__(self, variations: int, records: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._variations = variations
        self._records = records
        self._clock = clock
        self._began_at = clock()
        self._seen: dict[tuple[str, str], set[int]] = {}
        self._counts: dict[str, int] = {}

    def count(self, client: str, record_id: str, body: bytes) -> None:
        """Count one record that a client wants scored.

        Raises:
            TooManyRequestsError: where the client is past a quota; it says when the hour ends.
        """
        now = self._clock()
        if now - self._began_at >= _HOUR or len(self._seen) >= _RECORDS_MAX:
            self._began_at = now
            self._seen.clear()
            self._counts.clear()
        if self._variations:
            seen = self._seen.setdefault((client, record_id), set())
            variation = crc32(body)
            if variation not in seen and len(seen) >= self._variations:
                raise self._refusal(f"A record may be scored in {self._variations} variations an hour", now)
            seen.add(variation)
        if self._records:
            count = self._counts[client] = self._counts.get(client, 0) + 1
            if count > self._records:
                raise self._refusal(f"A client may have {self._records} records scored an hour", now)

    def _refusal(self, rule: str, now: float) -> TooManyRequestsError:
        return TooManyRequestsError(f"{rule}: wait as Retry-After says.", self._began_at + _HOUR - now)
