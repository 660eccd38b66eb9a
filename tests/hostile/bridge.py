"""Lets a program that starts applications by itself talk to one that runs already, in the loop of that one."""

from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.riskapi.makers import TestClient


def bridge_to(client: TestClient) -> ASGIApp:
    """Make an application that hands requests to the one behind a client, which goes on when this one ends."""

    async def bridge(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            for word in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{word}.complete"})
            return
        incoming = [await receive()]
        while incoming[-1].get("more_body"):
            incoming.append(await receive())
        for message in client.portal.call(_serve, client.app, dict(scope), incoming):
            await send(message)

    return bridge


async def _serve(app: ASGIApp, scope: dict[str, Any], incoming: list[Message]) -> list[Message]:
    answer: list[Message] = []
    messages = iter([*incoming, {"type": "http.disconnect"}])

    async def receive() -> Message:
        return next(messages)

    async def send(message: Message) -> None:
        answer.append(message)

    await app(scope, receive, send)
    return answer
