"""The desk in both kinds of store: one reader at a time, forms that count once, and nothing decided unseen."""

import threading
from datetime import timedelta

import orjson
import pytest
import sqlalchemy as sa

from riskapi.desk.acts import standing_of, visible_notes
from riskapi.desk.forms import HandOverRequest, NoteRequest, OpenRequest, ReleaseRequest
from riskapi.errors import ChainError, ConflictError, FourEyesError, NotFoundError
from riskapi.log.entry import Kind
from riskapi.outcome_form import OutcomeRequest
from riskapi.privacy.subjects import Wanted
from riskapi.services import Services
from riskapi.storage import schema
from riskapi.storage.desk_history import histories
from riskapi.storage.desk_queue import Cursor, QueueFilter
from tests.contracts.store_makers import is_sqlite, lease, without_guards
from tests.riskapi.desk.makers import (
    AMINA,
    FORGED,
    GRACE,
    PETER,
    claim,
    look,
    person,
    read,
    reading,
    referred,
    token,
)
from tests.riskapi.privacy.makers import ADMIN, AUDITOR, Clock, entries_of, verified

ALL = QueueFilter()
ONE_READER = {"desk_first_view_share": 0.0, "desk_second_share": 0.0}


@pytest.fixture
def clock():
    """A clock that a test sets; after the crossing of the example, so that outcomes may be known."""
    made = Clock()
    made.now += timedelta(hours=6)
    return made


@pytest.fixture
def make(options, clock):
    """Makes services on the store, with changed settings."""
    made = []

    def one(**changes):
        made.append(Services(options.model_copy(update=ONE_READER | changes), clock))
        return made[-1]

    yield one
    for each in made:
        each.close()


def ids(rows):
    """The decisions of a queue."""
    return [row.decision_id for row in rows]


def count(services, table):
    """How many rows a table has."""
    with services.engine.connect() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_r8_a_case_is_read_once_and_its_outcome_is_recorded_with_it(make, clock):
    """Claimed, opened, read: closed, with the outcome where POST /v1/outcomes would have put it."""
    services = make()
    key = referred(services)
    done = read(services, key, AMINA, FORGED)
    assert (done.standing.state, done.standing.held_by) == ("closed", "")
    [outcome] = services.outcome_store.of([key.decision_id], "enforcement")
    told = orjson.loads(outcome.content)
    assert (outcome.by, told["outcome_code"], told["score_shown"]) == ("Amina Yusuf", "forged_document", True)
    assert services.desk.waiting(PETER.caller, ALL, None, 10) == []
    acts = [(one["act"], one["version"], one["by"]) for one in entries_of(services, Kind.DESK)]
    assert acts == [(act, place, "Amina Yusuf") for place, act in enumerate(("claimed", "opened", "read"), 1)]
    assert verified(services) == []


def test_the_log_says_who_and_what_and_nothing_of_what_was_found(make):
    """Views, verdicts and rationale are sealed; the log commits to them, and holds a row for each view."""
    services = make()
    key = referred(services)
    read(services, key, AMINA, FORGED)
    told = orjson.dumps(entries_of(services, Kind.DESK) + entries_of(services, Kind.OUTCOME)).decode()
    assert "forged" not in told
    assert "no_concern" not in told
    [view] = [one for one in entries_of(services, Kind.ACCESS) if one["what"] == "desk_reasons"]
    assert (view["by"], view["decision_id"], view["purpose"]) == ("Amina Yusuf", key.decision_id, "border_control")
    with services.engine.connect() as connection:
        for sealed in connection.execute(sa.select(schema.desk_contents.c.sealed)).scalars():
            assert b"no_concern" not in bytes(sealed)


def test_what_was_on_screen_is_kept(make):
    """Reasons, uncertainty and flags of quality, as they were shown."""
    services = make()
    key = referred(services)
    look(services, key, AMINA)
    _, standing = services.desk._store.case(key)
    [shown] = standing.opened[1, "Amina Yusuf"].content["shown"]
    assert [one["code"] for one in shown["reasons_for"]] == ["PY04", "IT07"]
    assert (shown["interval"]["low"], shown["standard_error"], shown["missing"]) == (0.2, 0.3, ["stay_days"])
    assert "referral" not in shown


