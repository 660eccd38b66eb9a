"""What every store guarantees (riskapi/storage/base.py), held by the embedded database and by PostgreSQL alike."""

import threading

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from riskapi.decisions import Claim, Rectifies
from riskapi.errors import ConflictError, StorageError
from riskapi.ids import uuid7
from riskapi.log.entry import Kind
from riskapi.services import Services
from riskapi.storage import access_tables, hits_tables, monitoring_tables, schema
from riskapi.storage.decisions import GONE, MASKED
from riskapi.storage.engine import open_database, require_version, upgrade
from riskapi.storage.migrations.run import steps
from riskapi.storage.outcomes import OutcomeRow, RecordedBy
from tests.bundles import make_bundle
from tests.contracts.store_makers import bodies, entries, is_sqlite, lease
from tests.riskapi.desk.makers import AMINA, claim, referred
from tests.riskapi.makers import APPROVER, PROPOSER, RATIONALE, go_live, row

RECORDED_BY = RecordedBy("Amina Yusuf", "1" * 16, "", "border_control")


def test_decision_comes_back_as_it_went_in(services):
    """Every field of a decision survives the store, sealed parts included, and gets its place."""
    first, second = row("One"), row("Two", unit="NBO", purpose=None)
    assert list(services.decisions.append([first, second])) == []
    found = services.decisions.decision(second.decision_id)
    for name in set(second.__slots__) - {"subject", "claim", "rectifies", "trace", "record_key"}:
        assert getattr(found, name) == getattr(second, name), name
    assert (found.writer, found.seq, found.note) == ("cli", 3, None)
    assert services.decisions.decision(uuid7()) is None


def test_rows_of_one_append_are_stored_together_or_not_at_all(services):
    """A row that the database refuses takes its whole transaction with it, log entries too, and the next one works."""
    good, twice = row(), row()
    with pytest.raises(StorageError, match=r"IntegrityError|UniqueViolation"):
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
    services.outcome_store.append([OutcomeRow(first.decision_id, "enforcement", None, b"{}", b"print")], RECORDED_BY)
    claim(services, referred(services), AMINA)
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


def _is_expression_index(difference):
    """Whether it is the one index that each kind of database writes in its own words."""
    return difference[0] == "remove_index" and difference[1].name == "ix_log_about"


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index ix_log_about")
def test_migrations_make_the_tables_that_the_program_knows(options):
    """The steps and the definitions say the same, table by table, and every step is listed."""
    engine = open_database(options.database_url, "RISKAPI_DATABASE_URL", 2.0)
    whole = sa.MetaData()
    for metadata in (schema.METADATA, access_tables.METADATA, monitoring_tables.METADATA, hits_tables.METADATA):
        for table in metadata.tables.values():
            table.to_metadata(whole)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": schema.VERSION_TABLE})
        found = [one for one in compare_metadata(context, whole) if not _is_expression_index(one)]
        assert found == []
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
