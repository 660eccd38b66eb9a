"""Fourteen ways to change a log, each done by somebody who may write everything but has no private key of it."""

import json
import random
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from riskapi.log.checkpoint_file import read_checkpoint_file
from riskapi.log.checkpoints import read_checkpoint, sign_checkpoint
from riskapi.log.entry import GENESIS_PREV, entry_hash
from riskapi.log.findings import Finding, Rule
from riskapi.log.merkle import CompactRange
from riskapi.log.verify import Verification
from tests.riskapi.log.made_logs import START, MadeLog, continue_log, rows_of

WRITER = "1"
INTRUDER = Ed25519PrivateKey.from_private_bytes(b"\7" * 32)
"""A key of somebody else."""


@dataclass(frozen=True)
class Expected:
    """The place that a verification has to name first.

    Attributes:
        writer: whose chain.
        seq: first bad row.
        rules: any of which says so.
        through: where only a stretch can be known, its last row; the true place lies within.
        true_seq: where it was really changed.
    """

    writer: str
    seq: int
    rules: frozenset[Rule]
    through: int | None = None
    true_seq: int | None = None

    def is_named_by(self, found: Verification) -> bool:
        """Whether the first finding in the chain is the place, exactly."""
        return self.is_named_first(list(found.findings))

    def is_named_first(self, findings: list[Finding]) -> bool:
        """Whether the finding with the smallest row number is the place, exactly."""
        own = [finding for finding in findings if finding.writer == self.writer]
        if not own:
            return False
        first = min(finding.seq for finding in own)
        named = [finding for finding in own if finding.seq == first and finding.rule in self.rules]
        if not named or first != self.seq:
            return False
        if self.through is None:
            return True
        return any(
            finding.through == self.through and first <= (self.true_seq or 0) <= finding.through for finding in named
        )


Kind = Callable[[MadeLog, random.Random], tuple[list[Verification], Expected]]
"""Changes a log, has it verified, and says what should have been named."""


def any_row(connection: sqlite3.Connection, chance: random.Random, margin: int = 0) -> int:
    """Pick a row of the chain of decisions, not its first one."""
    return chance.randint(2, rows_of(connection, WRITER) - margin)


def any_decision(connection: sqlite3.Connection, chance: random.Random) -> tuple[str, int]:
    """Pick a decision: its id and row."""
    return chance.choice(connection.execute("SELECT id, seq FROM decisions ORDER BY seq").fetchall())


def rechain(connection: sqlite3.Connection, start: int) -> None:
    """Compute the hashes of a chain anew, from a row to the end."""
    found = connection.execute("SELECT hash FROM log WHERE writer = ? AND seq = ?", (WRITER, start - 1)).fetchone()
    prev = found[0] if found else GENESIS_PREV
    rows = connection.execute(
        "SELECT seq, at, kind, body FROM log WHERE writer = ? AND seq >= ? ORDER BY seq", (WRITER, start)
    ).fetchall()
    for seq, at, kind, body in rows:
        prev = entry_hash(WRITER, seq, at, kind, body.encode(), prev=prev)
        connection.execute("UPDATE log SET hash = ? WHERE writer = ? AND seq = ?", (prev, WRITER, seq))


def renumber(connection: sqlite3.Connection, start: int, by: int) -> None:
    """Move the rows from one on up or down, in log and index, without touching their hashes."""
    for sign in (-1, 1):  # by way of negative numbers, since a number stands once
        shift = f"-(seq + {by})" if sign < 0 else "-seq"
        where = f"seq >= {start}" if sign < 0 else "seq < 0"
        connection.execute(f"UPDATE log SET seq = {shift} WHERE writer = ? AND {where}", (WRITER,))
        connection.execute(f"UPDATE decisions SET seq = {shift} WHERE writer = ? AND {where}", (WRITER,))


def forget_after(connection: sqlite3.Connection, last: int) -> None:
    """Take away every trace of the rows after one, checkpoints of the table included."""
    gone = f"SELECT id FROM decisions WHERE writer = '{WRITER}' AND seq > {last}"
    connection.execute(f"DELETE FROM decision_contents WHERE decision_id IN ({gone})")
    connection.execute("DELETE FROM decisions WHERE writer = ? AND seq > ?", (WRITER, last))
    connection.execute("DELETE FROM log WHERE writer = ? AND seq > ?", (WRITER, last))
    connection.execute("DELETE FROM checkpoints WHERE writer = ? AND size > ?", (WRITER, last))


