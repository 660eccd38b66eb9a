"""Finds whom something is about: by document or by decision, and over corrections that changed the document."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import orjson
import sqlalchemy as sa

from riskapi.errors import NotFoundError, ServiceError
from riskapi.privacy.keys import Keys
from riskapi.privacy.sealing import SUBJECT
from riskapi.secret import ServiceSecret
from riskapi.storage import schema
from riskapi.storage.decisions import SqlDecisionStore
from riskapi.storage.guard import storage_errors

REASON_LENGTH_MAX = 300
_WORD_LENGTH_MIN = 4
_NAMES = ("traveller.surname", "traveller.given_names")
_PAGE = 500
_NOTHING = "Nothing is stored about such a person."
_contents = schema.decision_contents
_links = schema.rectifications


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom somebody asks for: by decision, or by document with its issuing country."""

    decision_id: str | None = None
    document: str | None = None
    country: str | None = None


class Subjects:
    """The persons that contents are stored about.

    Args:
        engine: of the store.
        keys: of the subjects.
        secret: keys the hash of a document.
        decisions: open what is stored.
    """

    def __init__(self, engine: sa.Engine, keys: Keys, secret: ServiceSecret, decisions: SqlDecisionStore) -> None:
        self._engine = engine
        self._keys = keys
        self._secret = secret
        self._decisions = decisions

    def find(self, wanted: Wanted) -> list[str]:
        """Find the ids under which a person is stored, in order; several where a correction changed the document.

        Raises:
            NotFoundError: where nothing is stored.
        """
        first = self._by_document(wanted) if wanted.document is not None else self._by_decision(wanted.decision_id)
        found = {first}
        waiting = [first]
        with storage_errors(), self._engine.connect() as connection:
            while waiting:
                linked = _linked(connection, waiting.pop())
                waiting += linked - found
                found |= linked
        return sorted(found)

    def decision_ids(self, subject_ids: Collection[str]) -> list[str]:
        """List the decisions about subjects whose contents are stored, the oldest first."""
        statement = sa.select(_contents.c.decision_id).where(_contents.c.subject_id.in_(subject_ids))
        with storage_errors(), self._engine.connect() as connection:
            return list(connection.execute(statement.order_by(_contents.c.decision_id)).scalars())

    def require_neutral(self, text: str, subject_ids: Collection[str]) -> str:
        """Check a text that goes into the log, which is never erased: it must not name the person.

        Returns:
            The text, tidied.

        Raises:
            ServiceError: where it is empty, too long, or holds a fact of identity that is stored of the person.
        """
        told = " ".join(text.split())
        if not told or len(told) > REASON_LENGTH_MAX or not told.isprintable():
            raise ServiceError(f"Give the reason in 1 to {REASON_LENGTH_MAX} printable characters.")
        folded = told.casefold()
        for decision_id in self.decision_ids(subject_ids):
            decision = self._decisions.decision(decision_id)
            if decision is not None and decision.identity is not None:
                facts = orjson.loads(decision.identity)
                if any(word in folded for word in _telling(facts)):
                    raise ServiceError(
                        "The reason names the person, and the log is never erased: name the case by its number."
                    )
        return told

    def _by_document(self, wanted: Wanted) -> str:
        what = orjson.dumps(["document", wanted.document, wanted.country])
        found = self._keys.subject_id(self._secret.hash_subject(SUBJECT, what))
        if found is None:
            raise NotFoundError(_NOTHING)
        return found

    def _by_decision(self, decision_id: str | None) -> str:
        statement = sa.select(_contents.c.subject_id).where(_contents.c.decision_id == decision_id)
        with storage_errors(), self._engine.connect() as connection:
            found = connection.execute(statement).scalar_one_or_none()
        if found is None:
            raise NotFoundError(_NOTHING)
        return str(found)


def _linked(connection: sa.Connection, subject_id: str) -> set[str]:
    """The subjects of decisions that correct, or are corrected by, decisions about a subject."""
    own = sa.select(_contents.c.decision_id).where(_contents.c.subject_id == subject_id)
    others = sa.union(
        sa.select(_links.c.corrected).where(_links.c.original.in_(own)),
        sa.select(_links.c.original).where(_links.c.corrected.in_(own)),
    )
    return set(
        connection.execute(sa.select(_contents.c.subject_id).where(_contents.c.decision_id.in_(others))).scalars()
    )


def _telling(facts: Mapping[str, object]) -> set[str]:
    """Texts of a person's identity that would give them away; of names each word."""
    texts = {text for text in facts.values() if isinstance(text, str)}
    texts |= {word for place in _NAMES for word in str(facts.get(place, "")).split()}
    return {text.casefold() for text in texts if len(text) >= _WORD_LENGTH_MIN}


def pages(ids: Sequence[str]) -> list[Sequence[str]]:
    """Cut a list of decisions into pieces that one entry of the log names.

    >>> [len(page) for page in pages(["id"] * 501)]
    [500, 1]
    """
    return [ids[start : start + _PAGE] for start in range(0, len(ids), _PAGE)]
