"""A simulated shift of 200 cases: what readers find arrives in the next training, what they do in monitoring."""

import json
from collections import Counter
from datetime import timedelta
from pathlib import Path
from statistics import mean, median

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from features.outcome import NOT_INDEPENDENT
from features.risk import RISKS
from riskapi.__main__ import command_line
from riskapi.access.matrix import Action, Role
from riskapi.access.principal import PrincipalKind
from riskapi.monitoring.parts import Watch
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


class Roles:
    """What somebody of a role gets."""

    def __init__(self, client):
        self.client = client

    def get(self, role, path):
        """Ask as a person of the role, over a key of theirs."""
        key = make_key(services_of(self.client), [role], f"Somebody, {role.value}", PrincipalKind.PERSON)
        return self.client.get(path, headers=bearer(key))


@pytest.fixture(scope="module")
def watched(client, shift, clock):
    """Monitoring counts the shift when all of its outcomes should be in."""
    watch = Watch(services_of(client).settings, lambda: clock() + timedelta(days=9))
    watch.count()
    watch.reports()
    watch.close()
    return Roles(client)


def known(shift, *, of=None):
    """What the simulation knows of readers, counted from its own notes: each share as hits of how many."""
    cases = list(shift.cases.values())
    read = [(case, one) for case in cases for one in case.readings if of in {None, one.person}]
    says = {case.decision_id: "look_closer" if case.by_score else "no_concern" for case in cases}
    own = [(says[case.decision_id], one) for case, one in read if one.own_view]
    told = [(says[case.decision_id], one) for case, one in read if one.view != "cannot_tell"]
    codes = [one.found[1] for _, one in read if one.found[1]]
    pairs = [case.readings[:2] for case in cases if len(case.readings) > 1]
    pairs = [pair for pair in pairs if of in {None, pair[0].person, pair[1].person}]
    verdicts = [said for _, one in read for said in one.verdicts.values() if said != "cannot_tell"]
    return {
        "agrees": (verdicts.count("agrees"), len(verdicts)),
        "moved": (sum(one.view != one.own_view for _, one in own), len(own)),
        "towards": _those((one.view == said, one.own_view not in {said, "cannot_tell"}) for said, one in own),
        "away": _those((one.view not in {said, "cannot_tell"}, one.own_view == said) for said, one in own),
        "against": _those((one.view != said, True) for said, one in told),
        "found": (codes.count("smuggled_migrant"), len(codes)),
        "alike": _those((one.found == other.found, True) for one, other in pairs),
    }


def _those(pairs):
    """Hits among those that count."""
    hits = [hit for hit, counts in pairs if counts]
    return sum(hits), len(hits)


def _held(told, expected):
    """Hold what is told against what is known: nothing is said of fewer than ten."""
    for name, (hits, of) in expected.items():
        one = told[name]
        assert one["of"] == of, name
        assert one["hits"] == (hits if of >= 10 else None), name
        if of >= 10:
            assert one["share"] == pytest.approx(hits / of)
            assert one["low"] - 1e-9 <= hits / of <= one["high"] + 1e-9
        else:
            assert one["share"] is one["low"] is one["high"] is None


