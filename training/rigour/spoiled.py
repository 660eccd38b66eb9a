"""Forty ways to spoil a case table that leave it looking well, each of a kind that happens to tables."""

import io
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
import pandas as pd

Records = list[dict[str, Any]]
Spoil = Callable[[pd.DataFrame, Records, np.random.Generator], pd.DataFrame | None]
"""Changes records in place, or gives another table."""
Cut = Callable[[pd.DataFrame, Path], Path]
"""Writes a table as a file that ends early."""

_MISREAD = "Ã©"


def spoiled(table: pd.DataFrame, spoil: Spoil, seed: int) -> pd.DataFrame:
    """Spoil a copy of a case table.

    Args:
        table: rows of the project's own case table.
        spoil: how.
        seed: of the draws.
    """
    records = [orjson.loads(text) for text in table["record"]]
    other = spoil(table.copy(), records, np.random.default_rng(seed))
    if other is not None:
        return other
    return table.assign(record=[orjson.dumps(one).decode() for one in records])


def _holders(record: dict[str, Any], path: str) -> tuple[dict[str, Any], str] | None:
    """The object that holds a fact, and its name there; ``None`` where it is missing."""
    *blocks, name = path.split(".")
    found: Any = record
    for block in blocks:
        found = found.get(block)
        if isinstance(found, list):
            found = found[0] if found else None
        if found is None:
            return None
    return (found, name) if found.get(name) is not None else None


def _each(change: Callable[[Any], Any], path: str, share: float = 1.0) -> Spoil:
    """Change a fact in a share of the rows; ``None`` removes it."""

    def spoil(_table: pd.DataFrame, records: Records, rng: np.random.Generator) -> None:
        for record, draw in zip(records, rng.random(len(records)), strict=True):
            place = _holders(record, path)
            if place is not None and draw < share:
                holder, name = place
                value = change(holder[name])
                if value is None:
                    del holder[name]
                else:
                    holder[name] = value

    return spoil


def _all_of(*spoils: Spoil) -> Spoil:
    def spoil(table: pd.DataFrame, records: Records, rng: np.random.Generator) -> None:
        for one in spoils:
            one(table, records, rng)

    return spoil


def _times(factor: float, value: float) -> float:
    return type(value)(value * factor)


def _swapped(text: str) -> str:
    """Day and month in the other order, where that is a date; else as it was, as lenient readers leave it."""
    return _dropped(text) or text


def _dropped(text: str) -> str | None:
    """Day and month in the other order; nothing where that is no date."""
    year, month, day = text[:4], text[5:7], text[8:10]
    return f"{year}-{day}-{month}{text[10:]}" if int(day) <= 12 else None  # noqa: PLR2004  months of a year


def _later(hours: float, text: str) -> str:
    return (datetime.fromisoformat(text) + timedelta(hours=hours)).isoformat().replace("+00:00", "Z")


def _recoded(codes: Mapping[str, str], value: str) -> str:
    return codes.get(value, value)


def _again(share: float, *, renamed: bool) -> Spoil:
    """A part of the batch that came twice."""

    def spoil(table: pd.DataFrame, records: Records, rng: np.random.Generator) -> pd.DataFrame:
        rows = np.flatnonzero(rng.random(len(table)) < share)
        copies = []
        for row in rows:
            record = dict(records[row])
            if renamed:
                record["record_id"] += "-B"
            copies.append(orjson.dumps(record).decode())
        return pd.concat([table, table.iloc[rows].assign(record=copies)], ignore_index=True)

    return spoil


def _without_weeks(weeks: float) -> Spoil:
    """A part in the middle that is not there."""

    def spoil(table: pd.DataFrame, records: Records, _rng: np.random.Generator) -> pd.DataFrame:
        times = pd.to_datetime(pd.Series([one["crossing"]["expected_at"] for one in records]), utc=True)
        middle = times.median()
        gone = (times >= middle) & (times < middle + timedelta(weeks=weeks))
        return table[~gone.to_numpy()].reset_index(drop=True)

    return spoil


def _column(name: str, change: Callable[[pd.Series], Any]) -> Spoil:
    def spoil(table: pd.DataFrame, _records: Records, _rng: np.random.Generator) -> pd.DataFrame:
        return table.assign(**{name: change(table[name])})

    return spoil


def _cut_csv(table: pd.DataFrame, place: Path) -> Path:
    path, text = place / "cut.csv", table.to_csv(index=False)
    path.write_text(text[: int(len(text) * 0.9)].rsplit("\n", 1)[0] + '\n"{""record_id"": ""', encoding="utf-8")
    return path


