"""Cutting cases along time, so that a model is judged on what came after all it learned from."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time

import numpy as np
import numpy.typing as npt
import pandas as pd

from training.config import SplitConfig
from training.errors import DatasetError
from training.maturity import Floats, learn_delays

TRAIN, CALIBRATION, HOLDOUT, NONE = 0, 1, 2, -1
SLICES = ("train", "calibration", "holdout")
SECONDS_PER_DAY = 86_400

Places = npt.NDArray[np.int8]
Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Cut:
    """Where each case went.

    Attributes:
        place: (n_cases,), slice that the case came in, -1 for the days left out between slices.
        labelled: (n_cases,), whether its outcome may be used there.
        known: (n_cases,), share of the hits that are known at the age of each case, at the moment of its slice.
        train_until: moment of the training: outcomes known later are unknown to it; ``None`` without times.
        calibration_until: moment of the calibration.
        numbers: how many cases went where, and why the others did not.
    """

    place: Places
    labelled: Booleans
    known: Floats
    train_until: pd.Timestamp | None
    calibration_until: pd.Timestamp | None
    numbers: dict[str, int]

    def without(self, rows: Booleans, why: str, label: pd.Series) -> "Cut":
        """Leave out more cases.

        Args:
            rows: (n_cases,), those to leave out.
            why: name of their number.
            label: (n_cases,), for the numbers of what is left.
        """
        labelled = self.labelled & ~rows
        numbers = self.numbers | {why: int((self.labelled & rows).sum())} | _counts(self.place, labelled, label)
        return replace(self, labelled=labelled, numbers=numbers)


def cut(
    cases: pd.DataFrame, label: pd.Series, split: SplitConfig, *, has_time: bool, seed: int, mature_share: float = 0.0
) -> Cut:
    """Cut cases into train, calibration and holdout.

    Over time: a case belongs to the slice that it came in, and its outcome counts only where it was known at the moment
    at which that slice is used. Cases so young that most of their hits would not be known yet are left out, whatever
    their outcome: of them, only those that came to nothing are known. An entity with a labelled case in an earlier
    slice has none in a later one. Without times, entities are dealt at random.

    Args:
        cases: ``time``, ``known_at``, ``entity``, one row per case.
        label: (n_cases,), 1, 0 or NaN.
        split: shares or dates, and days to leave out.
        has_time: whether the cases have times of their own.
        seed: of the random deal.
        mature_share: share of the hits that must be known at the age of a case; 0 leaves out none.
    """
    known = label.notna().to_numpy()
    share_known = np.ones(len(cases))
    first: pd.Timestamp | None = None
    second: pd.Timestamp | None = None
    if has_time:
        first, second = (moment.as_unit("us") for moment in _moments(cases["time"][known], split))
        place = _by_time(cases["time"], first, second, pd.Timedelta(days=split.embargo_days))
        moment = pd.Series(pd.NaT, index=cases.index, dtype="datetime64[us, UTC]")
        moment[place == TRAIN], moment[place == CALIBRATION] = first, second
        late = (cases["known_at"] > moment).to_numpy()  # never true in the holdout: its moment is today
        share_known = _shares_known(cases, label, place, (first, second))
    else:
        place, late = _by_entity(cases["entity"], split, seed), np.zeros(len(cases), dtype=bool)
    young = share_known < mature_share
    labelled = known & ~late & ~young & (place != NONE)
    again = np.zeros(len(cases), dtype=bool)
    if has_time:
        again = _met_before(cases["entity"], place, labelled)
    numbers = {
        "cases": len(cases),
        "without_label": int((~known).sum()),
        "between_slices": int((known & (place == NONE)).sum()),
        "outcome_known_too_late": int((known & late & (place != NONE)).sum()),
        "too_young": int((known & ~late & young & (place != NONE)).sum()),
        "entity_met_before": int((labelled & again).sum()),
    }
    labelled &= ~again
    numbers |= _counts(place, labelled, label)
    return Cut(place, labelled, share_known, first, second, numbers)


def _counts(place: Places, labelled: Booleans, label: pd.Series) -> dict[str, int]:
    found = {}
    for number, name in enumerate(SLICES):
        chosen = labelled & (place == number)
        found[f"{name}_cases"] = int(chosen.sum())
        found[f"{name}_positives"] = int(label[chosen].sum())
    return found


def _shares_known(
    cases: pd.DataFrame, label: pd.Series, place: Places, moments: tuple[pd.Timestamp, pd.Timestamp]
) -> Floats:
    """Share of the hits known at the age of each case: each slice by what is known at its own moment, and no later."""
    today = max(cases["time"].max(), cases["known_at"].max())
    shares = np.ones(len(cases))
    hits = (label == 1).to_numpy()
    for number, moment in ((TRAIN, moments[0]), (CALIBRATION, moments[1]), (HOLDOUT, today)):
        age, delay = _days(moment - cases["time"]), _days(cases["known_at"] - cases["time"])
        seen = hits & (age >= 0) & (delay <= age)
        model = learn_delays(np.maximum(delay[seen], 0.0), age[seen])
        inside = (place == number) & np.isfinite(age)
        shares[inside] = model.known(age[inside])
    return shares


def _days(span: pd.Series) -> Floats:
    return np.asarray(span.dt.total_seconds().to_numpy(dtype=np.float64) / SECONDS_PER_DAY)


def _moments(times: pd.Series, split: SplitConfig) -> tuple[pd.Timestamp, pd.Timestamp]:
    """The two moments between the slices: dates as given, or those that leave the asked shares of labelled cases."""
    if split.train_until is not None and split.calibration_until is not None:
        return _midnight(split.train_until), _midnight(split.calibration_until)
    if times.empty:
        raise DatasetError("There is no labelled case to split. Give cases with a conclusive outcome.")
    ordered = times.sort_values(ignore_index=True)
    shares = (split.train_share, split.train_share + split.calibration_share)
    first, second = (ordered.iloc[min(int(share * len(ordered)), len(ordered) - 1)] for share in shares)
    if not ordered.iloc[0] < first < second:
        raise DatasetError(
            "The times of the cases do not allow the shares of the split: too many came at the same moment. "
            "Give split.train_until and split.calibration_until, or cases over a longer time."
        )
    return first, second


def _midnight(day: date) -> pd.Timestamp:
    return pd.Timestamp(datetime.combine(day, time(), UTC))


def _by_time(times: pd.Series, first: pd.Timestamp, second: pd.Timestamp, embargo: pd.Timedelta) -> Places:
    place = np.full(len(times), HOLDOUT, dtype=np.int8)
    place[(times < second).to_numpy()] = CALIBRATION
    place[(times < first).to_numpy()] = TRAIN
    for moment in (first, second):
        place[((times >= moment - embargo) & (times < moment)).to_numpy()] = NONE
    return place


def _by_entity(entities: pd.Series, split: SplitConfig, seed: int) -> Places:
    places, known = pd.factorize(entities, sort=True)
    ranks = np.random.default_rng(seed).permutation(len(known)) / len(known)
    edges = (split.train_share, split.train_share + split.calibration_share)
    return np.searchsorted(edges, ranks, side="right").astype(np.int8)[places]


def _met_before(entities: pd.Series, place: Places, labelled: Booleans) -> Booleans:
    """Whether a case's entity has a labelled case in an earlier slice."""
    places, known = pd.factorize(entities)
    earliest = np.full(len(known), HOLDOUT + 1)
    np.minimum.at(earliest, places[labelled], place[labelled])
    return np.asarray(place > earliest[places])