def signed_sizes(made: MadeLog) -> list[int]:
    """Sizes of the checkpoints in the file, of the chain of decisions."""
    notes = [line.note for line in read_checkpoint_file(made.settings.checkpoint_file) if line.note]
    return sorted({read.size for read in map(read_checkpoint, notes) if read.writer == WRITER})


def stretch(made: MadeLog, seq: int) -> tuple[int, int]:
    """The rows between the checkpoints around one."""
    sizes = [0, *signed_sizes(made)]
    return max(size for size in sizes if size < seq) + 1, min(size for size in sizes if size >= seq)


def flip(data: bytes, chance: random.Random) -> bytes:
    """Change one bit."""
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]


def exact(seq: int, *rules: Rule, writer: str = WRITER) -> Expected:
    """A place that can be named exactly."""
    return Expected(writer, seq, frozenset(rules))


def edited_payload(made: MadeLog, chance: random.Random) -> tuple[list[Verification], Expected]:
    """A bit of what is stored of a decision is another."""
    with made.as_intruder() as connection:
        decision_id, seq = any_decision(connection, chance)
        part = chance.choice(["input", "identity"])
        (sealed,) = connection.execute(
            f"SELECT {part} FROM decision_contents WHERE decision_id = ?", (decision_id,)
        ).fetchone()
        connection.execute(
            f"UPDATE decision_contents SET {part} = ? WHERE decision_id = ?", (flip(sealed, chance), decision_id)
        )
    return [made.verify()], exact(seq, Rule.CONTENTS_CHANGED)


def edited_score(made: MadeLog, chance: random.Random) -> tuple[list[Verification], Expected]:
    """An exported answer has another score; whoever verifies has nothing but the public key."""
    out = made.export(made.directory / "export", with_contents=True)
    path = out / "contents.ndjson"
    lines = path.read_bytes().splitlines(keepends=True)
    at = chance.randrange(len(lines))
    row = json.loads(lines[at])
    answer = row["parts"]["answer"]
    facts = json.loads(answer["content"])
    facts["risks"][0]["score"] += 1
    answer["content"] = orjson.dumps(facts).decode()
    lines[at] = orjson.dumps(row) + b"\n"
    path.write_bytes(b"".join(lines))
    return made.verify_exports(out), exact(row["place"][1], Rule.CONTENTS_CHANGED)


def deleted_middle(made: MadeLog, chance: random.Random) -> tuple[list[Verification], Expected]:
    """A row is gone; in half of the cases those after it have moved up."""
    with made.as_intruder() as connection:
        seq = any_row(connection, chance, margin=1)
        connection.execute("DELETE FROM log WHERE writer = ? AND seq = ?", (WRITER, seq))
        closed = chance.random() < 0.5
        if closed:
            connection.execute("DELETE FROM decisions WHERE writer = ? AND seq = ?", (WRITER, seq))
            renumber(connection, seq + 1, -1)
    return [made.verify()], exact(seq, Rule.CHANGED if closed else Rule.MISSING)


def deleted_last(made: MadeLog, chance: random.Random) -> tuple[list[Verification], Expected]:
    """The last rows are gone, with everything that points to them."""
    with made.as_intruder() as connection:
        last = rows_of(connection, WRITER)
        kept = last - chance.randint(1, last - 2)
        forget_after(connection, kept)
    return [made.verify()], Expected(WRITER, kept + 1, frozenset({Rule.TRUNCATED}), last, kept + 1)


def inserted_row(made: MadeLog, chance: random.Random) -> tuple[list[Verification], Expected]:
    """A row that never happened, with its right hash, between two; those after it have moved down."""
    with made.as_intruder() as connection:
        seq = any_row(connection, chance)
        prev = connection.execute("SELECT hash FROM log WHERE writer = ? AND seq = ?", (WRITER, seq - 1)).fetchone()[0]
        renumber(connection, seq, 1)
        body = '{"decision_id":"018e3b2a-0000-7000-8000-000000000000","principal":"Amina Yusuf"}'
        at = "2026-03-14T09:00:00.000Z"
        row = WRITER, seq, at, "access", body, entry_hash(WRITER, seq, at, "access", body.encode(), prev=prev)
        connection.execute("INSERT INTO log VALUES (?, ?, ?, ?, ?, ?)", row)
    return [made.verify()], exact(seq, Rule.INSERTED)


