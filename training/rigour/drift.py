"""Claim: drift that matters is told within one window, and quiet windows, seasons and full flights are not."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from models.metrics.drift import (
    INDEPENDENT,
    Comparison,
    Reference,
    Verdict,
    compare,
    dispersion,
    stability_index,
    verdicts,
)
from training.rigour.claim import Claim, Limit, Row, mean_row, over_seeds

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

FAMILIES: Final = ("values", "missing", "new", "score", "reasons")
NUMBERS, FLAGS, CATEGORIES = 12, 4, 4
LEVELS: Final = 8
"""Levels of each category that training knows."""
REFERENCE_ROWS: Final = 50_000
WINDOW_ROWS: Final = 2000
SMALL_ROWS: Final = 500
QUIET_WINDOWS: Final = 200
CHANGED_WINDOWS: Final = 20
PAST_DAYS: Final = 28
SEASON: Final = 0.35
"""By how much a season multiplies or divides the odds of a route."""
FLIGHT: Final = 20
"""Travellers of one flight, who share route and distance."""
FOLKLORE: Final = 0.1
"""The limit of the index that is used for windows of any size."""


@dataclass(frozen=True, slots=True)
class Stream:
    """How travellers of a window are drawn.

    Attributes:
        shift: of the first number, in standard deviations.
        lost: share of the values of the second number that go missing on top of the usual.
        new_level: share of travellers whose first category has a level that training never saw.
        season: log-odds by which the routes of the season differ.
        flight: travellers who share the first number and the first category.
    """

    shift: float = 0.0
    lost: float = 0.0
    new_level: float = 0.0
    season: float = 0.0
    flight: int = 1

    def draw(self, rng: np.random.Generator, rows: int) -> dict[str, Floats]:
        """Draw travellers: numbers and categories with -1 for missing, flags as 0 and 1."""
        shared = -(-rows // self.flight)
        place = np.arange(rows) // self.flight
        common = rng.normal(size=(rows, 1))
        numbers = 0.6 * common + 0.8 * rng.normal(size=(rows, NUMBERS))
        if self.flight > 1:
            numbers[:, 0] = rng.normal(size=shared)[place]
        numbers[:, 0] += self.shift
        columns = {f"number {at}": numbers[:, at] for at in range(NUMBERS)}
        for at in range(NUMBERS):
            lost = 0.02 * (at + 1) + (self.lost if at == 1 else 0.0)
            columns[f"number {at}"] = np.where(rng.random(rows) < lost, np.nan, columns[f"number {at}"])
        for at in range(FLAGS):
            columns[f"flag {at}"] = (rng.random(rows) < 0.02 * 3**at).astype(np.float64)
        for at in range(CATEGORIES):
            weights = 1.0 / np.arange(1, LEVELS + 1)
            if at == 0:
                weights = weights * np.exp(self.season * np.where(np.arange(LEVELS) % 2, 1.0, -1.0))
            drawn = rng.choice(LEVELS, shared if at == 0 else rows, p=weights / weights.sum()).astype(np.float64)
            columns[f"category {at}"] = drawn[place] if at == 0 else drawn
        columns["category 0"] = np.where(rng.random(rows) < self.new_level, float(LEVELS), columns["category 0"])
        return columns


class Watched:
    """What training knows of its population, and how windows are held against it.

    Args:
        columns: of the reference population.
    """

    def __init__(self, columns: Mapping[str, Floats]) -> None:
        self._edges = {
            name: np.unique(np.nanquantile(column, np.arange(1, 10) / 10))
            for name, column in columns.items()
            if name.startswith("number")
        }
        score, _ = self._scored(columns)
        self._edges["log-odds"] = np.quantile(score, (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99))
        self.reference = self.counts(columns)

    def counts(self, columns: Mapping[str, Floats]) -> dict[str, Floats]:
        """Count a window: for each distribution a row of bins, those of a column with its missing ones last."""
        score, reason = self._scored(columns)
        found = {}
        for name, column in columns.items():
            given = column[~np.isnan(column)]
            if name.startswith("number"):
                bins, size = np.searchsorted(self._edges[name], given, side="right"), len(self._edges[name]) + 1
            else:
                bins, size = given.astype(np.int64), 2 if name.startswith("flag") else LEVELS + 1
            found[name] = np.append(np.bincount(bins, minlength=size), len(column) - len(given)).astype(np.float64)
        edges = self._edges["log-odds"]
        found["log-odds"] = np.bincount(np.searchsorted(edges, score, side="right"), minlength=len(edges) + 1).astype(
            np.float64
        )
        found["main reason"] = np.bincount(reason, minlength=NUMBERS).astype(np.float64)
        return found

    def compared(
        self,
        window: Mapping[str, Floats],
        season: Mapping[str, Floats] | None = None,
        past: Sequence[Mapping[str, Floats]] = (),
    ) -> list[Comparison]:
        """Compare a window with the training data, last year's season where it is given, and as days vary."""
        found = []
        for name, counts in window.items():
            spread = [row[name] for row in past]
            for label, family, taken in _tests(name, len(counts)):
                references = [_reference("training", self.reference[name], taken)]
                if season is not None:
                    references.append(_reference("season", season[name], taken))
                how = dispersion([taken(row) for row in spread]) if spread and family != "new" else INDEPENDENT
                found.append(compare(label, family, taken(counts), references, spread=how))
        return verdicts(found)

    @staticmethod
    def _scored(columns: Mapping[str, Floats]) -> tuple[Floats, Integers]:
        """A score that adds up, and the number that adds most."""
        parts = np.stack([np.nan_to_num(columns[f"number {at}"]) * 0.5 / (at + 1) for at in range(NUMBERS)], axis=1)
        return parts.sum(axis=1), np.argmax(parts, axis=1)


