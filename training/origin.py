"""Where a model comes from, beside its data: the lock of all packages, the commit, the key that signs."""

import hashlib
import subprocess
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from models.errors import SigningKeyError
from models.signing import create_key, load_key
from training.errors import PackageError

ROOT = Path(__file__).resolve().parent.parent
"""Of the project."""
LOCK = ROOT / "requirements.lock"


@cache
def lock_sha256() -> str:
    """Digest of the lock file of all packages; of the installed versions where the project was installed without it."""
    if LOCK.is_file():
        return hashlib.sha256(LOCK.read_bytes()).hexdigest()
    installed = sorted({f"{each.metadata['Name'].lower()}=={each.version}" for each in distributions()})
    return hashlib.sha256("\n".join(installed).encode()).hexdigest()


@cache
def git_commit() -> str:
    """The commit that the code was at, with a note where files differ from it; ``unknown`` outside of a repository."""
    try:
        commit, changes = (
            subprocess.run(  # noqa: S603  two fixed commands
                ["git", "-C", str(ROOT), *command],  # noqa: S607  whichever git the user has
                capture_output=True,
                text=True,
                timeout=10,
                check=True,
            ).stdout.strip()
            for command in (("rev-parse", "HEAD"), ("status", "--porcelain", "--untracked-files=no"))
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return f"{commit} with changes" if changes else commit


def signing_key(path: Path) -> Ed25519PrivateKey:
    """Load the key that signs bundles; make it where there is none yet.

    Raises:
        PackageError: where the key cannot be used.
    """
    try:
        return load_key(path) if path.exists() else create_key(path)
    except SigningKeyError as error:
        raise PackageError(f"The signing key: {error}.") from None
