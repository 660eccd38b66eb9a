"""A simulated shift of 200 cases: what readers find arrives in the next training, what they do in monitoring."""

import json
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from features.outcome import NOT_INDEPENDENT
from features.risk import RISKS
from riskapi.__main__ import command_line
from riskapi.access.matrix import Action, Role
from riskapi.access.principal import PrincipalKind
from riskapi.services import Services
from tests.journeys.shift import READERS, Clock, Shift
from tests.journeys.shift import RISKS as SCORED
from tests.riskapi.makers import SECRET, TRUSTED, bearer, go_live, make_key, services_of, serving, settings
from tests.training import small_world
from tests.training.test_pipeline import settings as training_settings
from training.__main__ import app as training
from training.labels import label_of
from training.pipeline import read_cases
from training.pipeline import run as train

OLD = 2050
"""Cases of the small world that the agency had before it had the service."""
POLICY = "lane = 0.05\n[default]\ncapacity = 0.75\n"


def truth():
    """Records that the service scores, with whether they would be confirmed."""
    rows = small_world.table().iloc[OLD:]
    for place, (text, code) in enumerate(zip(rows["record"], rows["outcome_code"], strict=True)):
        yield json.loads(text), code == "smuggled_migrant" or (code is None and place % 6 == 0)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Where all files are."""
    return tmp_path_factory.mktemp("shift")


@pytest.fixture(scope="module")
def clock():
    """The time of the service."""
    return Clock()


@pytest.fixture(scope="module")
def client(place, clock):
    """A service that refers about three in four, whose desk draws own views and second readers."""
    policy = place / "selection.toml"
    policy.write_text(POLICY)
    options = {"selection_file": policy, "desk_first_view_share": 0.5, "desk_second_share": 0.2}
    services = Services(settings(place, monitoring_enabled=False, **options), clock)
    for risk in SCORED:
        go_live(services, risk)
    with serving(services) as made:
        made.headers.update(bearer(make_key(services)))
        yield made


@pytest.fixture(scope="module")
def shift(client, clock):
    """The shift, all of it worked."""
    made = Shift(client, clock, truth())
    assert {one["waiting"] for one in made.waiting().values()} == {len(made.cases)}
    made.work()
    assert {one["waiting"] + one["held"] for one in made.waiting().values()} == {0}
    return made


@pytest.fixture(scope="module")
def history(client, shift, place):
    """The agency's older cases, and then what came from the desk: by the commands that people use."""
    old, exported, history = place / "old.parquet", place / "shift.parquet", place / "history.parquet"
    small_world.table().iloc[:OLD].to_parquet(old, index=False)
    key = make_key(services_of(client), [Role.DATA_SCIENTIST, Action.ENFORCEMENT], "Wanjiru", PrincipalKind.PERSON)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in services_of(client).settings.model_dump(exclude_unset=True).items():
            text = ",".join(value) if isinstance(value, tuple) else str(value)
            patch.setenv(f"RISKAPI_{name.upper()}", SECRET if name == "secret_key" else text)
        patch.setenv("RISKAPI_TRUSTED_SIGNERS", ",".join(TRUSTED))
        patch.setenv("RISK_API_KEY", key)
        arguments = ["export-cases", "--out", str(exported), "--since", "2026-01-01", "--until", "2100-01-01"]
        done = CliRunner().invoke(command_line(arguments), arguments)
        assert done.exit_code == 0, done.output
        assert f"{len(shift.cases)} read at the desk" in done.output.replace("\n", " ")
    for path in (old, exported):
        done = CliRunner().invoke(training, ["import-outcomes", str(path), "--into", str(history)])
        assert done.exit_code == 0, done.output
    return history


