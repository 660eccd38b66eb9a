"""Holds local accounts and grants of roles against the log: whoever gave themselves a role or a password is found."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from riskapi.log.bodies import text_or_none, texts
from riskapi.log.entry import Kind
from riskapi.log.findings import Findings, Rule

_WORDS = {
    "name": "name",
    "password": "password",
    "must_change": "mark of a password for once",
    "roles": "roles",
    "units": "units",
    "disabled": "state",
    "created_by": "maker",
}


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """What is stored of one account; ``None`` where that is no text or list of texts.

    Attributes:
        login: names it.
        facts: by the names of :data:`_WORDS`; of the password a digest of its salted hash.
    """

    login: str
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class GrantFacts:
    """What is stored of one grant of roles: asked by whom, decided by whom, and how; roles in order of the alphabet."""

    grant_id: str
    login: str
    roles: tuple[str, ...]
    asked_by: str
    decided_by: str | None
    confirmed: bool | None


class AccountRows(Protocol):
    """Reads the tables of accounts."""

    def accounts(self) -> Iterable[AccountFacts]:
        """Read the accounts."""

    def grants(self) -> Iterable[GrantFacts]:
        """Read the grants of roles."""


@dataclass(frozen=True, slots=True)
class _Word:
    """What an entry says of one fact."""

    value: Any
    writer: str
    seq: int
    at: str

    def is_before(self, writer: str, at: str) -> bool:
        """Whether an entry that is read now is the later one: in one chain by its place, else by its time."""
        return self.writer == writer or self.at <= at


@dataclass(slots=True)
class _Grant:
    """What entries say of one grant; they may be read in any order, since they may stand in two chains."""

    asked: tuple[str, tuple[str, ...], str] | None = None
    decided: tuple[str, bool] | None = None
    place: tuple[str, int] = ("", 0)


@dataclass(slots=True)
class AccountCheck:
    """Follows what the log says of accounts.

    Args:
        rows: the tables; ``None`` where they cannot be seen from here.
        findings: where to note what does not hold.
    """

    rows: AccountRows | None
    findings: Findings
    _told: dict[str, dict[str, _Word]] = field(default_factory=dict)
    _grants: dict[str, _Grant] = field(default_factory=dict)

    def watched(self) -> dict[str, Callable[[str, int, str, Mapping[str, Any]], None]]:
        """What to call for which kind of row, with its writer, number, time and body."""
        if self.rows is None:
            return {}
        return {Kind.ACCOUNT_CREATED: self._created, Kind.ACCOUNT_CHANGED: self._changed}

    def finish(self) -> None:
        """Take the end of the log: every row is as its entries left it, and every entry has its row."""
        if self.rows is None:
            return
        for row in self.rows.accounts():
            self._compare(row)
        for login, told in self._told.items():
            word = next(iter(told.values()))
            self._note(f"account {login[:64]} is not there", (word.writer, word.seq))
        self._compare_grants(self.rows.grants())

    def _created(self, writer: str, seq: int, at: str, body: Mapping[str, Any]) -> None:
        by = text_or_none(body.get("by"))
        facts = {
            "name": text_or_none(body.get("name")),
            "password": text_or_none(body.get("password")),
            "must_change": True,
            "roles": texts(body.get("holds")),
            "units": texts(body.get("units", [""])),
            "disabled": False,
            "created_by": by,
        }
        self._take(writer, seq, at, body, facts)
        self._ask(writer, seq, body)

    def _changed(self, writer: str, seq: int, at: str, body: Mapping[str, Any]) -> None:
        password, holds = text_or_none(body.get("password")), texts(body.get("holds"))
        match body.get("change"):
            case "roles asked":
                self._take(writer, seq, at, body, {"roles": holds})
                self._ask(writer, seq, body)
            case "roles confirmed":
                self._take(writer, seq, at, body, {"roles": holds, "disabled": False})
                self._decide(writer, seq, body, confirmed=True)
            case "roles refused":
                self._decide(writer, seq, body, confirmed=False)
            case "disabled":
                self._take(writer, seq, at, body, {"roles": holds, "disabled": True})
            case "password reset":
                self._take(writer, seq, at, body, {"password": password, "must_change": True})
            case "password replaced" | "password hashed anew":
                self._take(writer, seq, at, body, {"password": password, "must_change": False})

    def _take(self, writer: str, seq: int, at: str, body: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
        told = self._told.setdefault(str(body.get("account")), {})
        for name, value in facts.items():
            known = told.get(name)
            if known is None or known.is_before(writer, at):
                told[name] = _Word(value, writer, seq, at)

    def _ask(self, writer: str, seq: int, body: Mapping[str, Any]) -> None:
        grant_id = text_or_none(body.get("grant"))
        if grant_id is not None:
            roles = {*(texts(body.get("holds")) or ()), *(texts(body.get("asked")) or ())}
            found = self._grants.setdefault(grant_id, _Grant())
            found.asked = str(body.get("account")), tuple(sorted(roles)), str(body.get("by"))
            found.place = found.place if found.decided else (writer, seq)

    def _decide(self, writer: str, seq: int, body: Mapping[str, Any], *, confirmed: bool) -> None:
        found = self._grants.setdefault(str(body.get("grant")), _Grant())
        found.decided = str(body.get("by")), confirmed
        found.place = writer, seq

    def _compare(self, row: AccountFacts) -> None:
        told = self._told.pop(row.login, None)
        if told is None:
            self._note(f"there is an account {row.login[:64]} of which no row of the log tells")
            return
        for name, word in _WORDS.items():
            said = told.get(name)
            if said is None or said.value != row.facts.get(name):
                place = (said.writer, said.seq) if said else ("", 0)
                self._note(f"the {word} of account {row.login[:64]} is not what the log says", place)

    def _compare_grants(self, rows: Iterable[GrantFacts]) -> None:
        for row in rows:
            told = self._grants.pop(row.grant_id, None)
            if told is None or told.asked is None:
                self._note(f"there is a grant of roles to {row.login[:64]} of which no row of the log tells")
                continue
            decided = told.decided or (None, None)
            if GrantFacts(row.grant_id, *told.asked, *decided) != row:
                self._note(f"a grant of roles to {row.login[:64]} is not what the log says", told.place)
        for told in self._grants.values():
            self._note("a grant of roles that the log tells of is not there", told.place)

    def _note(self, text: str, place: tuple[str, int] = ("", 0)) -> None:
        self.findings.add(Rule.ACCESS_CHANGED, text, *place)
