"""Records to crossings as the memory knows them, chunk by chunk.

Worker processes import this module: it stays free of pandas and of estimators, so that they start at once.
"""

import hashlib
from collections.abc import Sequence

from features.memory.keys import Crossing, crossing_of
from features.memory.own import NO_OWN_KEYS, OwnKeys
from features.record import TravellerRecord


def crossings_of(
    texts: Sequence[bytes], at: Sequence[int], key: bytes, own: OwnKeys = NO_OWN_KEYS
) -> list[Crossing | None]:
    """Hash what links records.

    Args:
        texts: JSON of each.
        at: moment of scoring of each [seconds since 1970].
        key: of the hash.
        own: an agency's own keys.
    """
    keyed = hashlib.blake2b(key=key, digest_size=8)

    def hashed(text: str) -> str:
        one = keyed.copy()
        one.update(text.encode())
        return one.hexdigest()

    records = (TravellerRecord.model_validate_json(text) for text in texts)
    return [
        crossing_of(record, moment, hashed, own.texts(record.extra)) for record, moment in zip(records, at, strict=True)
    ]
