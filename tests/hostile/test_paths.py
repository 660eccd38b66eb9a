import json
from itertools import product
from urllib.parse import quote

import pytest

from tests.faults.service import ALL_SCOPES
from tests.faults.stored import count_decisions
from tests.riskapi.makers import bearer, make_key, services_of

TARGETS = ("etc/passwd", "riskapi/settings.py", "store.db", "log-key.pem")
UPS = (
    "../",
    "..%2f",
    "%2e%2e/",
    "%2e%2e%2f",
    "..%5c",
    "%252e%252e%252f",
    "..%c0%af",
    "%uff0e%uff0e/",
    "....//",
    "..;/",
    "%2e%2e;%2f",
    "..%00/",
    "/%2e/%2e%2e/",
    "%2f..%2f",
    "%ef%bc%8e%ef%bc%8e%2f",
    "file:%2f%2f%2f",
)
PLACES = ("/docs/", "/v1/decisions/", "/v1/models/", "/v1/proposals/")
INJECTIONS = [
    start + rest
    for start, rest in product(
        ("'", '"', "1'", "1)", "0x31", "\\'", "%27", "';", "1 ", "\u02bc"),
        (
            " OR '1'='1",
            " OR 1=1 --",
            "; DROP TABLE decisions; --",
            " UNION SELECT id FROM decisions",
            "/**/OR/**/1=1",
            " AND randomblob(1000000000)",
            " AND pg_sleep(10)",
            "||(SELECT hash FROM log)||",
            " COLLATE NOCASE",
            "\x00",
        ),
    )
]
LINES = ("\r\n", "\n", "\x1b[31m", "\u2028", "\x85", "\x00", '", "level": "error', "%0d%0a", "\\n", "\u202e")


def test_there_are_as_many_as_the_acceptance_list_asks_for():
    """At least 80 ways up a path and 100 strings for a database."""
    assert len(UPS) * len(PLACES) * len(TARGETS) >= 80
    assert len(set(INJECTIONS)) == 100


@pytest.mark.parametrize("place", PLACES)
def test_no_path_leads_out(client, place):
    """Whatever is put into a path, nothing but a problem document comes, and nobody is sent elsewhere."""
    for up, target in product(UPS, TARGETS):
        answer = client.get(place + up * 4 + target, follow_redirects=False)
        assert answer.status_code in (400, 401, 403, 404, 405, 422), up
        assert answer.headers["content-type"] == "application/problem+json", up
        assert "location" not in answer.headers


@pytest.mark.parametrize("path", ["//evil.example/", "/v1/models/", "/docs/", "/%2f%2fevil.example", "/v1/scores/"])
def test_nobody_is_sent_elsewhere(client, path):
    """No path is answered by a redirection."""
    answer = client.get(path, follow_redirects=False, headers={"Host": "evil.example"})
    assert answer.status_code >= 400
    assert "location" not in answer.headers


def test_r37_strings_for_a_database_are_only_strings(client):
    """In every path such a string finds what any unknown name finds, and nothing is stored."""
    before = count_decisions(services_of(client))
    headers = bearer(make_key(services_of(client), ALL_SCOPES))
    for text, place in product(INJECTIONS, PLACES[1:]):
        unknown = client.get(place + "unknown", headers=headers)
        answer = client.get(place + quote(text, safe=""), headers=headers)
        if "/" in text:  # another path, which nobody answers for
            assert answer.status_code == 404, text
        else:
            assert (answer.status_code, answer.text) == (unknown.status_code, unknown.text), text
    assert count_decisions(services_of(client)) == before


def test_r37_each_request_is_one_line_of_the_log(client, log):
    """Line breaks and control sequences in paths, headers and queries neither add a line nor reach the log."""
    log.new()
    for text in LINES:
        client.get(f"/v1/models/{quote(text)}?next={quote(text)}", headers={"User-Agent": quote(text) + "ZZMARKZZ"})
    written = log.new()
    events = [json.loads(line)["event"] for line in written.split("\n") if line]
    assert events == ["request"] * len(LINES)
    assert "ZZMARKZZ" not in written
    assert written.replace("\n", "").isprintable()
