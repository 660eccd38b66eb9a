"""The one table of rights: which role may do what, how far it reaches, and for which purposes."""

from collections.abc import Iterable, Mapping
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Final

from features.risk import Audience


class Role(StrEnum):
    """What a person or a system is to the service."""

    SCORER = "scorer"
    REVIEWER = "reviewer"
    DATA_SCIENTIST = "data_scientist"
    APPROVER = "approver"
    AUDITOR = "auditor"
    PROTECTION_OFFICER = "protection_officer"
    ADMIN = "admin"


class Action(StrEnum):
    """What can be done; a key may hold single actions in place of a role."""

    SCORE = "score"
    DECISIONS_READ = "decisions:read"
    HITS_RECEIVE = "hits:receive"
    ENFORCEMENT = "audience:enforcement"
    PROTECTION = "audience:protection"
    OUTCOMES_RECORD = "outcomes:record"
    DESK_REVIEW = "desk:review"
    AUDIT_FACTS = "facts:audit"
    REDRESS = "redress:export"
    RECTIFY = "rectifications:write"
    CASES_EXPORT = "cases:export"
    MODELS_READ = "models:read"
    MODELS_PROPOSE = "models:propose"
    MODELS_APPROVE = "models:approve"
    MONITORING_READ = "monitoring:read"
    LOG_READ = "log:read"
    RETENTION = "retention:manage"
    ERASURE_CONFIRM = "erasure:confirm"
    ACCOUNTS_READ = "accounts:read"
    ACCOUNTS_MANAGE = "accounts:manage"
    ACCOUNTS_CONFIRM = "accounts:confirm"
    METRICS_READ = "metrics:read"
    SELF = "session:own"


class Reach(IntEnum):
    """How far a right reaches; of several the widest counts, and ``MASKED`` goes before ``UNIT``."""

    OWN = 1
    """What the caller itself asked for."""
    UNIT = 2
    """What was asked for by the caller's own units."""
    MASKED = 3
    """All units, without who it is about."""
    ALL = 4
    """No limit of this kind."""


class Purpose(StrEnum):
    """Why data about a traveller is used; every use states one."""

    BORDER_CONTROL = "border_control"
    PROTECTION = "protection"
    REDRESS = "redress"
    OVERSIGHT = "oversight"
    TRAINING = "training"
    TEST = "test"


_S, _R, _D, _A, _U, _P, _M = Role
_OWN, _UNIT, _MASKED, _ALL = Reach

MATRIX: Final[Mapping[Action, Mapping[Role, Reach]]] = MappingProxyType(
    {
        # S scorer, R reviewer, D data scientist, A approver, U auditor, P protection officer, M admin
        Action.SCORE: {_S: _ALL},
        Action.DECISIONS_READ: {_S: _OWN, _R: _UNIT, _U: _MASKED, _P: _UNIT},
        Action.HITS_RECEIVE: {_S: _OWN, _R: _UNIT, _P: _UNIT},
        Action.ENFORCEMENT: {_S: _ALL, _R: _ALL, _U: _ALL},
        Action.PROTECTION: {_P: _ALL},
        Action.OUTCOMES_RECORD: {_R: _UNIT, _P: _UNIT},
        Action.DESK_REVIEW: {_R: _UNIT, _P: _UNIT},
        Action.AUDIT_FACTS: {_U: _ALL},
        Action.REDRESS: {_R: _UNIT, _P: _UNIT},
        Action.RECTIFY: {_S: _OWN, _R: _UNIT},
        Action.CASES_EXPORT: {_D: _MASKED},
        Action.MODELS_READ: {_D: _ALL, _A: _ALL, _U: _ALL},
        Action.MODELS_PROPOSE: {_D: _ALL},
        Action.MODELS_APPROVE: {_A: _ALL},
        Action.MONITORING_READ: {_D: _ALL, _A: _ALL, _U: _ALL, _P: _ALL},
        Action.LOG_READ: {_U: _ALL},
        Action.RETENTION: {_M: _ALL},
        Action.ERASURE_CONFIRM: {_M: _ALL, _U: _ALL},
        Action.ACCOUNTS_READ: {_M: _ALL, _U: _ALL},
        Action.ACCOUNTS_MANAGE: {_M: _ALL},
        Action.ACCOUNTS_CONFIRM: {_M: _ALL, _U: _ALL},
        Action.METRICS_READ: {_M: _ALL},
        Action.SELF: dict.fromkeys(Role, _ALL),
    }
)
"""Each action with the roles that may do it. What is not here, nobody may."""

