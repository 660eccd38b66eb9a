"""Holds the registry of models and the ledger against the log, and every decision against the approvals."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol

from models.errors import BundleError
from models.manifest import CONTENT
from models.signature import is_signed
from models.strict_json import canonical, read_json
from riskapi.log.bodies import text_or_none, texts
from riskapi.log.entry import Kind
from riskapi.log.findings import Findings, Rule

_EVENTS = (Kind.PROPOSED, Kind.APPROVED, Kind.REJECTED)
_MANIFEST = "manifest.json"
_SIGNATURE = "signature.json"


@dataclass(frozen=True, slots=True)
class BundleFacts:
    """What the registry holds of one bundle.

    Attributes:
        digest: its name.
        risk: its risk.
        name: of the model.
        version: of the model.
        manifest: the file's bytes.
        signature: the file's bytes.
        hashes: SHA-256 (hex) of every other file, by name.
    """

    digest: str
    risk: str
    name: str
    version: str
    manifest: bytes
    signature: bytes
    hashes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class LedgerFacts:
    """One row of the ledger."""

    event: str
    digest: str
    risk: str
    principal: str
    rationale: str


class RegistryRows(Protocol):
    """Reads the registry."""

    def bundles(self) -> Iterable[BundleFacts]:
        """Read the bundles."""

    def ledger(self) -> Iterable[LedgerFacts]:
        """Read the ledger in its order."""


class RegistryCheck:
    """Follows what the log says of models."""

    def __init__(self, rows: RegistryRows | None, findings: Findings) -> None:
        self._rows = rows
        self._findings = findings
        self._events: list[tuple[str, int, str, Mapping[str, Any]]] = []
        self._used: dict[str, tuple[str, int]] = {}
        self._last_used: Any = None

    def watched(self) -> dict[str, Callable[[str, int, Mapping[str, Any]], None]]:
        """What to call for which kind of row."""
        return {
            Kind.PROPOSED: self._proposed,
            Kind.APPROVED: self._approved,
            Kind.REJECTED: self._rejected,
            Kind.DECISION: self._decision,
        }

    def finish(self) -> None:
        """Take the end of the log."""
        approved = {text_or_none(body.get("digest")) for _, _, kind, body in self._events if kind == Kind.APPROVED}
        for digest, (writer, seq) in self._used.items():
            if digest not in approved:
                text = f"this decision was scored by {digest[:80]}, which no row of the log approves"
                self._findings.add(Rule.LEDGER_CHANGED, text, writer, seq)
        if self._rows is not None:
            self._check_ledger(self._rows.ledger())
            self._check_bundles(self._rows.bundles())

    def _proposed(self, writer: str, seq: int, body: Mapping[str, Any]) -> None:
        self._events.append((writer, seq, Kind.PROPOSED, body))

    def _approved(self, writer: str, seq: int, body: Mapping[str, Any]) -> None:
        self._events.append((writer, seq, Kind.APPROVED, body))

    def _rejected(self, writer: str, seq: int, body: Mapping[str, Any]) -> None:
        self._events.append((writer, seq, Kind.REJECTED, body))

    def _decision(self, writer: str, seq: int, body: Mapping[str, Any]) -> None:
        told = body.get("digests")
        if told == self._last_used:  # most decisions are scored by the models of the one before
            return
        self._last_used = told
        for digest in texts(told) or ():
            if digest not in self._used:
                self._used[digest] = writer, seq

    def _check_ledger(self, rows: Iterable[LedgerFacts]) -> None:
        """Every event of the log has a row that says the same, and every row an event."""
        left = Counter(rows)
        for writer, seq, kind, body in self._events:
            told = LedgerFacts(kind, *(str(body.get(name)) for name in ("digest", "risk", "principal", "rationale")))
            if left[told] > 0:
                left[told] -= 1
            else:
                text = f"no row of the ledger says the same: {kind} {told.digest[:80]}"
                self._findings.add(Rule.LEDGER_CHANGED, text, writer, seq)
        for row in left.elements():
            text = f"the ledger has a row that no row of the log tells of: {row.event} {row.digest[:80]}"
            self._findings.add(Rule.LEDGER_CHANGED, text)

    def _check_bundles(self, rows: Iterable[BundleFacts]) -> None:
        proposed = {
            str(body.get("digest")): (writer, seq, body)
            for writer, seq, kind, body in self._events
            if kind == Kind.PROPOSED
        }
        for row in rows:
            writer, seq, body = proposed.pop(row.digest, ("", 0, None))
            if body is None:
                self._findings.add(Rule.REGISTRY_CHANGED, f"no row of the log proposes bundle {row.digest[:80]}")
                continue
            for problem in _problems(row, body):
                self._findings.add(Rule.REGISTRY_CHANGED, f"bundle {row.digest[:80]}: {problem}", writer, seq)
        for digest, (writer, seq, _) in proposed.items():
            self._findings.add(Rule.REGISTRY_CHANGED, f"bundle {digest[:80]} is not in the registry", writer, seq)


def _problems(row: BundleFacts, body: Mapping[str, Any]) -> Iterable[str]:
    """What does not hold of one bundle, by its files and its row."""
    for field in ("risk", "name", "version"):
        if getattr(row, field) != body.get(field):
            yield f"its row names another {field} than the log"
    if f"sha256:{sha256(row.manifest).hexdigest()}" != row.digest:
        yield f"{_MANIFEST} is not the one that its digest names"
        return
    try:
        told = read_json(_MANIFEST, row.manifest)["files"]
        signature = read_json(_SIGNATURE, row.signature)
        signed = canonical(signature) == row.signature and is_signed(
            row.digest, signature["signature"], signature["public_key"]
        )
    except (BundleError, KeyError, TypeError):
        signed, told = False, {}
    if not signed:
        yield f"{_SIGNATURE} is no signature of it"
    for name in CONTENT:
        if told.get(name) != row.hashes.get(name):
            yield f"{name} is not the one that its manifest names"
    for name in sorted(set(row.hashes) - set(CONTENT)):
        yield f"{name[:80]} does not belong to it"
