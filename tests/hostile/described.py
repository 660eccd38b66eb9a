"""Requests made from the API's own description: every operation, with what fits it and with what does not."""

import itertools
import json
import os
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import schemathesis
from schemathesis.checks import load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.pytest.lazy import get_all_tests
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance
from starlette.types import ASGIApp

from riskapi.body import NDJSON_TYPE
from riskapi.routes.messages import EDIFACT_TYPE

FULL = os.environ.get("RISKAPI_FAULTS") == "full"
EXAMPLES = 300 if FULL else 3
"""Random requests for each operation, besides those that go through every bound of the description."""

_NAMES_AN_AUDIENCE = {positive_data_acceptance: "who has both audiences has to name one"}
_ACTS = ("claim", "release", "hand-over", "first-view", "open", "note", "reading", "what-if")
UNSAID: Mapping[str, Mapping[Callable[..., object], str]] = {
    "POST /v1/gtas/score": {positive_data_acceptance: "no schema of ours says what a profile of GTAS has to hold"},
    "GET /v1/desk/cases/{decision_id}": _NAMES_AN_AUDIENCE,
    **{f"POST /v1/desk/cases/{{decision_id}}/{act}": _NAMES_AN_AUDIENCE for act in _ACTS},
    "POST /v1/messages": {
        positive_data_acceptance: "no schema says what a message of EDIFACT, or of several kinds of JSON, has to hold",
        negative_data_rejection: "a body is taken for what it holds, whatever type it was sent under",
    },
    "POST /v1/proposals": {positive_data_acceptance: "what fits is refused unless a trusted key signed it"},
    "POST /v1/outcomes": {positive_data_acceptance: "what is told of one inspection has to fit together"},
    "POST /v1/accounts": {positive_data_acceptance: "roles that exclude one another are refused"},
    "POST /v1/accounts/{login}/roles": {positive_data_acceptance: "roles that exclude one another are refused"},
}
"""Checks that do not hold for an operation, since no schema can say why it refuses."""
_LINES_ARE_ANSWERED_ALONE = {negative_data_rejection}
_RECORD_PATHS = ("/v1/scores/batch", "/v1/decisions/{decision_id}/rectification")
"""Take the same record as /v1/scores: a quick run goes through its bounds once."""


@schemathesis.serializer(NDJSON_TYPE.decode(), EDIFACT_TYPE.decode())
def _lines(_context: object, value: object) -> bytes:
    return (value if isinstance(value, str) else json.dumps(value)).encode(errors="replace")


@dataclass
class Driven:
    """What was sent, and what was wrong with the answers.

    Attributes:
        requests: how many, by operation.
        statuses: how often each came.
        wrong: (operation, kind of failure) -> the first such failure in words.
    """

    requests: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: dict[tuple[str, str], str] = field(default_factory=dict)


def drive(application: ASGIApp, headers: Mapping[str, str], examples: int = EXAMPLES) -> Driven:
    """Send requests to every operation that an application describes; always the same ones.

    Args:
        application: serves its description, too.
        headers: of a caller who may do everything.
        examples: random requests for each.
    """
    load_all_checks()
    quick = (
        [] if FULL else [{"include-path": path, "phases": {"coverage": {"enabled": False}}} for path in _RECORD_PATHS]
    )
    config = {
        "seed": 20261124,
        "generation": {"max-examples": examples, "deterministic": True, "database": "none"},
        "operations": quick,
    }
    schema = schemathesis.openapi.from_asgi("/openapi.json", application, config=SchemathesisConfig.from_dict(config))
    driven, numbers = Driven(), itertools.count()

    def send(case: schemathesis.Case) -> None:
        operation = case.operation.label
        if "Idempotency-Key" in (case.headers or {}) and case.meta and case.meta.generation.mode.is_positive:
            case.headers["Idempotency-Key"] = f"new-{next(numbers)}"  # a key that came with another body is refused
        excluded = set(UNSAID.get(operation, ()))
        if case.media_type == NDJSON_TYPE.decode():
            excluded |= _LINES_ARE_ANSWERED_ALONE
        driven.requests[operation] += 1
        try:
            answer = case.call_and_validate(headers=dict(headers), excluded_checks=list(excluded))
        except FailureGroup as failures:
            for failure in failures.exceptions:
                told = f"{failure} <- {case.as_curl_command()}"
                driven.wrong.setdefault((operation, type(failure).__name__), told[:1500])
        else:
            driven.statuses[answer.status_code] += 1

    for made in get_all_tests(schema=schema, test_func=send, settings=None, given_kwargs={}):
        _, test = made.ok()
        test()
    return driven
