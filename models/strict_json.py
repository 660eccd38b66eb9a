"""JSON in and out with one meaning only: canonical when written; no duplicate keys, no NaN, bounded when read."""

import json
import re
from typing import Any

import rfc8785

from models.errors import BundleContentError

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class _RuleBrokenError(ValueError):
    """A rule that the JSON module itself does not know."""


def canonical(value: Any) -> bytes:
    r"""Write JSON in its canonical form (RFC 8785): equal values give equal bytes.

    Raises:
        rfc8785.CanonicalizationError: for a number that is not finite, or a whole number beyond 2**53.

    >>> canonical({"b": 1.0, "a": [1e-7, "é"]})
    b'{"a":[1e-7,"\xc3\xa9"],"b":1}'
    """
    return rfc8785.dumps(value)


def read_json(file: str, data: bytes) -> Any:
    """Read JSON strictly.

    Args:
        file: name of the file, for the error.
        data: its bytes; the caller has bounded their number.

    Raises:
        BundleContentError: where the bytes are no JSON, name a key twice, hold a number that is not finite, nest too
            deep, or hold half a character.
    """
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse)
        if _SURROGATE.search(data):
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except _RuleBrokenError as error:
        raise BundleContentError(file, str(error)) from None
    except UnicodeError:
        raise BundleContentError(file, "the file is UTF-8 with whole characters") from None
    except RecursionError:
        raise BundleContentError(file, "lists and objects nest a few levels deep only") from None
    except ValueError:
        raise BundleContentError(file, "the file is JSON") from None
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _RuleBrokenError("no key stands twice in an object")
    return found


def _refuse(_constant: str) -> None:
    raise _RuleBrokenError("every number is finite")
