"""Holds the table of API keys against the log: a key that nobody made, or one that is no longer revoked, is found."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from riskapi.log.account_check import AccountRows
from riskapi.log.bodies import text_or_none, texts
from riskapi.log.entry import Kind
from riskapi.log.findings import Findings, Rule


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What is stored of one API key; ``None`` where that is no text or list of texts."""

    key_id: str
    kind: str
    principal: str
    scopes: tuple[str, ...] | None
    units: tuple[str, ...] | None
    expires_at: str | None
    replaces: str | None
    digest: str | None
    certificate: str | None


@dataclass(frozen=True, slots=True)
class RevocationFacts:
    """From when on a key is refused."""

    key_id: str
    at: str


class AccessRows(AccountRows, Protocol):
    """Reads the tables of access."""

    def api_keys(self) -> Iterable[KeyFacts]:
        """Read the keys."""

    def revocations(self) -> Iterable[RevocationFacts]:
        """Read the revocations."""


class AccessCheck:
    """Follows what the log says of API keys."""

    def __init__(self, rows: AccessRows | None, findings: Findings) -> None:
        self._rows = rows
        self._findings = findings
        self._told: list[tuple[str, int, KeyFacts | RevocationFacts]] = []

    def watched(self) -> dict[str, Callable[[str, int, Mapping[str, Any]], None]]:
        """What to call for which kind of row."""
        return {Kind.KEY_CREATED: self._created, Kind.KEY_REVOKED: self._revoked} if self._rows is not None else {}

    def finish(self) -> None:
        """Take the end of the log: every row has its entry, and every entry its row."""
        if self._rows is None:
            return
        left: Counter[KeyFacts | RevocationFacts] = Counter([*self._rows.api_keys(), *self._rows.revocations()])
        for writer, seq, told in self._told:
            if left[told] > 0:
                left[told] -= 1
            else:
                text = f"no row of the API keys says the same of {told.key_id[:40]}"
                self._findings.add(Rule.ACCESS_CHANGED, text, writer, seq)
        for row in left.elements():
            text = f"the API keys have a row about {row.key_id[:40]} that no row of the log tells of"
            self._findings.add(Rule.ACCESS_CHANGED, text)

    def _created(self, writer: str, seq: int, body: Mapping[str, Any]) -> None:
        told = KeyFacts(
            text_or_none(body.get("key_id")) or "",
            text_or_none(body.get("kind")) or "",
            text_or_none(body.get("principal")) or "",
            texts(body.get("scopes")),
            texts(body.get("units")),
            text_or_none(body.get("expires_at")),
            text_or_none(body.get("replaces")),
            text_or_none(body.get("hash")),
            text_or_none(body.get("certificate")),
        )
        self._told.append((writer, seq, told))

    def _revoked(self, writer: str, seq: int, body: Mapping[str, Any]) -> None:
        self._told.append(
            (writer, seq, RevocationFacts(text_or_none(body.get("key_id")) or "", text_or_none(body.get("at")) or ""))
        )
