"""The texts of one object of a message, each read by its rule: what breaks the rule is told and left out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from riskapi.messages.base import Findings


@dataclass(frozen=True, slots=True)
class Facts:
    """One object of a message, its place in it, and where findings go.

    >>> facts = Facts("PassengerList[3].", {"DocumentType": " P ", "Age": ""}, Findings())
    >>> facts.text("DocumentType"), facts.text("Age")
    ('P', None)
    """

    path: str
    values: Mapping[str, Any]
    findings: Findings

    def text(self, name: str) -> str | None:
        """Read a text or a whole number; blank is missing."""
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, str | int):
            self.reject(name, "a text is expected")
            return None
        return str(value).strip() or None

    def matching(self, name: str, pattern: re.Pattern[str], rule: str) -> str | None:
        """Read a code that follows a pattern, in capitals."""
        text = self.text(name)
        if text is None:
            return None
        code = text.upper()
        if pattern.fullmatch(code):
            return code
        self.reject(name, rule)
        return None

    def reject(self, name: str, rule: str, remedy: str = "The traveller is scored without it.") -> None:
        """Tell that a value breaks the rule of its field."""
        self.findings.add(self.path + name, rule, remedy)