def swapped_rows(made: MadeLog, chance: random.Random) -> tuple[list[Verification], Expected]:
    """Two rows stand in one another's place, with their hashes or without."""
    with made.as_intruder() as connection:
        one = any_row(connection, chance, margin=1)
        other = chance.choice([one + 1, chance.randint(one + 1, rows_of(connection, WRITER))])
        columns = "at, kind, body, hash" if chance.random() < 0.5 else "at, kind, body"
        query = f"SELECT {columns} FROM log WHERE writer = ? AND seq = ?"
        rows = {seq: connection.execute(query, (WRITER, seq)).fetchone() for seq in (one, other)}
        assignments = ", ".join(f"{name} = ?" for name in columns.split(", "))
        for to, source in ((one, other), (other, one)):
            connection.execute(
                f"UPDATE log SET {assignments} WHERE writer = ? AND seq = ?", (*rows[source], WRITER, to)
            )
    return [made.verify()], exact(one, Rule.CHANGED)


def rewritten_chain(made: MadeLog, chance: random.Random) -> tuple[list[Verification], Expected]:
    """From a row on, the chain is another, with all hashes right; the table's checkpoints of it are gone."""
    with made.as_intruder() as connection:
        seq = any_row(connection, chance)
        connection.execute("UPDATE log SET at = '2026-03-14T00:00:00.000Z' WHERE writer = ? AND seq = ?", (WRITER, seq))
        rechain(connection, seq)
        connection.execute("DELETE FROM checkpoints WHERE writer = ? AND size >= ?", (WRITER, seq))
    first, last = stretch(made, seq)
    return [made.verify()], Expected(WRITER, first, frozenset({Rule.REWRITTEN}), last, seq)


def restored_backup(made: MadeLog, chance: random.Random) -> tuple[list[Verification], Expected]:
    """An old copy of the database is put in its place; in half of the cases the service goes on with it."""
    backup = made.directory / "backup.db"
    shutil.copy(made.settings.database_path, backup)
    with made.as_intruder() as connection:
        kept = rows_of(connection, WRITER)
    continue_log(made, range(10_000, 10_000 + chance.randint(1, 300)))
    with made.as_intruder() as connection:
        last = rows_of(connection, WRITER)
    for suffix in ("-wal", "-shm"):
        Path(f"{made.settings.database_path}{suffix}").unlink(missing_ok=True)
    shutil.copy(backup, made.settings.database_path)
    if chance.random() < 0.5:
        return [made.verify()], Expected(WRITER, kept + 1, frozenset({Rule.TRUNCATED}), last, kept + 1)
    first, through = stretch(made, kept + 1)
    continue_log(made, range(20_000, 20_400))
    rules = frozenset({Rule.REWRITTEN, Rule.SPLIT_VIEW})
    return [made.verify()], Expected(WRITER, first, rules, min(through, stretch(made, kept + 1)[1]), kept + 1)


def other_key(made: MadeLog, chance: random.Random) -> tuple[list[Verification], Expected]:
    """A checkpoint of the table is signed again, by another key."""
    with made.as_intruder() as connection:
        size = chance.choice(connection.execute("SELECT size FROM checkpoints WHERE writer = ?", (WRITER,)).fetchall())[
            0
        ]
        tree = CompactRange()
        tree.extend(
            row[0]
            for row in connection.execute(
                "SELECT hash FROM log WHERE writer = ? AND seq <= ? ORDER BY seq", (WRITER, size)
            )
        )
        (old,) = connection.execute(
            "SELECT note FROM checkpoints WHERE writer = ? AND size = ?", (WRITER, size)
        ).fetchone()
        note = sign_checkpoint(read_checkpoint(old).instance, WRITER, tree, START, INTRUDER).note
        connection.execute("UPDATE checkpoints SET note = ? WHERE writer = ? AND size = ?", (note, WRITER, size))
    return [made.verify()], exact(size, Rule.CHECKPOINT_REFUSED)


def duplicate_seq(made: MadeLog, chance: random.Random) -> tuple[list[Verification], Expected]:
    """The table was made again without its key, and a row number stands twice."""
    with made.as_intruder() as connection:
        connection.execute("CREATE TABLE other AS SELECT * FROM log")
        connection.execute("DROP TABLE log")
        connection.execute("ALTER TABLE other RENAME TO log")
        seq = any_row(connection, chance)
        at = chance.choice(["at", "'2026-03-14T00:00:00.000Z'"])
        connection.execute(
            f"INSERT INTO log SELECT writer, seq, {at}, kind, body, hash FROM log WHERE writer = ? AND seq = ?",
            (WRITER, seq),
        )
    return [made.verify()], exact(seq, Rule.DUPLICATE, Rule.CHANGED)


