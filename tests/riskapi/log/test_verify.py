"""Verification accepts what the rules allow, doubts everything else, and never stumbles over what it reads."""

import base64
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest

from features.risk import Audience
from riskapi.access.keys import new_key
from riskapi.access.matrix import Role
from riskapi.access.principal import PrincipalKind
from riskapi.access.store import SqlKeyStore
from riskapi.log.checkpoint_file import append_checkpoint, read_checkpoint_file
from riskapi.log.checkpoints import sign_checkpoint
from riskapi.log.entry import Kind, canonical
from riskapi.log.findings import SHOWN_MAX, Rule
from riskapi.log.merkle import CompactRange, leaf_hash
from riskapi.log.verify import Verification
from riskapi.privacy.erasure import _PURPOSE
from riskapi.secret import ServiceSecret
from riskapi.storage.contents import Contents
from tests.riskapi.log.made_logs import START, Clock, MadeLog, make_log, rows_of, writing


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> MadeLog:
    """A log that nobody changed; tests copy it."""
    return make_log(tmp_path_factory.mktemp("logs") / "clean", decisions=60)


@pytest.fixture
def made(clean: MadeLog, tmp_path: Path) -> MadeLog:
    """A log of the test's own."""
    return clean.copy(tmp_path / "log")


def told(result: Verification) -> list[tuple[Rule, str, int]]:
    """What was found."""
    return [(finding.rule, finding.writer, finding.seq) for finding in result.findings]


def ids(made: MadeLog) -> list[str]:
    """Ids of the decisions, in order."""
    with made.as_intruder() as connection:
        return [row[0] for row in connection.execute("SELECT id FROM decisions ORDER BY seq")]


def tombstone(made: MadeLog, decision_ids: list[str]) -> dict[str, Any]:
    """What the log says of an erasure."""
    body = {"decision_ids": decision_ids, "legal_basis": "Request of the person, case 12"}
    signature = made.key.sign(_PURPOSE + canonical(body))
    return {**body, "signature": base64.b64encode(signature).decode()}


def test_an_erasure_that_the_log_did_not_sign_is_found(made):
    """A tombstone without a signature, or with one of another body, explains nothing."""
    one = ids(made)[3]
    with writing(made, Clock()) as (journal, _, _), journal.transaction() as transaction:
        Contents.delete(transaction.connection, [one])
        entry = transaction.append(Kind.ERASED, {**tombstone(made, []), "decision_ids": [one]})
    assert told(made.verify()) == [(Rule.TOMBSTONE_UNSIGNED, "cli", entry.seq)]


def test_keys_that_nobody_made_and_revocations_that_are_gone_are_found(made):
    """API keys are held against the log: added, widened, and valid again after they were revoked."""
    clock = Clock()
    secret = ServiceSecret(made.settings.secret_key)
    with writing(made, clock) as (journal, _, _):
        store = SqlKeyStore(journal._engine, journal)
        rows = [new_key(secret, name, PrincipalKind.SYSTEM, [Role.SCORER], clock())[1] for name in ("one", "two")]
        for row in rows:
            store.add_key(row)
        assert store.revoke_key(rows[1].key_id, clock())
    assert made.verify().holds
    with made.as_intruder() as connection:
        connection.execute("UPDATE api_keys SET scopes = '[\"admin\"]' WHERE id = ?", (rows[0].key_id,))
        connection.execute("DELETE FROM key_revocations")
        connection.execute(
            "INSERT INTO api_keys (id, hash, principal, kind, scopes, created_at) "
            "SELECT 'made up', hash, principal, kind, scopes, created_at FROM api_keys LIMIT 1"
        )
    found = made.verify().findings
    assert {finding.rule for finding in found} == {Rule.ACCESS_CHANGED}
    assert sorted(finding.seq for finding in found) == [0, 0, 6, 8]


def test_a_clean_log_is_counted(made):
    """Rows, heads, checkpoints and compared contents are told."""
    result = made.verify()
    assert (result.holds, result.findings, result.contents) == (True, (), 60)
    assert result.heads["1"] + result.heads["cli"] == result.rows
    assert result.to_json()["holds"] is True


