"""Every figure of the simulated world, read from a TOML file that names the source of each."""

import hashlib
import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from features.risk import RISKS

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Mode = Literal["air", "sea", "land"]
Mix = Annotated[tuple[Share, ...], Field(min_length=3, max_length=3)]


class Section(BaseModel):
    """A table of the file: frozen, and a key that nobody reads is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ByMode(Section):
    """A share for each mode of transport."""

    air: Share
    sea: Share
    land: Share

    @property
    def in_order(self) -> tuple[float, float, float]:
        """The shares in the order air, sea, land."""
        return self.air, self.sea, self.land


class Calendar(Section):
    """The period and how full its days are."""

    start: date
    weeks: Annotated[int, Field(ge=2, le=520)]
    peak_to_low: Annotated[float, Field(ge=1)]
    month_shape: Annotated[tuple[Share, ...], Field(min_length=12, max_length=12)]
    weekdays: Annotated[tuple[Positive, ...], Field(min_length=7, max_length=7)]
    night_share: ByMode


class Volume(Section):
    """How often people travel, and with whom."""

    repeat_exponent: Positive
    trips_cap: Annotated[int, Field(ge=1)]
    party_sizes: tuple[Share, ...]
    whole_party: Share
    family_share: Share
    usual_post: Share
    usual_mode: Share
    directions: dict[Literal["in", "out", "transit"], Share]


class People(Section):
    """Ages, gender and residence."""

    adult_age_median: Positive
    adult_age_sigma: Positive
    minor_share: Share
    lone_minor_share: Share
    women_share: Share
    gender_missing: Share
    resides_elsewhere: Share
    mixed_families: Share
    mixed_groups: Share
    crew_share: Share
    frequent_flyer: Share


class Nationality(Section):
    """A nationality: its share of all crossings and its bloc."""

    share: Share
    bloc: str


class Bloc(ByMode):
    """How people of a bloc travel and book."""

    lean: float
    """Shift of booking and payment customs [log-odds]."""


class Post(Section):
    """A border post, airport or port."""

    mode: Mode
    country: str
    share: Share


class Route(Section):
    """A way to a post: places passed before it, in order of travel."""

    post: str
    path: Annotated[tuple[str, ...], Field(min_length=1, max_length=2)]
    carrier: str | None = None
    share: Share
    favours: tuple[str, ...] = ()
    hours: Positive | None = None
    """Duration, for a sea route."""


class Routing(Section):
    """Routes, detours and connections."""

    favour: Annotated[float, Field(ge=1)]
    detour_share: Share
    wait_median_hours: Positive
    wait_sigma: Positive
    long_wait_share: Share
    cruise_kmh: Positive
    ground_minutes: Positive
    detour_hubs: tuple[str, ...]
    routes: tuple[Route, ...]


class Documents(Section):
    """Travel documents and what reading them tells."""

    validity_years: Positive
    short_validity_share: Share
    fresh_share: Share
    fresh_days: Positive
    expired_share: Share
    odd_type_share: Share
    land_identity_card: Share
    check_digit_failure: Share
    zone_disagrees: Share
    zone_read: ByMode
    carrier_verifies: Share


class Bookings(Section):
    """Customs of booking, payment, seats and baggage."""

    lead_median_days: Positive
    lead_sigma: Positive
    late_share: Share
    payments: dict[str, Share]
    cash: Share
    third_party_payer: Share
    one_way: Share
    split: Share
    name_change: Share
    change_mean: Positive
    consecutive_tickets: Share
    apart_from_party: Share
    checked_in_by_other: Share
    pooled_baggage: Share
    business_cabin: Share
    first_cabin: Share
    phone: Share
    shared_phone: Share
    email_classes: dict[str, Share]
    stay_median_days: Positive
    stay_sigma: Positive
    baggage_light: Share


class Stays(Section):
    """What travellers declare of their stay."""

    purposes: dict[str, Share]
    accommodations: dict[str, Share]
    missing: ByMode
    land_traders: Share
    hosted_families: Share
    lodged_workers: Share
    land_stay_declared: Share
    guardian_missing: Share
    guardian_missing_alone: Share
    guardian_record: Share
    guardian_record_without: Share
    shared_address: Share


class Agencies(Section):
    """Travel agencies, a few of them hubs."""

    count: Annotated[int, Field(ge=10)]
    direct_share: Share
    strange_share: Share
    popularity_exponent: Positive
    hub_share: Share
    hub_lean: float


class Rings(Section):
    """Rings that arrange journeys, and couriers who escort children."""

    share: Share
    count: Annotated[int, Field(ge=1)]
    front_days: Positive
    shows: dict[Literal["phone", "email", "house", "document"], Share]
    courier_share: Share
    couriers: Annotated[int, Field(ge=1)]


class Drift(Section):
    """What changes in the course of the period."""

    spread_sd: Positive
    six_week_sd: Positive
    route_sd: Annotated[float, Field(ge=0)]
    pattern_week: Annotated[int, Field(ge=0)]
    pattern_agencies: Annotated[int, Field(ge=0)]
    pattern_share: Share

    @model_validator(mode="after")
    def _a_walk_cannot_jump_further_than_its_spread(self) -> Self:
        if self.six_week_sd > 2**0.5 * self.spread_sd:
            raise ValueError("six_week_sd is allowed up to 1.41 times spread_sd; lower it or raise spread_sd")
        return self


class Defects(Section):
    """How real data is worse than it should be."""

    pnr_broken: Share
    pnr_field_lost: Share
    pnr_absent: Share
    sea_pnr: Share
    api_absent: Share
    carrier_field_missing: Share
    carrier_spread: Annotated[float, Field(ge=0)]
    typos: Share
    swapped_dates: Share
    age_only: Share
    watchlist_hits: Share


class RiskMechanism(Section):
    """One latent risk: how common, how much the recorded facts tell of it, and through which causes."""

    base_rate: Annotated[float, Field(gt=0, lt=0.5)]
    signal_sd: Positive
    """Spread of the recorded facts' part [log-odds]."""
    cue: float
    """Effect of what the officer sees and nobody records [log-odds per sd]."""
    noise_sd: Annotated[float, Field(ge=0)]
    weights: dict[str, float]
    """Relative log-odds of each cause at full strength (:data:`training.simulator.causes.CAUSES`)."""