def test_of_many_who_reach_for_a_case_one_gets_it(make, options, clock):
    """Threads of two processes: exactly one claim is stored, everybody else hears who has the case."""
    services = make()
    other = make()
    if not is_sqlite(services):
        for each in (services, other):
            each.journal.lead(lease(each))
    keys = [referred(services) for _ in range(6)]
    people = [person(f"Reader {number}") for number in range(6)]
    won, lost = [], []
    barrier = threading.Barrier(len(people))

    def reach(number):
        for key in keys:
            barrier.wait()
            try:
                claim((services, other)[number % 2], key, people[number])
                won.append(key)
            except ConflictError as error:
                lost.append(str(error))

    threads = [threading.Thread(target=reach, args=(number,)) for number in range(len(people))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == sorted(keys)
    assert len(lost) == len(keys) * (len(people) - 1)
    assert all("took this case and has it until 2026-03-14 15:20 UTC" in one for one in lost)
    assert count(services, schema.desk_events) == len(keys)


def test_of_two_outcomes_sent_at_once_one_is_stored(make):
    """The same person, two tabs: one reading counts, the other is told that the page is out of date or closed."""
    services = make()
    keys = [referred(services) for _ in range(4)]
    versions = {key: look(services, key, AMINA) for key in keys}
    forms = {key: [reading(version, found) for found in (None, FORGED)] for key, version in versions.items()}
    done, barrier = [], threading.Barrier(2)

    def send(which):
        for key in keys:
            barrier.wait()
            try:
                services.desk.read(key, forms[key][which], AMINA)
                done.append("stored")
            except ConflictError as error:
                done.append("closed" if "closed" in str(error) else str(error))

    threads = [threading.Thread(target=send, args=(which,)) for which in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == ["closed"] * 4 + ["stored"] * 4
    assert count(services, schema.outcomes) == 4


def test_the_same_form_counts_once_and_with_other_content_it_is_refused(make):
    """Double submission and the back button: one outcome, the same answer, and no second meaning."""
    services = make()
    key = referred(services)
    form = reading(look(services, key, AMINA))
    first, again = (services.desk.read(key, form, AMINA) for _ in range(2))
    assert (first.repeated, again.repeated) == (False, True)
    assert again.standing.version == first.standing.version
    assert count(services, schema.outcomes) == 1
    with pytest.raises(ConflictError, match="sent before with another content"):
        services.desk.read(key, form.model_copy(update={"view": "look_closer"}), AMINA)
    with pytest.raises(ConflictError, match="sent before with another content"):
        services.desk.read(key, form, PETER)


def test_a_page_that_is_out_of_date_stores_nothing_and_says_what_happened(make):
    """A stale tab hears which version the case is at, and who did what last."""
    services = make()
    key = referred(services)
    version = look(services, key, AMINA)
    services.desk.note(key, NoteRequest(token=token(), version=version, note="Speaks no English."), AMINA)
    before = count(services, schema.log)
    with pytest.raises(ConflictError, match=rf"shows version {version} .* at {version + 1} \(noted by Amina Yusuf"):
        services.desk.read(key, reading(version), AMINA)
    assert count(services, schema.log) == before
    assert services.desk.read(key, reading(version + 1), AMINA).standing.state == "closed"


def test_a_claim_ends_and_who_had_it_may_go_on_while_nobody_else_takes_it(make, clock):
    """After its time the case is offered again; what the first person writes is lost only where somebody came."""
    services = make()
    key, other = referred(services), referred(services)
    versions = [look(services, one, AMINA) for one in (key, other)]
    assert services.desk.waiting(PETER.caller, ALL, None, 10) == []
    assert services.desk.counts(PETER.caller) == {"waiting": 0, "disputed": 0, "held": 0}
    clock.now += timedelta(minutes=21)
    assert ids(services.desk.waiting(PETER.caller, ALL, None, 10)) == [key.decision_id, other.decision_id]
    assert services.desk.read(key, reading(versions[0]), AMINA).standing.state == "closed"
    claim(services, other, PETER)
    with pytest.raises(ConflictError, match="You do not have this case: Peter Otieno has it now"):
        services.desk.read(other, reading(versions[1]), AMINA)
    assert ids(services.desk.held(PETER.caller, 10)) == [other.decision_id]


def test_nothing_is_decided_unseen(make):
    """A reading without having opened score and reasons is refused, and one without the case is too."""
    services = make()
    key = referred(services)
    with pytest.raises(ConflictError, match="You do not have this case: it is back in the queue"):
        services.desk.read(key, reading(1), AMINA)
    version = claim(services, key, AMINA).standing.version
    with pytest.raises(ConflictError, match="nothing is decided unseen"):
        services.desk.read(key, reading(version), AMINA)
    assert count(services, schema.outcomes) == 0


def test_the_own_view_comes_before_the_score_and_stays(make):
    """Where it is drawn, the score opens after it; it is neither changed nor noted afterwards."""
    services = make(desk_first_view_share=1.0)
    key = referred(services)
    version = claim(services, key, AMINA).standing.version
    with pytest.raises(ConflictError, match="Note your own view of this case first"):
        services.desk.open(key, OpenRequest(token=token(), version=version), AMINA)
    assert services.desk.show(key, AMINA).risks is None
    services.desk.release(key, ReleaseRequest(token=token(), version=version), AMINA)
    version = look(services, key, AMINA, "look_closer")
    shown = services.desk.show(key, AMINA)
    assert shown.standing.first_views[1, "Amina Yusuf"].content["view"] == "look_closer"
    assert [one["risk"] for one in shown.risks] == ["document_fraud"]
    assert services.desk.show(key, PETER).risks is None


def test_a_second_reader_who_found_the_same_closes_the_case(make):
    """The first finding waits, unseen by the second reader; one outcome is recorded."""
    services = make(desk_second_share=1.0)
    key = referred(services)
    assert read(services, key, AMINA, FORGED, note="I saw it at once.").standing.state == "open"
    assert count(services, schema.outcomes) == 0
    assert services.desk.waiting(AMINA.caller, ALL, None, 10) == []
    with pytest.raises(FourEyesError, match="You have read this case"):
        claim(services, key, AMINA)
    [offered] = services.desk.waiting(PETER.caller, ALL, None, 10)
    assert (offered.state, offered.held_by) == ("open", "")
    assert read(services, key, PETER, FORGED).standing.state == "closed"
    assert [one.by for one in services.outcome_store.of([key.decision_id], "enforcement")] == ["Peter Otieno"]


def test_two_who_found_different_things_need_a_third(make):
    """Disputed until another person, who sees both, resolves it; then their outcome counts."""
    services = make(desk_second_bands=("document_fraud:high",))
    key = referred(services)
    read(services, key, AMINA, FORGED)
    assert read(services, key, PETER).standing.state == "disputed"
    assert count(services, schema.outcomes) == 0
    for reader in (AMINA, PETER):
        with pytest.raises(FourEyesError):
            claim(services, key, reader)
    assert ids(services.desk.waiting(GRACE.caller, QueueFilter(state="disputed"), None, 10)) == [key.decision_id]
    assert read(services, key, GRACE, FORGED).standing.state == "closed"
    [outcome] = services.outcome_store.of([key.decision_id], "enforcement")
    assert outcome.by == "Grace Njeri"
    _, standing = services.desk._store.case(key)
    assert [(one.act, one.person) for one in standing.readings] == [
        ("read", "Amina Yusuf"),
        ("read", "Peter Otieno"),
        ("resolved", "Grace Njeri"),
    ]


def notes(services, key, reader):
    """What somebody may read of the notes to a case."""
    _, standing = services.desk._store.case(key)
    return [one.content["note"] for one in visible_notes(standing, reader.caller.name)]


def test_a_second_reader_sees_no_note_of_the_first(make):
    """Nor when they had the score shown; who resolves the case sees the notes of both then, and not before."""
    services = make(desk_second_bands=("document_fraud:high",))
    key = referred(services)
    for reader, text, found in ((AMINA, "The stamp is new.", FORGED), (PETER, "Came for a funeral.", None)):
        version = look(services, key, reader)
        form = NoteRequest(token=token(), version=version, note=text)
        version = services.desk.note(key, form, reader).standing.version
        assert notes(services, key, reader) == [text]
        assert notes(services, key, GRACE) == []
        services.desk.read(key, reading(version, found), reader)
    assert notes(services, key, GRACE) == []
    look(services, key, GRACE)
    assert notes(services, key, GRACE) == ["The stamp is new.", "Came for a funeral."]


def test_an_outcome_that_is_there_already_refuses_the_reading_as_a_whole(make):
    """What came by another way is not overwritten unseen: nothing of the reading is stored until it names it."""
    services = make()
    key = referred(services)
    version = look(services, key, AMINA)
    found = reading(version).outcome.model_dump() | {"decision_id": key.decision_id}
    [made] = services.outcomes.record([OutcomeRequest(**found)], PETER)
    form = reading(version, FORGED)
    before = count(services, schema.log)
    with pytest.raises(ConflictError, match=made.outcome_id):
        services.desk.read(key, form, AMINA)
    assert count(services, schema.log) == before
    form = reading(version, FORGED | {"supersedes": made.outcome_id})
    assert services.desk.read(key, form, AMINA).standing.state == "closed"
    assert services.outcome_store.latest([key.decision_id], "enforcement")[key.decision_id].version == 2


def test_handing_over_leaves_the_case_to_a_colleague_with_the_note(make, clock):
    """The colleague has it at once; the note shows once they saw the score; who read it cannot be given it."""
    services = make(desk_first_view_share=1.0)
    key = referred(services)
    version = look(services, key, AMINA)
    form = HandOverRequest(token=token(), version=version, to="Peter Otieno", note="Ask about the ticket.")
    services.desk.hand_over(key, form, AMINA)
    assert ids(services.desk.held(PETER.caller, 10)) == [key.decision_id]
    with pytest.raises(ConflictError, match="Peter Otieno took this case"):
        claim(services, key, GRACE)
    assert notes(services, key, PETER) == []
    look(services, key, PETER)
    assert notes(services, key, PETER) == ["Ask about the ticket."]
    clock.now += timedelta(hours=1)
    claim(services, key, GRACE)


def test_the_queue_is_read_page_by_page_and_filtered(make, clock):
    """The longest waiting first; point and band narrow it; units and times bound it."""
    services = make()
    keys = []
    for number in range(5):
        at = clock.now - timedelta(minutes=50 - number)
        keys.append(referred(services, at=at, point=("NBO", "MBA")[number % 2], band=("high", "elevated")[number > 2]))
    referred(services, unit="MBA")
    referred(services, at=clock.now - timedelta(hours=73))
    caller, wanted = PETER.caller, [one.decision_id for one in keys]
    assert ids(services.desk.waiting(caller, ALL, None, 10)) == wanted
    pages, after = [], None
    while rows := services.desk.waiting(caller, ALL, after, 2):
        pages.append(ids(rows))
        after = Cursor(rows[-1].scored_at, rows[-1].decision_id)
    assert pages == [wanted[:2], wanted[2:4], wanted[4:]]
    assert ids(services.desk.waiting(caller, QueueFilter(point="MBA"), None, 10)) == [wanted[1], wanted[3]]
    assert ids(services.desk.waiting(caller, QueueFilter(band="elevated"), None, 10)) == wanted[3:]
    assert ids(services.desk.waiting(caller, QueueFilter(mode="sea"), None, 10)) == []
    since = (clock.now - timedelta(minutes=49)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert ids(services.desk.waiting(caller, QueueFilter(waiting_since=since), None, 10)) == wanted[:2]
    assert services.desk.counts(caller)["waiting"] == 5


def test_a_page_of_the_queue_is_read_by_an_index_in_its_order(make):
    """However many cases were closed before: none of them is read, and nothing is sorted."""
    services = make()
    if not is_sqlite(services):
        pytest.skip("PostgreSQL plans by what the table holds")
    asked = []
    sa.event.listen(services.engine, "before_cursor_execute", lambda *given: asked.append(given[2:4]))
    for wanted in (QueueFilter(state="open"), QueueFilter(band="high", point="NBO", state="disputed")):
        services.desk.waiting(PETER.caller, wanted, Cursor("2026-03-14T09:00:00.000Z", "0" * 36), 25)
    for statement, parameters in [one for one in asked if "FROM desk_cases" in one[0]]:
        with services.engine.connect() as connection:
            plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all())
        assert "USING INDEX ix_desk_waiting" in plan
        assert "TEMP B-TREE" not in plan


def test_who_was_drawn_at_random_looks_like_the_others(make):
    """No band, and an own view first, as many others have; the queue has no field that tells the arm."""
    services = make(desk_first_view_share=0.0)
    by_score, drawn = referred(services), referred(services, arm="random", chance=0.02, band="standard")
    rows = {row.decision_id: row for row in services.desk.waiting(PETER.caller, ALL, None, 10)}
    assert (rows[by_score.decision_id].band, rows[by_score.decision_id].view_first) == ("high", False)
    assert (rows[drawn.decision_id].band, rows[drawn.decision_id].view_first) == (None, True)
    all_first = make(desk_first_view_share=1.0)
    other = referred(all_first)
    row = next(one for one in all_first.desk.waiting(PETER.caller, ALL, None, 10) if one.decision_id == other[0])
    hidden = rows[drawn.decision_id]
    assert (row.band, row.view_first, row.state) == (hidden.band, hidden.view_first, hidden.state)


def test_a_corrected_case_is_not_offered_and_one_out_of_reach_is_not_found(make):
    """Another unit's case, and none at all, are one answer."""
    services = make()
    key = referred(services)
    stranger = person("Mary Wambui", unit="LAMU")
    for who, wanted in ((stranger, key), (AMINA, key._replace(decision_id="01a20caf-0413-738e-8d4a-c452987a1bd1"))):
        with pytest.raises(NotFoundError, match="No case with this id"):
            claim(services, wanted, who)
    with services.journal.transaction() as transaction:
        link = sa.insert(schema.rectifications).values(corrected="x", original=key.decision_id)
        transaction.connection.execute(link)
    assert services.desk.waiting(PETER.caller, ALL, None, 10) == []


def test_figures_are_read_of_a_bounded_time_and_number(make, clock):
    """Cases that somebody took up, the earliest first; none beyond the window, and at most as many as asked for."""
    services = make()
    keys = [referred(services, at=clock.now - timedelta(minutes=minutes)) for minutes in (30, 20, 10)]
    for key in keys:
        read(services, key, AMINA)
    referred(services)
    claim(services, referred(services, at=clock.now - timedelta(days=2)), AMINA)
    window = tuple(moment.strftime("%Y-%m-%dT%H:%M:%S.000Z") for moment in (clock.now - timedelta(days=1), clock.now))
    found = histories(services.engine, services.subject_keys, "enforcement", window)
    assert [one.decision_id for one in found] == [key.decision_id for key in keys]
    assert [event.act for event in found[0].events] == ["claimed", "opened", "read"]
    assert (found[0].first_view, found[0].by_score) == ("none", True)
    some = histories(services.engine, services.subject_keys, "enforcement", window, limit=2)
    assert some == found[:2]
    assert histories(services.engine, services.subject_keys, "protection", window) == []


def test_erasure_takes_the_case_along(make):
    """Facts, views and notes go with the decision; that something was done stays in the log."""
    services = make()
    key = referred(services)
    read(services, key, AMINA)
    identity = orjson.loads(services.decisions.decision(key.decision_id).identity)
    wanted = Wanted(document=identity["documents[0].number"], country=identity["documents[0].issuing_country"])
    services.erasure.erase(services.subjects.find(wanted), ADMIN, AUDITOR, "Act s.40")
    assert (count(services, schema.desk_contents), count(services, schema.desk_cases)) == (0, 0)
    assert count(services, schema.desk_events) == 3
    with pytest.raises(NotFoundError):
        services.desk.show(key, AMINA)
    assert verified(services) == []


def test_database_refuses_to_change_what_was_done_and_what_was_settled(make):
    """Acts stay; how many readers a case needs is nobody's choice once it came in."""
    services = make()
    claim(services, referred(services), AMINA)
    statements = [
        "UPDATE desk_events SET act = 'read'",
        "DELETE FROM desk_events",
        "UPDATE desk_contents SET sealed = sealed",
        "UPDATE desk_cases SET readings = 1",
        "UPDATE desk_cases SET first_view = 'none'",
    ]
    if not is_sqlite(services):
        statements += ["TRUNCATE desk_events", "TRUNCATE desk_contents", "TRUNCATE desk_cases"]
    for statement in statements:
        with services.engine.connect() as connection, pytest.raises(sa.exc.DatabaseError, match="append-only"):
            connection.exec_driver_sql(statement)


def test_an_act_that_was_exchanged_is_found_when_it_is_read(make):
    """The content of one act under another is not what the log commits to."""
    services = make()
    key = referred(services)
    look(services, key, AMINA)
    with without_guards(services, "desk_events") as connection:
        rows = connection.execute(sa.select(schema.desk_events.c.seq).order_by(schema.desk_events.c.version)).scalars()
        later = list(rows)[-1]
        first = sa.update(schema.desk_events).where(schema.desk_events.c.version == 1)
        connection.execute(first.values(seq=later))
    with pytest.raises(ChainError, match="not what the log says"):
        services.desk.show(key, AMINA)


def test_the_queue_says_what_follows_from_the_acts(make, clock):
    """The columns that the queue shows equal what the acts add up to, whatever was done."""
    services = make(desk_second_share=0.5)
    keys = [referred(services) for _ in range(4)]
    claim(services, keys[0], AMINA)
    read(services, keys[1], AMINA)
    read(services, keys[2], AMINA)
    stored = claim(services, keys[3], PETER)
    services.desk.release(keys[3], ReleaseRequest(token=token(), version=stored.standing.version), PETER)
    for key in keys:
        facts, standing = services.desk._store.case(key)
        with services.engine.connect() as connection:
            row = connection.execute(
                sa.select(schema.desk_cases).where(schema.desk_cases.c.decision_id == key.decision_id)
            ).one()
            events = services.desk._store._read(connection, key)
        again = standing_of(facts.readings, events)
        assert again == standing
        assert (row.state, row.held_by, row.held_until, row.version) == (
            again.state,
            again.held_by,
            again.held_until,
            len(events),
        )
