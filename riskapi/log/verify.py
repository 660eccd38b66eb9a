"""Verifies logs, from exports or from the database: every row, every signed checkpoint, every bundle, every content."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from riskapi.log.access_check import AccessCheck
from riskapi.log.account_check import AccountCheck
from riskapi.log.bodies import read_body, text_or_none
from riskapi.log.chain import ChainVerifier
from riskapi.log.checkpoint_file import read_checkpoint_file
from riskapi.log.contents_check import ContentsCheck
from riskapi.log.divergence import compare_copies
from riskapi.log.draw_check import DrawCheck
from riskapi.log.entry import Kind
from riskapi.log.findings import Finding, Findings, Rule
from riskapi.log.found_check import FoundCheck
from riskapi.log.genesis_check import GenesisCheck
from riskapi.log.registry_check import RegistryCheck
from riskapi.log.signed import SignedCheckpoints
from riskapi.log.source import LogSource
from riskapi.privacy.erasure import is_signed

PROGRESS_ROWS = 4096
Watcher = Callable[[str, int, Mapping[str, Any]], None]
"""Takes writer, seq and body of a row."""
Progress = Callable[[int, int], None]
"""Told how many more rows were read, and how many there are in all."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What was verified of one source, and what was found.

    Attributes:
        source: its name.
        rows: how many were read.
        heads: last row number of each writer.
        checkpoints: how many signatures hold, of all places.
        contents: decisions whose contents were compared with the log; ``None`` where they could not be seen.
        draws: decisions whose draws were computed again; ``None`` where no key of the lane was given.
        findings: those that are listed.
        total: how many there are.
        unlisted: writer, rule and number of those that are not listed.
    """

    source: str
    rows: int
    heads: dict[str, int]
    checkpoints: int
    contents: int | None
    draws: int | None
    findings: tuple[Finding, ...]
    total: int
    unlisted: tuple[tuple[str, Rule, int], ...]

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.total

    def to_json(self) -> dict[str, Any]:
        """Write it as JSON data."""
        return {
            "source": self.source,
            "holds": self.holds,
            "rows": self.rows,
            "heads": self.heads,
            "checkpoints": self.checkpoints,
            "contents": self.contents,
            "draws": self.draws,
            "findings": [finding.to_json() for finding in self.findings],
            "total": self.total,
        }


def verify(
    sources: Sequence[LogSource],
    checkpoint_files: Sequence[Path],
    trusted: Sequence[Ed25519PublicKey],
    progress: Progress = lambda _more, _total: None,
    lane_keys: Mapping[str, bytes] = MappingProxyType({}),
) -> list[Verification]:
    """Verify one or more copies of a log against all checkpoints together.

    The files are read before any database is looked into: a service that goes on meanwhile is always ahead of what was
    read of its file.

    Args:
        sources: exports or databases; a checkpoint of any of them counts for all.
        checkpoint_files: kept elsewhere; without one, rows removed from the end cannot be missed.
        trusted: public keys of the log.
        progress: told of rows as they are read.
        lane_keys: of the random lane, by month: with them every draw is computed again.

    Raises:
        OSError: where a file cannot be read.
        riskapi.errors.StorageError: where the database cannot be read.
    """
    collected = [Findings(source.name) for source in sources]
    signed = SignedCheckpoints(trusted)
    for number, path in enumerate(checkpoint_files):
        for line in read_checkpoint_file(path):
            signed.add(line.note, f"{path.name} line {line.number}", collected[0], source=number)
    total = sum(source.row_count() for source in sources)
    for number, (source, findings) in enumerate(zip(sources, collected, strict=True), len(checkpoint_files)):
        for place, note, columns in source.checkpoints():
            signed.add(note, place, findings, columns, source=number)
    signed.close(collected[0])
    for source, findings in zip(sources[1:], collected[1:], strict=True):
        compare_copies(sources[0], source, findings)
    return [
        _verify(source, signed, findings, lane_keys, lambda more: progress(more, total))
        for source, findings in zip(sources, collected, strict=True)
    ]


def decisions_of(source: LogSource) -> Iterator[str]:
    """Read the ids of all decisions of a log."""
    for _, _, _, kind, body, _ in source.rows(Findings(source.name)):
        if kind == Kind.DECISION:
            yield str(read_body(body).get("decision_id"))


class _Chains(dict[str, ChainVerifier]):
    """A verifier for each writer, made when it is first asked for."""

    def __init__(self, signed: SignedCheckpoints, findings: Findings) -> None:
        super().__init__()
        self._signed = signed
        self._findings = findings
        for writer in signed.writers:  # one whose every row is gone is missed too
            self.__missing__(writer)

    def __missing__(self, writer: str) -> ChainVerifier:
        made = self[writer] = ChainVerifier(writer, self._signed.chain(writer), self._findings)
        return made


def _verify(
    source: LogSource,
    signed: SignedCheckpoints,
    findings: Findings,
    lane_keys: Mapping[str, bytes],
    advance: Callable[[int], None],
) -> Verification:
    chains = _Chains(signed, findings)
    registry = RegistryCheck(source.registry, findings)
    contents = ContentsCheck(source.contents, findings)
    watchers: dict[str, list[Watcher]] = {Kind.GENESIS: [_instance_check(signed.instances, findings)]}
    access = AccessCheck(source.access, findings)
    accounts = AccountCheck(source.access, findings)
    timed = accounts.watched()
    genesis = GenesisCheck(source.hashes, findings)
    watchers[Kind.GENESIS].append(genesis.take)
    draws = DrawCheck(lane_keys, findings)
    found = FoundCheck(source.found, findings)
    tombstones = {Kind.ERASED: _tombstone_check(signed.trusted, findings)}
    for check in (
        *(registry.watched(), contents.watched(), found.watched()),
        *(access.watched(), draws.watched(), tombstones),
    ):
        for kind, watcher in check.items():
            watchers.setdefault(kind, []).append(watcher)
    rows = 0
    for writer, seq, at, kind, body, row_hash in source.rows(findings):
        chains[writer].feed(seq, at, kind, body, row_hash)
        if kind in watchers:
            facts = read_body(body)
            for watcher in watchers[kind]:
                watcher(writer, seq, facts)
        if kind in timed:
            timed[kind](writer, seq, at, read_body(body))
        rows += 1
        if not rows % PROGRESS_ROWS:
            advance(PROGRESS_ROWS)
    advance(rows % PROGRESS_ROWS)
    for chain in chains.values():
        chain.finish()
    registry.finish()
    access.finish()
    accounts.finish()
    genesis.finish()
    draws.finish()
    found.finish()
    contents.finish(lambda: decisions_of(source))
    return Verification(
        source.name,
        rows,
        {writer: chain.rows for writer, chain in sorted(chains.items())},
        signed.count,
        contents.compared,
        draws.checked if lane_keys else None,
        tuple(findings),
        findings.total,
        tuple(findings.unlisted()),
    )


def _instance_check(instances: frozenset[str], findings: Findings) -> Watcher:
    """Checkpoints of another instance cover nothing here: a log of theirs put in this one's place is found so."""

    def check(writer: str, seq: int, body: Mapping[str, Any]) -> None:
        if instances and instances != {text_or_none(body.get("instance"))}:
            text = "this chain belongs to another instance than the signed checkpoints, or they to several"
            findings.add(Rule.SPLIT_VIEW, text, writer, seq)

    return check


def _tombstone_check(trusted: Sequence[Ed25519PublicKey], findings: Findings) -> Watcher:
    """An erasure is told of under a signature of its own."""

    def check(writer: str, seq: int, body: Mapping[str, Any]) -> None:
        try:
            signed = is_signed(body, trusted)
        except TypeError:  # holds what no entry may hold
            signed = False
        if not signed:
            findings.add(Rule.TOMBSTONE_UNSIGNED, "this erasure was not signed by the log", writer, seq)

    return check
