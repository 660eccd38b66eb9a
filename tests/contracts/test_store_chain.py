"""The log as a chain: in order, verified before it goes on, signed, one writer each; on both kinds of database."""

import orjson
import pytest
import rfc8785
import sqlalchemy as sa

from riskapi.access.keys import new_key
from riskapi.access.matrix import Action
from riskapi.access.principal import PrincipalKind
from riskapi.errors import ChainError, StorageError
from riskapi.log.checkpoint_file import read_checkpoint_file
from riskapi.log.checkpoints import open_checkpoint
from riskapi.log.entry import GENESIS_PREV, Kind, canonical, entry_hash
from riskapi.log.merkle import tree_root
from riskapi.services import Services
from riskapi.storage import schema
from tests.contracts.store_makers import bodies, entries, is_sqlite, lease, without_guards
from tests.riskapi.makers import APPROVER, NOW, RATIONALE, go_live, row


def test_everything_that_happens_is_one_chain(services):
    """Decisions, approvals and keys follow one another without gaps; each hash holds the one before."""
    digest = go_live(services, "document_fraud")
    services.decisions.append([row(), row()])
    _, key = new_key(services.secret, "x", PrincipalKind.PERSON, [Action.SCORE], NOW)
    services.keys.add_key(key)
    assert services.keys.revoke_key(key.key_id, NOW)
    services.journal.append(Kind.ACCESS, {"principal": "Amina Yusüf"})
    found = entries(services)
    kinds = ["genesis", "proposed", "approved", "decision", "decision", "key_created", "key_revoked", "access"]
    assert [entry.kind for entry in found] == kinds
    prev = GENESIS_PREV
    for place, entry in enumerate(found, 1):
        assert entry.seq == place
        assert entry.hash == entry_hash(entry.writer, place, entry.at, entry.kind, entry.body, prev=prev)
        assert entry.body == rfc8785.dumps(orjson.loads(entry.body)) == canonical(orjson.loads(entry.body))
        prev = entry.hash
    assert services.journal.heads()["cli"].seq == len(found)
    approved = bodies(services, "approved")[0]
    assert (approved["digest"], approved["principal"], approved["rationale"]) == (digest, APPROVER.name, RATIONALE)


def test_unknown_outcome_is_found_out_before_anything_else_is_stored(services):
    """The commit happens but its answer is lost: nothing is acknowledged, and the chain goes on behind it."""
    services.decisions.append([row()])
    commit = services.engine.dialect.do_commit

    def lost(connection):
        commit(connection)
        raise OSError("connection reset")

    services.journal._writing.dialect.do_commit = lost
    with pytest.raises(StorageError):
        services.decisions.append([unknown := row()])
    assert services.journal.failure is not None
    services.journal._writing.dialect.do_commit = commit
    services.decisions.append([after := row()])
    assert services.journal.failure is None
    assert services.decisions.decision(unknown.decision_id).seq == 3
    assert services.decisions.decision(after.decision_id).seq == 4


def test_lost_entry_that_was_acknowledged_stops_everything(services):
    """After an error the chain must hold what was acknowledged; where it does not, nothing more is stored."""
    services.decisions.append([row(), row()])
    with without_guards(services) as connection:
        connection.exec_driver_sql("DELETE FROM log WHERE seq = 3")
        connection.exec_driver_sql("DELETE FROM checkpoints") if is_sqlite(services) else connection.exec_driver_sql(
            "ALTER TABLE checkpoints DISABLE TRIGGER ALL; DELETE FROM checkpoints"
        )
    services.journal._drop()
    for _ in range(2):
        with pytest.raises(ChainError, match="acknowledged"):
            services.decisions.append([row()])
        with pytest.raises(ChainError):
            services.journal.check()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE log SET body = replace(body, 'Gateway', 'Nobody') WHERE seq = 3",
        "UPDATE log SET at = '2026-01-01T00:00:00.000Z' WHERE seq = 3",
        "DELETE FROM log WHERE seq = 2",
        "DELETE FROM log WHERE seq = 3",
    ],
)
def test_chain_whose_end_was_changed_is_not_continued(services, options, change):
    """A service that starts on a log with another end than was written stores nothing and says so."""
    services.decisions.append([row(), row()])
    with without_guards(services) as connection:
        connection.exec_driver_sql(change)
    later = Services(options)
    with pytest.raises(ChainError, match="cli"):
        later.decisions.append([row()])
    later.close()


