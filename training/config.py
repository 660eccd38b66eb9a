"""What a training run is asked for: one frozen value, read from TOML, checked whole, logged whole."""

import hashlib
import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Self

import rfc8785
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from features.errors import FeatureDefinitionError
from features.risk import RISKS, Risk, read_risk
from training.errors import ConfigError
from training.fairness_config import FairnessConfig
from training.families import FAMILIES, Family
from training.selection_bias import SelectionConfig

CONFIGS = Path(__file__).parent / "configs"
"""The configurations that the project ships."""

MIN_HOLDOUT_SHARE = 0.05
"""Smallest share of the cases that a split may leave for the holdout."""
ROUNDING = 1e-9

Share = Annotated[float, Field(gt=0, lt=1)]


class Part(BaseModel):
    """A table of the configuration: frozen, unknown keys refused, NaN and infinity refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SplitConfig(Part):
    """How cases are cut along time: train, then calibration, then holdout; by shares, or by dates where given."""

    train_share: Share = 0.6
    calibration_share: Share = 0.15
    train_until: date | None = None
    """Crossings before this day train; with `calibration_until` it replaces the shares."""
    calibration_until: date | None = None
    embargo_days: Annotated[int, Field(ge=0, le=3650)] = 0
    """Days left out between two slices, so that an outcome known late does not reach across."""

    @model_validator(mode="after")
    def _leaves_a_holdout(self) -> Self:
        if (self.train_until is None) != (self.calibration_until is None):
            raise ValueError("give both train_until and calibration_until, or neither")
        if self.train_until and self.calibration_until and self.train_until >= self.calibration_until:
            raise ValueError("train_until must lie before calibration_until")
        if self.train_share + self.calibration_share > 1 - MIN_HOLDOUT_SHARE:
            raise ValueError("train_share and calibration_share leave less than 5 % for the holdout")
        return self


class FamilyConfig(BaseModel):
    """The model family and its own settings, which stand beside the name."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str = "explainable_boosting"

    @model_validator(mode="after")
    def _family_knows_them(self) -> Self:
        if self.name not in FAMILIES:
            raise ValueError(f"no family of this name; choose one of {', '.join(FAMILIES)}")
        self.settings  # noqa: B018  reading them validates them
        return self

    @property
    def family(self) -> Family:
        """The family itself."""
        return FAMILIES[self.name]

    @property
    def settings(self) -> BaseModel:
        """The settings of the family, defaults filled in."""
        return self.family.settings_type.model_validate(self.model_extra or {})


class BandConfig(Part):
    """One band and the share of all crossings that it may take, which is the capacity to look into them."""

    name: Annotated[str, Field(pattern="^[a-z][a-z_]{1,19}$")]
    share: Annotated[float, Field(gt=0, le=1)]


class EvaluationConfig(Part):
    """What the report measures."""

    capacities: Annotated[tuple[Share, ...], Field(min_length=1, max_length=10)] = (0.005, 0.01, 0.02, 0.05, 0.10)
    """Shares of travellers referred."""
    bootstrap: Annotated[int, Field(ge=50, le=5000)] = 200
    """Resamples behind each interval."""
    level: Share = 0.90
    """Level of each interval."""
    min_cell_rows: Annotated[int, Field(ge=50)] = 500
    """Labelled rows below which a mode or a crossing point is shown as not enough data."""
    min_cell_positives: Annotated[int, Field(ge=5)] = 10
    yardstick: bool = True
    """Whether a black box is fitted on the same rows, as the price of explainability."""
    yardstick_margin: Annotated[float, Field(gt=0, lt=0.5)] = 0.01
    """How far below the yardstick's ROC AUC an explainable model may lie before the report asks why."""
    scorecard: bool = True
    """Whether the logistic scorecard is fitted beside another family, for comparison."""


class GateConfig(Part):
    """What a bundle must reach before a person is asked to approve it."""

    min_train_positives: Annotated[int, Field(ge=1)] = 100
    min_holdout_positives: Annotated[int, Field(ge=1)] = 30
    capacity: Share = 0.02
    """Share referred at which quality is judged."""
    min_lift: Annotated[float, Field(ge=1)] = 1.5
    """Lift at `capacity` that the lower end of its interval must reach: a ranking measure alone opens no gate."""
    max_roc_auc: Annotated[float, Field(gt=0.5, le=1)] = 0.95
    """Above this an outcome has leaked into the facts, more likely than not."""
    max_single_feature_auc: Annotated[float, Field(gt=0.5, le=1)] = 0.95
    """The same for one feature alone."""
    min_observed_to_expected: Annotated[float, Field(gt=0, le=1)] = 0.8
    """Lower end of the range that the interval of observed over expected must touch."""
    max_observed_to_expected: Annotated[float, Field(ge=1)] = 1.25
    max_missing_reach: Annotated[float, Field(gt=0, le=20)] = 1.5
    """Most that missing facts alone may add to a calibrated score, or take away [log-odds]."""
    max_parity_gap: Annotated[float, Field(gt=0, le=1e-6)] = 1e-9
    """Largest difference between fitted estimator and compiled table [log-odds]."""