Taken = Callable[[Floats], Floats]


def _tests(name: str, bins: int) -> list[tuple[str, str, Taken]]:
    """The tests of one distribution, each with the bins that it takes."""
    if name == "log-odds":
        return [(name, "score", lambda counts: counts)]
    if name == "main reason":
        return [(name, "reasons", lambda counts: counts)]
    known = bins - 2 if name.startswith("category") else bins - 1
    made: list[tuple[str, str, Taken]] = [
        (name, "values", lambda counts: counts[:known]),
        (name, "missing", lambda counts: np.array([counts[-1], counts[:-1].sum()])),
    ]
    if name.startswith("category"):
        made.append((name, "new", lambda counts: np.array([counts[-2], counts[:known].sum()])))
    return made


def _reference(name: str, counts: Floats, taken: Taken) -> Reference:
    found = taken(counts)
    return Reference(name, found.tolist(), float(found.sum()))


def claim(seeds: Sequence[int]) -> Claim:
    """Measure false alarms in quiet windows, and how often planted changes are told."""
    return claim_of(seeds, QUIET_WINDOWS, CHANGED_WINDOWS)


def claim_of(seeds: Sequence[int], quiet: int, changed: int) -> Claim:
    """Measure with other numbers of windows.

    Args:
        seeds: each with a population of its own.
        quiet: windows in which nothing changed.
        changed: windows of each change.
    """
    found = over_seeds(lambda seed: _measure(seed, quiet, changed), seeds)
    rare, often = Limit(high=0.01), Limit(low=0.95)
    rows: list[Row] = [
        mean_row(f"false alarms, {family}", found[f"quiet {family}"], rare, unit="percent") for family in FAMILIES
    ]
    rows += [
        mean_row(f"false alarms, windows of {SMALL_ROWS}", found["quiet small"], rare, unit="percent"),
        mean_row("false alarms in last year's season", found["season"], rare, unit="percent"),
        mean_row(
            "false alarms in a season, last year unknown",
            found["season unknown"],
            Limit(low=0.5),
            control=True,
            unit="percent",
        ),
        mean_row("false alarms with full flights", found["flights"], rare, unit="percent"),
        mean_row(
            "false alarms with full flights, taken for independent travellers",
            found["flights independent"],
            Limit(low=0.1),
            control=True,
            unit="percent",
        ),
        mean_row("told: one number by 0.3 standard deviations", found["told shift"], often, unit="percent"),
        mean_row("told: the same in a season", found["told shift in season"], often, unit="percent"),
        mean_row("told: ten in a hundred more missing", found["told lost"], often, unit="percent"),
        mean_row("told: a new level, of two in a hundred", found["told new"], often, unit="percent"),
        mean_row(
            "told by an index above 0.1: the shift",
            found["folklore shift"],
            Limit(high=0.5),
            control=True,
            unit="percent",
        ),
    ]
    note = (
        f"{quiet} quiet windows of {WINDOW_ROWS:,} travellers a seed, {changed} of each change; {NUMBERS} numbers, "
        f"{FLAGS} flags, {CATEGORIES} categories, a score and its main reason; a family alarms where one test does."
    )
    return Claim("Drift is told from noise", tuple(rows), note)


