"""What pages say, in the languages of those who read them.

A catalogue is a JSON file: English message to translation, as gettext has it, without its tools and their binary form.
What a catalogue leaves out is said in English. ``reasons`` has sentences by reason code: ``true`` and ``false`` for a
flag, ``raises`` and ``lowers`` for a number or a category, ``missing`` for all; ``{value}`` is what was observed.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from starlette.requests import Request

COOKIE: Final = "riskapi-language"
_FOLDER: Final = Path(__file__).with_name("languages")


@dataclass(frozen=True)
class Catalogue:
    """One language.

    Attributes:
        code: as in ``lang`` (BCP 47).
        name: in the language itself.
        direction: in which its script runs.
        messages: translations by English message.
        reasons: sentences by reason code and case.
    """

    code: str
    name: str
    direction: Literal["ltr", "rtl"]
    messages: Mapping[str, str]
    reasons: Mapping[str, Mapping[str, str]]

    def say(self, message: str, **values: Any) -> str:
        """Say a message of the pages; ``{name}`` stands for a value.

        >>> ENGLISH.say("Signed in as {name}", name="Amina Yusuf")
        'Signed in as Amina Yusuf'
        """
        text = self.messages.get(message, message)
        return text.format(**values) if values else text

    def reason(self, code: str, direction: str, observed: Any, stored: str) -> str:
        """Say what was seen, in this language where it has a sentence for the code; else as it was stored.

        Args:
            code: of the reason.
            direction: ``raises`` or ``lowers``.
            observed: value of the feature; ``None`` where it is missing.
            stored: the sentence of the answer.

        >>> ENGLISH.reason("PY01", "raises", True, "The ticket was paid in cash")
        'The ticket was paid in cash'
        """
        case = "missing" if observed is None else direction
        if isinstance(observed, bool):
            case = str(observed).lower()
        text = self.reasons.get(code, {}).get(case)
        return stored if text is None else text.format(value=observed)


def _read(path: Path) -> Catalogue:
    told = json.loads(path.read_text(encoding="utf-8"))
    return Catalogue(path.stem, told["name"], told["direction"], told["messages"], told["reasons"])


ENGLISH: Final = Catalogue("en", "English", "ltr", {}, {})
LANGUAGES: Final[Mapping[str, Catalogue]] = {
    "en": ENGLISH,
    **{one.code: one for one in map(_read, sorted(_FOLDER.glob("*.json")))},
}
"""Every language by its code; English is what the templates are written in."""


def language_of(request: Request) -> Catalogue:
    """The language that somebody chose, else the first that the browser asks for, else English."""
    chosen = LANGUAGES.get(request.cookies.get(COOKIE, ""))
    if chosen is not None:
        return chosen
    for asked in request.headers.get("accept-language", "").split(",")[:10]:
        found = LANGUAGES.get(asked.split(";")[0].split("-")[0].strip().lower())
        if found is not None:
            return found
    return ENGLISH
