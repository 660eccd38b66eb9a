"""A file that appears under its name only when it is complete."""

from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Self


class WholeFile(ABC):
    """A file that is written beside its place, and put there at the end; an error leaves nothing.

    Args:
        path: its place; what was there before is replaced.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(path.name + ".part")

    @abstractmethod
    def close(self) -> None:
        """Put everything on disk."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if kind is None:
            self._part.replace(self._path)
        else:
            self._part.unlink()