def _cut_lines(table: pd.DataFrame, place: Path) -> Path:
    path, text = place / "cut.ndjson", table.to_json(orient="records", lines=True, date_format="iso")
    path.write_text(text[: int(len(text) * 0.9)], encoding="utf-8")
    return path


def _cut_parquet(table: pd.DataFrame, place: Path) -> Path:
    path, whole = place / "cut.parquet", io.BytesIO()
    table.to_parquet(whole)
    path.write_bytes(whole.getvalue()[: int(whole.tell() * 0.9)])
    return path


CUTS: Final[Mapping[str, Cut]] = {
    "a CSV file that ends within a row": _cut_csv,
    "an NDJSON file that ends within a row": _cut_lines,
    "a Parquet file that ends early": _cut_parquet,
}
"""Name -> how to write a table as a file that ends early."""

SPOILS: Final[Mapping[str, Spoil]] = {
    "pounds for kilograms": _each(partial(_times, 2.2046), "baggage.weight_kg"),
    "grams for kilograms": _each(partial(_times, 1000.0), "baggage.weight_kg"),
    "hours for days of stay": _each(partial(_times, 24.0), "journey.stay_days"),
    "hours for days since the last crossing": _each(partial(_times, 24.0), "history.days_since_last"),
    "day and month of the booking swapped": _each(_swapped, "booking.created_at"),
    "day and month of the departure swapped": _each(_swapped, "journey.legs.departs_at"),
    "days of issue past the twelfth lost": _each(_dropped, "documents.issue_date"),
    "days of birth past the twelfth lost": _each(_dropped, "traveller.date_of_birth"),
    "payment methods of another list": _each(
        partial(_recoded, {"CC": "CREDIT", "CA": "CASH"}), "booking.payment_method"
    ),
    "fare classes in letters": _each(partial(_recoded, {"economy": "Y", "business": "C"}), "booking.fare_class"),
    "purposes of stay in capitals": _each(str.upper, "stay.purpose_code"),
    "kinds of address in another language": _each(
        partial(_recoded, {"private": "privé", "hotel": "hôtel", "rented": "loué"}), "stay.accommodation_type"
    ),
    "a twentieth twice, under other ids": _again(0.05, renamed=True),
    "a fifth twice, under other ids": _again(0.2, renamed=True),
    "all of it twice, under other ids": _again(1.0, renamed=True),
    "a fifth twice, under the same ids": _again(0.2, renamed=False),
    "two weeks missing": _without_weeks(2.0),
    "crossings three hours late": _each(partial(_later, 3.0), "crossing.expected_at"),
    "departures in another zone": _each(partial(_later, -5.0), "journey.legs.departs_at"),
    "arrivals in another zone": _each(partial(_later, 5.0), "journey.legs.arrives_at"),
    "all times of the journey in another zone": _all_of(
        *(
            _each(partial(_later, 3.0), path)
            for path in ("crossing.expected_at", "journey.legs.departs_at", "journey.legs.arrives_at")
        )
    ),
    "surnames misread": _each(lambda name: name + _MISREAD, "traveller.surname", 0.2),
    "given names misread": _each(lambda name: name[:-1] + _MISREAD, "traveller.given_names", 0.2),
    "surnames with replaced characters": _each(lambda name: name[:-1] + "\ufffd", "traveller.surname", 0.2),
    "addresses misread": _each(lambda text: text + _MISREAD, "stay.address", 0.5),
    "everybody arrives": _each(lambda _: "in", "crossing.direction"),
    "crossing points of another list": _each(partial(_recoded, {"NBO": "HKJK", "MBA": "HKMO"}), "crossing.point"),
    "carriers of another list": _each(lambda code: f"{code}X", "journey.legs.carrier"),
    "half of the nationalities replaced by a default": _each(lambda _: "KEN", "traveller.nationality", 0.5),
    "everybody travels alone": _each(lambda _: 1, "booking.party_size"),
    "everybody travels in one class": _each(lambda _: "business", "booking.fare_class"),
    "every stay lasts a day": _each(lambda _: 1.0, "journey.stay_days"),
    "everybody is of one gender": _each(lambda _: "F", "traveller.gender"),
    "a fifth of the telephone numbers missing": _each(lambda _: None, "contact.phone", 0.2),
    "a fifth of the expiry dates missing": _each(lambda _: None, "documents.expiry_date", 0.2),
    "a fifth of the weights missing": _each(lambda _: None, "baggage.weight_kg", 0.2),
    "a fifth of the genders missing": _each(lambda _: None, "traveller.gender", 0.2),
}
"""Name -> how a table is spoiled; with :data:`CUTS` they are forty."""
