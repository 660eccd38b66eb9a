"""Subscriptions: what is allowed is connected to, and nothing else; no error shows a secret."""

import pytest

from riskapi.errors import SettingsError
from riskapi.hits.subscription import read_subscriptions
from tests.riskapi.hits.receiving import SECRET, SECRET_TEXT, subscription_file

KEY = "0" * 16
HOSTS = ("desk.example.org", "127.0.0.1", "169.254.169.254", "localhost")


def test_subscription_is_read(tmp_path):
    """What is left out has its defaults."""
    path = subscription_file(tmp_path, "https://desk.example.org/hook", KEY)
    [found] = read_subscriptions(path, HOSTS)
    assert (found.name, found.bands, found.risks, found.failed_checks) == ("desk", (), (), False)
    assert found.secret() == SECRET
    assert read_subscriptions(None, HOSTS) == ()


@pytest.mark.parametrize(
    "url",
    [
        "http://desk.example.org/hook",
        "http://169.254.169.254/latest/meta-data",
        "https://internal.example.org/",
        "https://desk.example.org.evil.example/",
        "https://desk.example.org@evil.example/",
        "https://user:password@desk.example.org/",
        "https://evil.example/?desk.example.org",
        "https://evil.example#desk.example.org",
        "https://desk.example.org/#a",
        "https://[::1]/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0.0.0.0/",
        "http://localhost/",
        "https:desk.example.org",
        "file:///etc/passwd",
        "gopher://desk.example.org/",
        "ftp://desk.example.org/",
        "https://desk.example.org\u3002evil.example/",
        "//desk.example.org/",
        "",
    ],
)
def test_d5_no_other_host_is_ever_connected_to(tmp_path, url):
    """Only hosts of the list, only https, plain http to this machine alone."""
    with pytest.raises(SettingsError):
        read_subscriptions(subscription_file(tmp_path, url, KEY), HOSTS)


def test_this_machine_may_be_told_without_tls(tmp_path):
    """By its loopback address, where the list holds it."""
    path = subscription_file(tmp_path, "http://127.0.0.1:9000/hook", KEY)
    assert len(read_subscriptions(path, HOSTS)) == 1
    with pytest.raises(SettingsError, match="RISKAPI_HITS_HOSTS"):
        read_subscriptions(path, ())


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        (SECRET_TEXT, 0o644),
        (SECRET_TEXT, 0o640),
        (SECRET_TEXT.removeprefix("whsec_"), 0o600),
        ("whsec_c2hvcnQ=", 0o600),
        ("whsec_" + "A" * 100, 0o600),
        ("whsec_!!!", 0o600),
        ("", 0o600),
    ],
)
def test_secret_that_is_none_or_that_others_can_read_is_refused(tmp_path, text, mode):
    """The rule is told, the secret is not."""
    path = subscription_file(tmp_path, "https://desk.example.org/hook", KEY)
    (tmp_path / "desk.secret").write_text(text)
    (tmp_path / "desk.secret").chmod(mode)
    with pytest.raises(SettingsError) as caught:
        read_subscriptions(path, HOSTS)
    assert not text or text not in str(caught.value)


@pytest.mark.parametrize(
    "changes", [{"name": "Desk!"}, {"key_id": "short"}, {"bands": "high"}, {"unknown": 1}, {"secret_file": "/nowhere"}]
)
def test_broken_entries_are_refused_by_name(tmp_path, changes):
    """What breaks a rule is named."""
    path = subscription_file(tmp_path, "https://desk.example.org/hook", KEY, **changes)
    with pytest.raises(SettingsError):
        read_subscriptions(path, HOSTS)


@pytest.mark.parametrize("text", ["not toml [", "a = 1", "subscription = 1", "[[subscription]]\n[[subscription]]"])
def test_broken_files_are_refused(tmp_path, text):
    """Another form is told."""
    (tmp_path / "hits.toml").write_text(text)
    with pytest.raises(SettingsError):
        read_subscriptions(tmp_path / "hits.toml", HOSTS)


def test_two_of_the_same_name_are_refused(tmp_path):
    """Their places in the log would be mixed up."""
    path = subscription_file(tmp_path, "https://desk.example.org/hook", KEY)
    path.write_text(f"{path.read_text()}\n{path.read_text()}")
    with pytest.raises(SettingsError, match="same name"):
        read_subscriptions(path, HOSTS)
