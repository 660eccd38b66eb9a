"""Limits: what a client may ask, what it may learn of the models by trying, and what counting costs."""

import time

import pytest

from riskapi.errors import TooManyRequestsError
from riskapi.limits import ProbingQuota, RateLimit
from tests.riskapi.access.makers import StillClock


def test_a_client_has_its_burst_and_then_its_rate():
    """A full bucket, then one request for each step of the rate; other clients are not concerned."""
    clock = StillClock()
    limit = RateLimit(2.0, 5, clock.seconds)
    assert [int(limit.take("a")[1][1].split(b"r=")[1].split(b";")[0]) for _ in range(5)] == [4, 3, 2, 1, 0]
    with pytest.raises(TooManyRequestsError) as caught:
        limit.take("a")
    assert caught.value.retry_after_seconds == 1
    assert limit.take("b")
    clock.pass_(seconds=0.5)
    assert limit.take("a")
    with pytest.raises(TooManyRequestsError):
        limit.take("a")
    clock.pass_(hours=1)
    assert limit.take("a")[0] == (b"ratelimit-policy", b'"requests";q=5;w=2')


def test_refused_requests_do_not_postpone_the_next():
    """A client that keeps asking gets its rate all the same."""
    clock = StillClock()
    limit = RateLimit(1.0, 1, clock.seconds)
    limit.take("a")
    passed = 0
    for _ in range(100):
        clock.pass_(seconds=0.1)
        try:
            limit.take("a")
            passed += 1
        except TooManyRequestsError:
            pass
    assert passed in (9, 10)


def test_zero_is_no_limit():
    """An operator may leave limits to a proxy."""
    limit = RateLimit(0, 1)
    assert [limit.take("a") for _ in range(100)] == [()] * 100


def test_buckets_are_bounded(monkeypatch):
    """Made-up clients cost no memory; the bucket that was not used longest goes."""
    monkeypatch.setattr("riskapi.limits._CLIENTS_MAX", 3)
    clock = StillClock()
    limit = RateLimit(1.0, 2, clock.seconds)
    for client in "abcd":
        clock.pass_(milliseconds=1)
        limit.take(client)
    assert list(limit._buckets) == ["b", "c", "d"]


def test_trying_out_a_record_is_bounded():
    """The same record again is no variation; more variations than the quota are refused until the hour ends."""
    clock = StillClock()
    quota = ProbingQuota(3, 0, clock.seconds)
    for _ in range(50):
        quota.count("a", "r1", b"same")
    quota.count("a", "r1", b"one")
    quota.count("a", "r1", b"two")
    clock.pass_(minutes=20)
    with pytest.raises(TooManyRequestsError, match="3 variations") as caught:
        quota.count("a", "r1", b"three")
    assert caught.value.retry_after_seconds == 40 * 60
    quota.count("a", "r1", b"same")
    quota.count("a", "r2", b"three")
    quota.count("b", "r1", b"three")
    clock.pass_(minutes=40)
    quota.count("a", "r1", b"three")


def test_scores_of_a_client_are_bounded():
    """New record ids do not get around the quota of the client."""
    quota = ProbingQuota(0, 10, StillClock().seconds)
    for number in range(10):
        quota.count("a", f"r{number}", b"x")
    with pytest.raises(TooManyRequestsError, match="10 records"):
        quota.count("a", "r10", b"x")
    quota.count("b", "r10", b"x")


def test_the_quota_is_bounded_in_memory(monkeypatch):
    """Made-up record ids cost no memory without bound."""
    monkeypatch.setattr("riskapi.limits._RECORDS_MAX", 100)
    quota = ProbingQuota(3, 0, StillClock().seconds)
    for number in range(1000):
        quota.count("a", f"r{number}", b"x")
    assert len(quota._seen) <= 100


def test_counting_is_cheap():
    """A request pays a few microseconds at most, even on a slow machine; typically about one."""
    limit, quota = RateLimit(1e9, 1_000_000), ProbingQuota(30, 0)
    body = b"x" * 2000
    best = min(_seconds(lambda: (limit.take("a"), quota.count("a", "r", body))) for _ in range(5))
    assert best < 20e-6


def _seconds(call, times=2000):
    began = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - began) / times