def test_contents_may_be_gone_where_the_log_says_so(made):
    """Masked identity, expired and erased contents raise no alarm, from the database and from an export."""
    masked, expired, erased = ids(made)[:5], ids(made)[5:9], ids(made)[9:12]
    with writing(made, Clock()) as (journal, _, _), journal.transaction() as transaction:
        Contents.mask(transaction.connection, masked)
        Contents.delete(transaction.connection, [*expired, *erased])
        transaction.append(Kind.MASKED, {"decision_ids": masked})
        transaction.append(Kind.EXPIRED, {"decision_ids": expired})
        transaction.append(Kind.ERASED, tombstone(made, erased))
    export = made.export(made.directory / "export", with_contents=True)
    for result in (made.verify(), made.verify(with_keys=False), *made.verify_exports(export)):
        assert told(result) == []


@pytest.mark.parametrize("with_keys", [True, False])
def test_contents_that_are_gone_without_a_word_are_missed(made, with_keys):
    """An identity taken away, a decision's contents deleted: named by the row of the decision."""
    with made.as_intruder() as connection:
        (one, seq_one), (other, seq_other) = connection.execute(
            "SELECT id, seq FROM decisions ORDER BY seq LIMIT 2"
        ).fetchall()
        connection.execute("UPDATE decision_contents SET identity = NULL WHERE decision_id = ?", (one,))
        connection.execute("DELETE FROM decision_contents WHERE decision_id = ?", (other,))
    result = made.verify(with_keys=with_keys)
    assert told(result) == [(Rule.CONTENTS_MISSING, "1", seq_one), (Rule.CONTENTS_MISSING, "1", seq_other)]


def test_masking_does_not_excuse_the_loss_of_everything(made):
    """A row that tells of masking explains a missing identity and no more."""
    one = ids(made)[0]
    with writing(made, Clock()) as (journal, _, _), journal.transaction() as transaction:
        Contents.delete(transaction.connection, [one])
        transaction.append(Kind.MASKED, {"decision_ids": [one]})
    assert [finding[0] for finding in told(made.verify())] == [Rule.CONTENTS_MISSING]


def test_keys_that_are_gone_without_a_word_are_missed(made):
    """A destroyed key loses what it sealed: contents are still there, and nobody can read them."""
    with made.as_intruder() as connection:
        subject, seq = connection.execute(
            "SELECT subject_id, seq FROM decision_contents JOIN decisions ON id = decision_id ORDER BY seq"
        ).fetchone()
    with closing(sqlite3.connect(made.directory / "keys.db")) as keys, keys:
        keys.execute("DELETE FROM subject_keys WHERE subject_id = ? AND epoch = 'content'", (subject,))
    assert (Rule.CONTENTS_MISSING, "1", seq) in told(made.verify())


def test_r14_what_goes_by_the_rules_while_a_verification_runs_raises_no_alarm(made):
    """Keys are in no snapshot: masked and erased meanwhile, they are looked for again where their contents were."""
    one, other = ids(made)[:2]

    def retention(step: str) -> None:
        if step != "checkpoints":
            return
        with writing(made, Clock()) as (journal, _, _), journal.transaction() as transaction:
            Contents.mask(transaction.connection, [one])
            Contents.delete(transaction.connection, [other])
            transaction.append(Kind.MASKED, {"decision_ids": [one]})
            transaction.append(Kind.ERASED, tombstone(made, [other]))
        with closing(sqlite3.connect(made.directory / "keys.db")) as keys, made.as_intruder() as connection, keys:
            subjects = dict(connection.execute("SELECT id, subject_id FROM was").fetchall())
            keys.execute("DELETE FROM subject_keys WHERE subject_id = ? AND epoch != 'content'", (subjects[one],))
            keys.execute("DELETE FROM subject_keys WHERE subject_id = ?", (subjects[other],))

    with made.as_intruder() as connection:
        connection.execute(
            "CREATE TABLE was AS SELECT decision_id AS id, subject_id FROM decision_contents ORDER BY 1 LIMIT 2"
        )
    before = [finding for finding in told(made.verify(meanwhile=retention)) if finding[2] in (2, 3)]
    assert before == []
    assert [finding for finding in told(made.verify()) if finding[2] in (2, 3)] == []


def test_contents_that_came_back_are_found(made):
    """What the log says is erased must not be there: an older copy of the contents brings it back."""
    one = ids(made)[3]
    with writing(made, Clock()) as (journal, _, _):
        journal.append(Kind.ERASED, tombstone(made, [one]))
    assert told(made.verify()) == [(Rule.CONTENTS_KEPT, "1", 5)]


