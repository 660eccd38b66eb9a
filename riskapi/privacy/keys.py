"""Keys of subjects, in a database of their own: whoever destroys a key makes unreadable what it sealed, everywhere."""

import os
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from riskapi.errors import SealError, StorageError
from riskapi.secret import ServiceSecret
from riskapi.storage.bulk import insert_rows, select_in
from riskapi.storage.engine import for_writing, is_embedded
from riskapi.storage.guard import storage_errors

CONTENT = "content"
"""Epoch of the key that seals input and answer of all decisions about a subject; others are months, YYYY-MM."""
VERSION = 1
_KEY_BYTES, _NONCE_BYTES, _ID_BYTES = 32, 12, 16
_KEPT = 50_000
"""Subjects whose keys are remembered; about half a kilobyte each."""

METADATA = sa.MetaData()
subjects = sa.Table(
    "subjects",
    METADATA,
    sa.Column("subject_hash", sa.LargeBinary, primary_key=True, comment="keyed hash of document, or name and birth"),
    sa.Column("subject_id", sa.Text, nullable=False, unique=True, comment="random"),
    sqlite_with_rowid=False,
)
subject_keys = sa.Table(
    "subject_keys",
    METADATA,
    sa.Column("subject_id", sa.Text, primary_key=True),
    sa.Column("epoch", sa.Text, primary_key=True, comment="'content' or YYYY-MM"),
    sa.Column("wrapped", sa.LargeBinary, nullable=False, comment="AES-256-GCM by a key derived from the secret"),
    sqlite_with_rowid=False,
)
state = sa.Table(
    "keys_state",
    METADATA,
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("destroyed", sa.BigInteger, nullable=False, comment="grows whenever keys are destroyed"),
)


@dataclass(frozen=True, slots=True)
class SubjectKeys:
    """What seals a decision about a subject made in a month: AES-256 keys."""

    subject_id: str
    content: bytes
    identity: bytes


Wanted = tuple[bytes, str]
"""Hash of a subject, and a month."""