class Officers(Section):
    """Who selects, by what and how unevenly."""

    count: Annotated[int, Field(ge=1)]
    capacity: Share
    cue_weight: float
    noise: Positive
    strictness_sd: Annotated[float, Field(ge=0)]
    skill_sd: Annotated[float, Field(ge=0)]
    bias_men: float
    bias_blocs: dict[str, float]
    beliefs: dict[str, float]


class Lanes(Section):
    """The other ways to be checked."""

    random_probability: Share
    random_compliance: Share
    rule_late_hours: Positive
    rule_capacity: Share
    tip_probability: Share
    tip_lift: float


class ByDepth(Section):
    """Sensitivity of a quick look, a search and a full check."""

    quick: Annotated[float, Field(gt=0, lt=1)]
    search: Annotated[float, Field(gt=0, lt=1)]
    full: Annotated[float, Field(gt=0, lt=1)]

    @property
    def in_order(self) -> tuple[float, float, float]:
        """The sensitivities from the quickest to the deepest check."""
        return self.quick, self.search, self.full


class ByLane(Section):
    """Shares of quick looks, searches and full checks in each lane."""

    random: Mix
    rule: Mix
    tip: Mix
    officer: Mix

    @property
    def in_order(self) -> tuple[tuple[float, ...], ...]:
        """The shares in the order random, rule, tip, officer."""
        return self.random, self.rule, self.tip, self.officer


class Detection(Section):
    """What a check finds, how wrongly, and when that is known."""

    depth_sensitivity: ByDepth
    depth_mix: ByLane
    risk_shift: dict[str, float]
    false_find: Share
    false_find_bias: Positive
    second_decider: Share
    inconclusive: Share
    overturned: Share
    closed_by_system: Share
    delay_days: dict[str, Positive]
    delay_cap_days: Positive


class WorldParameters(Section):
    """The whole world.

    >>> world = WorldParameters.default()
    >>> world.risks["document_fraud"].base_rate
    0.014
    """

    calendar: Calendar
    volume: Volume
    people: People
    nationalities: dict[str, Nationality]
    blocs: dict[str, Bloc]
    posts: dict[str, Post]
    routing: Routing
    documents: Documents
    bookings: Bookings
    stays: Stays
    agencies: Agencies
    rings: Rings
    drift: Drift
    defects: Defects
    risks: dict[str, RiskMechanism]
    officers: Officers
    lanes: Lanes
    detection: Detection

    @classmethod
    def from_toml(cls, path: Path) -> Self:
        """Read and check a world.

        Args:
            path: a TOML file with the sections and keys of ``world.toml``.

        Raises:
            pydantic.ValidationError: naming every missing, unknown or wrong key.
        """
        return cls.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))

    @classmethod
    def default(cls) -> Self:
        """Read the world that the project ships."""
        return cls.from_toml(Path(__file__).with_name("world.toml"))

    def with_rings(self, share: float = 0.02, courier_share: float = 0.08) -> Self:
        """Make the same world with rings and couriers at work; the shipped one has none.

        Args:
            share: of the bookings that a ring arranges.
            courier_share: of the bookings with a child on which a courier takes the adult's place.
        """
        return self.model_copy(
            update={"rings": self.rings.model_copy(update={"share": share, "courier_share": courier_share})}
        )

    @property
    def digest(self) -> str:
        """SHA-256 of the figures, whatever the layout of the file they came from."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    @model_validator(mode="after")
    def _names_refer_to_something(self) -> Self:
        """Collect every name that points nowhere."""
        named = (
            ("nationalities.*.bloc", {n.bloc for n in self.nationalities.values()}, self.blocs),
            ("routing.routes.post", {r.post for r in self.routing.routes}, self.posts),
            ("routing.routes.favours", {b for r in self.routing.routes for b in r.favours}, self.blocs),
            ("officers.bias_blocs", self.officers.bias_blocs, self.blocs),
            ("risks", self.risks, RISKS),
        )
        problems = [
            f"{place} names {sorted(set(used) - set(known))}; allowed are {sorted(known)}"
            for place, used, known in named
            if not set(used) <= set(known)
        ]
        problems += [
            f"detection.{table} must have one entry for each of {sorted(self.risks)}"
            for table in ("risk_shift", "delay_days")
            if set(getattr(self.detection, table)) != set(self.risks)
        ]
        for mode in ("air", "sea"):
            unreached = {n for n, p in self.posts.items() if p.mode == mode} - {r.post for r in self.routing.routes}
            if unreached:
                problems.append(f"routing.routes has no route to {sorted(unreached)}; add one for each")
        if problems:
            raise ValueError("; ".join(problems))
        return self
