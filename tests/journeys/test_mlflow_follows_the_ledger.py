"""A real service decides, a real tracking server follows: approval, replacement, the way back, rejection."""

from dataclasses import dataclass
from typing import Any

import mlflow
import pytest
from pydantic import SecretStr

from models.bundle import digest_of
from riskapi.access.matrix import Action
from riskapi.access.principal import PrincipalKind
from riskapi.services import Services
from tests.bundles import make_bundle
from tests.riskapi.makers import RATIONALE, bearer, make_key, serving
from tests.riskapi.makers import settings as service_settings
from training.champion_bundle import find_champion
from training.errors import ChampionError, LedgerError
from training.following import CHALLENGER, CHAMPION, follow
from training.ledger import read_ledger
from training.settings import TrainingSettings
from training.tracking import Tracker

RISK = "document_fraud"
SEEDS = (1, 2, 3)


@dataclass
class House:
    """Service, tracking server and people."""

    http: Any
    client: mlflow.MlflowClient
    asked: TrainingSettings
    keys: dict[str, str]
    files: dict[int, dict[str, bytes]]
    digests: dict[int, str]

    def propose(self, seed):
        """Hand in a bundle."""
        body = {
            "files": {name: data.decode() for name, data in self.files[seed].items()},
            "rationale": "Pack of March.",
        }
        answer = self.http.post("/v1/proposals", json=body, headers=bearer(self.keys["proposer"]))
        assert answer.status_code == 201, answer.text

    def decide(self, what, seed):
        """Approve, reject or try."""
        url = f"/v1/proposals/{self.digests[seed]}/{what}"
        answer = self.http.post(url, json={"rationale": RATIONALE}, headers=bearer(self.keys["approver"]))
        assert answer.status_code == 200, answer.text

    def follow(self):
        """Bring MLflow to what the ledger says."""
        return follow(Tracker(self.asked), read_ledger(self.asked, self.http))

    def aliases(self):
        """Alias -> version."""
        return {name: str(number) for name, number in self.client.get_registered_model(RISK).aliases.items()}

    def tags(self, seed):
        """Tags of the version of a bundle: versions are counted like the seeds."""
        return self.client.get_model_version(RISK, str(seed)).tags


@pytest.fixture
def house(tmp_path):
    """A service, a tracking server that has versions of three bundles, and who may do what."""
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    services = Services(service_settings(tmp_path))
    keys = {
        "proposer": make_key(services, [Action.MODELS_PROPOSE], name="Pipeline"),
        "approver": make_key(
            services, [Action.MODELS_APPROVE, Action.MODELS_READ], "Amina Yusuf", PrincipalKind.PERSON
        ),
    }
    asked = TrainingSettings(
        tracking_uri=uri,
        artifacts=tmp_path / "artifacts",
        service_url="http://service",
        api_key=SecretStr(keys["approver"]),
    )
    files = {seed: make_bundle(RISK, seed)[0] for seed in SEEDS}
    digests = {seed: digest_of(each) for seed, each in files.items()}
    experiment = Tracker(asked).open()
    client = mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
    client.create_registered_model(RISK)
    for seed in SEEDS:
        run = client.create_run(experiment, tags={"digest": digests[seed], "risk": RISK})
        place = tmp_path / f"bundle-{seed}" / "bundle"
        place.mkdir(parents=True)
        for name, data in files[seed].items():
            (place / name).write_bytes(data)
        client.log_artifacts(run.info.run_id, str(place.parent))
        tags = {} if seed == 1 else {"digest": digests[seed]}  # older versions know their digest by their run alone
        client.create_model_version(RISK, f"{run.info.artifact_uri}/bundle", run_id=run.info.run_id, tags=tags)
    with serving(services) as http:
        yield House(http, client, asked, keys, files, digests)
    services.close()


def test_r10_aliases_and_tags_say_what_persons_decided(house):
    """Proposed, approved, replaced, brought back; the champion is whatever is live, and tags say who, when and why."""
    house.propose(1)
    house.follow()
    assert house.aliases() == {}
    assert house.tags(1)["ledger.state"] == "proposed"
    assert house.tags(1)["ledger.proposal"] == "Pack of March."
    house.decide("approve", 1)
    house.propose(2)
    house.decide("challenge", 2)
    house.follow()
    assert house.aliases() == {CHAMPION: "1", CHALLENGER: "2"}
    live = house.tags(1)
    assert (live["ledger.state"], live["ledger.decided_by"]) == ("live", "Amina Yusuf")
    assert (live["ledger.reason"], live["digest"]) == (RATIONALE, house.digests[1])
    house.decide("approve", 2)
    house.follow()
    assert house.aliases() == {CHAMPION: "2"}
    assert house.tags(1)["ledger.state"] == "replaced"
    house.decide("approve", 1)
    house.follow()
    assert house.aliases()[CHAMPION] == "1"
    assert [house.tags(seed)["ledger.state"] for seed in (1, 2)] == ["live", "replaced"]
    assert house.tags(1)["ledger.decided_at"] > house.tags(2)["ledger.decided_at"]


def test_a_rejected_version_says_so_and_following_again_changes_nothing(house):
    """The third is refused, with the reason; what is said already is not written again."""
    house.propose(3)
    house.decide("reject", 3)
    assert house.follow() == (f"{RISK}: version 3 is rejected.",)
    assert house.tags(3)["ledger.reason"] == RATIONALE
    assert house.tags(2) == {"digest": house.digests[2]}
    assert house.follow() == ()


def test_a_live_model_that_no_run_made_leaves_nobody_champion(house):
    """An alias on another version would say something untrue."""
    house.propose(1)
    house.decide("approve", 1)
    house.follow()
    house.files[4] = make_bundle(RISK, 4)[0]
    house.digests[4] = digest_of(house.files[4])
    house.propose(4)
    house.decide("approve", 4)
    told = house.follow()
    assert any("no tracked run made it" in line for line in told)
    assert house.aliases() == {}


def test_the_champion_is_found_as_it_is_live_and_by_its_digest(house, monkeypatch):
    """The service says which, the tracking server hands it over."""
    monkeypatch.setattr("training.champion_bundle.read_ledger", lambda asked: read_ledger(asked, house.http))
    with pytest.raises(ChampionError, match="No model of document_fraud is live"):
        find_champion("live", RISK, house.asked)
    house.propose(2)
    house.decide("approve", 2)
    assert find_champion("live", RISK, house.asked).digest == house.digests[2]
    assert find_champion(house.digests[3], RISK, house.asked).digest == house.digests[3]
    with pytest.raises(ChampionError, match="No tracked run"):
        find_champion("sha256:" + "0" * 64, RISK, house.asked)
    with pytest.raises(ChampionError, match="leave --champion out"):
        find_champion(str(house.asked.artifacts), RISK, house.asked)


def test_without_a_key_or_the_right_nothing_is_followed(house):
    """Both are told, and the key is not."""
    with pytest.raises(LedgerError, match="models:read"):
        read_ledger(house.asked.model_copy(update={"api_key": None}), house.http)
    other = house.asked.model_copy(update={"api_key": SecretStr(house.keys["proposer"])})
    with pytest.raises(LedgerError, match="403") as caught:
        read_ledger(other, house.http)
    assert house.keys["proposer"] not in str(caught.value)
