"""The head of a request: whatever could be read in two ways is refused."""

import re
from collections.abc import Iterable, Sequence

from riskapi.server.limits import Limits
from riskapi.server.refusals import CODING, HEAD, HOST, TARGET, VERSION, Refusal

_HOST = re.compile(rb"([A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
_ABSOLUTE = re.compile(rb"https?://([^/?#]*)", re.IGNORECASE)
_SPOKEN = ("1.1", "1.0")


def check_head(version: str, url: bytes, headers: Sequence[tuple[bytes, bytes]], limits: Limits) -> Refusal | None:
    """Look for whatever could be read in two ways.

    Args:
        version: of HTTP.
        url: target, as it came.
        headers: names in lower case, and values.
        limits: of the connection.

    Returns:
        Why it is refused; ``None`` where it has one meaning.
    """
    if version not in _SPOKEN:
        return VERSION
    hosts, codings, size = [], [], len(url)
    for name, value in headers:
        size += len(name) + len(value)
        if name == b"host":
            hosts.append(value)
        elif name == b"transfer-encoding":
            codings.append(value.lower())
    if size > limits.head_bytes or len(headers) > limits.headers:
        return HEAD
    if codings and (codings != [b"chunked"] or version != "1.1"):
        return CODING
    if len(hosts) != 1 and (hosts or version == "1.1"):
        return HOST
    if hosts and not _answers_for(hosts[0], limits):
        return HOST
    return None if _asks_for_path(url, hosts) else TARGET


def _answers_for(host: bytes, limits: Limits) -> bool:
    found = _HOST.fullmatch(host)
    return found is not None and (not limits.hosts or found[1].lower() in limits.hosts)


def _asks_for_path(url: bytes, hosts: Iterable[bytes]) -> bool:
    absolute = _ABSOLUTE.match(url)
    return url.startswith(b"/") if absolute is None else absolute[1] in hosts
