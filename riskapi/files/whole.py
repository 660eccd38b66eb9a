"""A file that appears under its name only when it is complete, and stays there through a power cut."""

import os
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
            flush(self._part)
            move(self._part, self._path)
        else:
            self._part.unlink()


def flush(path: Path) -> None:
    """Put a file's bytes, or the names in a folder, on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def move(path: Path, place: Path) -> None:
    """Give a file another place, on disk when this returns; what was there is replaced.

    Args:
        path: of the file, whose bytes are on disk.
        place: on the same file system.
    """
    path.replace(place)
    for folder in dict.fromkeys((place.parent, path.parent)):
        flush(folder)
