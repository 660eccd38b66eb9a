"""Which band a score falls in: policy set from what an agency can look at, kept apart from the score itself."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from models.abstention import INSUFFICIENT, AbstentionRules
from models.errors import ModelFormError

if TYPE_CHECKING:  # numpy is needed to set a policy, not to apply it
    import numpy as np
    import numpy.typing as npt

DEFAULT_SHARES: Mapping[str, float] = {"high": 0.02, "elevated": 0.08}
"""The two upper bands with the share of the reference population that each may hold."""
LOWEST = "standard"


@dataclass(frozen=True, slots=True)
class Band:
    """One band.

    Attributes:
        name: as shown.
        share: of the reference population that it may hold at most; the lowest band takes the rest.
        threshold_log_odds: scores from here up belong to it; ``None`` for the lowest.
    """

    name: str
    share: float
    threshold_log_odds: float | None


@dataclass(frozen=True)
class BandPolicy:
    """The bands, highest first, and the version of this policy.

    >>> policy = BandPolicy((Band("high", 0.02, 1.5), Band("standard", 0.98, None)), version="2026-11")
    >>> policy.band(1.5), policy.band(1.4999), policy.top
    ('high', 'standard', 'high')
    """

    bands: tuple[Band, ...]
    version: str
    abstention: AbstentionRules = AbstentionRules()  # noqa: RUF009  frozen, and the same for all
    """When a record gets none of these bands."""
    _ladder: tuple[tuple[str, float], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the form.

        Raises:
            ModelFormError: naming every rule that the bands break.
        """
        thresholds = [band.threshold_log_odds for band in self.bands]
        upper = [limit for limit in thresholds[:-1] if limit is not None]
        rules = {
            "there are at least two bands": len(self.bands) > 1,
            "bands have different names": len({band.name for band in self.bands}) == len(self.bands),
            "every band but the last has a finite threshold, the last has none": len(upper) == len(self.bands) - 1
            and thresholds[-1:] == [None]
            and all(map(math.isfinite, upper)),
            "thresholds do not rise": all(a >= b for a, b in pairwise(upper)),
            "shares are from 0 to 1 and add up to 1": all(0 <= band.share <= 1 for band in self.bands)
            and math.isclose(math.fsum(band.share for band in self.bands), 1.0, abs_tol=1e-9),
            "the policy has a version": bool(self.version),
            f"no band is called {INSUFFICIENT}, which means that none is given": INSUFFICIENT
            not in {band.name for band in self.bands},
        }
        broken = [rule for rule, holds in rules.items() if not holds]
        if broken:
            raise ModelFormError("; ".join(broken))
        ladder = tuple((band.name, limit) for band, limit in zip(self.bands, upper, strict=False))
        object.__setattr__(self, "_ladder", ladder)  # frozen; set once, here

    @property
    def edges(self) -> tuple[float, ...]:
        """Thresholds between bands, highest first [log-odds]."""
        return tuple(band.threshold_log_odds for band in self.bands if band.threshold_log_odds is not None)

    @property
    def top(self) -> str:
        """Name of the highest band."""
        return self.bands[0].name

    def band(self, log_odds: float) -> str:
        """Name the band of a score."""
        for name, limit in self._ladder:
            if log_odds >= limit:  # not-a-number reaches no threshold
                return name
        return self.bands[-1].name

    @classmethod
    def from_reference(
        cls,
        log_odds: "npt.NDArray[np.float64]",
        shares: Mapping[str, float] = DEFAULT_SHARES,
        *,
        version: str,
        lowest: str = LOWEST,
        abstention: AbstentionRules | None = None,
    ) -> "BandPolicy":
        """Set thresholds so that each band holds its share of a reference population, and never more.

        Where equal scores straddle a limit, all of them fall in the lower band: what cannot be told apart is treated
        alike, and a share promised to those who do the work is not exceeded.

        Args:
            log_odds: (n,), scores of the reference population: everybody, checked or not.
            shares: of each band but the lowest, highest first.
            version: of this policy.
            lowest: name of the band that takes the rest.
            abstention: when a record gets no band.

        Raises:
            ModelFormError: for an empty population, scores that are not finite, or shares that leave no rest.
        """
        import numpy as np  # noqa: PLC0415  a policy is set where models are trained, and applied without numpy

        scores = np.sort(np.asarray(log_odds, dtype=np.float64))[::-1]
        if not len(scores) or not np.isfinite(scores).all():
            raise ModelFormError("bands need a reference population with finite scores")
        bands, taken = [], 0.0
        for name, share in shares.items():
            taken += share
            bands.append(Band(name, share, _threshold(scores, taken)))
        rest = 1.0 - taken
        bands.append(Band(lowest, 0.0 if math.isclose(rest, 0.0, abs_tol=1e-12) else rest, None))
        return cls(tuple(bands), version, abstention or AbstentionRules())

    def to_json(self) -> dict[str, Any]:
        """Write the policy as plain values."""
        bands = [{"name": b.name, "share": b.share, "threshold_log_odds": b.threshold_log_odds} for b in self.bands]
        return {"version": self.version, "bands": bands, "abstention": self.abstention.to_json()}

    @classmethod
    def from_json(cls, data: Any) -> "BandPolicy":
        """Read what :meth:`to_json` wrote.

        Raises:
            ModelFormError: naming what breaks the form.
        """
        try:
            bands = tuple(Band(**band) for band in data["bands"])
            version = data["version"]
            numbers = [n for b in bands for n in (b.share, b.threshold_log_odds) if n is not None]
            texts = [version, *(band.name for band in bands)]
            whole = set(data) == {"version", "bands", "abstention"} and all(isinstance(text, str) for text in texts)
        except (TypeError, KeyError) as error:
            raise ModelFormError(f"a policy has a version and bands: {type(error).__name__}") from None
        if not whole or not all(type(number) in (int, float) for number in numbers):
            raise ModelFormError("a policy has a version, bands (each with name, share and threshold), and abstention")
        return cls(bands, version, AbstentionRules.from_json(data["abstention"]))


def _threshold(scores: "npt.NDArray[np.float64]", share: float) -> float:
    """The lowest score that at most a share of the scores (falling) reaches."""
    import numpy as np  # noqa: PLC0415  as above

    allowed = int(share * len(scores) + 1e-9)
    if allowed >= len(scores):
        return float(scores[-1])
    above = scores[scores > scores[allowed]]
    return float(above[-1]) if len(above) else float(np.nextafter(scores[0], np.inf))
