"""Every use of data about a traveller states its purpose; another one than the caller's roles allow is refused."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from riskapi.access.matrix import Purpose
from riskapi.access.principal import Principal
from riskapi.errors import PurposeError

HEADER = "X-Purpose"
_HEADER = HEADER.lower().encode()
PARAMETER: dict[str, Any] = {
    "name": HEADER,
    "in": "header",
    "required": True,
    "description": "Why data about a traveller is used; one of the purposes that the caller's roles allow",
    "schema": {"type": "string", "enum": list(Purpose)},
    "example": Purpose.BORDER_CONTROL,
}
"""How the header is described in the API's own document."""
PARAMETER_BESIDE_RECORDS = PARAMETER | {
    "required": False,
    "description": "Why the records are scored, where they do not say so by their `purpose_code`",
}


class Use(NamedTuple):
    """A use of data about a traveller: by whom, and for what."""

    caller: Principal
    purpose: Purpose


def stated_purpose(headers: list[tuple[bytes, bytes]]) -> str | None:
    """Read the header ``X-Purpose``; sent twice it states nothing that could be relied on, so it is empty."""
    sent = [value for name, value in headers if name == _HEADER]
    if not sent:
        return None
    return sent[0].decode("latin-1") if len(sent) == 1 else ""


class Purposes:
    """What data about travellers may be used for in this installation.

    Args:
        allowed: of all purposes; each role has some of them.
        required: whether every use has to state its purpose; else an unstated one counts as the first that is allowed.
    """

    def __init__(self, allowed: Iterable[Purpose] = tuple(Purpose), *, required: bool = True) -> None:
        self._allowed = frozenset(allowed)
        self._required = required

    def check(self, caller: Principal, *stated: str | None) -> Purpose:
        """Check what a caller says it uses data for.

        Args:
            caller: whose roles allow some purposes.
            stated: in the header and in the record, in this order; each that is there must be allowed.

        Returns:
            The first of them.

        Raises:
            PurposeError: where none is stated, or one that is not allowed; it names what is allowed.
        """
        said = [one for one in stated if one is not None]
        for one in said:
            if one not in caller.purposes or one not in self._allowed:
                raise PurposeError(self._rule(caller))
        if said:
            return Purpose(said[0])
        usual = [one for one in Purpose if one in caller.purposes and one in self._allowed]
        if self._required or not usual:
            raise PurposeError(self._rule(caller))
        return usual[0]

    def _rule(self, caller: Principal) -> str:
        allowed = ", ".join(sorted(caller.purposes & self._allowed))
        if not allowed:
            return "No purpose is allowed to these roles: they do not use data about travellers."
        return f"State an allowed purpose in {HEADER}, or in the record's purpose_code. Allowed here: {allowed}."
