"""Answers as a file: NDJSON holds them whole; CSV and Parquet hold one row per traveller and risk."""

import csv
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from riskapi.errors import ServiceError
from riskapi.files.whole import WholeFile

Answer = Mapping[str, Any]
"""One answer of ``POST /v1/scores``, parsed."""

COLUMNS = pa.schema(
    [
        ("source", pa.string()),
        ("record_id", pa.string()),
        ("decision_id", pa.string()),
        ("not_scored", pa.string()),
        ("checks", pa.string()),
        ("risk", pa.string()),
        ("band", pa.string()),
        ("probability", pa.float64()),
        ("probability_low", pa.float64()),
        ("probability_high", pa.float64()),
        ("percentile", pa.float64()),
        ("reasons_for", pa.string()),
        ("reasons_against", pa.string()),
        ("advice", pa.string()),
        ("model", pa.string()),
        ("model_digest", pa.string()),
    ]
)
"""The columns of a table of answers, in order."""

_STARTS_A_FORMULA = tuple("=+-@|%\t\r\n\uff1d\uff0b\uff0d\uff20")
"""First characters that spreadsheets act on (OWASP, CSV injection), the wide forms of Eastern keyboards included."""


def rows_of(source: str, answer: Answer) -> Iterator[dict[str, Any]]:
    """Lay an answer out as rows: one per risk, or a single one where nobody was scored.

    >>> answer = {"record_id": "r1", "decision_id": None, "not_scored": "crew", "checks": [], "risks": []}
    >>> [row["not_scored"] for row in rows_of("list.json[0]", answer)]
    ['crew']
    """
    who = {
        "source": source,
        "record_id": answer["record_id"],
        "decision_id": answer["decision_id"],
        "checks": _sentences(answer["checks"]),
    }
    if not answer["risks"]:
        yield dict.fromkeys(COLUMNS.names) | who | {"not_scored": answer.get("not_scored")}
    for risk in answer["risks"]:
        interval, model = risk["interval"] or {}, risk["model"]
        yield who | {
            "not_scored": None,
            "risk": risk["risk"],
            "band": risk["band"],
            "probability": risk["probability"],
            "probability_low": interval.get("low"),
            "probability_high": interval.get("high"),
            "percentile": risk["percentile"],
            "reasons_for": _sentences(risk["reasons_for"]),
            "reasons_against": _sentences(risk["reasons_against"]),
            "advice": risk["advice"],
            "model": f"{model['name']} {model['version']}",
            "model_digest": model["digest"],
        }


def _sentences(reasons: Sequence[Mapping[str, Any]]) -> str:
    return "; ".join(f"{reason['sentence']} [{reason['code']}]" for reason in reasons)


def formula_safe(cell: Any) -> Any:
    """Keep a spreadsheet from running a text as a formula.

    >>> formula_safe("=HYPERLINK(1)"), formula_safe("Booked late"), formula_safe(-1.5)
    ("'=HYPERLINK(1)", 'Booked late', -1.5)
    """
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip(" ").startswith(_STARTS_A_FORMULA) else cell


class AnswerFile(WholeFile):
    """A file of answers, written a chunk at a time."""

    @abstractmethod
    def write(self, answers: Sequence[tuple[str, Answer]]) -> None:
        """Write answers, each with the place that its record came from."""


class _Lines(AnswerFile):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._file: IO[bytes] = self._part.open("wb")

    def write(self, answers: Sequence[tuple[str, Answer]]) -> None:
        self._file.writelines(
            orjson.dumps({"source": source, **answer}, option=orjson.OPT_APPEND_NEWLINE) for source, answer in answers
        )

    def close(self) -> None:
        self._file.close()


class _Csv(AnswerFile):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._file = self._part.open("w", encoding="utf-8", newline="")
        self._csv = csv.DictWriter(self._file, COLUMNS.names)
        self._csv.writeheader()

    def write(self, answers: Sequence[tuple[str, Answer]]) -> None:
        self._csv.writerows(
            {name: formula_safe(cell) for name, cell in row.items()}
            for source, answer in answers
            for row in rows_of(source, answer)
        )

    def close(self) -> None:
        self._file.close()


class _Parquet(AnswerFile):
    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._writer = pq.ParquetWriter(self._part, COLUMNS)

    def write(self, answers: Sequence[tuple[str, Answer]]) -> None:
        rows = [row for source, answer in answers for row in rows_of(source, answer)]
        self._writer.write_table(pa.Table.from_pylist(rows, schema=COLUMNS))

    def close(self) -> None:
        self._writer.close()


WRITERS: dict[str, type[AnswerFile]] = {".ndjson": _Lines, ".jsonl": _Lines, ".csv": _Csv, ".parquet": _Parquet}
"""What a file's suffix says about its form."""


def open_writer(path: Path) -> AnswerFile:
    """Open a file of answers; it appears under its name when the last answer is in it.

    Raises:
        ServiceError: as :func:`check_writable` does.
    """
    return check_writable(path)(path)


def check_writable(path: Path) -> type[AnswerFile]:
    """Choose the form of a file of answers, before anything is scored for it.

    Raises:
        ServiceError: the suffix is none of those known, or the folder does not exist.
    """
    kind = WRITERS.get(path.suffix.lower())
    if kind is None:
        raise ServiceError(f"Answers are written as {', '.join(WRITERS)}: give --out one of these suffixes.")
    if not path.parent.is_dir():
        raise ServiceError("The folder of --out does not exist: make it first.")
    return kind