def test_outcomes_arrive_with_who_when_and_how_and_verdicts_make_no_label(shift, history):
    """Row by row: an outcome where one is on record, the verdicts of each reader beside it, and nobody's name."""
    rows = {json.loads(row["record"])["record_id"]: row for row in pq.read_table(history).to_pylist()}
    codes = RISKS["migrant_smuggling"].outcome_codes
    for decision_id, traveller in shift.cases.items():
        row, outcome = rows[decision_id], traveller.outcome
        told = json.loads(row["readings"])
        assert row["outcome_code"] == (outcome[1] if outcome else None)
        assert [one["view"] for one in told] == [one.view for one in traveller.readings]
        assert [one["own_view"] for one in told] == [one.own_view for one in traveller.readings]
        for one, noted in zip(told, traveller.readings, strict=True):
            assert {(v["risk"], v["code"]): v["verdict"] for v in one["verdicts"]} == noted.verdicts
        if outcome is None:
            assert row["recorded_way"] is row["recorded_by"] is row["recorded_at"] is None
        else:
            assert (row["recorded_way"], row["source"], len(row["source_sha256"])) == ("desk", "shift.parquet", 64)
            assert (row["recorded_by"], row["compliance"]) == (told[-1]["by"], outcome[0])
            assert shift.clock.now.timestamp() >= row["recorded_at"].timestamp()
    assert not any(name in str(rows[one]) for name in READERS for one in shift.cases)
    unlabelled = [one for one, each in shift.cases.items() if each.outcome is None or each.outcome[1] is None]
    assert len(unlabelled) >= 10
    label = label_of(small_world.pd.Series([rows[one]["outcome_code"] for one in unlabelled]), codes)
    assert label.isna().all()


def test_r18_no_reading_passes_off_a_score_or_a_rule_as_an_outcome(client, shift):
    """Whatever a reader thinks of the reasons, the desk refuses an outcome that rests on no independent evidence."""
    answer = client.post("/v1/scores", json=small_world_record())
    traveller = type(next(iter(shift.cases.values())))(answer.json()["decision_id"], {}, answer.json()["risks"], False)
    name = "Amina Yusuf"
    version = shift.act(traveller, name, "claim").json()["version"]
    shift.act(traveller, name, "first-view", version=version, view="look_closer")
    found = {
        "compliance": "done",
        "outcome_code": "smuggled_migrant",
        "known_at": shift.clock.now.isoformat(),
        "decided_by_role": "second_line_officer",
        "rationale": "The reasons were convincing to me.",
    }
    for evidence in NOT_INDEPENDENT:
        form = {
            "version": version,
            "view": "look_closer",
            "reasons": [],
            "outcome": found | {"evidence_type": evidence},
        }
        refused = shift.act(traveller, name, "reading", **form)
        assert (refused.status_code, "makes no outcome" in refused.text) == (422, True), refused.text
    assert services_of(client).outcome_store.of([traveller.decision_id], "enforcement") == []


def small_world_record():
    """One whom the shift did not see."""
    return json.loads(small_world.table()["record"].iloc[-1])


@pytest.fixture(scope="module")
def trained(history, place):
    """The next training, on the grown history."""
    asked = small_world.config(
        cases=str(history), family={"name": "logistic_scorecard", "min_bin_rows": 60}, evaluation={"scorecard": False}
    )
    at = training_settings(place / "training")
    return train(asked, at, cases=read_cases(asked, at)), at


def test_the_next_training_says_who_recorded_its_outcomes_and_what_readers_thought(shift, trained):
    """The run, its report and its tags hold the simulation's own counts."""
    result, at = trained
    readings = [one for traveller in shift.cases.values() for one in traveller.readings]
    verdicts = [(risk, code, said) for one in readings for (risk, code), said in one.verdicts.items()]
    looked = [one for one in shift.cases.values() if one.outcome and one.outcome[1]]
    data = json.loads((Path(result.directory) / "data.json").read_text())["provenance"]
    assert data["outcomes_by_way"] == {"desk": len(looked)}
    assert (data["cases_read"], data["readings"], data["readers"]) == (len(shift.cases), len(readings), len(READERS))
    assert data["cases_read_without_outcome"] == len(shift.cases) - len(looked)
    assert data["own_views"] == sum(one.own_view is not None for one in readings)
    assert data["verdicts"] == dict(Counter(said for *_, said in verdicts))
    own = Counter((code, said) for risk, code, said in verdicts if risk == small_world.RISK)
    assert {(code, said): n for code, each in data["reasons"].items() for said, n in each.items() if n} == dict(own)
    report = (Path(result.directory) / "report.html").read_text()
    assert f"{len(shift.cases)} cases were read at the review desk: {len(readings)} readings by 3 persons" in report
    assert "no label rests on them" in report
    import mlflow  # noqa: PLC0415 - seconds to import

    run = mlflow.MlflowClient(at.tracking_uri).get_run(result.tracked.run_id).data
    assert run.tags["outcomes_by_way"] == f"desk {len(looked)}"
    assert run.metrics["readings.cases"] == len(shift.cases)
    assert run.metrics["readings.agrees"] == data["verdicts"]["agrees"]
