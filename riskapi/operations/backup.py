"""Backups of the store and its keys while the service runs, and their way back into an empty place.

The order matters. The file of checkpoints is copied first, so that none of them speaks of rows that the copy lacks.
Then the store, then the keys: keys are on disk before what they seal, so a copy of the keys that is younger than that
of the store has every key that the store needs, except those destroyed in between; then the copy is taken again.
"""

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from riskapi.errors import ServiceError, StorageError
from riskapi.log.acts import Act, read_acts
from riskapi.log.store_source import store_source
from riskapi.log.verify import Verification, verify
from riskapi.operations.copies import KEYS_TABLES, STORE_TABLES, copy_in, copy_out
from riskapi.privacy.keys import state
from riskapi.privacy.repetition import Repeated, repeat
from riskapi.secret import ServiceSecret
from riskapi.settings import Settings
from riskapi.storage.checkpoints import CheckpointBook
from riskapi.storage.engine import open_database, open_engine, require_version
from riskapi.storage.guard import storage_errors
from riskapi.storage.head import heads
from riskapi.storage.journal import Journal, instance_of
from riskapi.storage.log_key import log_key
from riskapi.storage.parts import open_keys
from riskapi.storage.schema import REVISIONS

FORMAT = "riskapi-backup-1"
_MANIFEST = "backup.json"
_CHECKPOINTS = "checkpoints.ndjson"
_TRIES = 5
_PIECE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds.

    Attributes:
        path: of its directory.
        instance: whose store it is.
        heads: the last row of each chain when the copy began; it has these at least.
        size: bytes.
    """

    path: Path
    instance: str
    heads: dict[str, int]
    size: int


def back_up(settings: Settings, to: Path, now: datetime | None = None) -> Backup:
    """Copy store and keys into a new directory; the service goes on.

    Args:
        settings: of the service.
        to: directory for backups; each gets a directory of its own, which appears when it is complete.
        now: names the directory.

    Raises:
        StorageError: where a database cannot be read or the copy cannot be written.
    """
    at = now or datetime.now(UTC)
    final = to / f"{at:%Y%m%dT%H%M%S.%fZ}"
    part = final.with_suffix(".part")
    with storage_errors():
        to.mkdir(parents=True, exist_ok=True, mode=0o700)
        for _ in range(_TRIES):
            part.mkdir(mode=0o700)
            if (about := _copy(settings, part)) is not None:
                break
            shutil.rmtree(part)
        else:
            raise StorageError("Keys were destroyed during each try: let retention or erasure end, then try again.")
        made = _seal(part, about | {"at": at.isoformat()})
        part.rename(final)
    return Backup(final, made["instance"], made["heads"], sum(one["bytes"] for one in made["files"].values()))


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore brought back.

    Attributes:
        verification: of the log, after everything.
        repeated: erasures and holds that came after the backup, done again.
        refused: lines of the file with an act that the log did not sign.
    """

    verification: Verification
    repeated: Repeated
    refused: tuple[int, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return self.verification.holds and not self.refused


def restore(
    source: Path, settings: Settings, trusted: Sequence[Ed25519PublicKey], acts: Path | None = None
) -> Restored:
    """Put a backup into the empty databases that the settings name, do again what must stay done, verify the log there.

    Args:
        source: directory of one backup.
        settings: of the service to be; its databases are empty, of the kind that was backed up.
        trusted: public keys of the log.
        acts: the file of checkpoints that outlived the store: erasures and holds after the backup stand in it.

    Raises:
        ServiceError: where the backup is not whole.
        StorageError: where a database is not empty or cannot be written.
    """
    _check(source)
    with storage_errors():
        keys, store = (settings.keys_url, "RISKAPI_KEYS_URL"), (settings.database_url, "RISKAPI_DATABASE_URL")
        found = list(read_acts(acts, trusted)) if acts is not None else []
        copy_in(source / "keys", *keys, KEYS_TABLES, versioned=False)
        copy_in(source / "store", *store, STORE_TABLES, versioned=True)
        signed = [act for _, act in found if act is not None]
        repeated = _repeat(signed, settings) if signed else Repeated()
    checkpoints = source / _CHECKPOINTS
    with store_source(settings) as opened:
        [result] = verify([opened], [checkpoints] if checkpoints.is_file() else [], trusted)
    return Restored(result, repeated, tuple(number for number, act in found if act is None))


def _repeat(acts: Sequence[Act], settings: Settings) -> Repeated:
    engine = open_engine(settings)
    keys = open_keys(settings, ServiceSecret(settings.secret_key))
    book = CheckpointBook(log_key(settings.log_key_file), settings.checkpoint_file)
    journal = Journal(engine, lambda: datetime.now(UTC), book)
    try:
        return repeat(acts, journal, keys)
    finally:
        journal.close()
        keys.close()
        engine.dispose()


def _copy(settings: Settings, part: Path) -> dict[str, Any] | None:
    """Take the copies in their order; gives what they are of, or ``None`` where they do not fit together."""
    if settings.checkpoint_file.is_file():
        shutil.copyfile(settings.checkpoint_file, part / _CHECKPOINTS)
    keys = open_database(settings.keys_url, "RISKAPI_KEYS_URL", settings.busy_timeout_seconds)
    store = open_database(settings.database_url, "RISKAPI_DATABASE_URL", settings.busy_timeout_seconds)
    try:
        require_version(store)
        before = _destroyed(keys)
        with store.connect() as connection:
            last = {name: head.seq for name, head in heads(connection).items()}
            about = {"instance": instance_of(connection), "heads": last, "schema": REVISIONS[-1]}
        copy_out(store, STORE_TABLES, part / "store")
        copy_out(keys, KEYS_TABLES, part / "keys")
        return about if _destroyed(keys) == before else None
    finally:
        keys.dispose()
        store.dispose()


def _destroyed(keys: sa.Engine) -> int:
    with keys.connect() as connection:
        return int(connection.execute(sa.select(state.c.destroyed)).scalar_one())


def _seal(part: Path, about: dict[str, Any]) -> dict[str, Any]:
    """Write what the backup holds, with the hash of every file."""
    names = sorted(path.relative_to(part).as_posix() for path in part.rglob("*") if path.is_file())
    files = {name: {"sha256": _hash(part / name), "bytes": (part / name).stat().st_size} for name in names}
    made = {"format": FORMAT, **about, "files": files}
    (part / _MANIFEST).write_bytes(orjson.dumps(made, option=orjson.OPT_INDENT_2))
    return made


def _check(source: Path) -> None:
    try:
        manifest = orjson.loads((source / _MANIFEST).read_bytes())
        files: dict[str, dict[str, Any]] = manifest["files"]
        known = (manifest["format"], manifest["schema"]) == (FORMAT, REVISIONS[-1])
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError):
        raise ServiceError(f"This is no backup: its {_MANIFEST} cannot be read.") from None
    if not known:
        raise ServiceError("The backup is of another version: restore it with the program that made it, then update.")
    for name, about in files.items():
        path = source / name
        if not path.is_file() or _hash(path) != about["sha256"]:
            raise ServiceError(f"The backup is damaged: {name} is not what was written.")


def _hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()
