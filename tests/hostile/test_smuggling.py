import json

import pytest

from tests.faults.service import RECORD
from tests.hostile.smuggling import Vectors
from tests.hostile.wire import exchange

NAMES = Vectors("127.0.0.1", "rk_0_0", b"{}")


@pytest.fixture(scope="module")
def vectors(service):
    """The vectors against the running server."""
    return Vectors(f"127.0.0.1:{service.port}", service.key, RECORD)


def test_there_are_enough_vectors():
    """More than the 17 that are known for confusing servers, and as many that must not be refused."""
    assert len(dict(NAMES.refused())) > 80
    assert len(dict(NAMES.once())) > 17


def test_r37_ambiguous_requests_are_not_served(service, vectors):
    """No part of an ambiguous message is answered with 2xx, none is answered twice, and the connection ends."""
    wrong = {}
    for name, sent in vectors.refused():
        heard = exchange(service.port, sent, seconds=0.5)
        served = [status for status in heard.statuses if status < 400]
        if served or len(heard.answers) > 1 or heard.rest or not heard.closed:
            wrong[name] = (heard.statuses, heard.rest[:80], heard.closed)
    assert wrong == {}
    assert service.is_ready()


def test_refusals_are_problem_documents(service, vectors):
    """What is refused before the application gets the same kind of document as everything else, and repeats nothing."""
    for name, sent in vectors.refused():
        for answer in exchange(service.port, sent, seconds=0.5).answers:
            assert answer.headers["content-type"] == "application/problem+json", name
            assert answer.headers["cache-control"] == "no-store", name
            assert json.loads(answer.body)["status"] == answer.status
            assert b"evil" not in answer.body


def test_unusual_and_clear_requests_are_served_once(service, vectors):
    """A message with one meaning is answered once, and nothing behind its end is taken for a request."""
    wrong = {}
    for name, sent in vectors.once():
        heard = exchange(service.port, sent, seconds=1.0)
        if heard.statuses != [200] or heard.rest or not heard.closed:
            wrong[name] = (heard.statuses, heard.rest[:80], heard.closed)
    assert wrong == {}


def test_requests_in_a_row_are_answered_in_order(service, vectors):
    """The counting above can count: two whole requests on one connection have two answers."""
    heard = exchange(service.port, vectors.post(vectors.length, body=RECORD) + vectors.hidden, seconds=0.7)
    assert heard.statuses == [200, 200]
    assert b"decision_id" in heard.answers[0].body
    assert b"decision_id" not in heard.answers[1].body


def test_trailers_are_no_headers(service, vectors):
    """A key that comes after the body is nobody's key."""
    sent = vectors.post("Transfer-Encoding: chunked", "Connection: close", body=b"")
    sent = sent.replace(f"Authorization: Bearer {service.key}\r\n".encode(), b"")
    end = f"0\r\nAuthorization: Bearer {service.key}\r\n\r\n".encode()
    assert exchange(service.port, sent + vectors.chunked(end=end)).statuses == [401]


def test_whole_request_before_a_broken_one_is_answered(service, vectors):
    """What came whole is served; what is broken behind it is not, and ends the connection."""
    good = vectors.post(vectors.length, body=RECORD)
    for broken in (b"BROKEN\r\n\r\n", vectors.post("Transfer-Encoding: chunked", body=b"zz\r\n")):
        heard = exchange(service.port, good + broken + vectors.hidden, seconds=1.0)
        assert heard.statuses == [200]
        assert heard.closed
