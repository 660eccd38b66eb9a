"""Opens stored contents for verification and export, many at a time."""

from collections.abc import Sequence

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from riskapi.errors import SealError
from riskapi.log.database_found import FoundOpener, SealedFound
from riskapi.log.database_source import Opened, OpenedParts, Opener, SealedRow
from riskapi.privacy.keys import CONTENT, Keys
from riskapi.privacy.sealing import Part, unseal_salted

_ANSWER, _IDENTITY, _INPUT = (part.value for part in (Part.ANSWER, Part.IDENTITY, Part.INPUT))
_NOT_SEALED = "is not what was sealed for this decision"
_KEPT_MAX = 100_000
"""Keys that are remembered from one batch to the next."""
_WRONG_SECRET = "is under a key that does not open with this secret"  # noqa: S105 - a sentence about one


def opener(keys: Keys) -> Opener:
    """Make what opens contents with the keys of their subjects.

    A part whose key was destroyed is told apart from one that is gone: nobody can read either any more.
    """
    kept: dict[tuple[str, str], AESGCM] = {}

    def open_all(rows: Sequence[SealedRow]) -> list[OpenedParts]:
        wanted = {
            subject for _, subject, month, _ in rows if (subject, CONTENT) not in kept or (subject, month) not in kept
        }
        if wanted:
            if len(kept) > _KEPT_MAX:
                kept.clear()
                wanted = {subject for _, subject, _, _ in rows}
            try:
                kept.update(keys.ciphers(wanted))
            except SealError:
                return [(_WRONG_SECRET, _WRONG_SECRET, _WRONG_SECRET)] * len(rows)
        find = kept.get
        opened: list[OpenedParts] = []
        for decision_id, subject, month, (answer, identity, input_) in rows:
            content = find((subject, CONTENT))
            opened.append(
                (
                    _opened(content, decision_id, _ANSWER, answer),
                    _opened(find((subject, month)), decision_id, _IDENTITY, identity),
                    _opened(content, decision_id, _INPUT, input_),
                )
            )
        return opened

    return open_all


def found_opener(keys: Keys) -> FoundOpener:
    """Make what opens outcomes and acts of the desk with the content keys of the subjects of their decisions."""

    def open_all(rows: Sequence[SealedFound]) -> list[bytes | str | bool | None]:
        try:
            ciphers = keys.ciphers({subject for _, subject, _, sealed in rows if subject and sealed is not None})
        except SealError:
            return [None if sealed is None else _WRONG_SECRET for *_, sealed in rows]
        return [
            _opened(ciphers.get((subject or "", CONTENT)), one, part, sealed) for one, subject, part, sealed in rows
        ]

    return open_all


def _opened(cipher: AESGCM | None, decision_id: str, part: str, sealed: bytes | None) -> Opened:
    if sealed is None:
        return None
    if cipher is None:
        return False
    try:
        return unseal_salted(cipher, decision_id, part, sealed)
    except SealError:
        return _NOT_SEALED
