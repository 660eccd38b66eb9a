"""Kinds of travel documents as messages code them, with what each means in a traveller record."""

from typing import Literal

DocumentType = Literal["P", "ID", "V", "R", "T", "S", "O"]

DOCUMENT_TYPES: dict[str, DocumentType] = {
    "P": "P",
    "PASSPORT": "P",
    "D": "P",  # diplomatic passport
    "A": "ID",
    "C": "ID",
    "I": "ID",
    "ID": "ID",
    "IP": "ID",  # passport card
    "V": "V",
    "VISA": "V",
    "R": "R",
    "T": "T",
    "PT": "T",  # refugee or stateless person, as zones of newer passports write it
    "PR": "T",
    "PU": "T",
    "S": "S",
    "G": "O",  # passport of a group: not the traveller's own
    "F": "O",  # approved non-standard document
    "M": "O",  # military identity document
    "AC": "O",  # crew member certificate
}


def document_type(code: str) -> DocumentType | None:
    """Read a code; of one with two letters that is not listed, the first counts. ``None`` where nobody knows it.

    >>> document_type("p"), document_type("PD"), document_type("VN"), document_type("Q")
    ('P', 'P', 'V', None)
    """
    code = code.strip("< ").upper()
    found = DOCUMENT_TYPES.get(code)
    if found is None and len(code) == len("PD") and code[0] in "PVIAC":
        found = DOCUMENT_TYPES[code[0]]
    return found