def test_rows_are_covered_by_signed_checkpoints(services):
    """After 256 rows, and at the end, a signed note says how many there are and what they hash to; the file too."""
    services.journal.lead(lease(services))
    writer = services.journal.writer
    for _ in range(30):
        services.decisions.append([row() for _ in range(10)])
    public = [services.journal.book.key.public_key()]
    services.journal.close()
    hashes = [entry.hash for entry in services.journal.entries(writer)]
    with services.engine.connect() as connection:
        notes = connection.execute(sa.select(schema.checkpoints.c.note).order_by(schema.checkpoints.c.size)).scalars()
        found = [open_checkpoint(note, public) for note in notes]
    assert [one.size for one in found] == [261, 301]
    for one in found:
        assert one.root == tree_root(hashes[: one.size])
        assert one.writer == writer
    assert [line.note for line in read_checkpoint_file(services.settings.checkpoint_file)] == [x.note for x in found]


def test_checkpoints_go_on_after_a_restart(services, options):
    """A later process takes the tree up where the last checkpoint left it, with another key from the first row on."""
    services.journal.lead(lease(services))
    services.decisions.append([row() for _ in range(300)])
    services.close()
    options.log_key_file.unlink()
    for expected in (311, 321):
        later = Services(options)
        later.journal.lead(lease(later))
        later.decisions.append([row() for _ in range(10)])
        later.close()
        with later.engine.connect() as connection:
            size, note = connection.execute(
                sa.select(schema.checkpoints.c.size, schema.checkpoints.c.note).order_by(
                    schema.checkpoints.c.size.desc()
                )
            ).first()
        hashes = [entry.hash for entry in later.journal.entries(later.journal.writer)]
        assert size == expected == len(hashes)
        assert open_checkpoint(note, [later.journal.book.key.public_key()]).root == tree_root(hashes)
        later.engine.dispose()


def test_several_services_write_chains_of_their_own(services, options):
    """On a server each service takes a chain; on an embedded store the second service is refused, with a remedy."""
    other = Services(options)
    services.journal.lead(lease(services))
    if is_sqlite(services):
        with pytest.raises(StorageError, match="PostgreSQL"):
            other.journal.lead(lease(other))
    else:
        other.journal.lead(lease(other))
        for each in (services, other, services):
            each.decisions.append([row()])
        assert (services.journal.writer, other.journal.writer) == ("1", "2")
        assert bodies(services, "genesis", "2")[0]["heads"].keys() == {"1"}
        other.close()
        third = Services(options)
        third.journal.lead(lease(third))
        assert third.journal.writer == "2"
        third.journal.append(Kind.ACCESS, {})
        assert [entry.seq for entry in entries(services, "2")] == [1, 2, 3]
        other = third
    other.close()


def test_lost_connection_is_an_error_and_then_mended(services, options):
    """Where the server ends the connection nothing is acknowledged; the next transaction goes on in the same chain."""
    if is_sqlite(services):
        pytest.skip("an embedded database has no connection to lose")
    services.journal.lead(lease(services))
    services.decisions.append([row()])
    with services.engine.begin() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
    with pytest.raises(StorageError):
        services.decisions.append([lost := row()])
    services.decisions.append([after := row()])
    assert services.decisions.decision(lost.decision_id) is None
    assert services.decisions.decision(after.decision_id).writer == services.journal.writer == "1"
