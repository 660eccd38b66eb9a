"""Services that are broken on purpose: what the checks of durability must notice."""

from pathlib import Path

WITHOUT_FLUSH = """
import riskapi.storage.engine as engine

engine._PRAGMAS = tuple(pragma.replace("synchronous = FULL", "synchronous = NORMAL") for pragma in engine._PRAGMAS)
assert "PRAGMA synchronous = NORMAL" in engine._PRAGMAS
"""
"""Commits without waiting for the disk."""


def place_of(directory: Path, change: str) -> Path:
    """Write a change that every Python process of a service makes at its start; gives the place to look into first."""
    place = directory / "broken"
    place.mkdir()
    (place / "sitecustomize.py").write_text(change)
    return place
