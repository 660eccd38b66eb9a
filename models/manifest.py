"""What a bundle says of itself and which files it has: identity by content, so no time, path or run id is in it."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from models.errors import BundleFileError

MANIFEST = "manifest.json"
SIGNATURE = "signature.json"
CONTENT = (
    "risk.json",
    "features.json",
    "model.json",
    "bands.json",
    "reference.json",
    "baselines.json",
    "card.json",
    "gates.json",
    "golden.json",
)
"""The files whose hashes the manifest lists."""
ALL_FILES = (MANIFEST, *CONTENT, SIGNATURE)
MAX_FILE_BYTES = 32 * 2**20
_LIMITS = {MANIFEST: 2**20, SIGNATURE: 4096}

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
FeatureName = Annotated[str, Field(pattern="^[a-z][a-z0-9_]{0,79}$")]


class Origin(BaseModel):
    """Where a model comes from: the same origin gives the same bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: Annotated[str, Field(pattern="^[a-z][a-z0-9_-]{1,79}$")]
    version: Annotated[str, Field(pattern="^[0-9A-Za-z][0-9A-Za-z.+_-]{0,39}$")]
    family: Annotated[str, Field(pattern="^[a-z][a-z0-9_]{1,59}$")]
    seed: Annotated[int, Field(ge=0, lt=2**53)]
    data_sha256: Digest
    config_sha256: Digest
    lock_sha256: Digest
    """Of the lock file of all installed packages."""


class Manifest(Origin):
    """The manifest of a bundle; its own hash is the bundle's digest."""

    format: Literal["risk-bundle/1"] = "risk-bundle/1"
    risk: Annotated[str, Field(pattern="^[a-z][a-z0-9_]{2,39}$")]
    features: tuple[FeatureName, ...]
    files: dict[str, Digest]


def sha256(data: bytes) -> str:
    """Hash bytes; lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def digest_of(files: Mapping[str, bytes]) -> str:
    """Compute the name of a bundle from its manifest: ``sha256:<hex>``.

    Raises:
        BundleFileError: where there is no manifest.
    """
    if MANIFEST not in files:
        raise BundleFileError(MANIFEST, "a bundle has this file")
    return f"sha256:{sha256(files[MANIFEST])}"


def check_files(files: Mapping[str, bytes]) -> None:
    """Check names and sizes before anything is read.

    Raises:
        BundleFileError: for a file that is missing, unknown or too large.
    """
    for name in sorted(set(files) - set(ALL_FILES)):
        raise BundleFileError(name[:80], f"a bundle has the files {', '.join(ALL_FILES)} and no other")
    for name in ALL_FILES:
        if name not in files and name != SIGNATURE:  # the signature's absence has an error of its own
            raise BundleFileError(name, "a bundle has this file")
    for name, data in files.items():
        limit = limit_of(name)
        if len(data) > limit:
            raise BundleFileError(name, f"it has at most {limit:,} bytes")


def limit_of(name: str) -> int:
    """Most bytes that a file of this name may have."""
    return _LIMITS.get(name, MAX_FILE_BYTES)


def read_directory(path: Path) -> dict[str, bytes]:
    """Read the files of a bundle; :meth:`ModelBundle.open` checks them.

    Raises:
        BundleFileError: where the directory does not exist or holds something that is no small plain file.
    """
    try:
        entries = sorted(path.iterdir())
    except OSError as error:
        raise BundleFileError(path.name, f"the directory of a bundle can be read ({error.strerror})") from None
    files = {}
    for entry in entries:
        if entry.is_symlink() or not entry.is_file():
            raise BundleFileError(entry.name, "a bundle consists of plain files")
        with entry.open("rb") as file:
            files[entry.name] = file.read(limit_of(entry.name) + 1)  # one byte more shows that it is too large
    return files


def write_directory(files: Mapping[str, bytes], path: Path) -> None:
    """Write the files of a bundle to a directory that is new, empty, or holds the same bytes already.

    Raises:
        BundleFileError: where the directory holds anything else: a bundle is never written over.
    """
    check_files(files)
    path.mkdir(parents=True, exist_ok=True)
    for entry in sorted(path.iterdir()):
        if not entry.is_file() or files.get(entry.name) != entry.read_bytes():
            raise BundleFileError(entry.name, "a bundle is never written over another", "Choose an empty directory.")
    for name, data in files.items():
        (path / name).write_bytes(data)
