"""Local accounts in the store: one short transaction a method, so that a race has one outcome."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from riskapi.access.journal import Journal
from riskapi.access.matrix import Role
from riskapi.access.passwords import password_digest
from riskapi.log.entry import Kind
from riskapi.storage.access_tables import accounts, role_grants, sessions, sign_in_failures
from riskapi.storage.engine import for_writing
from riskapi.storage.guard import storage_errors


@dataclass(frozen=True, slots=True)
class Account:
    """A person's account at this installation.

    Attributes:
        login: what the person types, in small letters.
        name: by which the person is on record.
        must_change: whether the password is one for once.
        roles: what other persons confirmed.
        units: places of work; the first is its own.
    """

    login: str
    name: str
    password_hash: str
    must_change: bool
    roles: tuple[Role, ...]
    units: tuple[str, ...]
    disabled: bool
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class RoleGrant:
    """Roles that one person asked for an account, and what another person decided; ids grow with time."""

    grant_id: str
    login: str
    roles: tuple[Role, ...]
    asked_by: str
    asked_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    confirmed: bool | None = None


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session with the account that it belongs to, as both are now."""

    account: Account
    began_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Failures:
    """Failed sign-ins since the last that succeeded."""

    count: int = 0
    locked_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """What goes into the log together with a change."""

    kind: Kind
    body: dict[str, Any]


Rule = Callable[[list[Account], list[RoleGrant]], None]
"""Decides within the transaction whether a change may happen, given all accounts and grants; raises if not."""


class SqlAccountStore:
    """The accounts of one database; may be called from any thread and any process.

    Args:
        engine: of the store.
        journal: the log of the same store; changes of accounts are stored together with their entries there.
    """

    def __init__(self, engine: sa.Engine, journal: Journal) -> None:
        self._engine = engine
        self._writing = for_writing(engine)
        self._journal = journal

    def add(self, account: Account, grant: RoleGrant | None, rule: Rule, note: Note) -> None:
        """Store a new account, with the roles that are asked for it."""
        with storage_errors(), self._journal.transaction() as change:
            _one_at_a_time(change.connection, accounts)
            rule(*_all(change.connection))
            change.connection.execute(sa.insert(accounts), _account_values(account))
            if grant is not None:
                change.connection.execute(sa.insert(role_grants), _grant_values(grant))
            change.append(note.kind, note.body)

    def change(self, login: str, values: dict[str, Any], grant: RoleGrant | None, rule: Rule, note: Note) -> None:
        """Change an account, and end its sessions in the same transaction."""
        with storage_errors(), self._journal.transaction() as change:
            _one_at_a_time(change.connection, accounts)
            rule(*_all(change.connection))
            change.connection.execute(sa.update(accounts).where(accounts.c.login == login), _plain(values))
            if grant is not None:
                change.connection.execute(sa.insert(role_grants), _grant_values(grant))
            change.connection.execute(sa.delete(sessions).where(sessions.c.login == login))
            change.append(note.kind, note.body)

    def decide(self, grant: RoleGrant, rule: Rule, note: Note) -> None:
        """Store what was decided about a grant; a confirmed one sets the roles and ends the sessions of the account."""
        decided = {"decided_by": grant.decided_by, "decided_at": grant.decided_at, "confirmed": grant.confirmed}
        with storage_errors(), self._journal.transaction() as change:
            _one_at_a_time(change.connection, accounts)
            rule(*_all(change.connection))
            change.connection.execute(sa.update(role_grants).where(role_grants.c.id == grant.grant_id), _plain(decided))
            if grant.confirmed:
                values = _plain({"roles": grant.roles, "disabled": False})
                change.connection.execute(sa.update(accounts).where(accounts.c.login == grant.login), values)
                change.connection.execute(sa.delete(sessions).where(sessions.c.login == grant.login))
            change.append(note.kind, note.body)

    def account(self, login: str) -> Account | None:
        """Find one account."""
        with storage_errors(), self._engine.connect() as connection:
            row = connection.execute(sa.select(accounts).where(accounts.c.login == login)).first()
        return _account(row) if row else None

    def everything(self) -> tuple[list[Account], list[RoleGrant]]:
        """List all accounts by their logins, and all grants in the order in which they were asked."""
        with storage_errors(), self._engine.connect() as connection:
            return _all(connection)

    def set_password(self, account: Account, password_hash: str, *, sign_out: bool = False) -> None:
        """Store a new hash of a person's own password, and end all sessions where it is another password."""
        change = "password replaced" if sign_out else "password hashed anew"
        told = {"account": account.login, "by": account.name, "change": change}
        values = {"password_hash": password_hash, "must_change": False}
        with storage_errors(), self._journal.transaction() as transaction:
            connection = transaction.connection
            connection.execute(sa.update(accounts).where(accounts.c.login == account.login), values)
            if sign_out:
                connection.execute(sa.delete(sessions).where(sessions.c.login == account.login))
            transaction.append(Kind.ACCOUNT_CHANGED, told | {"password": password_digest(password_hash)})

    def open_session(self, id_hash: bytes, account: Account, at: datetime, older_than: datetime) -> None:
        """Store a new session with its entry in the log, and let go of sessions that are past their time."""
        values = {"id_hash": id_hash, "login": account.login, "began_at": at.isoformat(), "seen_at": at.isoformat()}
        with storage_errors(), self._journal.transaction() as change:
            change.connection.execute(sa.delete(sessions).where(sessions.c.began_at < older_than.isoformat()))
            change.connection.execute(sa.insert(sessions), values)
            change.append(Kind.SIGNED_IN, {"account": account.login, "by": account.name})

    def session(self, id_hash: bytes) -> OpenSession | None:
        """Find a session with its account, both as they are at this moment."""
        query = sa.select(accounts, sessions.c.began_at, sessions.c.seen_at).join_from(sessions, accounts)
        with storage_errors(), self._engine.connect() as connection:
            row = connection.execute(query.where(sessions.c.id_hash == id_hash)).first()
        if row is None:
            return None
        return OpenSession(_account(row), datetime.fromisoformat(row.began_at), datetime.fromisoformat(row.seen_at))

    def touch_session(self, id_hash: bytes, at: datetime) -> None:
        """Note that a session is in use."""
        with storage_errors(), self._writing.begin() as connection:
            connection.execute(sa.update(sessions).where(sessions.c.id_hash == id_hash), {"seen_at": at.isoformat()})

    def end_session(self, id_hash: bytes) -> None:
        """End one session."""
        with storage_errors(), self._writing.begin() as connection:
            connection.execute(sa.delete(sessions).where(sessions.c.id_hash == id_hash))

    def count_attempt(self, login_hash: str, next_state: Callable[[Failures], Failures]) -> None:
        """Count a sign-in as failed before it is tried, so that many at once are counted one by one.

        Args:
            login_hash: keyed hash of what was given as login.
            next_state: gives the new count; raises where no attempt is allowed now.
        """
        table = sign_in_failures
        with storage_errors(), self._writing.begin() as connection:
            _one_at_a_time(connection, table)
            row = connection.execute(sa.select(table).where(table.c.login_hash == login_hash)).first()
            now = Failures(row.failures, _time(row.locked_until)) if row else Failures()
            after = next_state(now)
            values = {
                "login_hash": login_hash,
                "failures": after.count,
                "locked_until": after.locked_until and after.locked_until.isoformat(),
            }
            if row:
                connection.execute(sa.update(table).where(table.c.login_hash == login_hash), values)
            else:
                connection.execute(sa.insert(table), values)

    def forget_attempts(self, login_hash: str) -> None:
        """Start counting afresh, after a sign-in that succeeded."""
        with storage_errors(), self._writing.begin() as connection:
            connection.execute(sa.delete(sign_in_failures).where(sign_in_failures.c.login_hash == login_hash))


