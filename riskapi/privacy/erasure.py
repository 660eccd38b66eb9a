"""Erasure of a person: keys destroyed, contents deleted, and a signed entry of the log that says so without a name."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from riskapi.access.matrix import Action
from riskapi.access.principal import Principal, PrincipalKind
from riskapi.errors import FourEyesError
from riskapi.log.acts import Act
from riskapi.log.entry import Kind, canonical
from riskapi.moments import iso
from riskapi.privacy.hold import Holds
from riskapi.privacy.keys import Keys
from riskapi.privacy.subjects import Subjects, pages
from riskapi.storage.contents import Contents
from riskapi.storage.journal import Journal, instance_of

_PURPOSE = b"riskapi erasure v1\n"


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure took away."""

    decisions: int
    keys: int


class Erasure:
    """Erases what is stored about a person, on the word of two others.

    Args:
        journal: takes the entries.
        keys: of the subjects.
        subjects: find whom it is about.
        holds: what must stay.
        key: of the log; signs.
        clock: the present, in UTC.
    """

    def __init__(
        self,
        journal: Journal,
        keys: Keys,
        subjects: Subjects,
        holds: Holds,
        *,
        key: Ed25519PrivateKey,
        clock: Callable[[], datetime],
    ) -> None:
        self._journal = journal
        self._keys = keys
        self._subjects = subjects
        self._holds = holds
        self._key = key
        self._clock = clock

    def erase(self, subject_ids: Sequence[str], requester: Principal, approver: Principal, legal_basis: str) -> Erased:
        """Erase a person.

        The file elsewhere is told first, so that no restore brings the person back. The keys go before the entry is
        stored: where that is cut short, nothing can be read any more, and the same call
        again finishes it.

        Args:
            subject_ids: under which the person is stored.
            requester: a person with the right ``retention:manage``.
            approver: another person, with the right ``erasure:confirm``.
            legal_basis: the rule and the case, without naming the person.

        Raises:
            PermissionDeniedError: where one of them lacks the right.
            FourEyesError: where they are not two persons.
            ConflictError: where a legal hold stands.
            StorageError: where the store, the keys or the file of checkpoints cannot be written.
        """
        requester.require(Action.RETENTION)
        approver.require(Action.ERASURE_CONFIRM)
        _require_two(requester, approver)
        told = self._subjects.require_neutral(legal_basis, subject_ids)
        at = iso(self._clock())
        with self._journal.transaction(erasing=True) as transaction:
            connection = transaction.connection
            self._holds.require_none(connection, subject_ids)
            ids = self._subjects.decision_ids(subject_ids)
            about = {"approver": approver.name, "at": at, "by": requester.name, "legal_basis": told}
            about["instance"] = instance_of(connection)
            for page in pages(ids) or [()]:
                body = self._signed({**about, "decision_ids": list(page)})
                self._journal.book.keep(Act(about["instance"], Kind.ERASED, body))
                transaction.append(Kind.ERASED, body, at)
                Contents.delete(connection, page)
            count = sum([self._keys.destroy_epochs(self._keys.epochs(one)) for one in subject_ids])
        with self._journal.transaction(erasing=True):  # somebody may be stored anew by now, with keys of today
            self._keys.forget(subject_ids)
        return Erased(len(ids), count)

    def _signed(self, body: dict[str, Any]) -> dict[str, Any]:
        signature = self._key.sign(_PURPOSE + canonical(body))
        return {**body, "signature": base64.b64encode(signature).decode()}


def is_signed(body: Mapping[str, Any], trusted: Sequence[Ed25519PublicKey]) -> bool:
    """Whether an entry about an erasure was signed by the log."""
    signed = _PURPOSE + canonical({name: value for name, value in body.items() if name != "signature"})
    for key in trusted:
        try:
            key.verify(base64.b64decode(str(body.get("signature", "")), validate=True), signed)
        except (InvalidSignature, ValueError):
            continue
        return True
    return False


def _require_two(requester: Principal, approver: Principal) -> None:
    persons = requester.kind is approver.kind is PrincipalKind.PERSON
    if not persons or requester.name.casefold() == approver.name.casefold():
        raise FourEyesError("Two persons decide on an erasure: one asks for it, another one approves.")
