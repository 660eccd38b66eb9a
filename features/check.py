"""What a hard check is: one dated version of a rule that a record keeps or breaks, and the standard behind it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from features.errors import FeatureDefinitionError
from features.record import TravellerRecord
from features.risk import Audience

CODE_LENGTH_MAX = 8
Holds = Callable[[TravellerRecord], bool | None]
"""The rule of a check; ``None`` where the record has too little for it."""


class Result(StrEnum):
    """What came of a check."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_CHECKED = "not_checked"


@dataclass(frozen=True, slots=True)
class FailedCheck:
    """A check that failed, as an answer tells it.

    Attributes:
        code: stable for ever, at most eight characters.
        version: of the check.
        sentence: what was found; accuses nobody and shows no value.
        audiences: who may see it.
    """

    code: str
    version: int
    sentence: str
    audiences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """One version of one check.

    Attributes:
        code: stable for ever, at most eight characters.
        version: from 1; another rule is another version.
        title: what is checked.
        sentence: what is said where it fails.
        reads: facts that it reads, by place.
        standard: what it rests on.
        audiences: who may see it.
        holds: the rule; ``None`` where the record has too little for it.
        valid_from: first day on which it is applied.
        valid_until: last day; ``None`` is no end, and without one a check is not applied.
        failure: what an answer tells where it fails.
    """

    code: str
    version: int
    title: str
    sentence: str
    reads: tuple[str, ...]
    standard: str
    audiences: frozenset[Audience]
    holds: Holds
    valid_from: date
    valid_until: date | None
    failure: FailedCheck = field(init=False)

    def __post_init__(self) -> None:
        """Refuse a check that cannot be told.

        Raises:
            FeatureDefinitionError: naming the check and the rule.
        """
        if not (self.code.isalnum() and self.code.isupper() and len(self.code) <= CODE_LENGTH_MAX):
            raise FeatureDefinitionError(f"Check {self.code!r}: a code has 1 to {CODE_LENGTH_MAX} of A-Z and 0-9.")
        if not (self.reads and self.standard and self.audiences):
            raise FeatureDefinitionError(f"Check {self.code}: name its facts, its standard and its audiences.")
        shown = tuple(audience.value for audience in Audience if audience in self.audiences)
        object.__setattr__(self, "failure", FailedCheck(self.code, self.version, self.sentence, shown))

    def is_in_force(self, day: date) -> bool:
        """Whether it is applied on a day; one without an end never is."""
        return self.valid_until is not None and self.valid_from <= day <= self.valid_until

    def result(self, record: TravellerRecord) -> Result:
        """Apply it, whatever the day."""
        held = self.holds(record)
        return Result.NOT_CHECKED if held is None else Result.PASSED if held else Result.FAILED
