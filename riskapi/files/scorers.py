"""Who scores the records of a file: the running service, which records every decision, or bundles on this machine."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from hashlib import sha256
from typing import Any, Protocol

import httpx
import orjson

from features.declared import Problem
from features.record import TravellerRecord
from features.risk import Audience
from features.walk import dropped_fields
from riskapi.access.purpose import HEADER as PURPOSE_HEADER
from riskapi.errors import InvalidBodyError, ServiceError
from riskapi.files.write import Answer
from riskapi.live import LiveModels
from riskapi.scoring import assess

AT_ONCE = 8
"""Requests of one file that are under way at once: they share a flush of the service's disk."""
PROBLEM_TYPE = "application/problem+json"
_OF_THE_RECORD = frozenset({400, 413, 422})
"""Statuses that say something of a record; any other says something of the service or of the key."""

Result = Answer | tuple[Problem, ...]
"""An answer, or why there is none."""


class Scorer(Protocol):
    """Scores a chunk of records."""

    @property
    def about(self) -> str:
        """What it is, so that scores of one are not mixed with those of another."""

    def score(self, records: Sequence[TravellerRecord], places: Sequence[str]) -> list[Result]:
        """Score records.

        Args:
            records: of one chunk.
            places: file of each, and place in it.

        Returns:
            One result each, in order.
        """


class BundleScorer:
    """Scores with bundles on this machine and stores nothing: for evaluation, never for a decision about anybody.

    Args:
        models: opened bundles.
        now: the time that answers carry.
    """

    def __init__(self, models: LiveModels, now: datetime) -> None:
        self._models = models
        self._now = now

    @property
    def about(self) -> str:
        """The digests of the bundles."""
        return ", ".join(sorted(self._models.digests))

    def score(self, records: Sequence[TravellerRecord], _places: Sequence[str]) -> list[Result]:
        """Score records with every bundle, whatever its audience."""
        return [self._score(record) for record in records]

    def _score(self, record: TravellerRecord) -> Result:
        try:
            assessment = assess(record, self._models, frozenset(Audience), self._now)
        except InvalidBodyError as error:
            return error.problems
        answer: Answer = orjson.loads(orjson.dumps(assessment))
        return {"decision_id": None, **answer}


class ServiceScorer:
    """Scores through the running service, which records every decision before it answers.

    Args:
        client: speaks to the service; has its address and the key.
    """

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    @property
    def about(self) -> str:
        """The address of the service, and why it is asked."""
        return f"{self._client.base_url} {self._client.headers.get(PURPOSE_HEADER, '')}".strip()

    def score(self, records: Sequence[TravellerRecord], _places: Sequence[str]) -> list[Result]:
        """Send records as one batch; facts that are never stored do not even leave this machine.

        Raises:
            ServiceError: the service does not answer, or refuses the whole batch; the text says why.
        """
        body = b"[" + b",".join(record.model_dump_json(exclude_unset=True).encode() for record in records) + b"]"
        try:
            answered = self._client.post("/v1/scores/batch", content=body, headers={"content-type": "application/json"})
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ServiceError(f"The service does not answer ({type(error).__name__}). Check --url.") from None
        if answered.is_error:
            raise ServiceError(_refusal(answered))
        rows = orjson.loads(answered.content)["rows"]
        return [_result(row, record) for row, record in zip(rows, records, strict=True)]


class OnceScorer:
    """Scores through the running service, and makes one decision for each record however often it is asked.

    Each record has a request of its own, under an idempotency key made of its place and its facts: what was stopped
    after the decision and before the answer was on disk gets the same decision when it is asked again.

    Args:
        client: speaks to the service; has its address and the key; may be used from several threads.
    """

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    @property
    def about(self) -> str:
        """The address of the service, and why it is asked."""
        return ServiceScorer(self._client).about

    def score(self, records: Sequence[TravellerRecord], places: Sequence[str]) -> list[Result]:
        """Send records, some at once; facts that are never stored do not even leave this machine.

        Raises:
            ServiceError: the service does not answer, or not now; the text says why.
        """
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(self._score, records, places))

    def _score(self, record: TravellerRecord, place: str) -> Result:
        body = record.model_dump_json(exclude_unset=True).encode()
        key = sha256(place.encode() + b"\0" + body).hexdigest()
        headers = {"content-type": "application/json", "idempotency-key": key}
        try:
            answered = self._client.post("/v1/scores", content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ServiceError(f"The service does not answer ({type(error).__name__}). Check --url.") from None
        if answered.is_success:
            return {**orjson.loads(answered.content), "dropped_fields": dropped_fields(record)}
        if answered.status_code in _OF_THE_RECORD and answered.headers.get("content-type") == PROBLEM_TYPE:
            return _problems(orjson.loads(answered.content))
        raise ServiceError(_refusal(answered))


def _result(row: dict[str, Any], record: TravellerRecord) -> Result:
    if row["answer"] is None:
        return _problems(row["problem"])
    return {**row["answer"], "dropped_fields": dropped_fields(record)}  # dropped here, so the service saw none


def _refusal(answered: httpx.Response) -> str:
    """Read the service's own words, if they are its words."""
    try:
        problem = orjson.loads(answered.content)
        hint = " Give it by --purpose." if str(problem.get("type", "")).endswith(":purpose") else ""
        return f"The service answers {answered.status_code}: {problem['title']}. {problem['detail']}{hint}"
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return f"What answers there ({answered.status_code}) is not this service. Check --url."


def _problems(problem: dict[str, Any]) -> tuple[Problem, ...]:
    found = problem.get("errors") or [{"place": "(record)", "rule": problem["title"], "remedy": problem["detail"]}]
    return tuple(Problem(one["place"], one["rule"], one["remedy"]) for one in found)
