"""Names as bookings and documents write them: forms of address taken off, and compared without regard to order."""

import re
import unicodedata

_TITLES = ("MISS", "MSTR", "PROF", "MRS", "MR", "MS", "DR")
_WORD_AT_LEAST = 2


def without_title(given: str) -> tuple[str, bool]:
    """Take a form of address off the end of given names.

    >>> without_title("JOHNMR"), without_title("KONG CHUN MRS"), without_title("OMAR"), without_title("MR")
    (('JOHN', True), ('KONG CHUN', True), ('OMAR', False), ('', True))
    """
    text = given.strip()
    words = text.split()
    if words and words[-1].upper().rstrip(".") in _TITLES:
        return " ".join(words[:-1]), True
    for title in _TITLES:
        if text.upper().endswith(title) and len(text) - len(title) > _WORD_AT_LEAST:
            return text[: -len(title)].rstrip(), True
    return text, False


def words_of(*names: str | None) -> frozenset[str]:
    """The words of names in plain capitals, forms of address left out.

    >>> sorted(words_of("Ndégwa-Otieno", "PETER MR"))
    ['NDEGWA', 'OTIENO', 'PETER']
    """
    text = unicodedata.normalize("NFKD", " ".join(name for name in names if name)).upper()
    plain = "".join(sign for sign in text if not unicodedata.combining(sign))
    return frozenset(re.split(r"[^\w]+", plain)) - {"", *_TITLES}


def same_person(left: frozenset[str], right: frozenset[str]) -> bool:
    """Whether two sets of words can be the names of one person: one holds the other, or two words are shared.

    >>> same_person(words_of("WARSAME", "AMINA YUSUF"), words_of("WARSAME", "AMINA"))
    True
    >>> same_person(words_of("WARSAME", "AMINA"), words_of("WARSAME", "HASSAN"))
    False
    """
    if not left or not right:
        return False
    shared = left & right
    return bool(shared) and (shared in (left, right) or len(shared) >= _SHARED)


_SHARED = 2