def _measure(seed: int, quiet: int, changed: int) -> dict[str, float]:
    rng = np.random.default_rng(seed)
    normal = Stream()
    watched = Watched(normal.draw(rng, REFERENCE_ROWS))
    summer, flights = replace(normal, season=SEASON), replace(normal, flight=FLIGHT)
    last_summer = watched.counts(summer.draw(rng, REFERENCE_ROWS // 5))

    def windows(stream: Stream, many: int, rows: int = WINDOW_ROWS) -> list[dict[str, Floats]]:
        return [watched.counts(stream.draw(rng, rows)) for _ in range(many)]

    alarms = [_alarming(watched.compared(window)) for window in windows(normal, quiet)]
    found = {f"quiet {family}": float(np.mean([family in one for one in alarms])) for family in FAMILIES}
    found["quiet small"] = _share(watched.compared(window) for window in windows(normal, quiet, SMALL_ROWS))
    in_season = windows(summer, quiet // 2)
    found["season"] = _share(watched.compared(window, last_summer) for window in in_season)
    found["season unknown"] = _share(map(watched.compared, in_season))
    by_flight = Watched(flights.draw(rng, REFERENCE_ROWS))
    days = [by_flight.counts(flights.draw(rng, WINDOW_ROWS)) for _ in range(PAST_DAYS)]
    full = [by_flight.counts(flights.draw(rng, WINDOW_ROWS)) for _ in range(quiet // 2)]
    found["flights"] = _share(by_flight.compared(window, None, days) for window in full)
    found["flights independent"] = _share(map(by_flight.compared, full))
    shifted = windows(replace(normal, shift=0.3), changed)
    found["told shift"] = _told("number 0", "values", map(watched.compared, shifted))
    found["told shift in season"] = _told(
        "number 0",
        "values",
        (watched.compared(window, last_summer) for window in windows(replace(summer, shift=0.3), changed)),
    )
    found["told lost"] = _told(
        "number 1", "missing", map(watched.compared, windows(replace(normal, lost=0.1), changed))
    )
    found["told new"] = _told(
        "category 0", "new", map(watched.compared, windows(replace(normal, new_level=0.02), changed))
    )
    reference = watched.reference["number 0"][:-1]
    indices = [stability_index(window["number 0"][:-1], reference, float(reference.sum())) for window in shifted]
    found["folklore shift"] = float(np.mean(np.array(indices) > FOLKLORE))
    return found


def _alarming(compared: Sequence[Comparison]) -> set[str]:
    return {one.family for one in compared if one.verdict is Verdict.ALARM}


def _share(many: Iterable[list[Comparison]]) -> float:
    return float(np.mean([bool(_alarming(compared)) for compared in many]))


def _told(name: str, family: str, many: Iterable[list[Comparison]]) -> float:
    """Share of windows in which the very thing that changed is told."""
    return float(
        np.mean(
            [
                any(one.name == name and one.family == family and one.verdict is Verdict.ALARM for one in compared)
                for compared in many
            ]
        )
    )
