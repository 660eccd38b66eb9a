"""Services that are broken on purpose: what the checks of durability must notice."""

from pathlib import Path

WITHOUT_FLUSH = """
import riskapi.storage.engine as engine

engine._PRAGMAS = tuple(pragma.replace("synchronous = FULL", "synchronous = NORMAL") for pragma in engine._PRAGMAS)
assert "PRAGMA synchronous = NORMAL" in engine._PRAGMAS
"""
"""Commits without waiting for the disk."""

WITHOUT_SYNCHRONOUS_COMMIT = """
import sqlalchemy

real = sqlalchemy.create_engine


def create_engine(url, **arguments):
    connect = arguments.get("connect_args", {})
    if "options" in connect:
        assert "synchronous_commit=on" in connect["options"]
        connect["options"] = connect["options"].replace("synchronous_commit=on", "synchronous_commit=off")
    return real(url, **arguments)


sqlalchemy.create_engine = create_engine
"""
"""The same for PostgreSQL."""


def place_of(directory: Path, change: str) -> Path:
    """Write a change that every Python process of a service makes at its start; gives the place to look into first."""
    place = directory / "broken"
    place.mkdir()
    (place / "sitecustomize.py").write_text(change)
    return place
