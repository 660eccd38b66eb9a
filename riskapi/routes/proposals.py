"""/v1/proposals: bundles handed in, and what persons decided about them."""

from dataclasses import asdict
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends
from starlette.requests import Request

from riskapi.access.guard import GuardedRoute, allows
from riskapi.access.matrix import Action
from riskapi.deps import Caller, ServicesDep, strict_body
from riskapi.describe import model_body, problems
from riskapi.edge import NOTES
from riskapi.errors import NotFoundError
from riskapi.schemas import ApprovalRequest, LedgerRow, ProposalBody, ProposalDetail, ProposalRequest, RationaleRequest
from riskapi.services import Services
from riskapi.storage.base import BundleRow, Event, LedgerEvent

router = APIRouter(tags=["proposals"], route_class=GuardedRoute)

Proposed = Annotated[
    ProposalRequest, Depends(strict_body(ProposalRequest, lambda services: services.settings.proposal_body_limit_bytes))
]
Why = Annotated[
    RationaleRequest, Depends(strict_body(RationaleRequest, lambda services: services.settings.body_limit_bytes))
]
Approval = Annotated[
    ApprovalRequest, Depends(strict_body(ApprovalRequest, lambda services: services.settings.body_limit_bytes))
]
_BODY_PROBLEMS = (400, 401, 403, 408, 413, 415, 422, 503)
_RATIONALE = {"rationale": "Gates pass, card read, agreed with the quality board on 3 March."}


@router.post(
    "/v1/proposals",
    status_code=201,
    response_model=LedgerRow,
    responses=problems(*_BODY_PROBLEMS, 409),
    openapi_extra=model_body(ProposalRequest),
)
@allows(Action.MODELS_PROPOSE)
def propose(request: Request, caller: Caller, body: Proposed, services: ServicesDep) -> LedgerEvent:
    """Propose a bundle: signature, hashes, content and golden records are verified before it is taken."""
    files = {name: text.encode() for name, text in body.files.items()}
    event = services.approvals.propose(files, caller, body.rationale)
    request.scope[NOTES]["digest"] = event.digest
    return event


@router.get("/v1/proposals", response_model=list[ProposalBody], responses=problems(401, 403, 503))
@allows(Action.MODELS_READ)
def proposals(services: ServicesDep) -> list[dict[str, Any]]:
    """List every bundle that was proposed, the latest first, with all that was decided."""
    events, bundles = services.ledger.events(), services.ledger.bundles()
    roles = _roles(services)
    order = dict.fromkeys(event.digest for event in reversed(events))
    return [_about(bundles[digest], [e for e in events if e.digest == digest], roles) for digest in order]


@router.get("/v1/proposals/{digest}", response_model=ProposalDetail, responses=problems(401, 403, 404, 422, 503))
@allows(Action.MODELS_READ)
def proposal(digest: str, services: ServicesDep) -> dict[str, Any]:
    """Show one proposed bundle with its card and its gates."""
    events = services.ledger.events(digest)
    if not events:
        raise NotFoundError("No proposal has this digest.")
    bundle = services.active.open(digest).bundle
    row = BundleRow(digest, bundle.risk.name, bundle.manifest.name, bundle.manifest.version, {})
    return {
        **_about(row, events, _roles(services)),
        "card": bundle.card.model_dump(mode="json"),
        "gates": bundle.gates.model_dump(mode="json"),
    }


@router.post(
    "/v1/proposals/{digest}/approve",
    response_model=LedgerRow,
    responses=problems(*_BODY_PROBLEMS, 404, 409),
    openapi_extra=model_body(ApprovalRequest, example=_RATIONALE),
)
@allows(Action.MODELS_APPROVE)
def approve(digest: str, request: Request, caller: Caller, body: Approval, services: ServicesDep) -> LedgerEvent:
    """Let a bundle go live, as another named person than its proposer.

    Approving a bundle that was live before goes back to it. A failed gate blocks; an inconclusive one blocks unless
    `accept_inconclusive` names it.
    """
    event = services.approvals.approve(digest, caller, body.rationale, body.accept_inconclusive)
    return _decided(event, request, services)


@router.post(
    "/v1/proposals/{digest}/reject",
    response_model=LedgerRow,
    responses=problems(*_BODY_PROBLEMS, 404, 409),
    openapi_extra=model_body(RationaleRequest, example=_RATIONALE),
)
@allows(Action.MODELS_APPROVE)
def reject(digest: str, request: Request, caller: Caller, body: Why, services: ServicesDep) -> LedgerEvent:
    """Refuse a proposal for good, as another named person than its proposer."""
    event = services.approvals.reject(digest, caller, body.rationale)
    return _decided(event, request, services)


def _decided(event: LedgerEvent, request: Request, services: Services) -> LedgerEvent:
    request.scope[NOTES] |= {"digest": event.digest, "decided": event.event.value}
    services.refresh()  # this process follows at once, others at their next look
    return event


class _Roles(NamedTuple):
    """Digests of the live models, and of their challengers."""

    live: frozenset[str]
    challengers: frozenset[str]


def _roles(services: Services) -> _Roles:
    return _Roles(
        frozenset(event.digest for event in services.ledger.live().values()),
        frozenset(event.digest for event in services.challengers.current().values()),
    )


def _about(bundle: BundleRow, events: list[LedgerEvent], roles: _Roles) -> dict[str, Any]:
    return {
        "digest": bundle.digest,
        "risk": bundle.risk,
        "name": bundle.name,
        "version": bundle.version,
        "state": Event(events[-1].event),
        "live": bundle.digest in roles.live,
        "challenger": bundle.digest in roles.challengers,
        "events": [asdict(event) for event in events],
    }
