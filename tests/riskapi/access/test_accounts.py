"""Accounts: two persons for every role, everything on record, nothing that an admin can do alone."""

import pytest

from riskapi.access.accounts import OPERATOR
from riskapi.access.matrix import APART, Action, Role
from riskapi.access.passwords import password_digest
from riskapi.access.principal import Principal, PrincipalKind
from riskapi.errors import (
    AuthenticationError,
    ConflictError,
    FourEyesError,
    InvalidBodyError,
    NotFoundError,
    PermissionDeniedError,
)
from tests.riskapi.access.makers import AUDITOR, BOSS, PASSWORD, WITNESS


@pytest.mark.parametrize("second", [Role.ADMIN, Role.AUDITOR])
def test_the_first_two_persons_are_made_once(local, second):
    """The operator makes an admin and one more who can confirm; from then on it takes the two of them."""
    with pytest.raises(ConflictError, match="admin first"):
        local.accounts.create_first("early", "Too Early", Role.AUDITOR)
    with pytest.raises(InvalidBodyError):
        local.accounts.create_first("score", "Scores Alone", Role.SCORER)
    local.accounts.create_first("root", "Grace Njeri")
    local.accounts.create_first("next", "Peter Otieno", second)
    assert [local.store.account(login).roles for login in ("root", "next")] == [(Role.ADMIN,), (second,)]
    assert local.store.account("root").created_by == OPERATOR
    with pytest.raises(ConflictError, match="Two persons"):
        local.accounts.create_first("other", "Somebody Else")


def test_the_first_persons_can_be_made_again_when_all_are_out(local):
    """An installation whose admins are all disabled is not lost."""
    for login in ("root", "next"):
        local.accounts.create_first(login, login.title())
        local.accounts.disable(BOSS, login)
    local.accounts.create_first("last", "Last")
    assert local.store.account("last").roles == (Role.ADMIN,)


def test_a_new_account_has_no_role_before_another_person_confirms(local):
    """What one admin asks for counts when a second person agrees, be it an admin or an auditor."""
    for login, second in (("amina", WITNESS), ("wanjiru", AUDITOR)):
        _, grant = local.accounts.create(BOSS, login, login.title(), [Role.REVIEWER], ["NBO"])
        assert local.store.account(login).roles == ()
        local.accounts.confirm(second, grant.grant_id)
        assert local.store.account(login).roles == (Role.REVIEWER,)
        assert local.store.account(login).units == ("NBO",)


def test_neither_who_asks_nor_who_gets_confirms(local):
    """Four eyes: the names are compared as people read them."""
    boss = local.person("boss", Role.ADMIN)
    grant = local.accounts.ask_roles(BOSS, "boss", [Role.ADMIN, Role.ADMIN]) or local.accounts.ask_roles(
        BOSS, "boss", [Role.AUDITOR]
    )
    again = Principal("  CHIEF  admin ", PrincipalKind.PERSON, "x", frozenset({Role.ADMIN}))
    for nobody_else in (BOSS, again, boss):
        with pytest.raises(FourEyesError):
            local.accounts.confirm(nobody_else, grant.grant_id)
    local.accounts.confirm(WITNESS, grant.grant_id)
    assert local.store.account("boss").roles == (Role.AUDITOR,)


def test_a_grant_is_decided_once(local):
    """Confirmed or refused, it stays so; the one who asked may take it back."""
    _, first = local.accounts.create(BOSS, "amina", "Amina", [Role.REVIEWER])
    local.accounts.refuse(BOSS, first.grant_id)
    with pytest.raises(ConflictError, match="decided before"):
        local.accounts.confirm(WITNESS, first.grant_id)
    assert local.store.account("amina").roles == ()
    with pytest.raises(NotFoundError):
        local.accounts.confirm(WITNESS, "no-such-grant")


def test_an_older_grant_cannot_be_confirmed_past_a_newer_one(local):
    """Two grants that wait: the later one says what is wanted."""
    _, old = local.accounts.create(BOSS, "amina", "Amina", [Role.APPROVER])
    local.clock.pass_(minutes=1)
    new = local.accounts.ask_roles(BOSS, "amina", [Role.REVIEWER])
    with pytest.raises(ConflictError, match="later"):
        local.accounts.confirm(WITNESS, old.grant_id)
    local.accounts.confirm(WITNESS, new.grant_id)
    assert local.store.account("amina").roles == (Role.REVIEWER,)


def test_taking_roles_away_needs_nobody_else(local):
    """What goes, goes at once; what comes waits."""
    local.person("amina", Role.REVIEWER, Role.DATA_SCIENTIST)
    assert local.accounts.ask_roles(BOSS, "amina", [Role.REVIEWER]) is None
    assert local.store.account("amina").roles == (Role.REVIEWER,)
    grant = local.accounts.ask_roles(BOSS, "amina", [Role.APPROVER])
    assert local.store.account("amina").roles == ()
    local.accounts.confirm(WITNESS, grant.grant_id)
    assert local.store.account("amina").roles == (Role.APPROVER,)


