"""Travellers are scored, officers record what they found, and training reads it: from answers to labels in one go."""

import csv
import stat
from collections import Counter
from datetime import UTC, datetime, timedelta

import orjson
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from features.outcome import SELECTIONS
from features.record import TravellerRecord
from features.risk import RISKS
from riskapi.__main__ import command_line
from riskapi.access.matrix import Action, Role
from riskapi.access.principal import PrincipalKind
from riskapi.log.entry import Kind
from riskapi.privacy.subjects import Wanted
from tests.makers import random_data
from tests.riskapi.makers import SECRET, TRUSTED, bearer, make_key, scoring_service, services_of, settings
from tests.riskapi.privacy.makers import ADMIN, AUDITOR, entries_of, verified
from training.__main__ import app as training
from training.cases import load
from training.labels import label_of

NUMBER = 200


@pytest.fixture
def client(tmp_path):
    """A service of its own."""
    with scoring_service(tmp_path) as made:
        yield made


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a command on the store of the service, by somebody's key."""
    for name, value in settings(tmp_path).model_dump(exclude_unset=True).items():
        text = ",".join(value) if isinstance(value, tuple) else str(value)
        monkeypatch.setenv(f"RISKAPI_{name.upper()}", SECRET if name == "secret_key" else text)
    monkeypatch.setenv("RISKAPI_TRUSTED_SIGNERS", ",".join(TRUSTED))
    monkeypatch.setenv("COLUMNS", "200")

    def call(key, *arguments):
        monkeypatch.setenv("RISK_API_KEY", key)
        arguments = [str(one) for one in arguments]
        return CliRunner().invoke(command_line(arguments), arguments)

    return call


def person(client, name, *grants):
    """A key of a person."""
    return make_key(services_of(client), grants, name, PrincipalKind.PERSON)


def scored(client):
    """Score travellers; gives each record with its answer, those who crossed already first."""
    records = sorted(random_data(NUMBER, seed=20), key=crossed_at)
    rows = client.post("/v1/scores/batch", json=records).json()["rows"]
    assert all(row["answer"] for row in rows)
    return [(record, row["answer"]) for record, row in zip(records, rows, strict=True)]


def crossed_at(record):
    """When a traveller is expected."""
    return TravellerRecord.model_validate_json(orjson.dumps(record)).crossing.expected_at


def found(record, answer, place):
    """What an officer found of a traveller."""
    crossing = crossed_at(record)
    code = ("nothing_found", "nothing_found", "forged_document", "inconclusive", "smuggled_migrant")[place % 5]
    return {
        "decision_id": answer["decision_id"],
        "outcome_code": code,
        "known_at": (crossing + timedelta(hours=2)).isoformat(),
        "evidence_type": "document_examination",
        "decided_by_role": "second_line_officer",
        "selection": SELECTIONS[1 + place % 4] if SELECTIONS[1 + place % 4] != "score" else "officer",
        "rationale": f"Looked at for an hour, case {place}.",
        "inspection_depth": "full",
        "officer_id": f"KE-{place % 3}",
        "score_shown": bool(place % 2),
    }


def export(run, key, out, *options):
    """Export everything; gives the rows."""
    done = run(key, "export-cases", "--out", out, "--since", "2026-01-01", *options)
    assert done.exit_code == 0, done.output
    return done, pq.read_table(out).to_pylist()


@pytest.mark.parametrize("suffix", [".parquet", ".ndjson"])
def test_what_was_scored_and_found_is_accepted_by_training_row_by_row(client, run, tmp_path, suffix):
    """Every case is taken; labels are what was found; who was not looked at has none; nobody is named."""
    answers = scored(client)
    officer = bearer(person(client, "Amina Yusuf", Role.REVIEWER))
    outcomes = [found(record, answer, place) for place, (record, answer) in enumerate(answers[:60])]
    outcomes.append(
        {"decision_id": answers[60][1]["decision_id"], "compliance": "not_done", "rationale": "The desk was closed."}
    )
    assert client.post("/v1/outcomes", json=outcomes, headers=officer).status_code == 201
    key = person(client, "Wanjiru Kamau", Role.DATA_SCIENTIST, Action.ENFORCEMENT)
    out = tmp_path / f"cases{suffix}"
    done = run(key, "export-cases", "--out", out, "--since", "2026-01-01")
    assert done.exit_code == 0, done.output
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    crew = sum(answer["not_scored"] is not None for _, answer in answers)
    assert f"{crew:,} not scored" in done.output
    table = load(out)
    assert list(table.rejected["rule"]) == []
    accepted = table.accepted.set_index("record_id")
    assert len(accepted) == NUMBER - crew
    looked = {one["decision_id"]: one.get("outcome_code") for one in outcomes}
    for decision_id, case in accepted.iterrows():
        code = looked.get(decision_id)
        assert case["outcome_code"] == code if code else case["outcome_code"] is None
    label = label_of(accepted["outcome_code"], RISKS["document_fraud"].outcome_codes)
    assert int(label.isna().sum()) == sum(looked.get(one) in {None, "inconclusive"} for one in accepted.index)
    text = b"".join(accepted["record"])
    for record, _ in answers:
        for name in (record.get("traveller", {}).get("surname"), record["record_id"]):
            assert name is None or f'"{name}"'.encode() not in text
    assert accepted["entity"].str.fullmatch("[0-9a-f]{32}").all()
    [told] = [one for one in entries_of(services_of(client), Kind.ACCESS) if one["what"] == "export-cases"]
    assert (told["by"], told["purpose"], told["audience"]) == ("Wanjiru Kamau", "training", "enforcement")


