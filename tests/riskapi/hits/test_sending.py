"""One attempt: signed, sent to the one address, judged by its status alone."""

import time

import pytest

from riskapi.hits.message import Message
from riskapi.hits.sending import Outcome, send
from riskapi.hits.subscription import read_subscriptions
from tests.riskapi.hits.receiving import is_signed, receiving, subscription_file

MESSAGE = Message("hit_1_desk", "1", b'{"type":"decision.hit"}')
NOW = int(time.time())


@pytest.fixture
def desk(tmp_path):
    """A receiver and its subscription."""
    with receiving() as receiver:
        [subscription] = read_subscriptions(subscription_file(tmp_path, receiver.url, "0" * 16), ("127.0.0.1",))
        yield receiver, subscription


def test_message_is_signed_and_arrives_as_it_is(desk):
    """A receiver that follows Standard Webhooks accepts it, and no other secret or body does."""
    receiver, subscription = desk
    assert send(subscription, MESSAGE, NOW).outcome is Outcome.SENT
    [(headers, body)] = receiver.came
    assert body == MESSAGE.body
    assert is_signed(headers, body)
    assert not is_signed(headers, body + b" ")
    assert not is_signed(headers, body, b"x" * 32)
    assert headers["webhook-timestamp"] == str(NOW)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.SENT),
        (204, Outcome.SENT),
        (301, Outcome.UNAVAILABLE),
        (307, Outcome.UNAVAILABLE),
        (400, Outcome.REFUSED),
        (404, Outcome.REFUSED),
        (408, Outcome.UNAVAILABLE),
        (410, Outcome.UNAVAILABLE),
        (422, Outcome.REFUSED),
        (429, Outcome.UNAVAILABLE),
        (500, Outcome.UNAVAILABLE),
        (503, Outcome.UNAVAILABLE),
    ],
)
def test_status_decides(desk, status, outcome):
    """What says something of the receiver is tried again; what says something of the message is not."""
    receiver, subscription = desk
    receiver.answers.append((status, {}))
    assert send(subscription, MESSAGE, NOW).outcome is outcome


def test_d5_redirections_are_not_followed(desk):
    """Not even to the same receiver."""
    receiver, subscription = desk
    receiver.answers.append((307, {"location": receiver.url}))
    assert send(subscription, MESSAGE, NOW).outcome is Outcome.UNAVAILABLE
    assert len(receiver.came) == 1


def test_receiver_may_ask_to_be_left_alone(desk):
    """For an hour at most, whatever it asks for."""
    receiver, subscription = desk
    waits = []
    for asked in ("7", "99999999999999999", "12345678", "-1", "soon"):
        receiver.answers.append((503, {"retry-after": asked}))
        waits.append(send(subscription, MESSAGE, NOW).wait_seconds)
    assert waits == [7.0, 0.0, 3600.0, 0.0, 0.0]


def test_d5_proxies_of_the_environment_are_not_used(desk, monkeypatch):
    """Messages go where the file says."""
    receiver, subscription = desk
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert send(subscription, MESSAGE, NOW).outcome is Outcome.SENT
    assert len(receiver.came) == 1


def test_nobody_there_is_no_error(desk):
    """A receiver that does not listen, and one that speaks something else than TLS."""
    receiver, subscription = desk
    elsewhere = subscription.model_copy(update={"url": "http://127.0.0.1:9/hook"})
    assert send(elsewhere, MESSAGE, NOW).outcome is Outcome.UNAVAILABLE
    tls = subscription.model_copy(update={"url": receiver.url.replace("http:", "https:")})
    assert send(tls, MESSAGE, NOW).outcome is Outcome.UNAVAILABLE
    (subscription.secret_file).unlink()
    attempt = send(subscription, MESSAGE, NOW)
    assert (attempt.outcome, len(receiver.came)) == (Outcome.UNAVAILABLE, 0)
    assert "secret" in attempt.told
