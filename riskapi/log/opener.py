"""Opens stored contents for verification and export, many at a time."""

from collections.abc import Sequence

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from riskapi.errors import SealError
from riskapi.log.contents_check import PARTS
from riskapi.log.database_source import Opener, SealedRow
from riskapi.privacy.keys import CONTENT, Keys
from riskapi.privacy.sealing import Part, unseal_salted

_NOT_SEALED = "is not what was sealed for this decision"
_WRONG_SECRET = "is under a key that does not open with this secret"  # noqa: S105 - a sentence about one


def opener(keys: Keys) -> Opener:
    """Make what opens contents with the keys of their subjects.

    A part whose key was destroyed counts as gone: nobody can read it any more.
    """

    def open_all(rows: Sequence[SealedRow]) -> dict[str, dict[str, bytes | str | None]]:
        try:
            ciphers = keys.ciphers({subject for _, subject, _, _ in rows})
        except SealError:
            return {decision_id: dict.fromkeys(PARTS, _WRONG_SECRET) for decision_id, _, _, _ in rows}
        return {
            decision_id: {
                part: _opened(
                    ciphers.get((subject, month if part == Part.IDENTITY else CONTENT)), decision_id, part, sealed
                )
                for part, sealed in parts.items()
            }
            for decision_id, subject, month, parts in rows
        }

    return open_all


def _opened(cipher: AESGCM | None, decision_id: str, part: str, sealed: bytes | None) -> bytes | str | None:
    if cipher is None or sealed is None:
        return None
    try:
        return unseal_salted(cipher, decision_id, Part(part), sealed)
    except SealError:
        return _NOT_SEALED
