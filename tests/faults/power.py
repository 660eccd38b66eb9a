"""A disk whose power can be cut: a file system in memory that forgets whatever was not flushed.

Run as a program, ``python -m tests.faults.power DIRECTORY`` mounts it there. Writing ``all`` into ``.cut`` takes away
everything that was written since the last flush of each file; ``some:<seed>`` leaves a part of it, as disks do that
write in an order of their own. File names are on the disk once a directory was flushed: until then a new file is gone
after a cut, and a renamed one has its old name. Directories, and that a file was removed, are on the disk at once.
"""

import errno
import os
import random
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

CUT = "/.cut"
_BLOCK = 4096


@dataclass
class Change:
    """One write or one change of length, with what undoes it."""

    offset: int
    new: bytes | None
    """``None``: the file was made as long as ``offset``."""
    old: bytes
    old_size: int


@dataclass
class File:
    """A file as programs see it, and what of it the disk does not have yet."""

    mode: int
    data: bytearray = field(default_factory=bytearray)
    pending: list[Change] = field(default_factory=list)
    named: str | None = None
    """The name that the disk has for it."""

    def write(self, data: bytes, offset: int) -> None:
        """Change some bytes."""
        self.pending.append(Change(offset, data, bytes(self.data[offset : offset + len(data)]), len(self.data)))
        if offset > len(self.data):
            self.data.extend(bytes(offset - len(self.data)))
        self.data[offset : offset + len(data)] = data

    def resize(self, length: int) -> None:
        """Change the length."""
        self.pending.append(Change(length, None, bytes(self.data[length:]), len(self.data)))
        self.data.extend(bytes(max(0, length - len(self.data))))
        del self.data[length:]

    def lose(self, keep: random.Random | None) -> int:
        """Go back to what the disk has, and to a part of the rest where ``keep`` draws one; gives the changes lost."""
        changes, self.pending = self.pending, []
        for change in reversed(changes):
            self.data[change.offset : change.offset + len(change.old)] = change.old
            del self.data[change.old_size :]
        kept = [change for change in changes if keep is not None and keep.random() < 0.5]
        for change in kept:
            if change.new is None:
                self.resize(change.offset)
            else:
                self.write(change.new, change.offset)
        self.pending.clear()
        return len(changes) - len(kept)