@pytest.mark.parametrize("roles", [(left, right) for pair in APART for left in pair[0] for right in sorted(pair[1])])
def test_roles_that_exclude_each_other_are_never_one_persons(local, roles):
    """Nobody gets both, however they are asked for."""
    with pytest.raises(InvalidBodyError):
        local.accounts.create(BOSS, "amina", "Amina", roles)
    assert local.store.account("amina") is None


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_only_admins_manage_accounts(local, role):
    """No other role makes, changes, disables or resets an account."""
    caller = Principal("Somebody", PrincipalKind.PERSON, "x", frozenset({role}))
    for call in (
        lambda: local.accounts.create(caller, "amina", "Amina", [Role.REVIEWER]),
        lambda: local.accounts.ask_roles(caller, "amina", [Role.REVIEWER]),
        lambda: local.accounts.disable(caller, "amina"),
        lambda: local.accounts.reset(caller, "amina"),
    ):
        with pytest.raises(PermissionDeniedError, match=Action.ACCOUNTS_MANAGE.value):
            call()
    assert local.journal.entries == []


def test_names_and_logins_are_each_one_persons(local):
    """Persons are told apart by their names, so the same name in other letters is taken."""
    local.accounts.create(BOSS, "amina", "Amina Yusuf", [Role.REVIEWER])
    with pytest.raises(ConflictError, match="login"):
        local.accounts.create(BOSS, "amina", "Other", [Role.REVIEWER])
    with pytest.raises(ConflictError, match="name"):
        local.accounts.create(BOSS, "amina2", "AMINA  yusuf", [Role.REVIEWER])


@pytest.mark.parametrize(
    ("login", "name"), [("A", "x"), ("", "x"), ("a b", "x"), ("am", ""), ("am", "\x1b[2J"), ("../x", "x")]
)
def test_logins_and_names_are_plain(local, login, name):
    """A login is a short word, a name can be printed."""
    with pytest.raises(InvalidBodyError):
        local.accounts.create(BOSS, login, name, [Role.REVIEWER])


def test_a_reset_password_is_for_once_and_never_ones_own(local):
    """Another admin resets it, the person replaces it."""
    boss = local.person("boss", Role.ADMIN)
    with pytest.raises(FourEyesError):
        local.accounts.reset(boss, "boss")
    once = local.accounts.reset(BOSS, "boss")
    with pytest.raises(AuthenticationError):
        local.sessions.sign_in("boss", PASSWORD)
    local.sessions.sign_in("boss", once, PASSWORD)
    local.sessions.sign_in("boss", PASSWORD)


def test_every_change_is_on_record_and_holds_no_secret(local):
    """The log names who did what to which account, and no password or hash of one."""
    once, grant = local.accounts.create(BOSS, "amina", "Amina", [Role.REVIEWER])
    local.accounts.confirm(WITNESS, grant.grant_id)
    local.sessions.sign_in("amina", once, PASSWORD)
    local.accounts.ask_roles(BOSS, "amina", [])
    again = local.accounts.reset(BOSS, "amina")
    local.accounts.disable(BOSS, "amina")
    kinds = [(kind, body.get("change"), body["by"]) for kind, body in local.journal.entries]
    assert kinds == [
        ("account_created", None, "Chief Admin"),
        ("account_changed", "roles confirmed", "Second Admin"),
        ("account_changed", "password replaced", "Amina"),
        ("signed_in", None, "Amina"),
        ("account_changed", "roles asked", "Chief Admin"),
        ("account_changed", "password reset", "Chief Admin"),
        ("account_changed", "disabled", "Chief Admin"),
    ]
    holds = [body["holds"] for _, body in local.journal.entries if "holds" in body]
    assert holds == [[], ["reviewer"], [], []]
    digests = [body["password"] for _, body in local.journal.entries if "password" in body]
    assert digests[-1] == password_digest(local.store.account("amina").password_hash)
    assert len(set(digests)) == 3
    for secret in (once, again, PASSWORD, local.store.account("amina").password_hash):
        assert secret not in str(local.journal.entries)


def test_what_is_refused_is_not_on_record(local):
    """A change and its entry are stored together or not at all."""
    local.person("amina", Role.REVIEWER)
    before = list(local.journal.entries)
    with pytest.raises(ConflictError):
        local.accounts.create(BOSS, "amina", "Amina", [Role.REVIEWER])
    with pytest.raises(NotFoundError):
        local.accounts.disable(BOSS, "nobody")
    assert local.journal.entries == before
