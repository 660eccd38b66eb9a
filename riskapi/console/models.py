"""/console/models: what is live and what is proposed, everything of a model to read, and what persons decide."""

import io
import zipfile
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from models.bundle import ModelBundle
from riskapi.access.guard import GuardedRoute, allows
from riskapi.access.matrix import Action
from riskapi.console.comparing import compare
from riskapi.console.entry import SEE_OTHER
from riskapi.console.forms import Form, Sent
from riskapi.console.pages import page
from riskapi.console.shapes import shape_of, terms_of
from riskapi.console.standing import Standing, standing, standings
from riskapi.deps import Caller, ServicesDep
from riskapi.edge import NOTES
from riskapi.errors import ConflictError, FourEyesError, InvalidBodyError, NotFoundError, kind_of
from riskapi.schemas import ApprovalRequest, RationaleRequest
from riskapi.services import Services
from riskapi.storage.base import LedgerEvent

router = APIRouter(include_in_schema=False, route_class=GuardedRoute)

_VERDICT_ORDER: Final = ("failed", "inconclusive", "passed")
_REFUSALS = (InvalidBodyError, FourEyesError, ConflictError)


@router.get("/console/models")
@allows(Action.MODELS_READ)
def models(request: Request, services: ServicesDep) -> Response:
    """Show what is live, what waits for a decision, and what was before."""
    every = standings(services)
    titles = {one.digest: services.active.open(one.digest).bundle.risk.title for one in every if one.live}
    return page(
        request,
        "models/list.html",
        live=[one for one in every if one.live],
        titles=titles,
        waiting=[one for one in every if one.state == "waiting"],
        past=[one for one in every if one.state in ("rejected", "replaced")],
        refused=dict(services.active.refused),
    )


@router.get("/console/models/{digest}")
@allows(Action.MODELS_READ)
def model(digest: str, request: Request, services: ServicesDep) -> Response:
    """Show one proposed bundle: its gates, its card, its history, and what may be decided."""
    return _model_page(request, services, standing(services, digest))


@router.get("/console/models/{digest}/terms")
@allows(Action.MODELS_READ)
def terms(digest: str, request: Request, services: ServicesDep, number: int | None = None) -> Response:
    """Show every term by its weight, and the shape of one of them."""
    found, bundle = _bundle(services, digest)
    rows = terms_of(bundle)
    chosen = number if number is not None else rows[0].number if rows else None
    if chosen is not None and chosen not in {row.number for row in rows}:
        raise NotFoundError("This model has no such term.")
    shape = None if chosen is None else shape_of(bundle, chosen)
    return page(request, "models/terms.html", standing=found, bundle=bundle, rows=rows, shape=shape, chosen=chosen)


@router.get("/console/models/{digest}/reasons")
@allows(Action.MODELS_READ)
def reasons(digest: str, request: Request, services: ServicesDep) -> Response:
    """Show every sentence that the model can say of a traveller, with its code and why the fact counts."""
    found, bundle = _bundle(services, digest)
    return page(request, "models/reasons.html", standing=found, bundle=bundle)


@router.get("/console/models/{digest}/comparison")
@allows(Action.MODELS_READ)
def comparison(digest: str, request: Request, services: ServicesDep) -> Response:
    """Show a bundle beside the live one of its risk: measures, gates and terms."""
    found, bundle = _bundle(services, digest)
    live = services.ledger.live().get(bundle.risk.name)
    if live is None or live.digest == digest:
        raise NotFoundError("There is no other live model of this risk to compare with.")
    champion = services.active.open(live.digest).bundle
    return page(request, "models/comparison.html", standing=found, bundle=bundle, **compare(bundle, champion))


@router.get("/console/models/{digest}/card.md")
@allows(Action.MODELS_READ)
def card(digest: str, services: ServicesDep) -> Response:
    """Hand out the card as a text to keep."""
    _, bundle = _bundle(services, digest)
    return _download(bundle.card.to_markdown().encode(), bundle, "md", "text/markdown; charset=utf-8")


@router.get("/console/models/{digest}/bundle.zip")
@allows(Action.MODELS_READ)
def files(digest: str, services: ServicesDep) -> Response:
    """Hand out the files of a bundle, exactly as they were signed."""
    _, bundle = _bundle(services, digest)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(bundle.files.items()):
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return _download(packed.getvalue(), bundle, "zip", "application/zip")


@router.post("/console/models/{digest}/approve")
@allows(Action.MODELS_APPROVE)
def approve(digest: str, request: Request, caller: Caller, sent: Sent, services: ServicesDep) -> Response:
    """Let a bundle go live, or go back to one that was; an inconclusive gate counts where its box is ticked."""
    found = standing(services, digest)
    try:
        form = sent.read(ApprovalRequest)
        event = services.approvals.approve(digest, caller, form.rationale, form.accept_inconclusive)
    except _REFUSALS as error:
        return _model_page(request, services, found, sent, error)
    return _decided(event, request, services)


@router.post("/console/models/{digest}/reject")
@allows(Action.MODELS_APPROVE)
def reject(digest: str, request: Request, caller: Caller, sent: Sent, services: ServicesDep) -> Response:
    """Refuse a proposal for good."""
    found = standing(services, digest)
    try:
        event = services.approvals.reject(digest, caller, sent.read(RationaleRequest).rationale)
    except _REFUSALS as error:
        return _model_page(request, services, found, sent, error)
    return _decided(event, request, services)


def _decided(event: LedgerEvent, request: Request, services: Services) -> Response:
    request.scope[NOTES] |= {"digest": event.digest, "decided": event.event.value}
    services.refresh()  # this process follows at once, others at their next look
    return RedirectResponse(f"/console/models/{event.digest}", SEE_OTHER)


def _model_page(
    request: Request, services: Services, found: Standing, sent: Form | None = None, error: Exception | None = None
) -> Response:
    """Show a model; where a decision was refused, say why and keep what was written."""
    bundle = services.active.open(found.digest).bundle
    live = services.ledger.live().get(bundle.risk.name)
    gates = sorted(bundle.gates.gates, key=lambda gate: _VERDICT_ORDER.index(gate.verdict.value))
    shown: dict[str, Any] = {
        "standing": found,
        "bundle": bundle,
        "gates": gates,
        "verdicts": {verdict: sum(gate.verdict == verdict for gate in gates) for verdict in _VERDICT_ORDER},
        "champion": None if live is None or live.digest == found.digest else live,
        "mlflow_url": services.settings.mlflow_url,
        "problems": _told(error),
        "rationale": sent.text("rationale") if sent is not None else "",
        "accepted": sent.texts("accept_inconclusive") if sent is not None else [],
    }
    return page(request, "models/model.html", 200 if error is None else kind_of(error).status.value, **shown)


def _told(error: Exception | None) -> list[str]:
    """What a refusal says, each problem with its remedy."""
    if isinstance(error, InvalidBodyError):
        return [f"{one.place.replace('_', ' ').capitalize()}: {one.rule}." for one in error.problems]
    return [] if error is None else [str(error)]


def _bundle(services: Services, digest: str) -> tuple[Standing, ModelBundle]:
    return standing(services, digest), services.active.open(digest).bundle


def _download(content: bytes, bundle: ModelBundle, suffix: str, media_type: str) -> Response:
    name = f"{bundle.manifest.name}-{bundle.manifest.version}-{bundle.digest[7:19]}.{suffix}"
    return Response(content, media_type=media_type, headers={"content-disposition": f'attachment; filename="{name}"'})
