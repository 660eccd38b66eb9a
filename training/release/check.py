"""Whether a release pack is whole, unchanged, and that of its bundle; imports nothing that learns."""

from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.errors import BundleError
from models.manifest import sha256
from models.strict_json import read_json
from training.errors import ReleaseError
from training.release.contents import DEMANDED, INDEX, LIST, OF_A_SUCCESSOR
from training.release.document import missing_sections

Digest = Annotated[str, Field(pattern="^sha256:[0-9a-f]{64}$")]


class PackList(BaseModel):
    """What ``pack.json`` holds; the digest of these bytes is the name of the pack."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["release-pack/1"] = "release-pack/1"
    bundle: Digest
    champion: Digest | None
    files: dict[str, Annotated[str, Field(pattern="^[0-9a-f]{64}$")]]


def check_pack(directory: Path, bundle: str) -> str:
    """Check that a pack is whole, unchanged, and that of a bundle.

    Args:
        directory: of the pack.
        bundle: digest of the bundle.

    Returns:
        Digest of the pack.

    Raises:
        ReleaseError: naming the file or the section that is missing, changed or of another bundle.
    """
    raw = _read(directory, LIST)
    try:
        listed = PackList.model_validate(read_json(LIST, raw))
    except (BundleError, ValidationError):
        raise ReleaseError(f"{LIST} is no list of a release pack. {_REMEDY}") from None
    if listed.bundle != bundle:
        raise ReleaseError(f"The release pack is that of another bundle. {_REMEDY}")
    wanted = {INDEX, *(f"{name}.{form}" for name in DEMANDED for form in ("json", "html"))}
    if set(listed.files) != wanted:
        odd = ", ".join(sorted(wanted ^ set(listed.files))[:5])
        raise ReleaseError(f"The release pack does not have the files that it should: {odd}. {_REMEDY}")
    for name, digest in listed.files.items():
        if sha256(_read(directory, name)) != digest:
            raise ReleaseError(f"{name} of the release pack was changed after the run. {_REMEDY}")
    for name, usual in DEMANDED.items():
        successor = name == "champion_comparison" and listed.champion is not None
        missing = missing_sections(_document(directory, name), OF_A_SUCCESSOR if successor else usual)
        if missing:
            raise ReleaseError(
                f"{name.replace('_', ' ').capitalize()}: nothing is said under {', '.join(missing)}. {_REMEDY}"
            )
    return f"sha256:{sha256(raw)}"


_REMEDY = "Run the training again, and propose the directory that it leaves."


def _read(directory: Path, name: str) -> bytes:
    try:
        return (directory / name).read_bytes()
    except OSError:
        raise ReleaseError(f"The release pack lacks {name}. {_REMEDY}") from None


def _document(directory: Path, name: str) -> dict[str, Any]:
    """A document as JSON values; an empty one where it is no object, so that all of it is missing."""
    try:
        found = orjson.loads(_read(directory, f"{name}.json"))
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