def _one_at_a_time(connection: sa.Connection, table: sa.Table) -> None:
    """Let other processes wait until this transaction ends; the embedded store has one writer anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE"))


def _all(connection: sa.Connection) -> tuple[list[Account], list[RoleGrant]]:
    every = connection.execute(sa.select(accounts).order_by(accounts.c.login)).all()
    grants = connection.execute(sa.select(role_grants).order_by(role_grants.c.id)).all()
    return [_account(row) for row in every], [_grant(row) for row in grants]


def _account(row: Any) -> Account:
    return Account(
        row.login,
        row.name,
        row.password_hash,
        bool(row.must_change),
        _roles(row.roles),
        tuple(orjson.loads(row.units)),
        bool(row.disabled),
        datetime.fromisoformat(row.created_at),
        row.created_by,
    )


def _grant(row: Any) -> RoleGrant:
    return RoleGrant(
        row.id,
        row.login,
        _roles(row.roles),
        row.asked_by,
        datetime.fromisoformat(row.asked_at),
        row.decided_by,
        _time(row.decided_at),
        None if row.confirmed is None else bool(row.confirmed),
    )


def _account_values(account: Account) -> dict[str, Any]:
    return _plain({name: getattr(account, name) for name in Account.__slots__})


def _grant_values(grant: RoleGrant) -> dict[str, Any]:
    return _plain(
        {
            "id": grant.grant_id,
            "login": grant.login,
            "roles": grant.roles,
            "asked_by": grant.asked_by,
            "asked_at": grant.asked_at,
        }
    )


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Turn values into what the columns hold: lists as JSON, times as ISO 8601."""
    return {name: _column(value) for name, value in values.items()}


def _column(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return orjson.dumps(value).decode() if isinstance(value, tuple) else value


def _roles(text: str) -> tuple[Role, ...]:
    return tuple(map(Role, orjson.loads(text)))


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def in_order(roles: Iterable[Role]) -> tuple[Role, ...]:
    """Put roles into the order of the table, each once."""
    given = set(roles)
    return tuple(role for role in Role if role in given)