def test_contents_of_a_decision_that_never_was_are_found(made):
    """Sealed contents without a row of the log are named by their id."""
    with made.as_intruder() as connection:
        connection.execute(
            "INSERT INTO decision_contents SELECT 'made up', subject_id, month, input, identity, answer, NULL "
            "FROM decision_contents LIMIT 1"
        )
    found = made.verify().findings
    assert [finding.rule for finding in found] == [Rule.CONTENTS_UNLOGGED]
    assert "made up" in found[0].text


def test_contents_of_two_decisions_exchanged_are_found_with_the_keys(made):
    """Sealed bytes are bound to their decision: exchanged, they open for neither."""
    with made.as_intruder() as connection:
        rows = connection.execute("SELECT decision_id, answer FROM decision_contents ORDER BY 1 LIMIT 2").fetchall()
        for (decision_id, _), (_, answer) in zip(rows, reversed(rows), strict=True):
            connection.execute("UPDATE decision_contents SET answer = ? WHERE decision_id = ?", (answer, decision_id))
    assert made.verify(with_keys=False).holds
    assert [rule for rule, _, _ in told(made.verify())] == [Rule.CONTENTS_CHANGED] * 2


def test_a_decision_by_a_model_that_nobody_approved_is_found(made):
    """Where the log has no approval of a digest, the first decision scored by it is named."""
    with made.as_intruder() as connection:
        body = connection.execute("SELECT body FROM log WHERE kind = 'decision' LIMIT 1").fetchone()[0]
        digest = json.loads(body)["digests"][0]
        seq = connection.execute(
            "SELECT seq FROM log WHERE kind = 'approved' AND body LIKE ?", (f"%{digest}%",)
        ).fetchone()[0]
        connection.execute("UPDATE log SET kind = 'rejected' WHERE writer = 'cli' AND seq = ?", (seq,))
    result = told(made.verify())
    assert (Rule.LEDGER_CHANGED, "1", 2) in result
    assert (Rule.CHANGED, "cli", seq) in result


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", '\'2026","body":{"x":1},"kind":"y\''),
        ("kind", '\'access","prev":"0\''),
        ("kind", "'ACCESS'"),
        ("body", "'no json'"),
        ("body", "CAST(x'ff00fe' AS TEXT)"),
        ("body", "17"),
        ("hash", "'text'"),
        ("hash", "x''"),
        ("at", "3.5"),
        ("kind", "CAST(x'80' AS TEXT)"),
        ("seq", "'many'"),
        ("seq", "-3"),
        ("writer", "CAST(x'ff' AS TEXT)"),
        ("writer", "'a/b'"),
    ],
)
def test_any_value_in_any_column_is_judged_and_never_stumbled_over(made, column, value):
    """Bytes of any kind, put there by whoever owns the database, end in findings that name the place."""
    with made.as_intruder() as connection:
        seq = rows_of(connection, "1") // 2
        connection.execute(f"UPDATE log SET {column} = {value} WHERE writer = '1' AND seq = ?", (seq,))
    found = [finding for finding in made.verify().findings if finding.writer == "1"]
    assert min(finding.seq for finding in found if finding.seq > 0) == seq


@pytest.mark.parametrize("value", ["5", "[1]", "[[]]", "{}", "null", "true", "1.5", '[{"a":[]}]', '"text"'])
def test_bodies_of_any_shape_are_judged_and_never_stumbled_over(made, value):
    """Every kind of row, with every field another kind of value than it should be: findings, at that row."""
    fields = [
        "at",
        "by",
        "commit",
        "decision_id",
        "decision_ids",
        "digest",
        "digests",
        "expires_at",
        "heads",
        "instance",
    ]
    fields += ["key_id", "kind", "name", "principal", "rationale", "replaces", "risk", "scopes", "signature", "units"]
    body = "{" + ",".join(f'"{name}":{value}' for name in fields) + "}"
    with made.as_intruder() as connection:
        for seq, kind in enumerate(Kind, start=2):
            connection.execute("UPDATE log SET kind = ?, body = ? WHERE writer = '1' AND seq = ?", (kind, body, seq))
    result = made.verify()
    shown = min(len(Kind), SHOWN_MAX)
    assert {finding.seq for finding in result.findings if finding.writer == "1"} >= set(range(2, 2 + shown))


