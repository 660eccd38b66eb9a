"""Local accounts of persons: one admin asks for roles, another person confirms them, everything is on record."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from riskapi.access.account_store import Account, Note, RoleGrant, SqlAccountStore, in_order
from riskapi.access.matrix import MATRIX, Action, Role, clash
from riskapi.access.passwords import hash_password, made_password, password_digest
from riskapi.access.principal import Principal
from riskapi.errors import ConflictError, FourEyesError, InvalidBodyError, NotFoundError, Problem
from riskapi.ids import uuid7
from riskapi.log.entry import Kind

OPERATOR: Final = "operator at the command line"
LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,63}")
_NAME_MAX = 200
_FIRST_MAX = 2
"""From two persons on, each can confirm what the other asks for."""
_NO_ACCOUNT = "There is no account with this login."


class Accounts:
    """The rules of accounts; each change is decided within one transaction."""

    def __init__(self, store: SqlAccountStore, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    def create_first(self, login: str, name: str, role: Role = Role.ADMIN) -> str:
        """Make one of the first two persons of an installation, whom nobody could confirm.

        Returns:
            The password for once.

        Raises:
            InvalidBodyError: where they could not confirm roles of others, or nobody could ask for any.
            ConflictError: where two persons are there already.
        """
        password, account = self._new(login, name, (role,), (), OPERATOR)

        def rule(every: Sequence[Account], _grants: Sequence[RoleGrant]) -> None:
            first = [one for one in every if MATRIX[Action.ACCOUNTS_CONFIRM].keys() & set(one.roles)]
            if len(first) >= _FIRST_MAX:
                raise ConflictError("Two persons who confirm roles are there already: they make further accounts.")
            if role is not Role.ADMIN and not any(Role.ADMIN in one.roles for one in first):
                raise ConflictError("Make an admin first.")
            _require_new(every, account)

        if role not in MATRIX[Action.ACCOUNTS_CONFIRM]:
            raise InvalidBodyError([Problem("role", "does not confirm roles", "Make an admin or an auditor first.")])
        about = {"name": account.name, "holds": list(account.roles), **_password(account.password_hash)}
        self._store.add(account, None, rule, _note(Kind.ACCOUNT_CREATED, account.login, OPERATOR, **about))
        return password

    def create(
        self, by: Principal, login: str, name: str, roles: Iterable[Role], units: Iterable[str] = ()
    ) -> tuple[str, RoleGrant]:
        """Make an account; it may sign in at once, and do nothing before another person confirms its roles.

        Returns:
            The password for once, and the grant to be confirmed.

        Raises:
            InvalidBodyError: naming what is wrong with the login, the name or the roles.
            ConflictError: where the login or the name is taken.
        """
        by.require(Action.ACCOUNTS_MANAGE)
        password, account = self._new(login, name, (), units, by.name)
        grant = self._grant(by, account.login, roles)

        def rule(every: Sequence[Account], _grants: Sequence[RoleGrant]) -> None:
            _require_new(every, account)

        about = {
            "name": account.name,
            "asked": list(grant.roles),
            "units": list(account.units),
            "grant": grant.grant_id,
            "holds": [],
            **_password(account.password_hash),
        }
        self._store.add(account, grant, rule, _note(Kind.ACCOUNT_CREATED, account.login, by.name, **about))
        return password, grant

    def ask_roles(self, by: Principal, login: str, roles: Iterable[Role]) -> RoleGrant | None:
        """Change the roles of an account: what goes, goes at once; what comes waits for another person.

        Returns:
            The grant to be confirmed, or nothing where roles were only taken away.
        """
        by.require(Action.ACCOUNTS_MANAGE)
        grant = self._grant(by, login, roles)
        account = self._known(login)
        kept = in_order(set(account.roles) & set(grant.roles))
        added = set(grant.roles) - set(kept)

        def rule(every: Sequence[Account], _grants: Sequence[RoleGrant]) -> None:
            if _find(every, login).roles != account.roles:
                raise ConflictError("The roles were changed at the same moment. Look again, then ask again.")

        about = {"holds": list(kept), "asked": list(in_order(added))} | ({"grant": grant.grant_id} if added else {})
        note = _note(Kind.ACCOUNT_CHANGED, login, by.name, change="roles asked", **about)
        self._store.change(login, {"roles": kept}, grant if added else None, rule, note)
        return grant if added else None

    def confirm(self, by: Principal, grant_id: str) -> RoleGrant:
        """Confirm roles that somebody else asked for; they count from now on.

        Raises:
            NotFoundError: for no such grant.
            FourEyesError: where the one who confirms asked for them, or would get them.
            ConflictError: where it was decided before.
        """
        return self._decide(by, grant_id, confirmed=True)

    def refuse(self, by: Principal, grant_id: str) -> RoleGrant:
        """Refuse roles that were asked for; the one who asked may do so too."""
        return self._decide(by, grant_id, confirmed=False)

    def disable(self, by: Principal, login: str) -> None:
        """Take an account out of use: sessions end, roles go; roles that are confirmed anew bring it back."""
        by.require(Action.ACCOUNTS_MANAGE)

        def rule(every: Sequence[Account], _grants: Sequence[RoleGrant]) -> None:
            if _find(every, login).disabled:
                raise ConflictError("The account is disabled already.")

        note = _note(Kind.ACCOUNT_CHANGED, login, by.name, change="disabled", holds=[])
        self._store.change(login, {"disabled": True, "roles": ()}, None, rule, note)

    def reset(self, by: Principal, login: str) -> str:
        """Give an account a new password for once; its sessions end.

        Returns:
            The password.
        """
        by.require(Action.ACCOUNTS_MANAGE)
        password = made_password()
        hashed = hash_password(password)
        values = {"password_hash": hashed, "must_change": True}

        def rule(every: Sequence[Account], _grants: Sequence[RoleGrant]) -> None:
            if _find(every, login).name == by.name:
                raise FourEyesError("Nobody resets their own password: change it when you sign in.")

        about = _password(hashed)
        note = _note(Kind.ACCOUNT_CHANGED, login, by.name, change="password reset", **about)
        self._store.change(login, values, None, rule, note)
        return password

    def everything(self, by: Principal) -> tuple[list[Account], list[RoleGrant]]:
        """List all accounts, and all grants in the order in which they were asked."""
        by.require(Action.ACCOUNTS_READ)
        return self._store.everything()

    def _decide(self, by: Principal, grant_id: str, *, confirmed: bool) -> RoleGrant:
        by.require(Action.ACCOUNTS_CONFIRM)
        asked = next((one for one in self._store.everything()[1] if one.grant_id == grant_id), None)
        if asked is None:
            raise NotFoundError("No roles were asked for under this id.")
        decided = replace(asked, decided_by=by.name, decided_at=self._clock(), confirmed=confirmed)

        def rule(every: Sequence[Account], grants: Sequence[RoleGrant]) -> None:
            own = [one for one in grants if one.login == asked.login]
            if next(one for one in own if one.grant_id == grant_id).decided_by is not None:
                raise ConflictError("This was decided before.")
            if not confirmed:
                return
            if _folded(by.name) in {_folded(asked.asked_by), _folded(_find(every, asked.login).name)}:
                raise FourEyesError("Another person has to confirm: not the one who asked, nor the one who gets them.")
            if own[-1].grant_id != grant_id:
                raise ConflictError("Other roles were asked for later: decide about those.")

        change = "roles confirmed" if confirmed else "roles refused"
        about = {"change": change, "grant": grant_id} | ({"holds": list(asked.roles)} if confirmed else {})
        self._store.decide(decided, rule, _note(Kind.ACCOUNT_CHANGED, asked.login, by.name, **about))
        return decided

    def _new(
        self, login: str, name: str, roles: tuple[Role, ...], units: Iterable[str], by: str
    ) -> tuple[str, Account]:
        shown = " ".join(name.split())
        problems = []
        if not LOGIN.fullmatch(login):
            remedy = "Take 2 to 64 of a-z, 0-9, dot, dash and underscore, with a letter or digit first."
            problems.append(Problem("login", "is not of the form that is allowed", remedy))
        if not shown or len(shown) > _NAME_MAX or not shown.isprintable():
            problems.append(Problem("name", "is empty, too long or not printable", "Give the person's name."))
        if problems:
            raise InvalidBodyError(problems)
        password = made_password()
        hashed, now = hash_password(password), self._clock()
        return password, Account(login, shown, hashed, True, roles, tuple(units) or ("",), False, now, by)

    def _grant(self, by: Principal, login: str, roles: Iterable[Role]) -> RoleGrant:
        wanted = in_order(roles)
        pair = clash(wanted)
        if pair is not None:
            rule = f"holds {pair[0].value!r} and {pair[1].value!r}, which exclude each other"
            raise InvalidBodyError([Problem("roles", rule, "Give them to two persons.")])
        return RoleGrant(uuid7(), login, wanted, by.name, self._clock())

    def _known(self, login: str) -> Account:
        account = self._store.account(login)
        if account is None:
            raise NotFoundError(_NO_ACCOUNT)
        return account


def _password(password_hash: str) -> dict[str, str]:
    """What the log says of a password: a digest of its salted hash, so that an exchanged hash is found."""
    return {"password": password_digest(password_hash)}


def _note(kind: Kind, login: str, by: str, **about: Any) -> Note:
    return Note(kind, {"account": login, "by": by, **about})


def _find(every: Sequence[Account], login: str) -> Account:
    found = next((one for one in every if one.login == login), None)
    if found is None:
        raise NotFoundError(_NO_ACCOUNT)
    return found


def _require_new(every: Sequence[Account], account: Account) -> None:
    if any(one.login == account.login for one in every):
        raise ConflictError("The login is taken.")
    if any(_folded(one.name) == _folded(account.name) for one in every):
        raise ConflictError("The name is taken: persons are told apart by their names, so add what tells them apart.")


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
