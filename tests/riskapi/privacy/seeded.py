"""A thousand people who do not exist, whose every fact can be told from any other text, and the search for them."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from features.examples import EXAMPLE_RECORD

MARK = "QZXWV"
DIGITS = "4099317"
COUNT = 1000
_LETTERS = "ABCDEFGHIJ"
_TELLING = re.compile(rb"qzxwv[a-j]{4}|4099317\d{4}", re.IGNORECASE)
_SIXTY_FOURS = [base64.b64encode(b"\0" * place + MARK.encode())[(place * 4 + 2) // 3 :][1:5] for place in range(3)]
_HEX = re.compile(rb"[0-9a-f]{32,128}")


@dataclass(frozen=True)
class Person:
    """One of them."""

    number: int

    @property
    def _word(self) -> str:
        return MARK + "".join(_LETTERS[int(digit)] for digit in f"{self.number:04}")

    @property
    def facts(self) -> dict[str, str]:
        """What would tell who it is, by name."""
        word, digits = self._word, f"{DIGITS}{self.number:04}"
        return {
            "surname": f"{word}SUR",
            "given_names": f"{word}GIVEN",
            "ref": f"{word}REF",
            "number": f"{word}DOC",
            "locator": f"{word}LOC",
            "agency_id": f"{word}AGENCY",
            "phone": f"+{digits}",
            "email": f"{word.lower()}@example.org",
            "address": f"{word} Street 1",
            "stay_address": f"{word} Lodge",
            "record_id": f"{word}-R",
            "other": f"{word}OTHER",
        }

    @property
    def record(self) -> dict[str, object]:
        """A whole record of them."""
        told = self.facts
        made = json.loads(json.dumps(EXAMPLE_RECORD))
        made["record_id"] = told["record_id"]
        made["traveller"] |= {name: told[name] for name in ("surname", "given_names", "ref")}
        made["documents"][0]["number"] = told["number"]
        made["booking"] |= {
            "locator": told["locator"],
            "agency_id": told["agency_id"],
            "co_traveller_refs": [told["other"]],
        }
        made["contact"] |= {name: told[name] for name in ("phone", "email", "address")}
        made["stay"]["address"] = told["stay_address"]
        return made


PEOPLE = tuple(map(Person, range(COUNT)))


def leaks(captured: Mapping[str, bytes]) -> list[str]:
    """Search for any of them: in clear, in another case, in base64 or UTF-16, and as an unkeyed hash.

    Args:
        captured: bytes by the name of where they were found.
    """
    return list(_search(captured))


def _search(captured: Mapping[str, bytes]) -> Iterator[str]:
    hashes = {digest for person in PEOPLE for fact in person.facts.values() for digest in _digests(fact)}
    for name, content in captured.items():
        yield from (f"{name}: {found.decode()}" for found in _TELLING.findall(content))
        if re.search(b"Q.Z.X.W.V".replace(b".", rb"\x00"), content):
            yield f"{name}: UTF-16"
        yield from (f"{name}: base64" for piece in _SIXTY_FOURS if piece in content and _is_base64(piece, content))
        yield from (f"{name}: unkeyed hash" for found in _HEX.findall(content) if found in hashes)


def _digests(fact: str) -> Iterator[bytes]:
    for name in ("sha256", "sha1", "md5", "blake2b"):
        yield hashlib.new(name, fact.encode()).hexdigest().encode()


def _is_base64(piece: bytes, content: bytes) -> bool:
    """Whether what stands around a piece decodes to the mark; four letters alone may be chance."""
    for found in re.finditer(re.escape(piece), content):
        around = content[max(0, found.start() - 8) : found.end() + 8]
        for start in range(4):
            text = re.sub(rb"[^A-Za-z0-9+/]", b"", around[start:])
            if MARK.encode() in base64.b64decode(text[: len(text) // 4 * 4]):
                return True
    return False