def test_a_chain_that_is_gone_altogether_is_missed(made):
    """A writer of whom only checkpoints are left has lost all of its rows."""
    with made.as_intruder() as connection:
        last = rows_of(connection, "1")
        for table in ("log", "checkpoints", "decisions"):
            connection.execute(f"DELETE FROM {table} WHERE writer = '1'")
        connection.execute("DELETE FROM decision_contents")
    found = made.verify().findings
    assert [(one.rule, one.writer, one.seq, one.through) for one in found] == [(Rule.TRUNCATED, "1", 1, last)]


def test_many_findings_of_one_kind_are_counted_and_not_all_listed(made):
    """The first of them are listed by place; the rest is a number."""
    with made.as_intruder() as connection:
        connection.execute("UPDATE decision_contents SET input = x'00'")
    result = made.verify()
    assert len(result.findings) == SHOWN_MAX
    assert result.unlisted == (("1", Rule.CONTENTS_CHANGED, 60 - SHOWN_MAX),)
    assert result.total == 60


def test_checkpoints_of_another_instance_cover_nothing(made):
    """A log of another instance in the place of this one is found, although the key is the same."""
    tree = CompactRange()
    tree.append(leaf_hash(b"x"))
    append_checkpoint(made.settings.checkpoint_file, sign_checkpoint("other", "9", tree, START, made.key).note)
    assert (Rule.SPLIT_VIEW, "1", 1) in told(made.verify())


def test_a_line_of_the_file_that_is_no_checkpoint_is_told(made):
    """The file elsewhere is judged too, line by line."""
    path = made.settings.checkpoint_file
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0].replace(b"riskapi", b"rizkapi"), b"{}\n", *lines[1:]]))
    texts = [finding.text for finding in made.verify().findings]
    assert any("line 1 is refused" in text for text in texts)
    assert any("line 2 is refused" in text for text in texts)


def test_a_torn_last_line_of_the_file_is_no_finding(made):
    """A crash while a checkpoint was being written is not tampering."""
    path = made.settings.checkpoint_file
    path.write_bytes(path.read_bytes() + orjson.dumps({"note": "riskapi/"})[:-3])
    assert made.verify().holds
    assert all(line.note for line in read_checkpoint_file(path))


def test_an_export_has_nobodys_data_unless_asked(made):
    """Without contents, neither record nor answer is in any file, identity never; files are for their owner alone."""
    plain, whole = (made.export(made.directory / name, with_contents=name == "whole") for name in ("plain", "whole"))
    read = {path: b"".join(file.read_bytes() for file in path.iterdir()) for path in (plain, whole)}
    assert b'party_size\\":' in read[whole]
    assert not any(word in read[whole] for word in (b"ABDI", b"KQ-1"))
    assert not any(word in read[plain] for word in (b"ABDI", b"KQ-1", b'party_size\\":', b'score\\":'))
    assert {oct(file.stat().st_mode & 0o777) for file in plain.iterdir()} == {"0o600"}
    assert json.loads((plain / "export.json").read_bytes())["personal"] is False


@pytest.mark.parametrize(
    "name", ["log.ndjson", "contents.ndjson", "bundles.ndjson", "ledger.ndjson", "checkpoints.ndjson"]
)
def test_no_file_of_an_export_can_be_garbled_unseen(made, name):
    """A line of any file that was cut short, or a line of noise, is a finding and no crash."""
    export = made.export(made.directory / "export")
    lines = (export / name).read_bytes().splitlines(keepends=True)
    for changed in ([lines[0][:40] + b"\n", *lines[1:]], [b"\xff\xfe[1]\n", *lines[1:]], [b"[]\n", *lines[1:]]):
        (export / name).write_bytes(b"".join(changed))
        assert not made.verify_exports(export)[0].holds
    (export / name).write_bytes(b"".join(lines))
    assert made.verify_exports(export)[0].holds


def test_r23_protection_answers_are_exported_to_protection_alone(made):
    """Whoever may not see the protection audience gets commitments of its answers; both exports verify."""
    kept = frozenset({Audience.ENFORCEMENT})
    enforcement = made.export(made.directory / "enforcement", with_contents=True, audiences=kept)
    both = made.export(made.directory / "both", with_contents=True)
    answers = {
        out: [json.loads(line)["parts"]["answer"] for line in (out / "contents.ndjson").read_bytes().splitlines()]
        for out in (enforcement, both)
    }
    assert all("content" in answer for answer in answers[both])
    hidden = [answer for answer in answers[enforcement] if "content" not in answer]
    assert [set(answer) for answer in hidden] == [{"commit"}] * 6
    assert all(result.holds for result in made.verify_exports(enforcement, both))