class TrainingConfig(Part):
    """A training run as it was asked for."""

    name: Annotated[str, Field(pattern="^[a-z][a-z0-9-]{2,59}$")]
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    risk: Risk | None = None
    """Name of a declared risk, or a [risk] table; ``None`` where the mapping defines it."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    cases: tuple[Path, ...] = ()
    """Case tables; with a mapping, none takes the files that it names."""
    mapping: Path | None = None
    """TOML file that describes an agency's own table."""
    like: Path | None = None
    """Profile (``profile.json``) of the case table before, which the cases have to be like: a gate then says so."""
    simulated: bool = False
    """Whether the cases were made by the simulator: the card then says so in its first line."""
    purpose: str = ""
    """A sentence for the card on what this model is meant for; empty takes the statement of the risk."""
    limits: tuple[str, ...] = ()
    """Known limits for the card, beside those that the run finds by itself."""
    min_positives_to_fit: Annotated[int, Field(ge=2)] = 20
    """Confirmed cases below which no model is fitted at all; the gates ask for more."""
    memory: bool = False
    """Whether each case gets what a memory of the earlier ones knew of it; the service then needs a memory, too."""
    split: SplitConfig = SplitConfig()
    selection: SelectionConfig = SelectionConfig()
    family: FamilyConfig = FamilyConfig()
    bands: Annotated[tuple[BandConfig, ...], Field(min_length=2, max_length=6)] = (
        BandConfig(name="high", share=0.01),
        BandConfig(name="elevated", share=0.04),
        BandConfig(name="standard", share=0.95),
    )
    """From the most to the least urgent; the shares add up to one."""
    evaluation: EvaluationConfig = EvaluationConfig()
    fairness: FairnessConfig = FairnessConfig()
    gates: GateConfig = GateConfig()

    @field_validator("cases", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str | Path) else value

    @field_validator("risk", mode="before")
    @classmethod
    def _named_or_inline(cls, value: Any) -> Any:
        """Take the name of a declared risk, or a whole [risk] table."""
        if isinstance(value, str):
            if value not in RISKS:
                raise ValueError(f"no declared risk of this name; choose one of {', '.join(RISKS)}, or give a table")
            return RISKS[value]
        if isinstance(value, dict):
            try:
                return read_risk(value)
            except FeatureDefinitionError as error:
                raise ValueError(str(error)) from None
        return value

    @model_validator(mode="after")
    def _bands_share_everything(self) -> Self:
        if abs(sum(band.share for band in self.bands) - 1) > ROUNDING:
            raise ValueError("the shares of [[bands]] must add up to 1")
        if len({band.name for band in self.bands}) < len(self.bands):
            raise ValueError("the names of [[bands]] must differ")
        return self

    @classmethod
    def from_toml(cls, path: Path, changes: dict[str, Any] | None = None) -> Self:
        """Read a configuration; relative paths of cases and mapping count from the working directory.

        Args:
            path: a TOML file, or the name of a configuration that the project ships (``document_fraud``). A mapping
                file is one too: its ``[training]`` table, where it has one, is the configuration.
            changes: dotted keys and their new values, such as ``{"family.max_bins": 16}``.

        Raises:
            ConfigError: naming every problem with its place.
        """
        found = path if path.exists() else CONFIGS / f"{path.name}.toml"
        if not found.exists():
            shipped = ", ".join(sorted(each.stem for each in CONFIGS.glob("*.toml")))
            raise ConfigError(f"No configuration at {path}. Give a TOML file, or one of: {shipped}.")
        try:
            content = tomllib.loads(found.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{found}: not readable as TOML: {error}.") from None
        if "record" in content:  # a mapping file, which may say in [training] how to learn from the table it describes
            own = content.get("training", {})
            content = {"name": _as_name(found.stem), "version": "1.0.0", **own, "mapping": str(found)}
        for key, value in (changes or {}).items():
            _put(content, key, value)
        return cls.read(content, str(found))

    @classmethod
    def read(cls, content: dict[str, Any], place: str = "configuration") -> Self:
        """Validate a configuration that is already in memory.

        Raises:
            ConfigError: naming every problem with its place.
        """
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(map(str, each['loc'])) or 'whole file'}: {each['msg']}"
                for each in error.errors(include_input=False, include_url=False)
            )
            raise ConfigError(f"{place}: {problems}.") from None

    def content(self) -> dict[str, Any]:
        """The configuration as plain JSON values, the family's defaults filled in."""
        plain: dict[str, Any] = self.model_dump(mode="json")
        plain["family"] = {"name": self.family.name, **self.family.settings.model_dump(mode="json")}
        return plain

    def sha256_with(self, mapping: dict[str, Any]) -> str:
        """Digest of all that shapes a model; where files lie is left out, since data have their own digest.

        Args:
            mapping: content of the mapping, empty where there is none.
        """
        shaping = {key: value for key, value in self.content().items() if key not in {"cases", "mapping", "like"}}
        return hashlib.sha256(rfc8785.dumps({"config": shaping, "mapping": mapping})).hexdigest()


def _as_name(text: str) -> str:
    """Make a name of a file's name.

    >>> _as_name("Ferry_Cases"), _as_name("2026")
    ('ferry-cases', 'model-2026')
    """
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:50]
    return name if re.fullmatch("[a-z][a-z0-9-]{2,}", name) else f"model-{name}"


def _put(content: dict[str, Any], key: str, value: Any) -> None:
    """Set a dotted key in nested tables."""
    *tables, last = key.split(".")
    for table in tables:
        content = content.setdefault(table, {})
        if not isinstance(content, dict):
            raise ConfigError(f"--set {key}: {table} is no table of the configuration.")
    content[last] = value


def read_change(text: str) -> tuple[str, Any]:
    """Read one ``key=value`` of the command line; the value is TOML, and plain text where it is none.

    >>> read_change("family.max_bins=16"), read_change("name=border-a")
    (('family.max_bins', 16), ('name', 'border-a'))

    Raises:
        ConfigError: where no ``=`` is found.
    """
    key, equals, value = text.partition("=")
    if not (equals and key.strip()):
        raise ConfigError("--set takes key=value, such as --set family.max_bins=16.")
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key.strip(), value
