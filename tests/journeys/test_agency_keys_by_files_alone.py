"""A key column of an agency: declared by a mapping file, learned from by a replay, and remembered by the service."""

import json
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from features.mapping import TableMapping
from models.bundle import read_directory
from riskapi.services import Services
from riskapi.storage import schema
from tests.riskapi.makers import APPROVER, PROPOSER, RATIONALE, bearer, make_key, services_of, serving, settings
from training.__main__ import app as training
from training.cases import load
from training.memory import remember

MAPPING = """
[table]
files = ["lorries.csv"]
entity = "Entry"
decimal = "."

[record]
record_id = { column = "Entry" }
"crossing.mode" = { constant = "land" }
"crossing.point" = { constant = "MANDERA" }
"crossing.direction" = { constant = "in" }
"crossing.expected_at" = { column = "When" }

[extra]
plate = { column = "Plate", kind = "key", label = "number plate", window_days = 60, expects = "increasing" }
weight_t = { column = "Weight", kind = "number", unit = "t", label = "weight of the load" }

[outcome]
column = "Found"
positive = ["yes"]
negative = ["no"]
delay_days = 1
selection = { constant = "random" }
evidence = { constant = "physical_search" }

[risk]
name = "hidden_goods"
title = "Hidden goods"
audience = "enforcement"
outcome_codes = ["undeclared_goods"]
groups = []

[risk.wording]
statement = "Likelihood that an inspection would confirm goods that were not declared"
raises = "Points towards an inspection"
lowers = "Points away from an inspection"
advice = "Consider an inspection. The score is an aid: a person decides."

[training]
memory = true

[training.family]
name = "explainable_boosting"
redraws = 2
max_rounds = 150
learning_rate = 0.05
smoothing_rounds = 20
pairs = 0

[training.evaluation]
bootstrap = 50
yardstick = false
scorecard = false

[training.gates]
capacity = 0.1
"""
ROWS, ONLINE = 2_400, 500
FACTS = ("plate_bookings_60", "plate_persons_60", "plate_since_60")


def lorries() -> pd.DataFrame:
    """Lorries of which some few go back and forth, and those often carry what was not declared."""
    rng = np.random.default_rng(11)
    often = rng.random(ROWS) < 0.25
    plates = np.where(often, rng.integers(0, 15, ROWS), 100 + np.arange(ROWS))
    minutes = np.sort(rng.choice(400 * 1440, ROWS, replace=False))
    start = datetime(2025, 1, 1, tzinfo=UTC)
    found = rng.random(ROWS) < np.where(often, 0.6, 0.05)
    return pd.DataFrame(
        {
            "Entry": [f"E{number}" for number in range(ROWS)],
            "When": [(start + timedelta(minutes=int(each))).isoformat() for each in minutes],
            "Plate": [f"KQZ {number:04d}W" for number in plates],
            "Weight": rng.gamma(4, 4, ROWS).round(4),
            "Found": np.where(found, "yes", "no"),
        }
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The directory of a run, made by a mapping file and one command."""
    place = tmp_path_factory.mktemp("agency")
    lorries().to_csv(place / "lorries.csv", index=False)
    (place / "lorries.toml").write_text(MAPPING)
    before = Path.cwd()
    os.chdir(place)
    try:
        done = CliRunner().invoke(training, ["run", "lorries.toml", "--no-track"], catch_exceptions=False)
    finally:
        os.chdir(before)
    assert done.exit_code == 0, done.output
    bundle = place / re.search(r"^Bundle: (.+)$", done.output, re.MULTILINE)[1]
    return place, bundle, re.search(r"^Signed by: (\S+)", done.output, re.MULTILINE)[1]


class Clock:
    """Says what a test sets."""

    def __init__(self):
        self.now = datetime.now(UTC)

    def __call__(self):
        """The present, in UTC."""
        return self.now


@pytest.fixture
def serve(trained, tmp_path):
    """Makes a service that has the trained model; its clock follows the lorries."""
    _, bundle, signer = trained

    def made(**changes):
        clock = Clock()
        services = Services(settings(tmp_path, trusted_signers=(signer,), retention_enabled=False, **changes), clock)
        event = services.approvals.propose(dict(read_directory(bundle)), PROPOSER, "")
        accepted = [
            gate["name"]
            for gate in json.loads((bundle / "gates.json").read_text())["gates"]
            if gate["verdict"] == "inconclusive"
        ]
        services.approvals.approve(event.digest, APPROVER, RATIONALE, accepted)
        services.refresh()
        return services, clock

    return made


def test_no_file_of_a_run_holds_a_plate(trained):
    """The bundle and all else that the run wrote; the table itself is the agency's."""
    place, bundle, _ = trained
    assert json.loads((bundle / "features.json").read_text())
    written = [path for path in place.rglob("*") if path.is_file() and path.name != "lorries.csv"]
    assert len(written) > 5
    assert not [path.name for path in written if b"KQZ 0" in path.read_bytes()]


def test_the_service_remembers_what_the_replay_of_training_knew(trained, serve):
    """The same lorries in the same order: equal facts, kept in place of the plates, and told in the reasons."""
    place, *_ = trained
    mapping = TableMapping.from_toml(place / "lorries.toml")
    table = lorries().head(ONLINE)
    replayed = remember(load((), mapping, workers=1), workers=1).accepted["record"].head(ONLINE)
    services, clock = serve(memory=True)
    sentences = []
    with serving(services) as client:
        client.headers.update(bearer(make_key(services)))
        for row, known in zip(table.to_dict("records"), replayed, strict=True):
            clock.now = datetime.fromisoformat(row["When"])
            record = mapping.row_to_record(row)
            answer = client.post("/v1/scores", json=json.loads(record.model_dump_json(exclude_unset=True)))
            assert answer.status_code == 200, answer.text
            stored = json.loads(services_of(client).decisions.decision(answer.json()["decision_id"]).input)
            assert stored["extra"] == json.loads(known)["extra"]
            assert "plate" not in stored["extra"]
            [risk] = answer.json()["risks"]
            sentences += [reason["sentence"] for reason in risk["reasons_for"]]
        with services.engine.connect() as connection:
            traces = connection.execute(schema.memory_traces.select()).all()
    assert len(traces) == ONLINE
    assert not any(b"KQZ" in bytes(one.trace) for one in traces)
    assert any(re.search(r"same number plate in 60 days: [1-9]", said) for said in sentences)


def test_a_service_without_a_memory_keeps_no_plate_and_knows_nothing_of_it(trained, serve):
    """The facts are missing, the answer says so, and the plate is not in what is stored."""
    place, *_ = trained
    mapping = TableMapping.from_toml(place / "lorries.toml")
    services, _ = serve()
    with serving(services) as client:
        client.headers.update(bearer(make_key(services)))
        record = mapping.row_to_record(lorries().iloc[0].to_dict())
        answer = client.post("/v1/scores", json=json.loads(record.model_dump_json(exclude_unset=True))).json()
        stored = json.loads(services.decisions.decision(answer["decision_id"]).input)
        assert list(stored["extra"]) == ["weight_t"]
        refused = client.post("/v1/scores", json=json.loads(record.model_dump_json()) | {"extra": {"plate": 7}})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["rule"] == "a text is expected"
