"""Sessions and passwords: what a thief of cookies, a guesser of passwords or a dismissed person can still do."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from argon2 import PasswordHasher, extract_parameters

from riskapi.access import passwords
from riskapi.access.matrix import Role
from riskapi.access.passwords import COMMON, LENGTH_MIN, hash_password, is_outdated, is_password, password_problems
from riskapi.access.sessions import DELAY_FIRST, DELAY_MAX, FAILURES_FREE
from riskapi.errors import (
    AuthenticationError,
    InvalidBodyError,
    PasswordChangeError,
    TooManyRequestsError,
)
from tests.riskapi.access.makers import BOSS, PASSWORD, WITNESS, local_access


def test_a_session_knows_its_person(local):
    """The cookie's secret gives the person with the roles of now."""
    person = local.person("amina", Role.REVIEWER)
    token, caller = local.sessions.sign_in("amina", PASSWORD)
    assert caller.name == person.name == "Amina"
    assert local.sessions.principal(token).roles == (Role.REVIEWER,)


def test_the_store_holds_nothing_that_opens_a_session(local, tmp_path):
    """A copy of the store gives no cookie and no password."""
    local.person("amina", Role.REVIEWER)
    token, _ = local.sessions.sign_in("amina", PASSWORD)
    stored = b"".join(file.read_bytes() for file in tmp_path.glob("access.db*"))
    assert token.encode() not in stored
    assert PASSWORD.encode() not in stored
    assert b"$argon2id$" in stored


def test_a_password_for_once_opens_nothing_before_it_is_replaced(local):
    """The one who made the account does not know the password that counts."""
    once, grant = local.accounts.create(BOSS, "amina", "Amina", [Role.REVIEWER])
    local.accounts.confirm(WITNESS, grant.grant_id)
    with pytest.raises(PasswordChangeError):
        local.sessions.sign_in("amina", once)
    for bad in (once, "short", "password1234", "amina amina amina", "aaaaaaaaaaaaaaa"):
        with pytest.raises(InvalidBodyError):
            local.sessions.sign_in("amina", once, bad)
    local.sessions.sign_in("amina", once, PASSWORD)
    with pytest.raises(AuthenticationError):
        local.sessions.sign_in("amina", once)


def test_e4_ten_failures_bring_a_delay_that_doubles(local):
    """Even the right password does not pass while the delay runs; afterwards it does, and counting starts afresh."""
    local.person("amina", Role.REVIEWER)
    for _ in range(FAILURES_FREE):
        with pytest.raises(AuthenticationError):
            local.sessions.sign_in("amina", "wrong password here")
    delay = DELAY_FIRST
    for _ in range(9):
        with pytest.raises(TooManyRequestsError) as caught:
            local.sessions.sign_in("amina", PASSWORD)
        assert caught.value.retry_after_seconds == delay.total_seconds()
        local.clock.now += delay
        with pytest.raises(AuthenticationError):
            local.sessions.sign_in("amina", "wrong password here")
        delay = min(delay * 2, DELAY_MAX)
    local.clock.now += DELAY_MAX
    assert local.sessions.sign_in("amina", PASSWORD)
    with pytest.raises(AuthenticationError):
        local.sessions.sign_in("amina", "wrong password here")
    assert local.sessions.sign_in("amina", PASSWORD)


def test_e4_unknown_logins_are_treated_like_known_ones(local):
    """Neither the answers nor the delays tell whether a login exists."""
    local.person("amina", Role.REVIEWER)
    told = []
    for login in ("amina", "nobody"):
        texts = []
        for _ in range(FAILURES_FREE + 1):
            with pytest.raises((AuthenticationError, TooManyRequestsError)) as caught:
                local.sessions.sign_in(login, "wrong password here")
            texts.append(str(caught.value))
        told.append(texts)
    assert told[0] == told[1]


