"""The names of :mod:`riskapi.access` under which other modules know them."""

from riskapi.access.keys import KEY_DAYS, KeyRing, KeyRow, new_key
from riskapi.access.matrix import Action as Scope
from riskapi.access.principal import Principal, PrincipalKind, utc_now

__all__ = ["KEY_DAYS", "KeyRing", "KeyRow", "Principal", "PrincipalKind", "Scope", "new_key", "utc_now"]
