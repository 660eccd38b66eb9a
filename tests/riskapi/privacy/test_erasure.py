"""A person can be erased on the word of two others: for good, with the log whole and everybody else untouched."""

import sqlite3

import pytest

from riskapi.access.matrix import Role
from riskapi.access.principal import Principal, PrincipalKind
from riskapi.decisions import Rectifies
from riskapi.errors import (
    ConflictError,
    FourEyesError,
    NotFoundError,
    PermissionDeniedError,
    ServiceError,
    StorageError,
)
from riskapi.log.entry import Kind
from riskapi.privacy.erasure import is_signed
from riskapi.privacy.subjects import Wanted
from riskapi.storage.log_key import log_key
from tests.riskapi.makers import row
from tests.riskapi.privacy.makers import (
    ADMIN,
    AUDITOR,
    START,
    bytes_on_disk,
    decided,
    entries_of,
    sealed_parts,
    verified,
    wrapped_keys,
)

BASIS = "Data Protection Act s.40, request 2026/114"


def erase(services, wanted, requester=ADMIN, approver=AUDITOR, basis=BASIS):
    """Erase whom a test wants."""
    return services.erasure.erase(services.subjects.find(wanted), requester, approver, basis)


def document(number):
    """Ask for a person by the document that the maker gives them."""
    return Wanted(document=f"DOC{number:06}", country="KEN")


def test_erasure_of_fifty_leaves_nothing_of_them_and_all_of_others(services):
    """Keys and contents are gone from every file; the others are read as before; the chain verifies."""
    ids = {number: [decided(services, number), decided(services, number)] for number in range(60)}
    sealed, wrapped = sealed_parts(services), wrapped_keys(services)
    for number in range(50):
        assert erase(services, document(number)).decisions == 2
    services.retention.scrub()
    gone = {one for number in range(50) for one in ids[number]}
    files = b"".join(bytes_on_disk(services).values())
    left = wrapped_keys(services)
    assert [one for one in gone for part in sealed[one] if part[12:] in files] == []
    assert [pair for pair, key in wrapped.items() if pair not in left and key in files] == []
    assert len(left) == 2 * 10
    for number, (first, second) in ids.items():
        for one in (first, second):
            found = services.decisions.decision(one)
            assert (found.answer is None) == (found.identity is None) == (number < 50)
    assert verified(services) == []


def test_old_copy_of_the_store_cannot_be_read_without_the_keys(services, tmp_path):
    """A backup of the contents from before is of no use: its keys are nowhere any more."""
    decision_id = decided(services)
    with sqlite3.connect(services.settings.database_path) as live, sqlite3.connect(tmp_path / "backup.db") as copy:
        live.backup(copy)
    erase(services, document(1))
    with sqlite3.connect(tmp_path / "backup.db") as copy:
        query = "SELECT subject_id, month FROM decision_contents WHERE decision_id = ?"
        [subject_id, month] = copy.execute(query, (decision_id,)).fetchone()
    assert services.subject_keys.cipher(subject_id, "content") is None
    assert services.subject_keys.cipher(subject_id, month) is None


def test_stone_names_both_persons_and_the_law_and_is_signed(services):
    """The entry tells who asked, who approved, by which rule, and nobody can alter it."""
    decision_id = decided(services)
    erase(services, Wanted(decision_id=decision_id))
    [told] = entries_of(services, Kind.ERASED)
    assert told["by"] == ADMIN.name
    assert told["approver"] == AUDITOR.name
    assert told["legal_basis"] == BASIS
    assert told["decision_ids"] == [decision_id]
    trusted = [log_key(services.settings.log_key_file).public_key()]
    assert is_signed(told, trusted)
    assert not is_signed({**told, "approver": "Somebody else"}, trusted)
    assert not is_signed({**told, "signature": "x"}, trusted)
    assert not is_signed(told, [])


@pytest.mark.parametrize(
    ("requester", "approver", "error"),
    [
        (ADMIN, ADMIN, FourEyesError),
        (ADMIN, Principal("njeri mwangi", PrincipalKind.PERSON, "c" * 16, frozenset({Role.AUDITOR})), FourEyesError),
        (ADMIN, Principal("Batch", PrincipalKind.SYSTEM, "d" * 16, frozenset({Role.AUDITOR})), FourEyesError),
        (AUDITOR, ADMIN, PermissionDeniedError),
        (ADMIN, Principal("R", PrincipalKind.PERSON, "e" * 16, frozenset({Role.REVIEWER})), PermissionDeniedError),
    ],
    ids=["one person", "one person under two keys", "a system", "no right to ask", "no right to approve"],
)
def test_erasure_needs_two_persons_with_the_right(services, requester, approver, error):
    """Without them nothing is erased."""
    decision_id = decided(services)
    with pytest.raises(error):
        erase(services, document(1), requester, approver)
    assert services.decisions.decision(decision_id).identity is not None


