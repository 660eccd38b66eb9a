"""What is told of a decision: ids, scores, bands and codes; nothing of the traveller. And how it is signed."""

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson

from riskapi.access.matrix import Action
from riskapi.access.principal import Principal
from riskapi.hits.subscription import Subscription
from riskapi.monitoring.opened import OpenedDecision
from riskapi.monitoring.tally import NOT_WATCHED

TYPE = "decision.hit"


@dataclass(frozen=True, slots=True)
class Message:
    """One message to one receiver.

    Attributes:
        message_id: the same whenever it is sent again, so that a receiver can tell.
        decision_id: that it tells of.
        body: JSON.
    """

    message_id: str
    decision_id: str
    body: bytes

    def headers(self, secret: bytes, now: int) -> dict[str, str]:
        """Sign the message as Standard Webhooks say (``webhook-id``, ``-timestamp`` and ``-signature``).

        Args:
            secret: that receiver and sender share.
            now: seconds since 1970; receivers refuse what is too old, so each attempt has its own.

        >>> secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        >>> message = Message("msg_p5jXN8AQM9LWM0D4loKWxJek", "", b'{"test": 2432232314}')
        >>> message.headers(secret, 1614265330)["webhook-signature"]
        'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
        """
        signed = b"%b.%d.%b" % (self.message_id.encode(), now, self.body)
        signature = base64.b64encode(hmac.digest(secret, signed, sha256)).decode()
        return {
            "content-type": "application/json",
            "webhook-id": self.message_id,
            "webhook-timestamp": str(now),
            "webhook-signature": f"v1,{signature}",
        }


def message_for(subscription: Subscription, receiver: Principal, decision: OpenedDecision) -> Message | None:
    """Write what a subscription is told of a decision.

    Args:
        subscription: what it wants to hear.
        receiver: whom its key belongs to: what the key could not read is not told.
        decision: as the log tells of it.

    Returns:
        The message, or ``None`` where there is nothing to tell: no test, nothing beyond the key's reach, no risk for
        another audience.
    """
    if decision.purpose in NOT_WATCHED:
        return None
    if not receiver.reaches(Action.HITS_RECEIVE, decision.principal, decision.unit):
        return None
    answer = decision.answer
    risks = [risk for risk in answer["risks"] if _is_told(subscription, receiver, risk)]
    checks = [one["code"] for one in answer.get("checks", ()) if not receiver.audiences.isdisjoint(one["audiences"])]
    if not risks and not (subscription.failed_checks and checks):
        return None
    data = {
        "decision_id": decision.decision_id,
        "corrects_another": decision.corrects,
        "risks": [_risk(risk) for risk in risks],
        "checks": checks,
        "notice": answer["notice"],
    }
    body = {"type": TYPE, "timestamp": decision.scored_at, "data": data}
    return Message(f"hit_{decision.decision_id}_{subscription.name}", decision.decision_id, orjson.dumps(body))


def _is_told(subscription: Subscription, receiver: Principal, risk: Mapping[str, Any]) -> bool:
    return (
        risk["audience"] in receiver.audiences
        and (not subscription.risks or risk["risk"] in subscription.risks)
        and (not subscription.bands or risk["band"] in subscription.bands)
    )


def _risk(risk: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "risk": risk["risk"],
        "probability": risk["probability"],
        "band": risk["band"],
        "referred": risk["referral"]["referred"] if "referral" in risk else None,
        "reasons_for": [reason["code"] for reason in risk["reasons_for"]],
        "reasons_against": [reason["code"] for reason in risk["reasons_against"]],
        "model": risk["model"]["digest"],
    }