class Counting(PasswordHasher):
    """Notes what each computation costs: its parameters, and how long the password is that it works on."""

    def __init__(self, like: PasswordHasher) -> None:
        super().__init__(like.time_cost, like.memory_cost, like.parallelism, like.hash_len, like.salt_len)
        self.computed: list[str] = []

    def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # noqa: A002 - as the parent has it
        """Compute one hash and compare."""
        self.computed.append(str(extract_parameters(str(hash))))
        return super().verify(hash, password)

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        """Compute one hash."""
        made = super().hash(password, salt=salt)
        self.computed.append(str(extract_parameters(made)))
        return made


def test_e2_whoever_does_not_exist_costs_what_a_wrong_password_costs(local, monkeypatch):
    """Each refusal computes one hash of the same parameters, the first one of a process too: time tells nothing."""
    local.person("amina", Role.REVIEWER)
    local.person("gone", Role.REVIEWER)
    local.accounts.disable(BOSS, "gone")
    counting = Counting(passwords._HASHER)
    monkeypatch.setattr("riskapi.access.passwords._HASHER", counting)
    costs = {}
    for login, password in (
        ("nobody", PASSWORD),
        ("nobody", "x"),
        ("somebody", "x" * 10_000),
        ("amina", "x"),
        ("amina", "x" * 10_000),
        ("gone", PASSWORD),
        ("gone", "x"),
    ):
        with pytest.raises(AuthenticationError, match="wrong, or the account"):
            local.sessions.sign_in(login, password)
        costs[login, password], counting.computed = counting.computed, []
    assert [len(cost) for cost in costs.values()] == [1] * len(costs)
    assert len({cost[0] for cost in costs.values()}) == 1, costs
    local.sessions.sign_in("amina", PASSWORD)
    assert counting.computed == costs["nobody", "x"]


def test_no_password_is_that_of_somebody_unknown():
    """What an unknown login is compared with is a well-formed hash that is another one each time."""
    made = {passwords._hash_of_nobody() for _ in range(3)}
    assert len(made) == 3
    real = extract_parameters(passwords.hash_password(PASSWORD))
    assert all(extract_parameters(one) == real for one in made)
    assert not passwords.is_password(PASSWORD, None)


def test_e4_many_guesses_at_once_are_counted_one_by_one(local):
    """Twenty threads get no more guesses than one."""
    local.person("amina", Role.REVIEWER)

    def guess(_number):
        try:
            local.sessions.sign_in("amina", "wrong password here")
        except (AuthenticationError, TooManyRequestsError) as error:
            return type(error)

    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(guess, range(20)))
    assert results.count(AuthenticationError) == FAILURES_FREE


def test_e4_a_disabled_account_is_out_with_the_next_request(local):
    """Sessions die when the account is disabled, and the password opens no new one."""
    local.person("amina", Role.REVIEWER)
    token, _ = local.sessions.sign_in("amina", PASSWORD)
    assert local.sessions.principal(token)
    local.accounts.disable(BOSS, "amina")
    with pytest.raises(AuthenticationError):
        local.sessions.principal(token)
    with pytest.raises(AuthenticationError):
        local.sessions.sign_in("amina", PASSWORD)


@pytest.mark.parametrize("change", ["taken", "given", "reset"])
def test_e4_a_changed_account_has_to_sign_in_again(local, change):
    """A session never keeps rights that its person lost, nor a password that was reset."""
    local.person("amina", Role.REVIEWER)
    token, _ = local.sessions.sign_in("amina", PASSWORD)
    if change == "taken":
        local.accounts.ask_roles(BOSS, "amina", [])
    elif change == "given":
        grant = local.accounts.ask_roles(BOSS, "amina", [Role.REVIEWER, Role.APPROVER])
        local.accounts.confirm(WITNESS, grant.grant_id)
    else:
        local.accounts.reset(BOSS, "amina")
    with pytest.raises(AuthenticationError):
        local.sessions.principal(token)


def test_a_disabled_account_comes_back_with_confirmed_roles_alone(local):
    """One admin cannot bring anybody back."""
    local.person("amina", Role.REVIEWER)
    local.accounts.disable(BOSS, "amina")
    grant = local.accounts.ask_roles(BOSS, "amina", [Role.REVIEWER])
    with pytest.raises(AuthenticationError):
        local.sessions.sign_in("amina", PASSWORD)
    local.accounts.confirm(WITNESS, grant.grant_id)
    assert local.sessions.sign_in("amina", PASSWORD)[1].roles == (Role.REVIEWER,)


