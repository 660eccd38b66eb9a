"""The named person or system behind a request, and what it may do."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from features.risk import Audience
from riskapi.access.matrix import (
    AUDIENCES,
    DECIDES,
    MANAGES,
    Action,
    Grant,
    Purpose,
    Reach,
    Role,
    clash,
    purposes_of,
    rights_of,
)
from riskapi.errors import PermissionDeniedError


class PrincipalKind(StrEnum):
    """Whether a person or a system calls; only a person approves."""

    PERSON = "person"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Principal:
    """The named person or system behind a request.

    Attributes:
        name: by which it is on record; of two with the same name, the four-eyes rule takes one for the other.
        key_id: id of the key, session or token subject that was used.
        scopes: roles and single actions that it was granted.
        units: places of work whose decisions it may see; the first in order is its own.
        rights: what follows from the scopes by the table of rights.
        audiences: whose scores it is answered with and may read.
        audience_names: the same, in order, for the record of a decision.
        purposes: for which it may use data about travellers.
    """

    name: str
    kind: PrincipalKind
    key_id: str
    scopes: frozenset[Grant]
    units: tuple[str, ...] = ("",)
    rights: Mapping[Action, Reach] = field(init=False, repr=False, compare=False)
    audiences: frozenset[Audience] = field(init=False, repr=False, compare=False)
    audience_names: tuple[Audience, ...] = field(init=False, repr=False, compare=False)
    purposes: frozenset[Purpose] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        rights = rights_of(self.scopes)
        object.__setattr__(self, "rights", rights)
        audiences = frozenset(AUDIENCES[one] for one in AUDIENCES if one in rights)
        object.__setattr__(self, "audiences", audiences)
        object.__setattr__(self, "audience_names", tuple(sorted(audiences)))
        object.__setattr__(self, "purposes", purposes_of(self.scopes))

    @property
    def unit(self) -> str:
        """The place of work that its own decisions belong to; empty where there is only one."""
        return self.units[0] if self.units else ""

    @property
    def roles(self) -> tuple[Role, ...]:
        """Its roles, in the order of the table."""
        return tuple(role for role in Role if role in self.scopes)

    def require(self, action: Action) -> Reach:
        """Check one right.

        Returns:
            How far it reaches.

        Raises:
            PermissionDeniedError: naming the action that is needed.
        """
        reach = self.rights.get(action)
        if reach is None:
            raise PermissionDeniedError(
                f"This needs the right {action.value!r}; ask the operator for a role or a key that has it."
            )
        return reach

    def require_audience(self) -> None:
        """Check that it is answered for an audience at all.

        Raises:
            PermissionDeniedError: naming the rights that give one.
        """
        if not self.audiences:
            allowed = " or ".join(repr(action.value) for action in AUDIENCES)
            raise PermissionDeniedError(f"This needs the right {allowed}; ask the operator for it.")

    def reaches(self, action: Action, principal: str, unit: str) -> bool:
        """Whether a right reaches what a principal of a unit asked for.

        Args:
            action: that is wanted.
            principal: name of the one who asked for the decision.
            unit: that the decision belongs to.
        """
        reach = self.rights.get(action)
        if reach is None:
            return False
        if reach is Reach.OWN:
            return principal == self.name
        return reach is not Reach.UNIT or unit in self.units


def require_apart(grants: Collection[Grant]) -> None:
    """Check that there are no two roles or rights that exclude each other.

    Raises:
        PermissionDeniedError: naming them.
    """
    pair = clash(grants)
    if pair is not None:
        raise PermissionDeniedError(
            f"The roles {pair[0].value!r} and {pair[1].value!r} exclude each other. Have one of them taken away."
        )
    rights = rights_of(grants)
    if MANAGES & rights.keys() and DECIDES & rights.keys():
        raise PermissionDeniedError("Who manages accounts or retention does not score, read, propose or approve.")


def utc_now() -> datetime:
    """The present, aware, in UTC."""
    return datetime.now(UTC)
