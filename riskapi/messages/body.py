"""What was sent, as far as a reader needs it: bytes, and the JSON that they hold, parsed once."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from riskapi.body import strict_json
from riskapi.errors import MalformedBodyError
from riskapi.messages.base import unreadable
from riskapi.messages.edifact.text import MAX_BYTES

_BLANK = b" \t\r\n\x00\xff\xfe\xef\xbb\xbf"


@dataclass(frozen=True)
class Body:
    """A body or a file."""

    raw: bytes

    @property
    def begins_as_json(self) -> bool:
        """Whether its first sign is that of a JSON object or list."""
        return self.raw[:64].lstrip(_BLANK)[:1] in {b"{", b"["}

    @cached_property
    def json(self) -> Any:
        """What it holds as JSON: UTF-8 with or without a byte-order mark, or UTF-16 and UTF-32.

        Raises:
            MalformedBodyError: it is no strict JSON.
            InvalidBodyError: it is too large.
        """
        if len(self.raw) > MAX_BYTES:
            raise unreadable("message", f"at most {MAX_BYTES // 1024 // 1024} MB", "Send the message in parts.")
        try:
            text = self.raw.decode(json.detect_encoding(self.raw))
        except UnicodeDecodeError as error:
            raise MalformedBodyError(
                f"Byte {error.start}: no text from here on. Encode the message as UTF-8."
            ) from None
        return strict_json(text.encode())