def edited_checkpoint(made: MadeLog, chance: random.Random) -> tuple[list[Verification], Expected]:
    """One character of a checkpoint is another, in the table."""
    with made.as_intruder() as connection:
        size, note = chance.choice(
            connection.execute("SELECT size, note FROM checkpoints WHERE writer = ?", (WRITER,)).fetchall()
        )
        at = chance.randrange(len(note))
        other = chance.choice([one for one in "0aZ/+=\n -" if one != note[at]])
        changed = note[:at] + other + note[at + 1 :]
        connection.execute("UPDATE checkpoints SET note = ? WHERE writer = ? AND size = ?", (changed, WRITER, size))
    return [made.verify()], exact(size, Rule.CHECKPOINT_REFUSED)


def edited_registry(made: MadeLog, chance: random.Random) -> tuple[list[Verification], Expected]:
    """A file of a bundle, or its row in the registry, is another."""
    with made.as_intruder() as connection:
        digest = chance.choice(connection.execute("SELECT digest FROM bundles ORDER BY digest").fetchall())[0]
        if chance.random() < 0.5:
            field = chance.choice(["risk", "name", "version"])
            connection.execute(f"UPDATE bundles SET {field} = {field} || '2' WHERE digest = ?", (digest,))
        else:
            files = connection.execute("SELECT name, content FROM bundle_files WHERE digest = ?", (digest,)).fetchall()
            name, content = chance.choice(files)
            connection.execute(
                "UPDATE bundle_files SET content = ? WHERE digest = ? AND name = ?",
                (flip(content, chance), digest, name),
            )
        seq = _event(connection, "proposed", digest)
    return [made.verify()], exact(seq, Rule.REGISTRY_CHANGED, writer="cli")


def edited_approval(made: MadeLog, chance: random.Random) -> tuple[list[Verification], Expected]:
    """The ledger names another approver or rationale, or no approval at all; or the log's own row is another."""
    with made.as_intruder() as connection:
        digest = chance.choice(connection.execute("SELECT digest FROM bundles ORDER BY digest").fetchall())[0]
        seq = _event(connection, "approved", digest)
        rule = Rule.LEDGER_CHANGED
        match chance.randrange(3):
            case 0:
                field = chance.choice(["principal", "rationale"])
                connection.execute(
                    f"UPDATE ledger SET {field} = 'Somebody else' WHERE event = 'approved' AND digest = ?", (digest,)
                )
            case 1:
                connection.execute("DELETE FROM ledger WHERE event = 'approved' AND digest = ?", (digest,))
            case _:
                body = "replace(body, 'Amina Yusuf', 'Somebody else')"
                connection.execute(f"UPDATE log SET body = {body} WHERE writer = 'cli' AND seq = ?", (seq,))
                rule = Rule.CHANGED
    return [made.verify()], exact(seq, rule, writer="cli")


def divergent_exports(made: MadeLog, chance: random.Random) -> tuple[list[Verification], Expected]:
    """Two exports, both signed by the log's own key, tell two stories from a row on."""
    with made.as_intruder() as connection:
        kept = rows_of(connection, WRITER)
    other = made.copy(made.directory.with_name(made.directory.name + "-other"))
    more = chance.randint(1, 300)
    continue_log(made, range(10_000, 10_000 + more))
    continue_log(other, range(20_000, 20_000 + more))
    exports = [one.export(one.directory / "export") for one in (made, other)]
    if chance.random() < 0.5:  # whoever has both needs no witness
        return made.verify_exports(*exports, with_file=False), exact(kept + 1, Rule.SPLIT_VIEW)
    first, last = stretch(made, kept + 1)  # the other one, against the checkpoints that a witness of the first kept
    return made.verify_exports(exports[1]), Expected(
        WRITER, first, frozenset({Rule.REWRITTEN, Rule.SPLIT_VIEW}), last, kept + 1
    )


def _event(connection: sqlite3.Connection, kind: str, digest: str) -> int:
    query = "SELECT seq FROM log WHERE writer = 'cli' AND kind = ? AND body LIKE ?"
    return int(connection.execute(query, (kind, f"%{digest}%")).fetchone()[0])


KINDS: tuple[Kind, ...] = (
    edited_payload,
    edited_score,
    deleted_middle,
    deleted_last,
    inserted_row,
    swapped_rows,
    rewritten_chain,
    restored_backup,
    other_key,
    duplicate_seq,
    edited_checkpoint,
    edited_registry,
    edited_approval,
    divergent_exports,
)
