"""How one fact of the record is declared: its type, unit, standard, example, and what may become of it."""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    GetPydanticSchema,
    PlainSerializer,
)
from pydantic_core import core_schema

from features.text import READABLE


class Sensitivity(StrEnum):
    """What may become of a submitted fact."""

    FEATURE = "feature"
    """A score feature may read it."""
    AUDIT = "audit"
    """For display, calibration groups and fairness audits; never reaches a model."""
    HASHED = "hashed"
    """Replaced by a keyed hash before it is stored; reaches a model as counts only."""
    CHECK = "check"
    """Shown to the reviewer beside the score; a model that read it would read the label."""
    NEVER = "never"
    """Dropped on receipt, and the answer says that it was."""


class _Dropped:
    """What remains of a fact that is never stored: the knowledge that it came."""

    def __repr__(self) -> str:
        return "<dropped on receipt>"


DROPPED = _Dropped()

NeverStored = Annotated[
    Any,
    GetPydanticSchema(
        lambda _source, _handler: core_schema.no_info_plain_validator_function(
            lambda _value: DROPPED, json_schema_input_schema=core_schema.any_schema()
        )
    ),
]
"""A fact that may be sent and is dropped by its own validator: its value never enters the record."""


def _hash_if_asked(value: str | None, info: Any) -> str | None:
    hasher: Callable[[str], str] | None = (info.context or {}).get("hasher")
    return value if hasher is None or value is None else hasher(value)


Hashed = Annotated[str, Field(min_length=1, max_length=200), *READABLE, PlainSerializer(_hash_if_asked)]
"""Text that :func:`features.walk.stored_form` replaces by a keyed hash."""


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("the time lies outside of the calendar") from None


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A time with its zone, kept in UTC: one zone makes differences exact, and cheap."""

Code = Annotated[str, Field(min_length=1, max_length=40), *READABLE]
Name = Annotated[str, Field(min_length=1, max_length=200), *READABLE]
Country = Annotated[str, Field(pattern="^[A-Z]{3}$")]
Port = Annotated[str, Field(pattern="^[A-Z0-9]{3,5}$")]


def fact(
    sensitivity: Sensitivity,
    standard: str,
    description: str,
    example: Any,
    *,
    unit: str | None = None,
    derived_by: tuple[str, ...] = (),
    namesake_for: tuple[str, ...] = (),
    default: Any = None,
    **constraints: Any,
) -> Any:
    """Declare one field of the record with everything that the data dictionary says of it.

    Args:
        sensitivity: what may become of the fact.
        standard: the message element or document that defines it.
        description: one sentence for the API page and the dictionary.
        example: a value that validates.
        unit: unit of a number or of a duration.
        derived_by: score features that may derive a permitted fact from this protected one.
        namesake_for: score features that read a fact of the same name in another block. The check of what features
            read goes by name and cannot tell the two apart; the tests go by value and can.
        default: value where the fact was not submitted; ``...`` makes it mandatory.
        constraints: bounds and lengths, as in :func:`pydantic.Field`.
    """
    about: dict[str, Any] = {"x-sensitivity": sensitivity.value, "x-standard": standard}
    if unit:
        about["x-unit"] = unit
    if derived_by:
        about["x-derived-by"] = list(derived_by)
    if namesake_for:
        about["x-namesake-for"] = list(namesake_for)
    return Field(default=default, description=description, examples=[example], json_schema_extra=about, **constraints)


def never(standard: str, description: str) -> Any:
    """Declare a field that is dropped on receipt."""
    about: dict[str, Any] = {"x-sensitivity": Sensitivity.NEVER.value, "x-standard": standard}
    return Field(default=None, description=description, exclude=True, json_schema_extra=about)


class Block(BaseModel):
    """A group of facts: frozen, unknown fields refused, no conversion between types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    never_stored: ClassVar[frozenset[str]] = frozenset()
    """Names of the fields of this block that are dropped on receipt."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Collect the never-stored names once, so that a record without any costs nothing."""
        super().__pydantic_init_subclass__(**kwargs)
        cls.never_stored = frozenset(
            name for name in cls.model_fields if sensitivity_of(cls, name) is Sensitivity.NEVER
        )


def sensitivity_of(block: type[BaseModel], field: str) -> Sensitivity | None:
    """Look up what may become of a field; ``None`` for a field that is itself a block."""
    extra = block.model_fields[field].json_schema_extra
    return Sensitivity(str(extra["x-sensitivity"])) if isinstance(extra, dict) and "x-sensitivity" in extra else None
