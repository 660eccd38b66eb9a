"""Requests that another site's page makes with this site's cookie (CSRF) are told by their headers, and refused."""

from starlette.types import Scope

from riskapi.errors import CrossSiteError

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_REFUSED = "This request changes something and does not come from a page of this service."


def refuse_cross_site(scope: Scope, *, unless_told: bool = False) -> None:
    """Refuse a request that changes something and is not shown to come from this very origin.

    Args:
        scope: of the request.
        unless_told: let a request pass that says nothing of where it comes from: only right where no cookie counts.

    Raises:
        CrossSiteError: where it comes from elsewhere, or says nothing.
    """
    if scope["method"] in _SAFE:
        return
    said = {name: value for name, value in scope["headers"] if name in (b"sec-fetch-site", b"origin", b"host")}
    site, origin = said.get(b"sec-fetch-site"), said.get(b"origin")
    if site is None and origin is None and unless_told:
        return
    if site is not None and site != b"same-origin":
        raise CrossSiteError(_REFUSED)
    own = scope["scheme"].encode() + b"://" + said.get(b"host", b"")
    secure = b"https://" + said.get(b"host", b"")  # TLS may end at a proxy before this process
    if origin not in ({own, secure} if site is None else {own, secure, None}):
        raise CrossSiteError(_REFUSED)
