"""Who is referred, as a policy: shares, slots and the random lane, in a file, with a digest that decisions name."""

import hashlib
import tomllib
from pathlib import Path
from typing import Annotated, Self

import rfc8785
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from models.lane import SHARE_MAX
from riskapi.errors import SettingsError

_VERSION_LENGTH = 16
"""Hexadecimal digits of the digest that name a policy; the log holds the policy itself beside its name."""

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Slots = Annotated[int, Field(ge=0, le=100_000)]


class RiskCapacity(BaseModel):
    """How many travellers can be looked at for one risk."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    capacity: Share = 0.02
    """Share of travellers that is referred by score; it stands for a threshold in each model's reference population."""
    slots_per_hour: Slots | None = None
    """Travellers who can be referred by score at one crossing point for one hour; ``None`` for no bound."""
    slots: dict[Annotated[str, Field(min_length=1, max_length=40)], Slots] = {}
    """The same for single crossing points."""

    def slots_at(self, point: str) -> int | None:
        """The slots of a crossing point; ``None`` for no bound."""
        return self.slots.get(point, self.slots_per_hour)


class SelectionPolicy(BaseModel):
    """Who is referred.

    >>> policy = SelectionPolicy()
    >>> policy.lane, policy.of("document_fraud").capacity, len(policy.version)
    (0.02, 0.02, 16)
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    lane: Annotated[float, Field(ge=0, le=SHARE_MAX, allow_inf_nan=False)] = 0.02
    """Share of travellers drawn at random, for each audience: the only ones whom nobody chose."""
    default: RiskCapacity = RiskCapacity()
    """For risks without an entry of their own."""
    risk: dict[Annotated[str, Field(pattern="^[a-z][a-z0-9_]{2,39}$")], RiskCapacity] = {}
    """By name of the risk."""

    def of(self, risk: str) -> RiskCapacity:
        """The capacity for a risk."""
        return self.risk.get(risk, self.default)

    @property
    def text(self) -> str:
        """The policy as canonical JSON (RFC 8785)."""
        return rfc8785.dumps(self.model_dump(mode="json")).decode()

    @property
    def version(self) -> str:
        """Its name: the first digits of the SHA-256 of :attr:`text`."""
        return version_of(self.text)

    @classmethod
    def from_file(cls, path: Path | None) -> Self:
        """Read a policy; the default one where there is no file.

        Raises:
            SettingsError: as :meth:`from_toml`.
        """
        return cls() if path is None else cls.from_toml(path)

    @classmethod
    def from_toml(cls, path: Path) -> Self:
        """Read a policy.

        Raises:
            SettingsError: where the file cannot be read, or naming every place that breaks a rule.
        """
        try:
            return cls.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        except OSError as error:
            raise SettingsError(f"{path.name}: cannot be read ({error.strerror}). Check path and rights.") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path.name}: is no TOML ({error}).") from None
        except ValidationError as error:
            found = error.errors(include_input=False, include_url=False)
            told = "; ".join(f"{'.'.join(map(str, one['loc'])) or '(file)'}: {one['msg']}" for one in found)
            raise SettingsError(f"{path.name}: {told}") from None


def version_of(text: str) -> str:
    """Name a policy by its canonical JSON."""
    return hashlib.sha256(text.encode()).hexdigest()[:_VERSION_LENGTH]
