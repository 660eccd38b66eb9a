"""One request to the scoring service: its answer, or what it said instead, in one line."""

from typing import Any

import httpx

from training.errors import TrainingError


def ask(
    method: str,
    url: str,
    key: str,
    *,
    error: type[TrainingError],
    body: Any = None,
    timeout: float = 60.0,
    client: httpx.Client | None = None,
) -> Any:
    """Ask the service.

    Args:
        method: of HTTP.
        url: whole address.
        key: API key; it stands in no error.
        error: what to raise.
        body: sent as JSON.
        timeout: seconds that the service may take.
        client: to send with; a new one by default.

    Returns:
        The answer as JSON values; an empty object where there is none.

    Raises:
        TrainingError: of the kind that was asked for, where nobody answers, and with the service's own words where it
            refuses.
    """
    sender = client or httpx.Client(timeout=timeout)
    try:
        answer = sender.request(method, url, json=body, headers={"Authorization": f"Bearer {key}"})
    except httpx.HTTPError as failed:
        raise error(
            f"No answer from {_service(url)} ({type(failed).__name__}). Is the service running? Start it with "
            "`riskapi serve`, or name another one with --url."
        ) from None
    finally:
        if client is None:
            sender.close()
    return _accepted(answer, error)


def _service(url: str) -> str:
    """The address without the route.

    >>> _service("http://127.0.0.1:8000/v1/proposals")
    'http://127.0.0.1:8000'
    """
    return "/".join(url.split("/")[:3])


def _accepted(answer: httpx.Response, error: type[TrainingError]) -> Any:
    """The body of a good answer."""
    try:
        body = answer.json()
    except ValueError:
        body = {}
    if answer.is_success:
        return body
    told = body if isinstance(body, dict) else {}
    words = [str(told[name]) for name in ("title", "detail") if told.get(name)]
    problems = [problem for problem in told.get("errors") or [] if isinstance(problem, dict)]
    words += [
        " - ".join(str(each[name]) for name in ("place", "rule", "remedy") if each.get(name)) for each in problems
    ]
    raise error(f"The service answered {answer.status_code}: {' | '.join(words) or answer.reason_phrase}")
