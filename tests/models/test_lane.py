"""The draws: fair, independent of whom they are about, and open to anybody who is shown the key."""

import hmac
from hashlib import sha256

import numpy as np
import pytest
from pydantic import SecretStr
from scipy.stats import chi2_contingency

from models.lane import SHARE_MAX, Draws, Lane, commitment_to
from riskapi.secret import ServiceSecret
from tests.riskapi.makers import SECRET

KEY = sha256(b"of the lane's tests").digest()
MILLION = 1_000_000


def ids(number, seed):
    """Ids of decisions as the service makes them, with random bits that are the same in every run."""
    rng = np.random.default_rng(seed)
    milliseconds = 1_760_000_000_000 + np.sort(rng.integers(0, 30 * 86_400_000, number))
    middle = rng.integers(0, 1 << 12, number)
    rest = rng.integers(0, 1 << 62, number)
    for stamp, few, many in zip(milliseconds.tolist(), middle.tolist(), rest.tolist(), strict=True):
        text = f"{stamp << 80 | 7 << 76 | few << 64 | 2 << 62 | many:032x}"
        yield f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def test_draws_are_what_any_implementation_of_hmac_computes():
    """The prepared hashes give HMAC-SHA256; a draw is that number below the share."""
    draws = Draws(KEY, 0.05)
    for one in ids(2_000, seed=1):
        for audience in ("enforcement", "protection"):
            number = int.from_bytes(hmac.digest(KEY, f"{one}|{audience}".encode(), "sha256")) / 2**256
            assert draws.drawn(one, audience) == (number < 0.05)


def test_a_million_draws_hit_the_share_and_depend_on_nobody():
    """The share is met within three standard errors; group, hour, point and other audience say nothing of a draw."""
    draws = Draws(KEY, 0.02)
    made = list(ids(MILLION, seed=2))
    drawn = np.fromiter((draws.drawn(one, "enforcement") for one in made), bool, MILLION)
    assert abs(drawn.sum() - 20_000) < 3 * np.sqrt(MILLION * 0.02 * 0.98)
    rng = np.random.default_rng(3)
    hours = np.array([int(one[:8] + one[9:13], 16) // 3_600_000 % 24 for one in made])
    others = np.fromiter((draws.drawn(one, "protection") for one in made[: MILLION // 4]), bool, MILLION // 4)
    for groups, those in (
        (rng.choice(5, MILLION, p=[0.45, 0.25, 0.15, 0.10, 0.05]), drawn),
        (hours, drawn),
        (rng.choice(12, MILLION), drawn),
        (others.astype(int), drawn[: MILLION // 4]),
    ):
        table = [np.bincount(groups[those == value], minlength=groups.max() + 1) for value in (False, True)]
        assert chi2_contingency(table).pvalue > 0.001


@pytest.mark.parametrize("share", [0.0, 0.001, SHARE_MAX])
def test_a_lane_takes_its_share_and_may_be_closed(share):
    """From nobody to the largest share that is allowed."""
    draws = Draws(KEY, share)
    count = sum(draws.drawn(one, "enforcement") for one in ids(50_000, seed=4))
    assert abs(count - 50_000 * share) <= 3 * np.sqrt(50_000 * share * (1 - share))


@pytest.mark.parametrize("share", [-0.01, 0.051, float("nan")])
def test_no_lane_is_wider_than_learning_needs(share):
    """A share beyond the bound is a mistake, and said to be one."""
    with pytest.raises(ValueError, match="A lane takes from 0 to"):
        Draws(KEY, share)


def test_each_month_has_a_key_of_its_own_that_follows_from_the_secret():
    """The same secret gives the same keys, another month or secret gives others; what is published gives none away."""
    secret = ServiceSecret(SecretStr(SECRET))
    months = ("2026-11", "2026-12")
    keys = [secret.lane_key(month) for month in months]
    assert keys == [ServiceSecret(SecretStr(SECRET)).lane_key(month) for month in months]
    assert len({*keys, ServiceSecret(SecretStr(SECRET[::-1])).lane_key(months[0]), secret.wrapping_key}) == 4
    lane = Lane(secret.lane_key, 0.05)
    drawn = {month: [lane.of(month).drawn(one, "enforcement") for one in ids(500, seed=5)] for month in months}
    assert drawn[months[0]] != drawn[months[1]]
    assert lane.commitment(months[0]) == commitment_to(keys[0]) == sha256(keys[0]).hexdigest()
