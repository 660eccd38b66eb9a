"""What is kept of a record on receipt, worked out from the parsed body where nothing is dropped: nearly always."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from features.record import (
    Block,
    Sensitivity,
    TravellerRecord,
    block_types,
    dropped_fields,
    sensitivity_of,
    stored_form,
)

_LIST = "documents"


def _names(sensitivity: Sensitivity) -> dict[str, tuple[str, ...]]:
    """Map each block to its facts of one sensitivity; the record itself has the name ``""``."""
    blocks: dict[str, type[Block]] = {"": TravellerRecord, **dict(block_types())}
    found = {
        block: tuple(name for name in kind.model_fields if sensitivity_of(kind, name) is sensitivity)
        for block, kind in blocks.items()
    }
    return {block: names for block, names in found.items() if names}


_HASHED = _names(Sensitivity.HASHED)
_NEVER = {block: frozenset(names) for block, names in _names(Sensitivity.NEVER).items()}
_HASHED_IN_BLOCKS = tuple((block, names) for block, names in _HASHED.items() if block != _LIST)
_NEVER_IN_BLOCKS = tuple((block, names) for block, names in _NEVER.items() if block not in ("", _LIST))


def keep(
    record: TravellerRecord, parsed: Mapping[str, Any] | None, hasher: Callable[[str], str]
) -> tuple[list[str], bytes]:
    """Name what is dropped, and write what is stored.

    Args:
        record: validated.
        parsed: the body that the record was made from, parsed; ``None`` where there was none.
        hasher: maps a linkage fact to its keyed hash.

    Returns:
        Names of the facts that came and are dropped, and JSON that validates as the record again, linkage facts hashed.
    """
    if parsed is not None and _is_plain(parsed):
        try:
            return [], orjson.dumps(_hashed(parsed, hasher))
        except orjson.JSONEncodeError:
            pass  # a whole number beyond 64 bits in an agency's column
    return dropped_fields(record), stored_form(record, hasher)


def _is_plain(parsed: Mapping[str, Any]) -> bool:
    """Whether a valid body holds no fact that is never stored."""
    if not _NEVER[""].isdisjoint(parsed):
        return False
    for block, names in _NEVER_IN_BLOCKS:
        part = parsed.get(block)
        if part and not names.isdisjoint(part):
            return False
    return all(map(_NEVER[_LIST].isdisjoint, parsed.get(_LIST) or ()))


def _hashed(parsed: Mapping[str, Any], hasher: Callable[[str], str]) -> dict[str, Any]:
    """Copy a body with its linkage facts hashed."""
    kept = dict(parsed)
    for block, names in _HASHED_IN_BLOCKS:
        if kept.get(block):
            kept[block] = _with_hashes(kept[block], names, hasher)
    if kept.get(_LIST):
        kept[_LIST] = [_with_hashes(document, _HASHED[_LIST], hasher) for document in kept[_LIST]]
    return kept


def _with_hashes(part: Mapping[str, Any], names: tuple[str, ...], hasher: Callable[[str], str]) -> dict[str, Any]:
    kept = dict(part)
    for name in names:
        value = kept.get(name)
        if value is not None:
            kept[name] = hasher(value)
    return kept
