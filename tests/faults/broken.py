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

KEYS_NOT_HELD = """
import contextlib

import riskapi.idempotency as idempotency
import riskapi.storage.decisions as decisions

real = decisions._claim
decisions._claim = lambda connection, rows: real(connection, rows) and ()
idempotency.IdempotencyKeys.flight = lambda *_: contextlib.nullcontext()
"""
"""Looks whether an idempotency key came before, and stores whatever comes: of two at once both become decisions."""

KEYS_NOT_STORED = """
import riskapi.storage.decisions as decisions

assert decisions._claim
decisions._claim = lambda connection, rows: ()
"""
"""Forgets idempotency keys."""

CRASH_BEFORE_ANSWER = """
import os
import pathlib
import signal

import riskapi.direct as direct

real_call = direct.DirectlyServed.__call__
armed = pathlib.Path(__file__).with_name("armed")


async def call(self, scope, receive, send):
    async def crash(message):
        if message["type"] == "http.response.start" and scope["path"] == "/v1/scores" and armed.exists():
            assert message["status"] == 200
            armed.unlink()
            os.killpg(0, signal.SIGKILL)
        await send(message)

    await real_call(self, scope, receive, crash)


direct.DirectlyServed.__call__ = call
"""
"""Service and writer end when a decision is on disk and nothing of its answer has left, where a file says so."""

MODELS_CHANGE_BADLY = """
import itertools
import time

import riskapi.active as active
import riskapi.live as live

real_refresh = active.ActiveModels.refresh
real_view = live.LiveModels.for_audiences
earlier = []
every_eighth = itertools.cycle([True] + [False] * 7)


def refresh(self):
    before, changed = self.live, real_refresh(self)
    if changed and before:
        after, self.live = self.live, live.LiveModels()
        time.sleep(0.03)
        self.live = after
        earlier.append(before)
    return changed


def for_audiences(self, audiences):
    return real_view(earlier[-1] if earlier and self.models and next(every_eighth) else self, audiences)


active.ActiveModels.refresh = refresh
live.LiveModels.for_audiences = for_audiences
"""
"""Has no models for a moment when they change, and scores every eighth record by those that were live before."""


def place_of(directory: Path, change: str) -> Path:
    """Write a change that every Python process of a service makes at its start; gives the place to look into first."""
    place = directory / "broken"
    place.mkdir()
    (place / "sitecustomize.py").write_text(change)
    return place
