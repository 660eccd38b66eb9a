"""No page reads more of a store than it shows, however much is stored: held against what the database says it read."""

import orjson
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from riskapi.access.matrix import Role
from riskapi.ids import uuid7
from riskapi.log.entry import Kind
from riskapi.moments import iso
from riskapi.services import Services
from riskapi.storage import schema
from riskapi.storage.desk_queue import COUNT_MAX
from tests.contracts.store_makers import is_sqlite
from tests.riskapi.console.makers import Browser, make_person
from tests.riskapi.desk.makers import risk
from tests.riskapi.makers import row, serving

STORED = 4000
COUNTED = 3 * COUNT_MAX + 200
"""Rows that three counts may read, each up to its bound, with what else a page reads."""
PAGES = {
    "/console": (Role.AUDITOR, 20),
    "/console/decisions": (Role.AUDITOR, 120),
    "/console/log": (Role.AUDITOR, 260),
    "/console/log?kind=access": (Role.AUDITOR, 260),
    "/console/log?decision_id={one}": (Role.AUDITOR, 60),
    "/console/desk": (Role.REVIEWER, COUNTED),
    "/console/desk?point=NBO&show=disputed": (Role.REVIEWER, COUNTED),
    "/console/desk/counts": (Role.REVIEWER, COUNTED),
}
"""Who opens a page, and the most rows that it may read: what it shows, found by an index, and who asks."""


@pytest.fixture
def services(options, monkeypatch):
    """A store of some thousand decisions, each a case, looked at once; a hundred times what a page shows."""
    monkeypatch.setattr("riskapi.access.passwords._HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    made = Services(options.model_copy(update={"desk_first_view_share": 0.0, "monitoring_enabled": False}))
    made.policies.publish()
    now = iso(made.clock())
    facts = {"crossing": {"expected_at": "2026-03-14T09:00:00Z", "point": "NBO", "mode": "air"}}
    told = {
        "scored_at": now,
        "input": orjson.dumps(facts),
        "answer": orjson.dumps({"record_id": None, "risks": [risk()], "referrals": []}),
        "policy": f"{made.selector.version}/{now[:7]}",
        "referrals": ("enforcement:score:1.0",),
    }
    rows = [row(**told, decision_id=uuid7()) for _ in range(STORED)]
    made.decisions.append(rows)
    with made.journal.transaction() as transaction:
        for one in rows:
            view = {"by": "Amina Yusuf", "key_id": "1", "purpose": "oversight", "what": "decision"}
            transaction.append(Kind.ACCESS, view | {"decision_id": one.decision_id})
    for role in (Role.AUDITOR, Role.REVIEWER):
        make_person(made, role.value, role)
    with made.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    yield made
    made.close()


def asked_for(services, browser, path):
    """The statements with which the database was asked for a page."""
    asked = []

    def note(_connection, _cursor, statement, parameters, _context, _many):
        if statement.lstrip().startswith(("SELECT", "WITH")) and "advisory" not in statement:
            asked.append((statement, parameters))

    sa.event.listen(services.engine, "before_cursor_execute", note)
    try:
        answer = browser.open(path)
        assert answer.status_code == 200, answer.text
    finally:
        sa.event.remove(services.engine, "before_cursor_execute", note)
    assert asked
    return asked


def rows_read(node):
    """Rows that the scans of a plan of PostgreSQL went over, those included that a filter left out."""
    own = 0
    if "Scan" in node["Node Type"] and node["Node Type"] not in ("Subquery Scan", "CTE Scan", "WorkTable Scan"):
        removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        own = node["Actual Loops"] * (node["Actual Rows"] + removed)
    return own + sum(rows_read(one) for one in node.get("Plans", ()))


def whole_tables(connection, statement, parameters):
    """What SQLite would read row by row without an index."""
    plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
    large = ("log", "decisions", "decision_contents", "desk_cases", "desk_events")
    return [line[3] for line in plan if line[3] in {f"SCAN {name}" for name in large}]


def test_no_page_reads_more_than_it_shows(services):
    """Every page that lists: by an index, as far as it shows; counts up to their bound."""
    with services.engine.connect() as connection:
        one = connection.execute(sa.select(sa.func.min(schema.decisions.c.id))).scalar_one()
    found = {}
    with serving(services) as client:
        client.base_url = "https://testserver"
        for path, (role, bound) in PAGES.items():
            browser = Browser(client)
            assert browser.sign_in(role.value).status_code == 303
            asked = asked_for(services, browser, path.format(one=one))
            with services.engine.connect() as connection:
                if is_sqlite(services):
                    assert [whole_tables(connection, *each) for each in asked] == [[] for _ in asked], path
                    continue
                read = 0
                for statement, parameters in asked:
                    explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"
                    plan = connection.exec_driver_sql(explain, parameters).scalar_one()
                    read += rows_read(plan[0]["Plan"])
            found[path] = (read, bound)
    assert {path: figures for path, figures in found.items() if figures[0] > figures[1]} == {}


def test_the_judge_can_find_something(services):
    """Control: what reads a whole table is found, so that silence means something."""
    with services.engine.connect() as connection:
        statement = "SELECT count(body) FROM log"
        if is_sqlite(services):
            assert whole_tables(connection, statement, ()) == ["SCAN log"]
        else:
            plan = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}").scalar_one()
            assert rows_read(plan[0]["Plan"]) > 2 * STORED