class PowerFs:
    """The operations of the file system."""

    use_ns = True

    def __init__(self) -> None:
        self._files: dict[str, File] = {}
        self._directories = {"/"}

    def _file(self, path: str) -> File:
        if path not in self._files:
            raise OSError(errno.ENOENT, "")
        return self._files[path]

    def cut(self, how: str) -> int:
        """Cut the power; gives how many changes were lost."""
        keep = random.Random(how) if how.startswith("some") else None
        for path, file in list(self._files.items()):
            if file.named != path and (keep is None or keep.random() < 0.5):
                del self._files[path]
                if file.named is not None:
                    self._files.setdefault(file.named, file)
        return sum(file.lose(keep) for file in self._files.values())

    def getattr(self, path: str, _handle: int | None = None) -> dict[str, Any]:
        """What ``stat`` tells."""
        if path == CUT or path in self._directories:
            return {"st_mode": stat.S_IFREG | 0o600 if path == CUT else stat.S_IFDIR | 0o700, "st_nlink": 1}
        file = self._file(path)
        return {
            "st_mode": file.mode,
            "st_nlink": 1,
            "st_size": len(file.data),
            "st_blocks": -(-len(file.data) // 512),
            "st_uid": os.getuid(),
            "st_gid": os.getgid(),
        }

    def readdir(self, path: str, _handle: int) -> list[str]:
        """The names in a directory."""
        below = [one.rpartition("/") for one in (*self._files, *self._directories) if one != "/"]
        return [".", "..", *(name for directory, _, name in below if (directory or "/") == path)]

    def mkdir(self, path: str, _mode: int) -> int:
        """Make a directory."""
        self._directories.add(path)
        return 0

    def rmdir(self, path: str) -> int:
        """Remove an empty directory."""
        if len(self.readdir(path, 0)) > 2:
            raise OSError(errno.ENOTEMPTY, "")
        self._directories.remove(path)
        return 0

    def create(self, path: str, mode: int, _information: Any = None) -> int:
        """Make a file, whose name is not on the disk yet."""
        self._files[path] = File(stat.S_IFREG | mode)
        return 1

    def open(self, path: str, _flags: int) -> int:
        """Open a file."""
        if path != CUT:
            self._file(path)
        return 1

    def read(self, path: str, size: int, offset: int, _handle: int) -> bytes:
        """Read, as programs see it."""
        return bytes(self._file(path).data[offset : offset + size])

    def write(self, path: str, data: bytes, offset: int, _handle: int) -> int:
        """Write, to memory alone."""
        if path == CUT:
            self.cut(data.decode())
        else:
            self._file(path).write(data, offset)
        return len(data)

    def truncate(self, path: str, length: int, _handle: int | None = None) -> int:
        """Change the length, in memory alone."""
        if path != CUT:
            self._file(path).resize(length)
        return 0

    def fsync(self, path: str, _data_only: int, _handle: int) -> int:
        """Bring a file to the disk."""
        self._file(path).pending.clear()
        return 0

    def fsyncdir(self, _path: str, _data_only: int, _handle: int) -> int:
        """Bring the names to the disk."""
        for path, file in self._files.items():
            file.named = path
        return 0

    def link(self, new: str, old: str) -> int:
        """Give a file a second name; as long as there are two, they hold the same."""
        if new in self._files:
            raise OSError(errno.EEXIST, "")
        self._files[new] = replace(self._file(old), named=None)
        return 0

    def unlink(self, path: str) -> int:
        """Remove a file."""
        del self._files[path]
        return 0

    def rename(self, old: str, new: str) -> int:
        """Give a file another name."""
        self._files[new] = self._files.pop(old)
        return 0

    def chmod(self, path: str, mode: int) -> int:
        """Change who may read it."""
        self._file(path).mode = stat.S_IFREG | stat.S_IMODE(mode)
        return 0

    def chown(self, _path: str, _user: int, _group: int) -> int:
        """Nothing: there is one user."""
        return 0

    def utimens(self, _path: str, _times: Any = None) -> int:
        """Nothing: times are not kept."""
        return 0

    def statfs(self, _path: str) -> dict[str, int]:
        """Much room, so that no alarm of a full disk comes up."""
        return {"f_bsize": _BLOCK, "f_frsize": _BLOCK, "f_blocks": 1 << 22, "f_bfree": 1 << 21, "f_bavail": 1 << 21}

    def flush(self, _path: str, _handle: int) -> int:
        """Nothing: closing a file flushes nothing."""
        return 0

    def release(self, _path: str, _handle: int) -> int:
        """Nothing."""
        return 0

    def opendir(self, _path: str) -> int:
        """Nothing."""
        return 1

    def releasedir(self, _path: str, _handle: int) -> int:
        """Nothing."""
        return 0

    def access(self, _path: str, _mode: int) -> int:
        """Everything is allowed."""
        return 0


def why_not() -> str | None:
    """Why this machine cannot mount it; ``None`` where it can."""
    try:
        with open("/dev/fuse", "rb"):  # noqa: PTH123 - a device, asked only whether it opens
            pass
        import mfusepy  # noqa: F401, PLC0415 - whether it finds its library is the question
    except (OSError, ImportError, AttributeError) as error:
        return f"no FUSE here ({type(error).__name__}): Linux with /dev/fuse, libfuse3 and mfusepy is needed"
    return None


class Disk:
    """A mounted disk."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def cut(self, how: str = "all") -> None:
        """Cut the power, once nobody has a file open."""
        (self.directory / CUT[1:]).write_text(how)


@contextmanager
def disk(directory: Path) -> Iterator[Disk]:
    """Mount a new, empty disk for as long as the block lasts."""
    directory.mkdir(exist_ok=True)
    with subprocess.Popen([sys.executable, "-m", "tests.faults.power", str(directory)]) as process:
        try:
            for _ in range(1500):
                if directory.is_mount():
                    break
                assert process.poll() is None, "the disk could not be mounted"
                time.sleep(0.02)
            yield Disk(directory)
        finally:
            process.terminate()  # it unmounts by itself, unless somebody still has a file open
            process.wait(30)
            if directory.is_mount():
                subprocess.run(["umount", "--lazy", str(directory)], check=False)


def main() -> None:
    """Mount the disk in this process."""
    import mfusepy  # noqa: PLC0415 - only here: nothing else needs its library

    options = dict.fromkeys(("attr_timeout", "entry_timeout", "negative_timeout"), 0)
    mfusepy.FUSE(PowerFs(), sys.argv[1], foreground=True, nothreads=True, default_permissions=False, **options)


if __name__ == "__main__":
    main()
