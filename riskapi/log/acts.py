"""What has to outlive a restore: erasures and holds, signed, in the append-only file beside the checkpoints."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from riskapi.log.checkpoint_file import append_line, read_lines
from riskapi.log.entry import Kind, canonical

ACT = "act"
_PURPOSE = b"riskapi act v1\n"
_KINDS = frozenset({Kind.ERASED, Kind.HOLD_SET, Kind.HOLD_RELEASED})


@dataclass(frozen=True, slots=True)
class Act:
    """An erasure, or a hold set or released, as its entry of the log tells it.

    Attributes:
        instance: name of the store.
        kind: what was done.
        body: of the entry.
    """

    instance: str
    kind: Kind
    body: Mapping[str, Any]


def keep_act(path: Path, act: Act, key: Ed25519PrivateKey) -> None:
    """Sign an act and append it to the file, on disk.

    Raises:
        OSError: where that is not certain to have happened.
    """
    told = {"body": dict(act.body), "instance": act.instance, "kind": act.kind.value}
    signature = base64.b64encode(key.sign(_PURPOSE + canonical(told))).decode()
    append_line(path, {ACT: told, "signature": signature})


def read_acts(path: Path, trusted: Sequence[Ed25519PublicKey]) -> Iterator[tuple[int, Act | None]]:
    """Read the acts of a file with the numbers of their lines; ``None`` for one that the log did not sign.

    Raises:
        OSError: where the file cannot be read.
    """
    for number, line in read_lines(path):
        if isinstance(line, dict) and ACT in line:
            yield number, _opened(line, trusted)


def _opened(line: Mapping[str, Any], trusted: Sequence[Ed25519PublicKey]) -> Act | None:
    told = line[ACT]
    try:
        signed, signature = _PURPOSE + canonical(told), base64.b64decode(str(line.get("signature")), validate=True)
        act = Act(str(told["instance"]), Kind(told["kind"]), dict(told["body"]))
    except (KeyError, TypeError, ValueError):
        return None
    for key in trusted:
        try:
            key.verify(signature, signed)
        except InvalidSignature:
            continue
        return act if act.kind in _KINDS else None
    return None
