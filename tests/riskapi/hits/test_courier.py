"""Subscribers are told what their key reaches, in order, at least once, and nothing of the traveller."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from riskapi.access.matrix import Action, Role
from riskapi.hits import courier as module
from riskapi.hits.courier import Courier
from riskapi.hits.outbox import Outbox
from riskapi.hits.sending import Attempt, Outcome
from riskapi.hits.subscription import Subscription
from riskapi.log.entry import Kind
from riskapi.monitoring.opened import LogReader
from tests.makers import EXAMPLE_RECORD
from tests.riskapi.makers import bearer, make_key, scoring_service, services_of, with_facts

RECEIVER = (Action.HITS_RECEIVE, Action.ENFORCEMENT)
SENT = Attempt(Outcome.SENT, "status 204")
DOWN = Attempt(Outcome.UNAVAILABLE, "ConnectError")
REFUSED = Attempt(Outcome.REFUSED, "status 422")
MARKED = with_facts(
    traveller={"surname": "ZZMARKSURNAME", "given_names": "ZZMARKGIVEN"}, contact={"phone": "+999999999999"}
)


class Desk:
    """A service, a subscription, and a receiver that answers as it is told."""

    def __init__(self, client, directory, scopes=RECEIVER, **facts):
        self.client, self.services = client, services_of(client)
        self.key = make_key(self.services, scopes, name="Case desk")
        facts = {"bands": (), "secret_file": directory / "none"} | facts
        self.subscription = Subscription(
            name="desk", url="https://desk.example.org/", key_id=self.key.split("_")[1], **facts
        )
        self.now = datetime.now(UTC)
        self.answers: list[Attempt] = []
        self.came = []
        self.courier = self.anew()

    def anew(self):
        """A courier as after a restart."""
        services = self.services
        self.courier = Courier(
            LogReader(services.engine, services.subject_keys),
            Outbox(services.engine),
            services.journal,
            keys=services.keys.keys,
            clock=lambda: self.now,
            attempt=self.attempt,
        )
        return self.courier

    def attempt(self, subscription, message, now):
        """Take a message, or not."""
        assert subscription is self.subscription
        answer = self.answers.pop(0) if self.answers else SENT
        if isinstance(answer, Exception):
            raise answer
        if answer.outcome is Outcome.SENT:
            self.came.append(message)
        return answer

    def score(self, record=EXAMPLE_RECORD, **headers):
        """Have a record scored; gives the id of the decision."""
        answered = self.client.post("/v1/scores", json=record, **({"headers": headers} if headers else {}))
        return answered.raise_for_status().json()["decision_id"]

    def turn(self, hours=0.0):
        """Let time pass, then serve; gives the ids of the decisions that were told so far."""
        self.now += timedelta(hours=hours)
        self.courier.turn([self.subscription])
        return [message.decision_id for message in self.came]

    def standing(self):
        """How the subscription is doing."""
        return Outbox(self.services.engine).standings().get("desk")


@pytest.fixture
def desk(tmp_path):
    """A desk whose subscription has begun."""
    with scoring_service(tmp_path) as client:
        made = Desk(client, tmp_path)
        made.turn()
        yield made


def test_each_decision_is_told_once_and_in_order(desk):
    """Turn by turn, and after a restart."""
    first = [desk.score() for _ in range(3)]
    assert desk.turn() == first
    second = [desk.score() for _ in range(2)]
    desk.anew()
    assert desk.turn() == desk.turn() == first + second


def test_new_subscription_begins_at_the_end(tmp_path):
    """What was said before anybody listened is not told."""
    with scoring_service(tmp_path) as client:
        desk = Desk(client, tmp_path)
        desk.score()
        assert desk.turn() == []
        told = desk.score()
        assert desk.turn() == [told]


def test_message_says_nothing_of_the_traveller(desk):
    """Ids, scores, bands and codes; no name, no number, no sentence, no sender's id."""
    desk.score(MARKED)
    desk.turn()
    [message] = desk.came
    body = json.loads(message.body)
    assert set(body["data"]) == {"decision_id", "corrects_another", "risks", "checks", "notice"}
    for risk in body["data"]["risks"]:
        assert set(risk) == {
            "risk", "probability", "band", "referred", "reasons_for", "reasons_against", "model",
        }  # fmt: skip
        assert all(len(code) <= 8 for code in risk["reasons_for"] + risk["reasons_against"])
    text = message.body.decode() + message.message_id
    assert not any(mark in text for mark in ("ZZMARK", "999999999999", MARKED["record_id"], "A1234567", "KEN", "arm"))


