"""Verifies the log for the console: one run at a time, and the last result with its time."""

import threading
from dataclasses import dataclass
from datetime import datetime
from weakref import WeakKeyDictionary

from models.signing import load_key
from riskapi.errors import ConflictError
from riskapi.log.store_source import store_source
from riskapi.log.verify import Verification, verify
from riskapi.services import Services


@dataclass(frozen=True)
class Verified:
    """What a verification found, and when."""

    at: datetime
    result: Verification
    against_file: bool
    """Whether the file of checkpoints was there to hold the log against."""


class Verifications:
    """The last verification of each service of this process."""

    def __init__(self) -> None:
        self._running = threading.Lock()
        self._last: WeakKeyDictionary[Services, Verified] = WeakKeyDictionary()

    def last(self, services: Services) -> Verified | None:
        """What the last run found."""
        return self._last.get(services)

    def run(self, services: Services) -> Verified:
        """Verify every row, every checkpoint and every bundle now; contents stay sealed.

        Raises:
            ConflictError: while another run goes on.
            StorageError: where the store cannot be read.
        """
        if not self._running.acquire(blocking=False):
            raise ConflictError("A verification is going on already. Wait for it, then look again.")
        try:
            settings = services.settings
            files = [settings.checkpoint_file] if settings.checkpoint_file.is_file() else []
            trusted = [load_key(settings.log_key_file).public_key()]
            with store_source(settings, with_contents=False) as source:
                (result,) = verify([source], files, trusted)
            found = self._last[services] = Verified(services.clock(), result, bool(files))
        finally:
            self._running.release()
        return found


VERIFICATIONS = Verifications()
