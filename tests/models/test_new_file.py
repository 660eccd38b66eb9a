import os

import pytest

from models.new_file import write_new_file


def test_file_is_whole_and_readable_by_its_owner_alone(tmp_path):
    """The content is there, the folder is made, and nothing else is left beside it."""
    path = tmp_path / "folder" / "key"
    write_new_file(path, b"secret")
    assert path.read_bytes() == b"secret"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("plant", ["file", "link to a file", "link to nothing"])
def test_existing_name_is_left_as_it_is(tmp_path, plant):
    """Neither a file nor a planted link is replaced or followed, and no draft stays."""
    path, other = tmp_path / "key", tmp_path / "other"
    if plant != "link to nothing":
        other.write_bytes(b"old")
    if plant == "file":
        other.rename(path)
    else:
        path.symlink_to(other)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(FileExistsError):
        write_new_file(path, b"new")
    assert sorted(tmp_path.iterdir()) == before
    assert not other.exists() or other.read_bytes() == b"old"


def test_file_is_flushed_before_it_has_its_name(tmp_path, monkeypatch):
    """The order is: content to disk, then the name, then the folder to disk."""
    steps = []
    for name in ("fsync", "link"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *args, name=name, real=real: (steps.append(name), real(*args))[1])
    write_new_file(tmp_path / "key", b"secret")
    assert steps == ["fsync", "link", "fsync"]
