"""The service's ledger of models, read over HTTP: what was proposed, and what named persons decided about it."""

from datetime import datetime
from typing import Annotated, Literal

import httpx
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from training.errors import LedgerError
from training.service import ask
from training.settings import TrainingSettings

PATH = "/v1/proposals"
Event = Literal["proposed", "approved", "rejected"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")  # a later service may tell more


class Act(_Part):
    """What one person did about one bundle."""

    at: datetime
    event: Event
    principal: str
    rationale: str


class Standing(_Part):
    """Where one proposed bundle stands."""

    digest: Annotated[str, Field(pattern="^sha256:[0-9a-f]{64}$")]
    risk: str
    live: bool
    challenger: bool
    events: Annotated[tuple[Act, ...], Field(min_length=1)]

    @property
    def last(self) -> Act:
        """What was done last."""
        return self.events[-1]


_LIST = TypeAdapter(tuple[Standing, ...])


def read_ledger(settings: TrainingSettings, client: httpx.Client | None = None) -> tuple[Standing, ...]:
    """Read the whole ledger.

    Args:
        settings: address of the service, and the key of somebody with the scope ``models:read``.
        client: to ask with; a new one by default.

    Raises:
        LedgerError: where there is no key, no answer, or the service refuses.
    """
    if settings.api_key is None:
        raise LedgerError("Give the API key of a person with the scope models:read: --key, or TRAINING_API_KEY.")
    answer = ask(
        "GET",
        settings.service_url.rstrip("/") + PATH,
        settings.api_key.get_secret_value(),
        error=LedgerError,
        timeout=settings.timeout_seconds,
        client=client,
    )
    try:
        return _LIST.validate_python(answer)
    except ValidationError:
        raise LedgerError("The service answered with something that is no list of proposals.") from None
