import pytest

from riskapi.errors import SettingsError
from riskapi.settings import Settings, settings_table
from tests.riskapi.makers import SECRET


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch):
    for name in ("RISKAPI_SECRET_KEY", "RISKAPI_HOST", "RISKAPI_TRUSTED_SIGNERS"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "Zq9-tiny",
        "a" * 64,
        "changethis-changethis-changethis-changethis",
        "my-secret-which-is-long-enough-0123456789",
    ],
    ids=["empty", "short", "regular", "default", "example"],
)
def test_r33_service_does_not_start_with_a_weak_secret(monkeypatch, secret):
    """A secret that is missing, short, regular or from an example is refused, and not repeated."""
    monkeypatch.setenv("RISKAPI_SECRET_KEY", secret)
    with pytest.raises(SettingsError) as caught:
        Settings.load()
    assert "RISKAPI_SECRET_KEY" in str(caught.value)
    assert not secret or secret not in str(caught.value)


def test_missing_secret_is_named():
    """Without a secret there is no service."""
    with pytest.raises(SettingsError, match="RISKAPI_SECRET_KEY"):
        Settings.load()


def test_unknown_name_is_refused(monkeypatch):
    """A misspelt variable would otherwise change nothing without a word."""
    monkeypatch.setenv("RISKAPI_SECRET_KEY", SECRET)
    monkeypatch.setenv("RISKAPI_BODY_LIMIT", "1024")
    with pytest.raises(SettingsError, match="RISKAPI_BODY_LIMIT: unknown"):
        Settings.load()


def test_settings_do_not_change_after_start():
    """Settings are read once."""
    with pytest.raises(ValueError, match="frozen"):
        Settings(secret_key=SECRET).port = 1


def test_signers_are_public_keys():
    """A signer that is no Ed25519 key is refused at start, not at the first bundle."""
    with pytest.raises(ValueError, match="raw Ed25519 public key"):
        Settings(secret_key=SECRET, trusted_signers="AAAA")


def test_signers_are_read_from_a_comma_separated_list(monkeypatch):
    """Several signers fit in one variable."""
    first, second = "A" * 43 + "=", "B" * 42 + "A="
    monkeypatch.setenv("RISKAPI_SECRET_KEY", SECRET)
    monkeypatch.setenv("RISKAPI_TRUSTED_SIGNERS", f"{first}, {second}")
    assert Settings.load().trusted_signers == (first, second)


def test_secret_is_not_shown():
    """A printed settings object holds no secret."""
    assert SECRET not in repr(Settings(secret_key=SECRET))


def test_api_page_is_served_beyond_this_machine_only_when_asked_for():
    """The page needs no key, so an address that others reach does not show it by default."""
    assert Settings(secret_key=SECRET).shows_docs
    assert not Settings(secret_key=SECRET, host="0.0.0.0").shows_docs
    assert Settings(secret_key=SECRET, host="0.0.0.0", docs_enabled=True).shows_docs


def test_every_setting_is_described_in_the_table():
    """The table of the documentation holds each setting with its meaning."""
    table = settings_table()
    for name, field in Settings.model_fields.items():
        assert f"| `RISKAPI_{name.upper()}` |" in table
        assert field.description
        assert field.description in table
