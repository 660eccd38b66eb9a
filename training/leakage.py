"""Signs that a table tells the model what nobody could know at the border, looked for before anybody believes a number.

Outcome columns under other names, facts that were filled in only where somebody looked, counts that know the future,
travellers and cases on both sides of the split, and facts of officers and staffing, which teach who looked.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd

from features.spec import FeatureSpec, Kind
from models.errors import MetricError
from models.metrics.quality import roc_auc
from models.promotion import Gate, Verdict
from training.families.base import Floats
from training.proxies import auc_alone, bins

Flags = npt.NDArray[np.bool_]
What = Literal["outcome", "time", "split", "repeats", "staffing"]

FILLED_IN = 0.9
"""ROC AUC with which "this fact is known" may tell who was inspected."""
MATCHES = 0.5
"""Share of the telling cases that a count of the whole table has to match before it counts as one."""
BEYOND = 0.05
"""By how much it has to match better than one value for everybody would: many flags are 0 as most shares are."""
SAME = 1e-9
"""Difference up to which two numbers are the same."""
FEWEST = 50
"""Cases below which nothing is said of a count."""
MAX_REPEATED = 0.005
"""Share of later cases whose content may also stand among those learned from."""
DETERMINED = 0.95
"""Share of cases in which a fact may settle which officer or how deep a look it was."""
OWN = "extra"
"""Group of the columns that an agency declares; those of the catalogue are reviewed one by one."""

_STAFFING = frozenset(
    {
        "officer",
        "inspector",
        "staff",
        "staffing",
        "shift",
        "roster",
        "duty",
        "booth",
        "desk",
        "badge",
        "team",
        "examiner",
    }
)
_OUTCOME = frozenset(
    {
        "outcome",
        "finding",
        "findings",
        "seizure",
        "seized",
        "label",
        "verdict",
        "confirmed",
        "penalty",
        "fine",
        "arrest",
    }
)


@dataclass(frozen=True)
class Leak:
    """One sign of a leak.

    Attributes:
        what: kind of leak.
        where: the feature, or the slice.
        told: what was found, in words, with its number.
    """

    what: What
    where: str
    told: str


@dataclass(frozen=True)
class Table:
    """What is looked through: all cases in one order.

    Attributes:
        frame: (n, n_features).
        specs: of the features.
        y: (n,), 1, 0 or NaN.
        entity: (n,).
        time: (n,), seconds; NaN where there are no times.
        known_at: (n,), seconds at which the outcome was known; NaN where there is none.
        train: (n,), labelled cases that are learned from.
        holdout: (n,), labelled cases that judge.
        audit: further columns of the agency, such as the officer: never features.
        content: (n,), what the record says beside its id; ``None`` where it was not kept.
    """

    frame: pd.DataFrame
    specs: Sequence[FeatureSpec]
    y: Floats
    entity: npt.NDArray[np.generic]
    time: Floats
    known_at: Floats
    train: Flags
    holdout: Flags
    audit: Mapping[str, npt.NDArray[np.generic]]
    content: Sequence[bytes | None]


def leaks(table: Table, *, max_auc: float, seed: int) -> tuple[Leak, ...]:
    """Look for every sign.

    Args:
        table: all cases.
        max_auc: ROC AUC with which one fact may tell the outcome.
        seed: of the folds.
    """
    return (
        *_outcome_columns(table, max_auc, seed),
        *_filled_in(table),
        *_ahead_of_time(table),
        *_both_sides(table),
        *_repeated(table),
        *_staffing(table),
    )


def _outcome_columns(table: Table, max_auc: float, seed: int) -> Iterator[Leak]:
    """Facts that tell the outcome as no fact of the border does, out of fold and in any direction."""
    chosen = table.train
    y = table.y[chosen]
    if not 0 < y.sum() < len(y):
        return
    folds = np.random.default_rng((seed, 4)).permutation(len(y))
    for spec in table.specs:
        found = auc_alone(bins(table.frame[spec.name][chosen], spec.kind), y == 1, folds)
        if found > max_auc:
            yield Leak("outcome", spec.name, f"{spec.name} tells the outcome by itself (ROC AUC {found:.3f})")
        if spec.group == OWN and _words(spec.name) & _OUTCOME:
            yield Leak("outcome", spec.name, f"{spec.name} is named like an outcome")


def _filled_in(table: Table) -> Iterator[Leak]:
    """Facts that are known where somebody looked, and hardly elsewhere: they were written down by the inspection."""
    looked = ~np.isnan(table.y)
    if looked.all() or not looked.any():
        return
    for spec in table.specs:
        known = table.frame[spec.name].notna().to_numpy(dtype=np.float64)
        if known.min() == known.max():
            continue
        found = roc_auc(looked.astype(np.float64), known)
        if found > FILLED_IN:
            told = f"{spec.name} is known of the inspected and hardly of others (ROC AUC {found:.3f})"
            yield Leak("outcome", spec.name, told)


def _ahead_of_time(table: Table) -> Iterator[Leak]:
    """Counts and shares that are right for the whole table, and wrong for what was known when the case came."""
    if np.isnan(table.time).any():
        return
    statistics = {
        name: (then[apart], whole[apart], apart)
        for name, (then, whole) in _statistics(table)
        if (apart := np.flatnonzero(np.abs(then - whole) > SAME)).size >= FEWEST
    }
    for spec in table.specs:
        if spec.kind is Kind.CATEGORY:
            continue
        column = table.frame[spec.name].to_numpy(dtype=np.float64)
        for name, (then, whole, apart) in statistics.items():
            values = column[apart]
            known = ~np.isnan(values)
            if known.sum() < FEWEST:
                continue
            met, counts = np.unique(whole[known], return_counts=True)
            constant = _equal(values[known], met[np.argmax(counts)])
            by_whole, by_then = (_equal(values[known], one[known]) for one in (whole, then))
            if by_whole >= MATCHES and by_whole > max(by_then, constant + BEYOND):
                told = (
                    f"{spec.name} is {name} of the whole table in {by_whole:.0%} of the cases in which the future "
                    f"makes a difference, and that of its own time in {by_then:.0%}"
                )
                yield Leak("time", spec.name, told.replace("%", " %"))
                break


def _equal(values: Floats, others: Floats | np.float64) -> float:
    return float(np.mean(np.abs(values - others) <= SAME))


def _statistics(table: Table) -> Iterator[tuple[str, tuple[Floats, Floats]]]:
    """Name -> what was known of a traveller when the case came, and what the whole table knows; counts and a share."""
    codes, known = pd.factorize(table.entity)[0].astype(np.int64), ~np.isnan(table.y)
    everybody = np.ones(len(codes), dtype=bool)
    crossings = known_before(codes, table.time, table.time, everybody)
    yield "the number of crossings", crossings
    checks = known_before(codes, table.known_at, table.time, known)
    hits = known_before(codes, table.known_at, table.time, known & (table.y == 1))
    clear = known_before(codes, table.known_at, table.time, known & (table.y == 0))
    yield "the number of checks", checks
    yield "the number of confirmed cases", hits
    yield "the number of checks that found nothing", clear
    with np.errstate(invalid="ignore", divide="ignore"):
        yield "the share confirmed", (hits[0] / checks[0], hits[1] / checks[1])


def known_before(codes: npt.NDArray[np.int64], known_at: Floats, at: Floats, events: Flags) -> tuple[Floats, Floats]:
    """Count a traveller's events known before each moment, and all of them.

    Args:
        codes: (n,), number of the traveller of each case, from 0.
        known_at: (n,), seconds at which the event of a case was known.
        at: (n,), the moments asked for, seconds.
        events: (n,), which cases are events.

    >>> who, known = np.array([0, 0, 1]), np.array([5.0, 50.0, 5.0])
    >>> then, whole = known_before(who, known, np.array([0.0, 9.0, 9.0]), np.ones(3, dtype=bool))
    >>> then.tolist(), whole.tolist()
    ([0.0, 1.0, 1.0], [2.0, 2.0, 1.0])
    """
    whole = np.bincount(codes[events], minlength=int(codes.max()) + 1)[codes].astype(np.float64)
    order = np.lexsort((known_at[events], codes[events]))
    of, when = codes[events][order], known_at[events][order]
    moments, place = np.unique(np.concatenate([when, at]), return_inverse=True)
    span = len(moments) + 1
    keys = of * span + place[: len(when)]
    first = np.searchsorted(keys, codes * span, side="left")
    before = np.searchsorted(keys, codes * span + place[len(when) :], side="left")
    return (before - first).astype(np.float64), whole


def _both_sides(table: Table) -> Iterator[Leak]:
    shared = len(set(table.entity[table.train].tolist()) & set(table.entity[table.holdout].tolist()))
    if shared:
        yield Leak("split", "holdout", f"{shared} travellers stand on both sides of the split")


def _repeated(table: Table) -> Iterator[Leak]:
    """Later cases whose content was learned from, under whatever id."""
    learned = {text for text, chosen in zip(table.content, table.train, strict=True) if chosen and text is not None}
    later = [text for text, chosen in zip(table.content, table.holdout, strict=True) if chosen and text is not None]
    if not later:
        return
    share = sum(text in learned for text in later) / len(later)
    if share > MAX_REPEATED:
        yield Leak(
            "repeats", "holdout", f"{share:.2%} of the later cases stand among those learned from".replace("%", " %")
        )


def _staffing(table: Table) -> Iterator[Leak]:
    """Facts of officers and staffing: by their name, and by what they settle, whatever their name."""
    hidden = {name: values for name, values in table.audit.items() if _words(name) & (_STAFFING | {"depth"})}
    for spec in table.specs:
        if spec.group == OWN and _words(spec.name) & _STAFFING:
            yield Leak("staffing", spec.name, f"{spec.name} is named like a fact of officers or staffing")
            continue
        for name, values in hidden.items():
            if _settles(table.frame[spec.name], values):
                yield Leak("staffing", spec.name, f"{spec.name} settles {name.replace('_', ' ')}")
                break


def _settles(column: "pd.Series[float]", values: npt.NDArray[np.generic]) -> bool:
    """Whether a fact settles another one, beyond what the commonest value does, with several cases to each value."""
    both = pd.DataFrame({"fact": column.to_numpy(), "of": values}).dropna()
    levels = both["fact"].nunique()
    if len(both) < FEWEST or levels * 3 > len(both):
        return False
    commonest = both.groupby("fact")["of"].agg(lambda part: part.value_counts().iloc[0]).sum() / len(both)
    chance = both["of"].value_counts().iloc[0] / len(both)
    return bool(commonest > DETERMINED and chance < DETERMINED - 0.1)


def _words(name: str) -> set[str]:
    return set(re.split(r"[^a-z]+", name.lower()))


def content_of(record: bytes) -> bytes:
    """What a record says, without what names the row: its id and the moment of the crossing.

    >>> content_of(b'{"record_id":"a","crossing":{"mode":"air","expected_at":"2026-01-01T00:00:00Z"}}')
    b'{"crossing":{"mode":"air"}}'
    """
    whole = orjson.loads(record)
    whole.pop("record_id", None)
    whole.get("crossing", {}).pop("expected_at", None)
    return orjson.dumps(whole, option=orjson.OPT_SORT_KEYS)


_TITLES: tuple[tuple[What, str, str, str], ...] = (
    ("outcome", "leak_outcome", "No outcome among the facts", "no fact tells, or was filled in by, the inspection"),
    ("time", "leak_time", "No fact from the future", "counts are those that were known when the case came"),
    ("split", "leak_split", "Travellers on one side", "no traveller is learned from and judged on"),
    (
        "repeats",
        "leak_repeats",
        "No case twice",
        f"at most {MAX_REPEATED:.1%} of later cases stand among those learned",
    ),
    ("staffing", "leak_staffing", "No officer among the facts", "no fact names or settles officer, depth or staffing"),
)


def gates(found: Sequence[Leak]) -> tuple[Gate, ...]:
    """One gate for each kind of leak: a sign of it blocks."""
    made = []
    for what, name, title, rule in _TITLES:
        told = [leak.told for leak in found if leak.what == what]
        made.append(
            Gate(
                name=name,
                title=title,
                rule=rule.replace("%", " %"),
                value=float(len(told)),
                limit=0.0,
                verdict=Verdict.FAILED if told else Verdict.PASSED,
                note="; ".join(told[:5]),
            )
        )
    return tuple(made)


def split_warning(random_auc: float, honest_auc: float, limit: float) -> str:
    """Say so where a random split flatters; empty where it does not.

    >>> split_warning(0.80, 0.75, 0.02)
    'A random split would have shown a ROC AUC of 0.800 in place of 0.750: what is known of travellers flatters it.'
    """
    if random_auc - honest_auc <= limit:
        return ""
    return (
        f"A random split would have shown a ROC AUC of {random_auc:.3f} in place of {honest_auc:.3f}: what is known of "
        "travellers flatters it."
    )


def shuffled_auc(y: Floats, score: Floats) -> tuple[float, float]:
    """ROC AUC and the standard error that it has where scores know nothing of outcomes.

    Raises:
        MetricError: where outcomes are of one kind.
    """
    positives = float(y.sum())
    others = len(y) - positives
    if not positives or not others:
        raise MetricError("ROC AUC needs confirmed cases and others")
    return roc_auc(y, score), float(np.sqrt((len(y) + 1) / (12 * positives * others)))