@pytest.mark.parametrize(
    "reason", ["Erase SURNAME1", "the case of Amina", "mail of Person1@Example.org", "doc000001", "", "x" * 301]
)
def test_reason_that_names_the_person_is_refused(services, reason):
    """The log is never erased, so no text that goes into it may hold a fact of identity."""
    decided(services)
    with pytest.raises(ServiceError, match=r"names the person|1 to 300"):
        erase(services, document(1), basis=reason)


def test_erasure_follows_a_correction_of_the_document(services):
    """Under whatever document a person was stored: linked decisions go together."""
    wrong = decided(services, 1)
    services.decisions.append(
        [row(subject=b"other document", digests=(), rectifies=Rectifies(wrong, "submitted_wrong"))]
    )
    assert erase(services, document(1)).decisions == 2
    assert sealed_parts(services) == {}
    assert wrapped_keys(services) == {}
    assert verified(services) == []


def test_nobody_of_that_document_is_said_plainly(services):
    """A typing error erases nothing."""
    decided(services)
    for wanted in (document(2), Wanted(document="DOC000001", country="UGA"), Wanted(decision_id="0")):
        with pytest.raises(NotFoundError, match="Nothing is stored"):
            erase(services, wanted)


@pytest.mark.parametrize("cut_after", [False, True], ids=["before the keys go", "after the keys went"])
def test_erasure_that_is_cut_short_is_finished_by_the_same_call(services, monkeypatch, cut_after):
    """Whatever a crash leaves, asking again ends with nothing left."""
    decided(services)
    real = services.subject_keys.destroy_epochs

    def cut(pairs):
        if cut_after:
            real(pairs)
        raise StorageError("cut")

    monkeypatch.setattr(services.subject_keys, "destroy_epochs", cut)
    with pytest.raises(StorageError, match="cut"):
        erase(services, document(1))
    monkeypatch.undo()
    assert erase(services, document(1)).decisions == 1
    assert verified(services) == []
    assert wrapped_keys(services) == {}


def test_legal_hold_blocks_erasure_masking_and_expiry_and_says_so(services, clock):
    """While a hold stands everything of that person stays; of others it goes."""
    held, free = decided(services, 1), decided(services, 2)
    until = START.replace(year=2040)
    hold = services.holds.set(ADMIN, services.subjects.find(document(1)), "Case NBO 114/2026", until)
    with pytest.raises(ConflictError, match=rf"Legal hold {hold.hold_id}, set by {ADMIN.name}, stands until 2040"):
        erase(services, document(1))
    clock.now = START.replace(year=2032)
    done = services.retention.run()
    assert (done.expired, done.held) == (1, 1)
    assert services.retention.due().held == 1
    assert services.decisions.decision(held).identity is not None
    assert services.decisions.decision(free).answer is None
    services.holds.release(ADMIN, hold.hold_id, "Case closed")
    assert services.holds.standing() == []
    assert services.retention.run().expired == 1
    assert services.decisions.decision(held).answer is None
    assert [one["by"] for kind in (Kind.HOLD_SET, Kind.HOLD_RELEASED) for one in entries_of(services, kind)] == [
        ADMIN.name
    ] * 2
    assert verified(services) == []


def test_hold_ends_by_itself(services, clock):
    """A hold that nobody releases ends on its day."""
    decided(services)
    services.holds.set(ADMIN, services.subjects.find(document(1)), "Case 1", START.replace(month=6))
    clock.now = START.replace(month=7)
    assert services.holds.standing() == []
    assert erase(services, document(1)).decisions == 1


def test_hold_is_for_those_with_the_right_and_for_the_future(services):
    """Nobody else sets one; one that has ended already is refused; an unknown one cannot be released."""
    decided(services)
    subjects = services.subjects.find(document(1))
    with pytest.raises(PermissionDeniedError):
        services.holds.set(AUDITOR, subjects, "Case 1", START.replace(month=6))
    with pytest.raises(ServiceError, match="in the future"):
        services.holds.set(ADMIN, subjects, "Case 1", START)
    with pytest.raises(NotFoundError, match="No hold"):
        services.holds.release(ADMIN, "0", "x")
