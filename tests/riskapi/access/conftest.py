"""A token issuer and accounts for the tests of access."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from tests.riskapi.access.makers import Issuer, LocalAccess, local_access


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """An identity provider that answers on the loopback address."""
    with Issuer() as running:
        yield running


@pytest.fixture
def local(tmp_path: Path, quick_hashes: None) -> Iterator[LocalAccess]:
    """Accounts and sessions with an empty store."""
    made = local_access(tmp_path)
    yield made
    made.journal.engine.dispose()


@pytest.fixture
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords hashed at next to no cost: what is tested is everything else."""
    monkeypatch.setattr("riskapi.access.passwords._HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
