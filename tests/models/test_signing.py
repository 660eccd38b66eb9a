"""Keys are kept private, and signatures prove one thing only."""

import base64
import os

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from models.errors import SigningKeyError
from models.signature import is_signed, read_public, sign_digest
from models.signing import create_key, load_key, public_text

DIGEST = "sha256:" + "ab" * 32


def test_a_key_survives_writing_and_reading(tmp_path):
    """The key that was made is the key that is loaded, and only its owner can read it."""
    path = tmp_path / "keys" / "signer.pem"
    made = create_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert public_text(load_key(path)) == public_text(made)


def test_an_existing_key_is_never_overwritten(tmp_path):
    """Making a key twice fails, and the first stays."""
    path = tmp_path / "signer.pem"
    create_key(path)
    before = path.read_bytes()
    with pytest.raises(SigningKeyError, match="exists"):
        create_key(path)
    assert path.read_bytes() == before


def test_a_planted_link_is_not_followed(tmp_path):
    """A link to elsewhere counts as an existing file."""
    path = tmp_path / "signer.pem"
    path.symlink_to(tmp_path / "elsewhere.pem")
    with pytest.raises(SigningKeyError, match="exists"):
        create_key(path)
    assert not (tmp_path / "elsewhere.pem").exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused(tmp_path, mode):
    """A key in other hands signs nothing here."""
    path = tmp_path / "signer.pem"
    create_key(path)
    path.chmod(mode)
    with pytest.raises(SigningKeyError, match="chmod 600"):
        load_key(path)


def _write(path, data: bytes):
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    return path


@pytest.mark.parametrize("data", [b"", b"hello", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_a_file_without_a_key_is_refused(tmp_path, data):
    """Anything else than a PEM key has a clear error."""
    with pytest.raises(SigningKeyError, match="PEM"):
        load_key(_write(tmp_path / "x.pem", data))


def test_other_kinds_of_keys_are_refused(tmp_path):
    """Only Ed25519 signs bundles."""
    pem = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(SigningKeyError, match="Ed25519"):
        load_key(_write(tmp_path / "ec.pem", pem))


def test_paths_that_cannot_be_used_have_clear_errors(tmp_path):
    """A missing file, a directory, a place below a file."""
    with pytest.raises(SigningKeyError, match="does not exist"):
        load_key(tmp_path / "none.pem")
    tmp_path.chmod(0o700)
    with pytest.raises(SigningKeyError, match="cannot be read"):
        load_key(tmp_path)
    with pytest.raises(SigningKeyError, match="cannot be written"):
        create_key(_write(tmp_path / "file", b"") / "signer.pem")


def test_a_signature_holds_for_its_digest_and_key_only():
    """Another digest, key or text is not signed."""
    key, other = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    signature = sign_digest(DIGEST, key)
    assert is_signed(DIGEST, signature, public_text(key))
    assert not is_signed(DIGEST.replace("ab", "ac", 1), signature, public_text(key))
    assert not is_signed(DIGEST, signature, public_text(other))
    assert not is_signed(DIGEST, "not base64!", public_text(key))
    assert not is_signed(DIGEST, signature, "not a key")
    assert not is_signed(DIGEST, signature[:-4], public_text(key))


def test_a_signature_has_one_text_only():
    """Base64 with other unused bits decodes to the same bytes, and is refused all the same."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    signature = sign_digest(DIGEST, key)
    assert signature.endswith("==")
    last = chr(ord(signature[-3]) + 1)
    assert base64.b64decode(signature[:-3] + last + "==") == base64.b64decode(signature)
    assert not is_signed(DIGEST, signature[:-3] + last + "==", public_text(key))


def test_a_signature_of_the_bare_digest_proves_nothing():
    """What is signed says that it is a bundle, so a signature made elsewhere cannot be used here."""
    key = Ed25519PrivateKey.generate()

    bare = base64.b64encode(key.sign(DIGEST.encode())).decode()
    assert not is_signed(DIGEST, bare, public_text(key))


@pytest.mark.parametrize("text", ["", "AAAA", "é", "A" * 44, " " + "A" * 43 + "="])
def test_text_that_is_no_public_key_is_refused(text):
    """A typing error in the settings is found at start."""
    with pytest.raises(SigningKeyError, match="32 bytes"):
        read_public(text)
