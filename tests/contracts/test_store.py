"""What every store guarantees (riskapi/storage/base.py), held by the embedded database and by PostgreSQL alike."""

import threading
from contextlib import contextmanager

import orjson
import pytest
import rfc8785
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from riskapi.access.keys import new_key
from riskapi.access.matrix import Action
from riskapi.access.principal import PrincipalKind
from riskapi.decisions import Claim, Rectifies
from riskapi.errors import ChainError, ConflictError, SealError, StorageError
from riskapi.ids import uuid7
from riskapi.log.checkpoint_file import read_checkpoint_file
from riskapi.log.checkpoints import open_checkpoint
from riskapi.log.entry import GENESIS_PREV, Kind, canonical, entry_hash
from riskapi.log.merkle import tree_root
from riskapi.log.writers import FileLease, ServerLease
from riskapi.services import Services
from riskapi.storage import access_tables, schema
from riskapi.storage.decisions import GONE, MASKED
from riskapi.storage.engine import open_database, require_version, upgrade
from riskapi.storage.migrations.run import steps
from tests.bundles import make_bundle
from tests.riskapi.makers import APPROVER, NOW, PROPOSER, RATIONALE, go_live, row, settings


@pytest.fixture(params=["sqlite", "postgresql"])
def options(request, tmp_path):
    """Settings of an empty store of each kind, its tables made."""
    changes = {"busy_timeout_seconds": 2.0}
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        changes |= {"database_url": server.new_database(), "keys_url": server.new_database()}
    made = settings(tmp_path, **changes)
    engine = open_database(made.database_url, "RISKAPI_DATABASE_URL", 2.0)
    upgrade(engine)
    engine.dispose()
    return made


@pytest.fixture
def services(options):
    """Services on that store."""
    made = Services(options)
    yield made
    made.close()


def is_sqlite(services):
    return services.engine.dialect.name == "sqlite"


def lease(services):
    if is_sqlite(services):
        return FileLease(services.settings.database_path.with_suffix(".lock"), 1, 0.1)
    return ServerLease(0.5)


def entries(services, writer="cli"):
    return list(services.journal.entries(writer))


def bodies(services, kind, writer="cli"):
    return [orjson.loads(entry.body) for entry in entries(services, writer) if entry.kind == kind]


@contextmanager
def without_guards(services, table="log"):
    """A connection of somebody who may do anything: the owner of the database, with the triggers taken away."""
    with services.engine.begin() as connection:
        if is_sqlite(services):
            names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all()
            for name in names:
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
        else:
            connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        yield connection


def test_decision_comes_back_as_it_went_in(services):
    """Every field of a decision survives the store, sealed parts included, and gets its place."""
    first, second = row("One"), row("Two", unit="NBO", purpose=None)
    assert list(services.decisions.append([first, second])) == []
    found = services.decisions.decision(second.decision_id)
    for name in set(second.__slots__) - {"subject", "claim", "rectifies"}:
        assert getattr(found, name) == getattr(second, name), name
    assert (found.writer, found.seq, found.note) == ("cli", 3, None)
    assert services.decisions.decision(uuid7()) is None


def test_rows_of_one_append_are_stored_together_or_not_at_all(services):
    """A row that the database refuses takes its whole transaction with it, log entries too, and the next one works."""
    good, twice = row(), row()
    with pytest.raises(StorageError, match="IntegrityError|UniqueViolation"):
        services.decisions.append([good, twice, twice])
    assert services.decisions.decision(good.decision_id) is None
    assert entries(services) == []
    services.decisions.append([good])
    assert services.decisions.decision(good.decision_id).seq == 2


