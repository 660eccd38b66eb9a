"""Signed notes (C2SP signed-note): a text that anyone can read, and Ed25519 signatures that anyone can check."""

import base64
import re
from collections.abc import Sequence
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SIGNATURE_BYTES = 64
NOTE_BYTES_MAX = 16 * 1024
SIGNATURES_MAX = 32
_ED25519 = b"\x01"
_KEY_ID_BYTES = 4
_SEPARATOR = "\n\n"
_SIGNATURE_LINE = re.compile(r"— (?P<name>[^\s+]+) (?P<signature>[A-Za-z0-9+/]+={0,2})")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class NoteError(ValueError):
    """A note breaks a rule; the text says which."""


def key_id(name: str, public: Ed25519PublicKey) -> bytes:
    """Compute the four bytes that tell which key of a name signed."""
    return sha256(name.encode() + b"\n" + _ED25519 + public.public_bytes_raw()).digest()[:_KEY_ID_BYTES]


def sign_note(text: str, name: str, key: Ed25519PrivateKey) -> str:
    """Sign a text.

    Args:
        text: one or more lines, the last one ended too.
        name: of the key; without spaces and plus signs.
        key: that signs.
    """
    signed = base64.b64encode(key_id(name, key.public_key()) + key.sign(text.encode())).decode()
    return f"{text}\n— {name} {signed}\n"


def open_note(note: str, name: str, trusted: Sequence[Ed25519PublicKey]) -> str:
    """Check the signatures of a note, and give its text.

    Signatures under other names and of other keys are passed over, as witnesses may add theirs.

    Args:
        note: the whole.
        name: under which the key has to have signed.
        trusted: keys, any of which will do.

    Raises:
        NoteError: where the note is malformed, no trusted key signed it, or a signature is not that of the text.
    """
    text, signatures = _parts(note)
    keys = {key_id(name, key): key for key in trusted}
    signers = 0
    for signer, data in signatures:
        key = keys.get(data[:_KEY_ID_BYTES]) if signer == name else None
        if key is None:
            continue
        try:
            key.verify(data[_KEY_ID_BYTES:], text.encode())
        except InvalidSignature:
            raise NoteError("its signature is not that of its text") from None
        signers += 1
    if not signers:
        raise NoteError("it is not signed by a key of this log")
    return text


def text_of(note: str) -> str:
    """Give the text of a note whose signatures nobody checked.

    Raises:
        NoteError: where the note is malformed.
    """
    return _parts(note)[0]


def _parts(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    if len(note.encode("utf-8", "surrogatepass")) > NOTE_BYTES_MAX or _CONTROL.search(note):
        raise NoteError("it is a short text without control characters")
    text, separator, signed = note.rpartition(_SEPARATOR)
    lines = signed.split("\n")
    if not separator or not text or lines.pop() or not 0 < len(lines) <= SIGNATURES_MAX:
        raise NoteError("it is a text, an empty line, and signature lines")
    return f"{text}\n", list(map(_signature, lines))


def _signature(line: str) -> tuple[str, bytes]:
    found = _SIGNATURE_LINE.fullmatch(line)
    if found is None:
        raise NoteError("a signature line is a dash, a name and base64")
    try:
        data = base64.b64decode(found["signature"], validate=True)
    except ValueError:
        data = b""
    if (
        base64.b64encode(data).decode() != found["signature"] or len(data) <= _KEY_ID_BYTES
    ):  # one text for each signature
        raise NoteError("a signature is the canonical base64 of a key id and a signature")
    return found["name"], data