@pytest.mark.parametrize(
    ("audience", "risks", "checks"),
    [
        (Action.ENFORCEMENT, {"document_fraud", "migrant_smuggling"}, ["CK13"]),
        (Action.PROTECTION, {"trafficking_protection"}, []),
    ],
)
def test_r23_scores_for_protection_go_to_keys_of_protection_alone(tmp_path, audience, risks, checks):
    """Each key hears of its own audience, and no word says that there is another."""
    with scoring_service(tmp_path) as client:
        desk = Desk(client, tmp_path, (Action.HITS_RECEIVE, audience))
        desk.turn()
        desk.score(with_facts(upstream={"watchlist_hit": True}))
        desk.turn()
        [message] = desk.came
        data = json.loads(message.body)["data"]
        assert {risk["risk"] for risk in data["risks"]} == risks
        assert data["checks"] == checks


def test_bands_risks_and_checks_say_what_is_told(tmp_path):
    """A band that nobody is in, and a check that fails."""
    with scoring_service(tmp_path) as client:
        desk = Desk(client, tmp_path, bands=("no such band",), failed_checks=True)
        desk.turn()
        desk.score()
        told = desk.score(with_facts(documents=[{"expiry_date": "2020-01-01"}]))
        assert desk.turn() == [told]
        data = json.loads(desk.came[0].body)["data"]
        assert (data["risks"], data["checks"]) == ([], ["CK03"])
        other = Desk(client, tmp_path, risks=("migrant_smuggling",))
        other.subscription = other.subscription.model_copy(update={"name": "other"})
        other.turn()
        other.score()
        other.turn()
        assert [risk["risk"] for risk in json.loads(other.came[0].body)["data"]["risks"]] == ["migrant_smuggling"]


def test_a_key_reaches_what_it_could_read(desk, tmp_path):
    """A single right: its units; the role scorer: its own decisions; tests and training: nobody."""
    services = desk.services
    elsewhere = Desk(desk.client, tmp_path, (Role.SCORER,))
    elsewhere.subscription = elsewhere.subscription.model_copy(update={"name": "own"})
    elsewhere.turn()
    own = elsewhere.score(**bearer(elsewhere.key))
    foreign = desk.score()
    desk.score(with_facts(purpose_code="test"), **(bearer(make_key(services)) | {"X-Purpose": "test"}))
    assert elsewhere.turn() == [own]
    assert desk.turn() == [own, foreign]


def test_receiver_that_is_down_loses_nothing(desk):
    """It is asked later and later; the first message is the one that it missed."""
    told = [desk.score() for _ in range(3)]
    desk.answers = [DOWN] * 4
    assert desk.turn() == []
    assert desk.turn() == []
    assert len(desk.answers) == 3
    assert [desk.turn(hours=1) for _ in range(3)] == [[], [], []]
    assert desk.standing().failure == "ConnectError"
    desk.anew()
    assert desk.turn(hours=1) == told
    assert desk.standing() == (None, None, 0)


def test_pauses_grow_and_have_an_end(desk):
    """A second first, five minutes in the end, and never before the receiver asked for."""
    desk.score()
    desk.answers = [DOWN] * 30
    pauses = []
    for _ in range(12):
        before = desk.now
        while len(desk.answers) == 30 - len(pauses):
            desk.courier.turn([desk.subscription])
            desk.now += timedelta(seconds=0.25)
        pauses.append((desk.now - before).total_seconds())
    assert pauses[1] < 2 < pauses[3] < 30 < pauses[8]
    assert max(pauses) < 1.21 * module.WAIT_SECONDS[1]
    desk.answers = [Attempt(Outcome.UNAVAILABLE, "status 503", 3000.0)]
    desk.turn(hours=1)
    assert desk.turn(hours=0.5) == []
    assert len(desk.turn(hours=0.5)) == 1