def test_exports_grow_into_one_history_that_training_reads(client, run, tmp_path):
    """What becomes known between two exports fills the cases of the first; in any order, once or twice, it is the same.

    The history then holds what the last export holds, each outcome with the file that it came from, and who was not
    looked at without one.
    """
    answers = [one for one in scored(client) if one[1]["not_scored"] is None]
    officer = bearer(person(client, "Amina Yusuf", Role.REVIEWER))
    key = person(client, "Wanjiru Kamau", Role.DATA_SCIENTIST, Action.ENFORCEMENT)
    paths, ids = [], []
    for number, places in enumerate((range(30), range(30, 60)), start=1):
        outcomes = [found(*answers[place], place) for place in places]
        sent = client.post("/v1/outcomes", json=outcomes, headers=officer)
        assert sent.status_code == 201
        ids.append(sent.json()["outcomes"][0]["outcome_id"])
        paths.append(tmp_path / f"export-{number}.parquet")
        export(run, key, paths[-1])
    contents = []
    for name, order in (("grown", (0, 1)), ("twice", (0, 0, 1, 1, 0)), ("late", (1, 0))):
        history = tmp_path / f"{name}.parquet"
        for number in order:
            done = CliRunner().invoke(training, ["import-outcomes", str(paths[number]), "--into", str(history)])
            assert done.exit_code == 0, done.output
        contents.append(load(history).sha256)
    assert set(contents) == {load(paths[-1]).sha256}
    rows = pq.read_table(tmp_path / "grown.parquet").to_pylist()
    sources = Counter((row["source"], row["outcome_code"] is not None) for row in rows)
    assert sources["export-1.parquet", True] == sources["export-2.parquet", True] == 30
    assert sources["export-1.parquet", False] == len(rows) - 60
    correction = found(*answers[0], 3) | {"supersedes": ids[0]}
    assert client.post("/v1/outcomes", json=correction, headers=officer).status_code == 201
    export(run, key, tmp_path / "corrected.parquet")
    arguments = ["import-outcomes", str(tmp_path / "corrected.parquet"), "--into", str(tmp_path / "grown.parquet")]
    assert CliRunner().invoke(training, arguments).exit_code == 1
    assert load(tmp_path / "grown.parquet").sha256 == contents[0]
    assert CliRunner().invoke(training, [*arguments, "--corrections"]).exit_code == 0
    assert load(tmp_path / "grown.parquet").sha256 == load(tmp_path / "corrected.parquet").sha256


def test_cases_of_protection_and_of_enforcement_stay_apart(client, run, tmp_path):
    """Each audience's outcomes are in its own table, for those who have the right to it."""
    answers = scored(client)
    [one, *_] = [each for each in answers if each[1]["not_scored"] is None]
    victim = found(*one, 0) | {"outcome_code": "presumed_victim", "decided_by_role": "protection_officer"}
    headers = bearer(person(client, "Halima Noor", Role.PROTECTION_OFFICER)) | {"X-Purpose": "protection"}
    assert client.post("/v1/outcomes", json=victim, headers=headers).status_code == 201
    key = person(client, "Wanjiru Kamau", Role.DATA_SCIENTIST, Action.ENFORCEMENT)
    out = tmp_path / "cases.parquet"
    refused = run(key, "export-cases", "--out", out, "--since", "2026-01-01", "--audience", "protection")
    assert (refused.exit_code, out.exists()) == (1, False)
    assert "audience:protection" in refused.output
    _, rows = export(run, key, out)
    assert {row["outcome_code"] for row in rows} == {None}
    both = person(client, "Kiptoo", Role.DATA_SCIENTIST, Action.PROTECTION)
    _, rows = export(run, both, out, "--audience", "protection")
    assert [row["outcome_code"] for row in rows if row["outcome_code"]] == ["presumed_victim"]
    for grants in ((Role.REVIEWER,), (Role.AUDITOR,)):
        refused = run(person(client, "Other", *grants), "export-cases", "--out", out, "--since", "2026-01-01")
        assert refused.exit_code == 1
        assert "cases:export" in refused.output


