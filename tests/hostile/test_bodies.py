import json

import pytest

from riskapi.schemas import ProblemBody
from tests.faults.stored import count_decisions
from tests.hostile.bodies import ACCEPTED, BODIES, GROUPS, MARK, marked
from tests.riskapi.makers import services_of

JSON = {"content-type": "application/json"}
REFUSALS = (400, 413, 422)


def what_is_wrong(answer, text):
    """Everything about the answer to a hostile body, and about what was logged, that should be otherwise."""
    events = [json.loads(line)["event"] for line in text.splitlines()]
    if answer.status_code not in REFUSALS:
        return f"answered {answer.status_code}"
    if answer.headers["content-type"] != "application/problem+json":
        return "no problem document"
    problem = ProblemBody.model_validate_json(answer.content)
    findings = {
        "status in document": problem.status != answer.status_code,
        "too many errors": len(problem.errors) > 50,
        "errors do not fit the status": (answer.status_code == 422) != bool(problem.errors),
        "large": len(answer.content) > 20_000,
        "repeats what was sent": MARK[:5] in (answer.text + str(answer.headers)).upper(),
        "logs what was sent": MARK[:5] in text.upper(),
        f"{len(events)} log lines": events != ["request"],
    }
    return ", ".join(finding for finding, true in findings.items() if true)


def test_there_are_enough_hostile_bodies():
    """The tables make more than 400 different bodies, none of which is also accepted."""
    assert len(set(BODIES.values())) > 800
    assert not set(BODIES.values()) & set(ACCEPTED.values())


@pytest.mark.parametrize("group", GROUPS)
def test_r37_hostile_bodies_are_refused_and_never_repeated(client, group, log):
    """Each gets a problem document with 4xx and one log line; nothing of it comes back, and nothing is stored."""
    before = count_decisions(services_of(client))
    log.new()
    wrong = {}
    for name, body in GROUPS[group].items():
        answer = client.post("/v1/scores", content=body, headers=JSON)
        if found := what_is_wrong(answer, log.new()):
            wrong[name] = found
    assert wrong == {}
    assert count_decisions(services_of(client)) == before


def test_names_of_every_script_are_accepted(client, log):
    """Names of one letter or 200, of any script, and texts that only look dangerous are answered, and not logged."""
    before = count_decisions(services_of(client))
    log.new()
    statuses = {
        name: client.post("/v1/scores", content=body, headers=JSON).status_code for name, body in ACCEPTED.items()
    }
    assert {name: status for name, status in statuses.items() if status != 200} == {}
    text = log.new()
    assert [json.loads(line)["event"] for line in text.splitlines()] == ["request"] * len(ACCEPTED)
    assert MARK not in text
    assert count_decisions(services_of(client)) == before + len(ACCEPTED)


def test_the_search_finds_what_is_there(client, log):
    """The same look at a body that is answered says so: the checks above can fail."""
    log.new()
    answer = client.post("/v1/scores", json=marked())
    assert what_is_wrong(answer, log.new()) == "answered 200"
    echo = {"type": "x", "title": MARK, "status": 422, "detail": "", "errors": []}
    answer.status_code, answer._content = 422, json.dumps(echo).encode()
    answer.headers["content-type"] = "application/problem+json"
    found = what_is_wrong(answer, f'{{"event": "request"}}\n{{"event": "{MARK}"}}\n')
    assert found == ("errors do not fit the status, repeats what was sent, logs what was sent, 2 log lines")