def test_slow_receiver_holds_up_no_other(desk, tmp_path):
    """Each has its turn; what is left of a turn comes in the next one."""
    told = [desk.score() for _ in range(4)]
    attempt = desk.attempt

    def slow(*message):
        desk.now += timedelta(seconds=3)
        return attempt(*message)

    desk.attempt = slow
    desk.anew()
    assert desk.turn() == told[:2]
    assert desk.turn() == told


def test_failing_since_outlives_a_restart(desk):
    """Somebody is told how long, not since when the service runs."""
    desk.score()
    desk.answers = [DOWN, DOWN]
    desk.turn()
    since = desk.standing().failing_since
    desk.anew()
    desk.turn(hours=5)
    assert desk.standing().failing_since == since


def test_message_that_is_not_wanted_holds_up_nothing(desk):
    """It is put aside for somebody to see, the next one follows, and it is not sent again."""
    first, second, third = (desk.score() for _ in range(3))
    desk.answers = [SENT, REFUSED]
    assert desk.turn() == [first, third]
    outbox = Outbox(desk.services.engine)
    assert [(row[0], row[2]) for row in outbox.refused("desk")] == [(second, "status 422")]
    desk.anew()
    assert desk.turn() == [first, third]
    assert (outbox.unbury("desk"), outbox.refused("desk")) == (1, [])


def test_whatever_is_killed_a_message_is_sent_again_under_its_id(desk, monkeypatch):
    """It had arrived, and the place had not moved: the receiver can tell by the id."""
    told = [desk.score() for _ in range(2)]
    moved = Outbox.move
    monkeypatch.setattr(Outbox, "move", lambda *_: (_ for _ in ()).throw(RuntimeError("killed")))
    with pytest.raises(RuntimeError):
        desk.turn()
    monkeypatch.setattr(Outbox, "move", moved)
    desk.anew()
    assert desk.turn() == [told[0], *told]
    assert desk.came[0].message_id == desk.came[1].message_id


def test_key_that_is_revoked_is_told_nothing(desk):
    """From the next turn on; what is missed waits for another key."""
    desk.score()
    services = desk.services
    services.keys.revoke_key(desk.subscription.key_id, services.clock())
    desk.now = services.clock() + timedelta(seconds=1)
    assert desk.turn() == []
    assert "key" in desk.standing().failure
    other = make_key(services, RECEIVER, name="Case desk")
    desk.subscription = desk.subscription.model_copy(update={"key_id": other.split("_")[1]})
    assert len(desk.turn(hours=1)) == 1


@pytest.mark.parametrize("scopes", [(Action.HITS_RECEIVE,), (Action.DECISIONS_READ, Action.ENFORCEMENT)])
def test_key_without_the_right_or_an_audience_is_told_nothing(tmp_path, scopes):
    """Both are needed."""
    with scoring_service(tmp_path) as client:
        desk = Desk(client, tmp_path, scopes)
        desk.turn()
        desk.score()
        assert desk.turn(hours=1) == []
        assert "lacks" in desk.standing().failure


def test_r13_each_message_is_on_record_before_it_leaves(desk):
    """Who is told, of what, by which key; once, however often it is tried."""
    told = desk.score()
    desk.answers = [DOWN, DOWN]
    for _ in range(3):
        desk.turn(hours=1)
    entries = [
        json.loads(entry.body)
        for writer in desk.services.journal.heads()
        for entry in desk.services.journal.entries(writer)
        if entry.kind == Kind.ACCESS
    ]
    views = [entry for entry in entries if entry["what"] == "hit"]
    assert views == [
        {
            "by": "Case desk",
            "decision_id": told,
            "key_id": desk.subscription.key_id,
            "purpose": "border_control",
            "what": "hit",
        }
    ]


def test_r14_what_is_gone_is_not_told(desk):
    """A decision whose contents have expired before its receiver came back is passed over."""
    desk.answers = [DOWN]
    gone = desk.score()
    desk.turn()
    with desk.services.journal.transaction() as transaction:
        desk.services.contents.delete(transaction.connection, [gone])
    kept = desk.score()
    assert desk.turn(hours=1) == [kept]