@pytest.mark.parametrize("size", [1, 2, 3, 500, 1501])
def test_any_number_of_rows_is_one_transaction(services, size):
    """Rows go into the database in groups; none is lost, doubled or out of order."""
    rows = [row(subject=bytes([place % 7])) for place in range(size)]
    services.decisions.append(rows)
    logged = bodies(services, "decision")
    assert [body["decision_id"] for body in logged] == [one.decision_id for one in rows]
    assert services.decisions.decision(rows[-1].decision_id).input == rows[-1].input


@pytest.mark.parametrize("table", schema.APPEND_ONLY)
def test_database_itself_refuses_to_change_what_was_written(services, table):
    """Whoever opens the database, a row can be neither changed nor removed."""
    go_live(services, "document_fraud")
    services.decisions.append([first := row(claim=Claim(b"key", b"body"))])
    services.decisions.append([row(rectifies=Rectifies(first.decision_id, "typing_error"))])
    column = next(iter(schema.METADATA.tables[table].columns)).name
    statements = [f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"]
    if not is_sqlite(services):
        statements.append(f"TRUNCATE {table} CASCADE")
    for statement in statements:
        with services.engine.connect() as connection:
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one() > 0
            with pytest.raises(sa.exc.DatabaseError, match="append-only"):
                connection.exec_driver_sql(statement)


def test_contents_can_be_masked_or_deleted_and_not_changed(services):
    """Of the sealed contents identity may become null and rows may go; any other change is refused."""
    one, other = row(), row()
    services.decisions.append([one, other])
    for column in ("subject_id", "month", "input", "answer", "identity"):
        with services.engine.connect() as connection, pytest.raises(sa.exc.DatabaseError):
            connection.execute(
                sa.update(schema.decision_contents).values(
                    {column: sa.literal(b"x", sa.LargeBinary) if column in {"input", "answer", "identity"} else "x"}
                )
            )
    with services.journal.transaction() as transaction:
        assert services.contents.mask(transaction.connection, [one.decision_id]) == 1
        assert services.contents.delete(transaction.connection, [other.decision_id]) == 1
        transaction.append(Kind.MASKED, {"decision_ids": [one.decision_id]})
        transaction.append(Kind.EXPIRED, {"decision_ids": [other.decision_id]})
    masked, gone = (services.decisions.decision(each.decision_id) for each in (one, other))
    assert (masked.identity, masked.input, masked.answer, masked.note) == (None, one.input, one.answer, MASKED)
    assert (gone.identity, gone.input, gone.answer, gone.note) == (None, None, None, GONE)
    assert gone.principal == other.principal


def test_destroyed_key_makes_unreadable_what_it_sealed(services):
    """The month's key opens identity alone; all keys of a subject open everything."""
    one, other = row(subject=b"a"), row(subject=b"b")
    services.decisions.append([one, other])
    first, second = (services.subject_keys.subject_id(each.subject) for each in (one, other))
    assert services.subject_keys.destroy_epochs([(first, one.month)]) == 1
    assert services.decisions.decision(one.decision_id).note == MASKED
    assert services.decisions.decision(one.decision_id).answer == one.answer
    assert services.subject_keys.destroy_subject(second) == 2
    services.subject_keys.scrub()
    assert services.decisions.decision(other.decision_id).note == GONE
    services.decisions.append([again := row(subject=b"b")])
    assert services.decisions.decision(again.decision_id).note is None
    assert services.subject_keys.subject_id(other.subject) not in {first, second, None}


def test_key_destroyed_by_another_process_is_not_used_again(services, options):
    """What this process remembers of keys ends with the key, whoever destroyed it."""
    services.decisions.append([one := row()])
    other = Services(options)
    other.subject_keys.destroy_subject(other.subject_keys.subject_id(one.subject))
    other.close()
    services.decisions.append([later := row()])
    assert services.decisions.decision(one.decision_id).note == GONE
    assert services.decisions.decision(later.decision_id).note is None


def test_sealed_parts_cannot_be_exchanged(services):
    """A sealed part opens for its own decision and its own place alone."""
    services.decisions.append([one := row(answer=b'{"a":1}'), other := row(answer=b'{"a":2}')])
    table = schema.decision_contents
    with without_guards(services, "decision_contents") as connection:
        swapped = sa.select(table.c.answer).where(table.c.decision_id == other.decision_id).scalar_subquery()
        connection.execute(sa.update(table).where(table.c.decision_id == one.decision_id).values(answer=swapped))
    with pytest.raises(SealError, match="answer"):
        services.decisions.decision(one.decision_id)


def test_keys_are_on_disk_before_what_they_seal(services):
    """The keys database commits first; where it fails, nothing is stored."""
    order = []
    for name, engine in (("keys", services.subject_keys._engine), ("data", services.engine)):
        sa.event.listen(engine, "commit", lambda _connection, name=name: order.append(name))
    services.decisions.append([row(subject=b"new")])
    assert order[-1] == "data"
    assert "keys" in order[:-1]
    services.subject_keys.ensure = failing = lambda wanted: (_ for _ in ()).throw(StorageError("gone"))
    with pytest.raises(StorageError):
        services.decisions.append([lost := row()])
    assert failing
    assert services.decisions.decision(lost.decision_id) is None


def test_everything_that_happens_is_one_chain(services):
    """Decisions, approvals and keys follow one another without gaps; each hash holds the one before."""
    digest = go_live(services, "document_fraud")
    services.decisions.append([row(), row()])
    _, key = new_key(services.secret, "x", PrincipalKind.PERSON, [Action.SCORE], NOW)
    services.keys.add_key(key)
    assert services.keys.revoke_key(key.key_id, NOW)
    services.journal.append(Kind.ACCESS, {"principal": "Amina Yusuf", "ü": []} if False else {"principal": "Amina"})
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


def test_rule_that_refuses_leaves_no_trace(services):
    """A refused act is neither in the table nor in the log, and the store goes on at once."""
    digest = go_live(services, "document_fraud")
    before = entries(services)
    with pytest.raises(ConflictError):
        services.approvals.approve(digest, APPROVER, RATIONALE)
    assert entries(services) == before
    services.decisions.append([row()])
    assert len(entries(services)) == len(before) + 1


def test_key_that_is_taken_stores_nothing_of_its_row(services):
    """Of two decisions with one idempotency key the first is stored, the others of its transaction are too."""
    claim = Claim(b"key", b"body")
    services.decisions.append([first := row(claim=claim)])
    again, free, stranger = row(claim=claim), row(), row("Another gateway", claim=claim)
    assert list(services.decisions.append([again, free, stranger])) == [again.decision_id]
    assert services.decisions.decision(again.decision_id) is None
    assert services.decisions.decision(free.decision_id) is not None
    assert services.decisions.claimed("Gateway", claim) == (first.decision_id, True)
    assert services.decisions.claimed("Gateway", Claim(b"key", b"other")) == (first.decision_id, False)
    assert services.decisions.claimed("Another gateway", claim) == (stranger.decision_id, True)
    assert len(bodies(services, "decision")) == 3


def test_two_rows_of_one_transaction_with_one_key(services):
    """The key of a request that came twice into one transaction is stored once."""
    one, two = (row(claim=Claim(b"key", b"body")) for _ in range(2))
    assert list(services.decisions.append([one, two])) == [two.decision_id]


def test_concurrent_claims_of_two_processes_have_one_outcome(services, options):
    """Many keys claimed by two processes at once: each is stored by exactly one of them, without an error."""
    other = Services(options)
    if not is_sqlite(services):
        for each in (services, other):
            each.journal.lead(lease(each))
    refused = {}
    barrier = threading.Barrier(2)

    def run(name, each):
        rows = [row(claim=Claim(b"%d" % place, b"body")) for place in range(200)]
        barrier.wait()
        refused[name] = [len(each.decisions.append(rows[at : at + 10])) for at in range(0, 200, 10)]

    threads = [threading.Thread(target=run, args=one) for one in (("a", services), ("b", other))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert sum(refused["a"]) + sum(refused["b"]) == 200
    with services.engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(schema.decisions)).scalar_one() == 200


def test_of_two_decisions_about_a_bundle_one_happens(services, options):
    """Approve and reject at the same moment from two processes: exactly one is on record, ten times out of ten."""
    other = Services(options)
    for seed in range(5):
        files, _ = make_bundle("document_fraud", seed)
        digest = services.approvals.propose(dict(files), PROPOSER, "").digest
        other.active.open(digest)
        outcomes, barrier = [], threading.Barrier(2)

        def decide(act, digest=digest, outcomes=outcomes, barrier=barrier):
            barrier.wait()
            try:
                outcomes.append(act(digest, APPROVER, RATIONALE).event)
            except ConflictError:
                outcomes.append("conflict")

        acts = (services.approvals.reject, other.approvals.reject)
        threads = [threading.Thread(target=decide, args=(act,)) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["conflict", "rejected"]
        assert [event.event for event in services.ledger.events(digest)] == ["proposed", "rejected"]
    other.close()


def test_unknown_outcome_is_found_out_before_anything_else_is_stored(services):
    """The commit happens but its answer is lost: nothing is acknowledged, and the chain goes on behind what is there."""
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
    """After 256 rows, and at the end, a signed note says how many there are and what they hash to; the file has it too."""
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
    """A later process takes the tree up where the last checkpoint left it, and with another key from the first row on."""
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


def test_nothing_is_sealed_while_keys_are_destroyed(services, options):
    """Who destroys keys waits for the writers of all processes, and they wait for it."""
    other = Services(options)
    inside, leave, stored = threading.Event(), threading.Event(), threading.Event()

    def erase():
        with services.journal.transaction(erasing=True):
            inside.set()
            leave.wait(5)

    def store():
        other.decisions.append([row()])
        stored.set()

    eraser = threading.Thread(target=erase)
    eraser.start()
    assert inside.wait(5)
    writer = threading.Thread(target=store)
    writer.start()
    assert not stored.wait(0.2)
    leave.set()
    writer.join()
    eraser.join()
    assert stored.is_set()
    other.close()


def test_store_of_another_version_is_refused(options):
    """A newer store is left alone; an older one on a server is refused until somebody migrates it."""
    engine = open_database(options.database_url, "RISKAPI_DATABASE_URL", 2.0)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'")
    with pytest.raises(StorageError, match="update the program"):
        Services(options)
    engine.dispose()


def test_empty_server_is_refused_with_the_remedy(postgres_server):
    """A PostgreSQL without tables is not filled by a service that happens to start on it."""
    engine = open_database(postgres_server.new_database(), "RISKAPI_DATABASE_URL", 2.0)
    with pytest.raises(StorageError, match="riskapi migrate"):
        require_version(engine)
    upgrade(engine)
    upgrade(engine)
    require_version(engine)
    engine.dispose()


def test_migrations_make_the_tables_that_the_program_knows(options):
    """The steps and the definitions say the same, table by table, and every step is listed."""
    engine = open_database(options.database_url, "RISKAPI_DATABASE_URL", 2.0)
    whole = sa.MetaData()
    for metadata in (schema.METADATA, access_tables.METADATA):
        for table in metadata.tables.values():
            table.to_metadata(whole)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": schema.VERSION_TABLE})
        assert compare_metadata(context, whole) == []
    engine.dispose()
    listed = [step.revision for step in steps().walk_revisions()]
    assert list(reversed(listed)) == list(schema.REVISIONS)


def test_error_shows_no_parameter(services):
    """What was to be stored is in no error, nor in its chain."""
    twice = row("ZZMARKZZ")
    with pytest.raises(StorageError) as caught:
        services.decisions.append([twice, twice])
    assert "ZZMARKZZ" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