def test_what_is_masked_erased_or_corrected_is_left_out_and_counted(client, run, tmp_path):
    """Masked decisions come only where they are asked for; erased and corrected ones never."""
    services = services_of(client)
    answers = [one for one in scored(client) if one[1]["not_scored"] is None]
    erased, masked, corrected = (answer["decision_id"] for _, answer in answers[:3])
    client.post(
        "/v1/outcomes", json=found(*answers[0], 1), headers=bearer(person(client, "Amina Yusuf", Role.REVIEWER))
    )
    subjects = services.subjects.find(Wanted(decision_id=erased))
    together = len(services.subjects.decision_ids(subjects))
    services.erasure.erase(subjects, ADMIN, AUDITOR, "Act s.40")
    with services.journal.transaction() as transaction:
        services.contents.mask(transaction.connection, [masked])
        transaction.append(Kind.MASKED, {"decision_ids": [masked]})
    body = {"reason": "submitted_wrong", "record": answers[2][0]}
    again = client.post(
        f"/v1/decisions/{corrected}/rectification",
        json=body,
        headers=bearer(make_key(services, (Action.RECTIFY, Action.ENFORCEMENT))),
    )
    assert again.status_code == 201, again.text
    key = person(client, "Wanjiru Kamau", Role.DATA_SCIENTIST, Action.ENFORCEMENT)
    done, rows = export(run, key, tmp_path / "cases.parquet")
    assert f"Left out: 1 masked, {together} erased or expired, 1 corrected" in done.output
    ids = {orjson.loads(row["record"])["record_id"] for row in rows}
    assert ids.isdisjoint({erased, masked, corrected})
    assert again.json()["decision_id"] in ids
    _, rows = export(run, key, tmp_path / "cases.parquet", "--masked")
    assert masked in {orjson.loads(row["record"])["record_id"] for row in rows}
    assert verified(services) == []


def test_outcomes_of_a_file_are_recorded_as_over_http(client, run, tmp_path):
    """Columns by their own names; what is no outcome is reported with its place; sent again nothing is doubled."""
    answers = scored(client)
    path = tmp_path / "found.csv"
    with path.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["id", "outcome_code", "known_at", "basis", "role", "why", "note", "inspection_depth"])
        for place, (record, answer) in enumerate(answers[:8]):
            sent = found(record, answer, place)
            basis = "rule_hit" if place == 3 else sent["evidence_type"]
            why = "" if place == 4 else sent["selection"]
            row = [sent["decision_id"], sent["outcome_code"], sent["known_at"], basis, sent["decided_by_role"], why]
            table.writerow([*row, sent["rationale"], ""])
    key = person(client, "Amina Yusuf", Role.REVIEWER)
    names = ("decision_id=id", "evidence_type=basis", "decided_by_role=role", "selection=why", "rationale=note")
    options = [part for one in names for part in ("--column", one)]
    done = run(key, "outcomes", path, *options, "--set", "score_shown=true")
    assert "6 recorded, 0 were on record, 2 refused." in done.output, done.output
    lines = [orjson.loads(line) for line in (tmp_path / "found.csv.findings.ndjson").read_bytes().splitlines()]
    assert [(line["source"], line["place"]) for line in lines] == [
        ("found.csv line 5", "evidence_type"),
        ("found.csv line 6", "selection"),
    ]
    again = run(key, "outcomes", path, *options, "--set", "score_shown=true")
    assert "0 recorded, 6 were on record, 2 refused." in again.output
    stored = services_of(client).outcome_store.latest([answers[0][1]["decision_id"]], "enforcement")
    assert orjson.loads(next(iter(stored.values())).content)["score_shown"] is True
    lines = tmp_path / "more.ndjson"
    other = found(*answers[0], 2)
    lines.write_bytes(b"\n".join([orjson.dumps(other), b"[]", b"{", b"", orjson.dumps(found(*answers[9], 0))]))
    done = run(key, "outcomes", lines)
    assert "1 recorded, 0 were on record, 3 refused." in done.output
    assert run(key, "outcomes", tmp_path / "none.csv").exit_code == 1
    assert run(key, "outcomes", path, "--column", "nothing=x").exit_code == 1
    assert run(person(client, "Other", Role.DATA_SCIENTIST), "outcomes", path).exit_code == 1


def test_an_empty_window_is_said_to_be_one(client, run, tmp_path):
    """A table without rows is written where nobody was scored; a window that ends before it begins is refused."""
    scored(client)
    key = person(client, "Wanjiru Kamau", Role.DATA_SCIENTIST, Action.ENFORCEMENT)
    out = tmp_path / "cases.parquet"
    until = (datetime.now(UTC) - timedelta(days=3)).strftime("%Y-%m-%d")
    done, rows = export(run, key, out, "--until", until)
    assert rows == []
    assert "0 cases" in done.output
    wrong = run(key, "export-cases", "--out", out, "--since", "2026-01-02", "--until", "2026-01-01")
    assert "The window is empty" in wrong.output
    assert run(key, "export-cases", "--out", tmp_path / "cases.xlsx", "--since", "2026-01-01").exit_code == 1
