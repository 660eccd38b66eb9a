"""The few files that every page needs: held in memory, named by their content, so that a browser asks for each once."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

BASE: Final = "/console/static/"
FOREVER: Final = "public, max-age=31536000, immutable"
_DIGITS: Final = 12
_TYPES: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its address, its bytes and their type."""

    address: str
    content: bytes
    media_type: str


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    digest = sha256(content).hexdigest()[:_DIGITS]
    return Asset(f"{BASE}{path.stem}.{digest}{path.suffix}", content, _TYPES[path.suffix])


_BY_NAME: Final = {
    path.name: _read(path) for path in Path(__file__).with_name("static").iterdir() if path.suffix in _TYPES
}
_BY_ADDRESS: Final = {asset.address: asset for asset in _BY_NAME.values()}


def address_of(name: str) -> str:
    """The address of a file by its plain name; a template that names none that is there fails.

    >>> address_of("console.css").startswith("/console/static/console.")
    True
    """
    return _BY_NAME[name].address


def asset_at(address: str) -> Asset | None:
    """The file at an address."""
    return _BY_ADDRESS.get(address)
