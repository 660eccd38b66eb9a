"""What a run of retention did, in numbers."""

from dataclasses import dataclass


@dataclass(slots=True)
class Outcome:
    """What a run did, or would do.

    Attributes:
        masked: decisions whose identity went.
        expired: decisions whose contents went.
        keys: that were destroyed.
        held: decisions past their time that a legal hold keeps.
    """

    masked: int = 0
    expired: int = 0
    keys: int = 0
    held: int = 0