def test_a_session_ends_when_it_is_idle(local):
    """Half an hour without a request ends it; requests keep it open."""
    local.person("amina", Role.REVIEWER)
    token, _ = local.sessions.sign_in("amina", PASSWORD)
    for _ in range(5):
        local.clock.pass_(minutes=29)
        assert local.sessions.principal(token)
    local.clock.pass_(minutes=30)
    with pytest.raises(AuthenticationError):
        local.sessions.principal(token)


def test_a_session_ends_after_its_whole_time(local):
    """However busy, nobody stays signed in past a shift."""
    local.person("amina", Role.REVIEWER)
    token, _ = local.sessions.sign_in("amina", PASSWORD)
    for _ in range(12 * 4 - 1):
        local.clock.pass_(minutes=15)
        assert local.sessions.principal(token)
    local.clock.pass_(minutes=15)
    with pytest.raises(AuthenticationError):
        local.sessions.principal(token)


def test_times_of_sessions_are_the_operators(tmp_path, quick_hashes):
    """Short times are kept too, although a session's last use is noted only now and then."""
    local = local_access(tmp_path, idle=timedelta(seconds=8))
    local.person("amina", Role.REVIEWER)
    token, _ = local.sessions.sign_in("amina", PASSWORD)
    for _ in range(6):
        local.clock.pass_(seconds=5)
        assert local.sessions.principal(token)
    local.clock.pass_(seconds=8)
    with pytest.raises(AuthenticationError):
        local.sessions.principal(token)
    local.journal.engine.dispose()


def test_signing_out_ends_this_session_alone(local):
    """Two desks of one person are two sessions."""
    local.person("amina", Role.REVIEWER)
    first, _ = local.sessions.sign_in("amina", PASSWORD)
    second, _ = local.sessions.sign_in("amina", PASSWORD)
    local.sessions.sign_out(first)
    with pytest.raises(AuthenticationError):
        local.sessions.principal(first)
    assert local.sessions.principal(second)


def test_sessions_past_their_time_leave_the_store(local, tmp_path):
    """The table does not grow for ever."""
    local.person("amina", Role.REVIEWER)
    for _ in range(5):
        local.sessions.sign_in("amina", PASSWORD)
        local.clock.pass_(hours=13)
    with sqlite3.connect(tmp_path / "access.db") as connection:
        assert connection.execute("SELECT count(*) FROM sessions").fetchone()[0] == 1
    connection.close()


def test_the_cookie_is_for_this_host_over_tls_and_out_of_reach_of_scripts(local):
    """Its attributes are those of the `__Host-` prefix, and it goes with no request of another site."""
    words = local.sessions.cookie("x").split("; ")
    assert words[0] == "__Host-riskapi=x"
    assert {"Path=/", "Secure", "HttpOnly", "SameSite=Strict"} <= set(words)
    assert not [word for word in words if word.startswith("Domain")]


def test_passwords_are_judged_by_length_and_habit():
    """Twelve characters, none of the passwords that everybody tries, no login; no rule about kinds of characters."""
    assert password_problems("correct ferry on tuesday", "amina") == []
    assert password_problems("ǆǆ الجسر القديم 34", "amina") == []
    for password in ("", "a" * (LENGTH_MIN - 1), "a" * 40, "x" * 257, "AMINA went home", *list(COMMON)[:5]):
        assert password_problems(password, "amina")
    assert all(len(password) >= LENGTH_MIN and password == password.casefold() for password in COMMON)


def test_hashes_are_slow_salted_and_of_the_present_kind():
    """Two hashes of one password differ; a hash of older parameters is noticed; broken ones open nothing."""
    first, second = hash_password(PASSWORD), hash_password(PASSWORD)
    assert first != second
    assert first.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert is_password(PASSWORD, first)
    assert not is_password(PASSWORD + " ", first)
    assert not is_password(PASSWORD, None)
    assert not is_password(PASSWORD, "no hash")
    assert not is_outdated(first)
    assert is_outdated(first.replace("t=3", "t=1"))