def test_monitoring_tells_of_readers_what_the_simulation_knows(shift, watched):
    """Agreement, changed views, double readings and times: every number over the API, by name for auditors alone."""
    [*reports] = watched.get(Role.AUDITOR, "/v1/monitoring").json()
    assert {one["risk"] for one in reports} == set(SCORED)
    cases = list(shift.cases.values())
    readings = [one for case in cases for one in case.readings]
    views = {"shown": [], "hidden": []}
    for case in cases:
        one = case.readings[0]
        if case.by_score and not (case.drawn and one.own_view) and (view := one.own_view or one.view) != "cannot_tell":
            views["hidden" if one.own_view else "shown"].append(view == "look_closer")
    for report in reports:
        people = report["people"]
        assert (people["cases"], people["readings"], people["cut"]) == (len(cases), len(readings), False)
        _held(people, known(shift))
        _held(people, {name: (sum(one), len(one)) for name, one in views.items()})
        assert people["pull"]["value"] == pytest.approx(mean(views["shown"]) - mean(views["hidden"]))
        times = sorted(one.minutes for one in readings)
        assert people["minutes_median"] == pytest.approx(median(times))
        assert people["minutes_p90"] == pytest.approx(times[int(0.9 * (len(times) - 1))])
        verdicts = Counter(
            (code, said)
            for one in readings
            for (risk, code), said in one.verdicts.items()
            if risk == report["risk"] and said != "cannot_tell"
        )
        for reason in people["reasons"]:
            agree, against = verdicts[reason["code"], "agrees"], verdicts[reason["code"], "disagrees"]
            _held(reason, {"agrees": (agree, agree + against)})
        assert {one["code"] for one in people["reasons"]} >= {code for code, _ in verdicts}
        assert {one["person"] for one in people["readers"]} == set(READERS)
        for reader in people["readers"]:
            own = [one for one in readings if one.person == reader["person"]]
            habits = READERS[reader["person"]]
            assert (reader["readings"], reader["minutes_median"]) == (len(own), pytest.approx(own[0].minutes))
            assert reader["minutes_open"] == pytest.approx(habits.after)
            _held(reader, known(shift, of=reader["person"]))
    text = watched.get(Role.DATA_SCIENTIST, "/v1/monitoring").text
    assert not any(name in text for name in READERS)


def test_monitoring_tells_what_came_of_the_shift(shift, watched):
    """Referrals, confirmed cases, false positives and who was not looked at, of each risk: as it is known."""
    for report in watched.get(Role.AUDITOR, "/v1/monitoring").json():
        risk = report["risk"]
        referred = [case for case in shift.cases.values() if risk in case.referred]
        [everywhere, *_] = report["outcomes"]["points"]
        found = [case.outcome for case in referred]
        looked = [one[1] for one in found if one and one[1]]
        confirmed = sum(code in RISKS[risk].outcome_codes for code in looked)
        assert everywhere["travellers"] == shift.scored
        for name, count in (
            ("referrals", len(referred)),
            ("confirmed", confirmed),
            ("false_positives", len(looked) - confirmed),
        ):
            assert everywhere[name]["count"] == count
            assert everywhere[name]["per_1000"] == pytest.approx(1000 * count / shift.scored)
        assert everywhere["open"] == len(referred) - len(looked)
        rates = {one["arm"]: one for one in report["outcomes"]["hit_rates"]}
        done = {one["arm"]: one for one in report["outcomes"]["compliance"]}
        for arm in ("score", "random"):
            own = [case for case in referred if case.referred[risk]["arm"] == arm]
            codes = [case.outcome[1] for case in own if case.outcome and case.outcome[1]]
            hits = sum(code in RISKS[risk].outcome_codes for code in codes)
            if codes:
                assert (rates[arm]["concluded"], rates[arm]["confirmed"]) == (len(codes), hits)
            told = [case.outcome[0] for case in own if case.outcome]
            if told:
                assert (done[arm]["told"], done[arm]["done"]) == (len(told), told.count("done"))


def test_the_page_shows_the_numbers_of_the_api(shift, watched):
    """Whoever reads the page reads the same."""
    for role in (Role.AUDITOR, Role.DATA_SCIENTIST):
        page = watched.get(role, f"/console/monitoring/{small_world.RISK}").text
        [report] = [one for one in watched.get(role, "/v1/monitoring").json() if one["risk"] == small_world.RISK]
        people = report["people"]
        assert f"{people['readings']} readings of {len(shift.cases)} cases" in page
        for name in ("shown", "hidden", "moved", "against", "agrees", "found", "alike"):
            one = people[name]
            if one["hits"] is not None:
                row = f'<td class="number">{one["hits"]:,}</td><td class="number">{one["of"]:,}</td>'
                assert f'{row}<td class="number">{100 * one["share"]:.1f} %' in page
        for one in people["reasons"]:
            assert one["code"] in page
        assert all((name in page) == (role is Role.AUDITOR) for name in READERS)
        assert f"{people['minutes_median']:.1f}" in page


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
