"""A simulated shift at the desk: cases of known truth, read over HTTP by persons of known habits; it notes it all."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from riskapi.access.matrix import Role
from riskapi.access.principal import PrincipalKind
from tests.riskapi.makers import bearer, make_key, services_of

CASES = 200
RISKS = ("document_fraud", "migrant_smuggling")


class Clock:
    """A time of its own, that passes when it is told to."""

    def __init__(self):
        self.now = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=20)

    def __call__(self):
        """The present."""
        return self.now

    def pass_by(self, minutes):
        """Let minutes pass."""
        self.now += timedelta(minutes=minutes)


@dataclass
class Habits:
    """How somebody reads: how often reasons convince, the score does, and what is there is found; and how fast."""

    agrees: float
    follows: float
    finds: float
    before: float
    after: float


READERS = {
    "Amina Yusuf": Habits(agrees=0.9, follows=0.8, finds=1.0, before=3.0, after=4.5),
    "Peter Otieno": Habits(agrees=0.6, follows=0.4, finds=0.7, before=6.0, after=12.25),
    "Grace Njeri": Habits(agrees=0.75, follows=0.6, finds=0.9, before=2.0, after=9.0),
}


@dataclass
class Noted:
    """What the simulation knows of one reading."""

    decision_id: str
    person: str
    turn: int
    resolves: bool
    own_view: str | None
    view: str
    verdicts: dict
    found: tuple
    minutes: float
    state: str


@dataclass
class Traveller:
    """A case and its truth."""

    decision_id: str
    record: dict
    risks: list
    confirmed: bool
    readings: list = field(default_factory=list)

    @property
    def referred(self):
        """The referral of each enforcement risk that asked for a look."""
        return {one["risk"]: one["referral"] for one in self.risks if one["referral"]["referred"]}

    @property
    def by_score(self):
        """Whether the score alone would have sent them."""
        return any(one["arm"] == "score" or one["probability"] >= 1 for one in self.referred.values())

    @property
    def drawn(self):
        """Whether the lane sent them."""
        return any(one["arm"] == "random" for one in self.referred.values())

    @property
    def outcome(self):
        """What is on record: the last reading, unless two differ and nobody has settled it, or nobody looked."""
        last = self.readings[-1]
        return last.found if last.state == "closed" else None


class Shift:
    """Scores travellers until enough are referred, and has them read.

    Args:
        client: of a service.
        clock: of that service.
        rows: records with whether they would be confirmed.
        seed: of all habits.
    """

    def __init__(self, client, clock, rows, seed=7):
        self.client, self.clock, self.random = client, clock, Random(seed)
        self.tokens = 0
        services = services_of(client)
        self.headers = {
            name: bearer(make_key(services, [Role.REVIEWER], name, PrincipalKind.PERSON)) for name in READERS
        }
        self.scored, self.cases = 0, {}
        for record, confirmed in rows:
            if len(self.cases) == CASES:
                break
            self._score(record, confirmed)
        assert len(self.cases) == CASES

    def _score(self, record, confirmed):
        answer = self.client.post("/v1/scores", json=record).json()
        self.scored += 1
        traveller = Traveller(answer["decision_id"], record, answer["risks"], confirmed)
        if traveller.referred:
            self.cases[traveller.decision_id] = traveller

    def waiting(self):
        """What the queue says to each reader."""
        paths = {name: self.client.get("/v1/desk/counts", headers=one) for name, one in self.headers.items()}
        return {name: answer.json() for name, answer in paths.items()}

    def work(self):
        """Read every case, in the order in which they came, by readers in turn; disputes are settled but for two."""
        names, disputes = list(READERS), 0
        for place, traveller in enumerate(self.cases.values()):
            state, turn = "open", 0
            while state == "open":
                state = self._read(traveller, names[(place + turn) % 3], place)
                turn += 1
            if state == "disputed" and (disputes := disputes + 1) > 2:
                self._read(traveller, names[(place + 2) % 3], place)

    def act(self, traveller, name, act, **said):
        """Send a form; gives the answer."""
        self.tokens += 1
        body = {"token": f"token-of-a-shift-{self.tokens:06}", **said}
        path = f"/v1/desk/cases/{traveller.decision_id}/{act}"
        return self.client.post(path, json=body, headers=self.headers[name])

    def _read(self, traveller, name, place):
        habits, turn = READERS[name], len(traveller.readings) + 1
        shown = self._do(traveller, name, "claim")
        own = None
        path = f"/v1/desk/cases/{traveller.decision_id}"
        case = self.client.get(path, headers=self.headers[name]).json()
        self.clock.pass_by(habits.before)
        if case["needs_first_view"]:
            own = self.random.choice(["look_closer", "no_concern", "no_concern", "cannot_tell"])
            shown = self._do(traveller, name, "first-view", version=shown["version"], view=own)
        shown = self._do(traveller, name, "open", version=shown["version"])
        risks = self.client.get(path, headers=self.headers[name]).json()["risks"]
        self.clock.pass_by(habits.after)
        score_says = "look_closer" if traveller.by_score else "no_concern"
        view = score_says if self.random.random() < habits.follows else own or "no_concern"
        verdicts = {(risk["risk"], one["code"]): self._verdict(habits) for risk in risks for one in risk["reasons_for"]}
        found = self._found(traveller, habits, place)
        reasons = [{"risk": risk, "code": code, "verdict": said} for (risk, code), said in verdicts.items()]
        said = {"version": shown["version"], "view": view, "reasons": reasons, "outcome": found}
        state = self._do(traveller, name, "reading", **said)["state"]
        noted = Noted(
            traveller.decision_id,
            name,
            turn,
            case["state"] == "disputed",
            own,
            view,
            verdicts,
            (found["compliance"], found.get("outcome_code")),
            habits.before + habits.after,
            state,
        )
        traveller.readings.append(noted)
        return state

    def _do(self, *args, **said):
        answer = self.act(*args, **said)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def _verdict(self, habits):
        draw = self.random.random()
        return "cannot_tell" if draw < 0.1 else "agrees" if draw < 0.1 + 0.9 * habits.agrees else "disagrees"

    def _found(self, traveller, habits, place):
        if place % 20 == 0:
            return {"compliance": "not_done", "rationale": "The ferry left before anybody could look."}
        seen = traveller.confirmed and self.random.random() < habits.finds
        known = datetime.fromisoformat(traveller.record["crossing"]["expected_at"]) + timedelta(hours=3)
        return {
            "compliance": "done",
            "outcome_code": "smuggled_migrant" if seen else "nothing_found",
            "known_at": known.isoformat(),
            "evidence_type": "interview",
            "decided_by_role": "second_line_officer",
            "rationale": "Interviewed for half an hour with an interpreter.",
        }