class Keys:
    """The keys database.

    Keys are on disk before :meth:`ensure` hands them out. It is called by one thread at a time, within the transaction
    that stores what the keys seal; all other methods may be called from anywhere.
    """

    def __init__(self, engine: sa.Engine, secret: ServiceSecret) -> None:
        self._engine = engine
        self._writing = for_writing(engine)
        self._wrapping = AESGCM(secret.wrapping_key)
        self._kept: OrderedDict[Wanted, SubjectKeys] = OrderedDict()
        self._destroyed = -1
        self._connection: sa.Connection | None = None
        with storage_errors():
            self._create_or_check()

    def ensure(self, wanted: Collection[Wanted]) -> dict[Wanted, SubjectKeys]:
        """Find the keys for subjects, or make them.

        Raises:
            StorageError: where the keys database fails; nothing that needs a new key may be stored then.
        """
        kept = self._kept
        with self._own_connection() as connection:
            with connection.begin():
                self._forget_destroyed(connection)
                missing = [one for one in wanted if one not in kept]
                made = self._read_or_make(connection, missing) if missing else {}
            kept.update(made)
        found = {one: kept[one] for one in wanted}
        while len(kept) > _KEPT:
            kept.popitem(last=False)
        return found

    def subject_id(self, subject_hash: bytes) -> str | None:
        """Find a subject."""
        statement = sa.select(subjects.c.subject_id).where(subjects.c.subject_hash == subject_hash)
        with storage_errors(), self._engine.connect() as connection:
            return connection.execute(statement).scalar_one_or_none()

    def cipher(self, subject_id: str, epoch: str) -> AESGCM | None:
        """Find one key; ``None`` where it was destroyed."""
        statement = sa.select(subject_keys.c.wrapped).where(
            subject_keys.c.subject_id == subject_id, subject_keys.c.epoch == epoch
        )
        with storage_errors(), self._engine.connect() as connection:
            wrapped = connection.execute(statement).scalar_one_or_none()
        return None if wrapped is None else AESGCM(self._unwrap(subject_id, epoch, bytes(wrapped)))

    def ciphers(self, subject_ids: Collection[str]) -> dict[tuple[str, str], AESGCM]:
        """Find the keys of subjects by subject and epoch; those that were destroyed are not there."""
        with storage_errors(), self._engine.connect() as connection:
            return {pair: AESGCM(key) for pair, key in self._stored(connection, list(subject_ids)).items()}

    def destroy_epochs(self, pairs: Iterable[tuple[str, str]]) -> int:
        """Destroy keys by subject and epoch, for good.

        Returns:
            How many there were.
        """
        statement = sa.delete(subject_keys).where(
            subject_keys.c.subject_id == sa.bindparam("subject"), subject_keys.c.epoch == sa.bindparam("of_epoch")
        )
        count = 0
        with self._destroying() as connection:
            for subject_id, epoch in pairs:
                count += connection.execute(statement, {"subject": subject_id, "of_epoch": epoch}).rowcount
        return count

    def destroy_subject(self, subject_id: str) -> int:
        """Destroy all keys of a subject, and the way from its hash to it.

        Returns:
            How many keys there were.
        """
        return self.destroy_subjects((subject_id,))

    def destroy_subjects(self, subject_ids: Collection[str]) -> int:
        """Destroy all keys of subjects, and the ways from their hashes to them, in one transaction.

        Returns:
            How many keys there were.
        """
        if not subject_ids:
            return 0
        with self._destroying() as connection:
            statement = sa.delete(subject_keys).where(subject_keys.c.subject_id.in_(subject_ids))
            count = connection.execute(statement).rowcount
            connection.execute(sa.delete(subjects).where(subjects.c.subject_id.in_(subject_ids)))
        return count

    def forget(self, subject_ids: Collection[str]) -> None:
        """Take away the ways from hashes to subjects that have no key any more."""
        has_one = sa.exists().where(subject_keys.c.subject_id == subjects.c.subject_id)
        with self._destroying() as connection:
            connection.execute(sa.delete(subjects).where(subjects.c.subject_id.in_(subject_ids), ~has_one))

    def without_keys(self) -> list[str]:
        """List the subjects that have no key any more."""
        has_one = sa.exists().where(subject_keys.c.subject_id == subjects.c.subject_id)
        with storage_errors(), self._engine.connect() as connection:
            return list(connection.execute(sa.select(subjects.c.subject_id).where(~has_one)).scalars())

    def epochs(self, subject_id: str | None = None) -> list[tuple[str, str]]:
        """List subject and epoch of the keys that exist."""
        statement = sa.select(subject_keys.c.subject_id, subject_keys.c.epoch).order_by(*subject_keys.primary_key)
        if subject_id is not None:
            statement = statement.where(subject_keys.c.subject_id == subject_id)
        with storage_errors(), self._engine.connect() as connection:
            return [(row.subject_id, row.epoch) for row in connection.execute(statement)]

    def scrub(self, *, whole: bool = False) -> None:
        """Let go of what is left of destroyed keys in the files of the database.

        In an embedded database deleted rows were overwritten when they went, and the write-ahead log is emptied here.
        A server marks their place as free, while everybody goes on; their bytes stay until others take it.

        Args:
            whole: have a server write the tables anew, without them; nobody can use any key while it does.

        Raises:
            StorageError: also where others keep the tables in use for longer than a lock is waited for.
        """
        with storage_errors(), self._engine.connect() as connection:
            raw = connection.execution_options(isolation_level="AUTOCOMMIT")
            if is_embedded(self._engine):
                raw.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            else:
                raw.exec_driver_sql(f"VACUUM {'(FULL) ' if whole else ''}subject_keys, subjects")

    def close(self) -> None:
        """Let go of the database."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._kept.clear()
        self._engine.dispose()

    @contextmanager
    def _own_connection(self) -> Iterator[sa.Connection]:
        """The connection that :meth:`ensure` keeps; dropped after any error."""
        with storage_errors():
            try:
                if self._connection is None:
                    self._connection = self._writing.connect()
                yield self._connection
            except BaseException:
                connection, self._connection = self._connection, None
                if connection is not None:
                    connection.invalidate()
                    connection.close()
                raise

    @contextmanager
    def _destroying(self) -> Iterator[sa.Connection]:
        with storage_errors():
            with self._writing.begin() as connection:
                yield connection
                connection.execute(sa.update(state).values(destroyed=state.c.destroyed + 1))
            self._kept.clear()

    def _forget_destroyed(self, connection: sa.Connection) -> None:
        """Forget remembered keys where any process destroyed some."""
        destroyed = int(connection.exec_driver_sql("SELECT destroyed FROM keys_state").scalar_one())
        if destroyed != self._destroyed:
            self._kept.clear()
            self._destroyed = destroyed

    def _read_or_make(self, connection: sa.Connection, missing: list[Wanted]) -> dict[Wanted, SubjectKeys]:
        hashes = list({subject_hash for subject_hash, _ in missing})
        ids = _subject_ids(connection, hashes)
        raw = self._stored(connection, list(ids.values())) if ids else {}
        new = [one for one in hashes if one not in ids]
        if new:
            random = os.urandom(_ID_BYTES * len(new)).hex()
            places = range(0, len(random), 2 * _ID_BYTES)
            rows = [(one, random[at : at + 2 * _ID_BYTES]) for one, at in zip(new, places, strict=True)]
            insert_rows(connection, "subjects", _SUBJECT_COLUMNS, rows, unless_there=True)
            ids.update(rows if is_embedded(self._engine) else _subject_ids(connection, new))
        needed = {(ids[subject_hash], epoch) for subject_hash, month in missing for epoch in (CONTENT, month)}
        absent = [pair for pair in needed if pair not in raw]
        if absent:
            raw.update(self._make(connection, absent))
        return {
            (subject_hash, month): SubjectKeys(
                ids[subject_hash], raw[ids[subject_hash], CONTENT], raw[ids[subject_hash], month]
            )
            for subject_hash, month in missing
        }

    def _make(self, connection: sa.Connection, absent: list[tuple[str, str]]) -> dict[tuple[str, str], bytes]:
        """Make keys and store them; where another process was faster, its keys count."""
        size = _KEY_BYTES + _NONCE_BYTES
        random = os.urandom(size * len(absent))
        made, rows = {}, []
        for place, pair in enumerate(absent):
            piece = random[place * size : (place + 1) * size]
            made[pair] = piece[:_KEY_BYTES]
            rows.append((*pair, self._wrap(*pair, piece[:_KEY_BYTES], piece[_KEY_BYTES:])))
        insert_rows(connection, "subject_keys", _KEY_COLUMNS, rows, unless_there=True)
        if is_embedded(self._engine):
            return made
        return self._stored(connection, list({subject_id for subject_id, _ in absent}))

    def _stored(self, connection: sa.Connection, subject_ids: Sequence[str]) -> dict[tuple[str, str], bytes]:
        rows = select_in(connection, "subject_keys", _KEY_COLUMNS, "subject_id", subject_ids)
        return {(one, epoch): self._unwrap(one, epoch, bytes(wrapped)) for one, epoch, wrapped in rows}

    def _wrap(self, subject_id: str, epoch: str, key: bytes, nonce: bytes) -> bytes:
        return nonce + self._wrapping.encrypt(nonce, key, f"{subject_id}/{epoch}".encode())

    def _unwrap(self, subject_id: str, epoch: str, wrapped: bytes) -> bytes:
        nonce = wrapped[:_NONCE_BYTES]
        try:
            return self._wrapping.decrypt(nonce, wrapped[_NONCE_BYTES:], f"{subject_id}/{epoch}".encode())
        except (InvalidTag, ValueError):
            raise SealError(
                "A subject's key does not open: RISKAPI_SECRET_KEY and RISKAPI_KEYS_URL do not belong together."
            ) from None

    def _create_or_check(self) -> None:
        with self._writing.begin() as connection:
            if not is_embedded(self._engine):
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_CREATION_LOCK})")
            METADATA.create_all(connection)
            version = connection.execute(sa.select(state.c.version)).scalar_one_or_none()
            if version is None:
                connection.execute(sa.insert(state).values(version=VERSION, destroyed=0))
            elif version != VERSION:
                raise StorageError(f"The keys database has version {version}; this program knows {VERSION}.")


_SUBJECT_COLUMNS = {"subject_hash": "bytea", "subject_id": "text"}
_KEY_COLUMNS = {"subject_id": "text", "epoch": "text", "wrapped": "bytea"}
_CREATION_LOCK = 0x6B657973  # "keys"


def _subject_ids(connection: sa.Connection, hashes: Sequence[bytes]) -> dict[bytes, str]:
    rows = select_in(connection, "subjects", _SUBJECT_COLUMNS, "subject_hash", hashes)
    return {bytes(subject_hash): subject_id for subject_hash, subject_id in rows}