APART: Final = (
    (frozenset({Role.ADMIN}), frozenset(Role) - {Role.ADMIN}),
    (frozenset({Role.AUDITOR}), frozenset(Role) - {Role.AUDITOR}),
    (frozenset({Role.PROTECTION_OFFICER}), frozenset({Role.SCORER, Role.REVIEWER})),
)
"""Roles that one person never holds together: who manages accounts decides nothing, who audits does nothing that is
audited, and what protection learns stays out of enforcement."""

MANAGES: Final = frozenset({Action.ACCOUNTS_MANAGE, Action.RETENTION})
DECIDES: Final = frozenset(
    {
        Action.SCORE,
        Action.DECISIONS_READ,
        Action.HITS_RECEIVE,
        Action.OUTCOMES_RECORD,
        Action.DESK_REVIEW,
        Action.MODELS_PROPOSE,
        Action.MODELS_APPROVE,
    }
)
"""Single rights that no key holds together with one that manages, whatever it is called."""

PURPOSES: Final[Mapping[Role, frozenset[Purpose]]] = MappingProxyType(
    {
        Role.SCORER: frozenset({Purpose.BORDER_CONTROL, Purpose.TRAINING, Purpose.TEST}),
        Role.REVIEWER: frozenset({Purpose.BORDER_CONTROL, Purpose.REDRESS}),
        Role.DATA_SCIENTIST: frozenset({Purpose.TRAINING, Purpose.TEST}),
        Role.APPROVER: frozenset({Purpose.TEST}),
        Role.AUDITOR: frozenset({Purpose.OVERSIGHT}),
        Role.PROTECTION_OFFICER: frozenset({Purpose.PROTECTION, Purpose.REDRESS}),
        Role.ADMIN: frozenset(),
    }
)
"""For which purposes each role may use data about a traveller."""

AUDIENCES: Final = MappingProxyType({Action.ENFORCEMENT: Audience.ENFORCEMENT, Action.PROTECTION: Audience.PROTECTION})

Grant = Role | Action
"""What a key or an account holds."""


def grant(text: str) -> Grant:
    """Read the name of a role or of an action.

    Raises:
        ValueError: for any other name.

    >>> grant("reviewer"), grant("models:read")
    (<Role.REVIEWER: 'reviewer'>, <Action.MODELS_READ: 'models:read'>)
    """
    try:
        return Role(text)
    except ValueError:
        return Action(text)


def rights_of(grants: Iterable[Grant]) -> dict[Action, Reach]:
    """Work out what may be done with some grants, and how far each right reaches.

    A single action reaches the caller's units, so that a key sees no more than a person would.

    >>> [rights_of([one])[Action.DECISIONS_READ].name for one in (Role.SCORER, Role.AUDITOR, Action.DECISIONS_READ)]
    ['OWN', 'MASKED', 'UNIT']
    """
    rights = {Action.SELF: Reach.ALL}
    for one in grants:
        reached = (
            {action: row[one] for action, row in MATRIX.items() if one in row}
            if isinstance(one, Role)
            else {one: Reach.UNIT}
        )
        for action, reach in reached.items():
            rights[action] = max(reach, rights.get(action, reach))
    return rights


def purposes_of(grants: Iterable[Grant]) -> frozenset[Purpose]:
    """Work out for which purposes data about travellers may be used; a single action has those of its roles."""
    found: set[Purpose] = set()
    for one in grants:
        for role in (one,) if isinstance(one, Role) else MATRIX[one]:
            if one is not Action.SELF:
                found |= PURPOSES[role]
    return frozenset(found)


def clash(grants: Iterable[Grant]) -> tuple[Role, Role] | None:
    """Find two roles that one person must not hold together, where there are such.

    >>> clash([Role.ADMIN, Role.APPROVER])
    (<Role.ADMIN: 'admin'>, <Role.APPROVER: 'approver'>)
    """
    roles = [one for one in Role if one in set(grants)]
    for left, right in APART:
        for one in roles:
            for other in roles:
                if one in left and other in right:
                    return one, other
    return None


def rights_table() -> str:
    """Render the table of rights in Markdown for the documentation.

    >>> rights_table().splitlines()[2]
    '| `score` | all | | | | | | |'
    """
    lines = ["| right | " + " | ".join(role.value for role in Role) + " |", "|---" * (len(Role) + 1) + "|"]
    for action, row in MATRIX.items():
        cells = [f" {row[role].name.lower()} " if role in row else " " for role in Role]
        lines.append(f"| `{action.value}` |" + "|".join(cells) + "|")
    return "\n".join(lines) + "\n"


def purposes_table() -> str:
    """Render the purposes of each role in Markdown for the documentation."""
    lines = ["| role | purposes |", "|---|---|"]
    for role, purposes in PURPOSES.items():
        named = ", ".join(f"`{purpose.value}`" for purpose in Purpose if purpose in purposes)
        lines.append(f"| {role.value} | {named or 'none'} |")
    return "\n".join(lines) + "\n"
