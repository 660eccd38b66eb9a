"""Outcomes and acts of the review desk in the store are those that the log tells of; whatever is changed is named."""

import sqlite3
from contextlib import closing

import pytest

from riskapi.privacy.subjects import Wanted
from riskapi.services import Services
from tests.riskapi.desk.makers import AMINA, FORGED, PETER, read, referred
from tests.riskapi.makers import settings
from tests.riskapi.privacy.makers import ADMIN, AUDITOR, verified

SWAP = (
    "UPDATE {table} SET sealed = (SELECT sealed FROM {table} WHERE {key} != :one LIMIT 1) WHERE {key} = :one",
    "is not what was sealed",
)
OUTCOME_OF_NOBODY = """
    INSERT INTO outcomes SELECT decision_id, audience, version + 1, 'made-up', writer, seq FROM outcomes WHERE id = :one
"""
ACT_OF_NOBODY = """
    INSERT INTO desk_events
    SELECT decision_id, audience, version + 100, 'made-up', act, person, x'00', writer, seq FROM desk_events
    WHERE id = :one
"""
CHANGES = {
    "outcome that is another's": (SWAP[0].format(table="outcome_contents", key="outcome_id"), "outcome", SWAP[1]),
    "outcome that is gone": ("DELETE FROM outcome_contents WHERE outcome_id = :one", "outcome", "is gone"),
    "outcome out of the index": ("DELETE FROM outcomes WHERE id = :one", "outcome", "index does not have"),
    "outcome of another decision": (
        "UPDATE outcomes SET decision_id = 'x' WHERE id = :one",
        "outcome",
        "index says something else",
    ),
    "outcome of another place": ("UPDATE outcomes SET seq = seq + 1 WHERE id = :one", "outcome", "something else"),
    "outcome of nobody": (
        OUTCOME_OF_NOBODY,
        "",
        "made-up, of which no row",
    ),
    "act that is another's": (SWAP[0].format(table="desk_contents", key="event_id"), "desk", SWAP[1]),
    "act that is gone": ("DELETE FROM desk_contents WHERE event_id = :one", "desk", "is gone"),
    "act out of the index": ("DELETE FROM desk_events WHERE id = :one", "desk", "index does not have"),
    "act of another person": ("UPDATE desk_events SET person = 'Zahra' WHERE id = :one", "desk", "something else"),
    "act of another kind": ("UPDATE desk_events SET act = 'noted' WHERE id = :one", "desk", "something else"),
    "act of nobody": (
        ACT_OF_NOBODY,
        "",
        "made-up, of which no row",
    ),
}


@pytest.fixture
def worked(tmp_path):
    """A store in which two cases were read; and a case of somebody who was erased since."""
    services = Services(settings(tmp_path, desk_second_share=0.0))
    keys = [referred(services) for _ in range(3)]
    for key, reader, found in zip(keys, (AMINA, PETER, AMINA), (None, FORGED, None), strict=True):
        read(services, key, reader, found)
    subjects = services.subjects.find(Wanted(decision_id=keys[2].decision_id))
    services.erasure.erase(subjects, ADMIN, AUDITOR, "Act s.40")
    yield services
    services.close()


def test_r12_a_store_that_nobody_changed_is_left_in_peace(worked):
    """Also where somebody was erased: what goes by the rules is missed by nobody."""
    assert verified(worked) == []


@pytest.mark.parametrize("change", CHANGES)
def test_r12_every_change_of_outcomes_and_acts_is_found_and_named(worked, change):
    """At the row of the log that tells of it, in words that say what it means."""
    statement, kind, words = CHANGES[change]
    table, column = ("desk_events", "id") if "desk" in statement else ("outcomes", "id")
    with closing(sqlite3.connect(worked.settings.database_path)) as connection, connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        query = f"SELECT {column}, writer, seq FROM {table} ORDER BY seq LIMIT 1"
        one, writer, seq = connection.execute(query).fetchone()
        connection.execute(statement, {"one": one})
    found = [line for line in verified(worked) if words in line]
    assert found, verified(worked)
    if kind:
        assert any(f": {writer} {seq}: " in line for line in found), found


def test_contents_are_missed_without_their_keys_too(worked, tmp_path):
    """Where nothing can be opened, what is not there is still missed, and nothing else is."""
    (tmp_path / "keys.db").rename(tmp_path / "elsewhere.db")
    assert verified(worked) == []
    with closing(sqlite3.connect(worked.settings.database_path)) as connection, connection:
        connection.execute("DELETE FROM outcome_contents")
    assert sum("is gone, while its decision is kept" in line for line in verified(worked)) == 2
