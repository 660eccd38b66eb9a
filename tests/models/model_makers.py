"""Small real features and models for the tests of this floor."""

import numpy as np

from features.record import TravellerRecord
from features.spec import FeatureSpec, FeatureValue, Kind, Monotone, ReasonText, feature
from models.additive import AdditiveModel, Axis, Term


@feature(
    unit="hours",
    label="notice of the booking",
    expects=Monotone.DECREASING,
    reason=ReasonText(
        code="BK01",
        raises="Booked {value:.0f} hours before departure, shorter notice than usual",
        lowers="Booked {value:.0f} hours before departure, a usual notice",
        missing="Booking time was not given",
    ),
    because="Short notice is a published indicator of smuggling, as the agency's handbook says",
    message="PNR",
)
def lead_hours(record: TravellerRecord) -> float | None:
    """Hours of notice.

    >>> lead_hours is not None
    True
    """
    value = record.extra.get("lead_hours")
    return float(value) if isinstance(value, int | float) else None


@feature(
    unit="kg",
    label="checked baggage",
    reason=ReasonText(
        code="BG01",
        raises="{value:.1f} kg checked, unlike most journeys of this length",
        lowers="{value:.1f} kg checked, like most journeys of this length",
        missing="Baggage was not given",
    ),
    because="Baggage that does not fit the stay is a published indicator of irregular travel",
)
def baggage_kg(record: TravellerRecord) -> float | None:
    """Weight of the baggage.

    >>> baggage_kg is not None
    True
    """
    return None if record.baggage is None else record.baggage.weight_kg


@feature(
    label="a return leg",
    expects=Monotone.DECREASING,
    reason=ReasonText(
        code="IT01",
        raises="No return or onward leg is booked",
        lowers="A return or onward leg is booked",
        missing="Whether a return is booked was not given",
    ),
    because="A one-way journey is a published indicator of irregular travel",
    message="PNR",
)
def has_return(record: TravellerRecord) -> bool | None:
    """Whether a return leg is booked.

    >>> has_return is not None
    True
    """
    return None if record.journey is None else record.journey.has_return


@feature(
    label="payment",
    labels={"CA": "cash", "CC": "card"},
    reason=ReasonText(
        code="PY01",
        raises="Paid by {value}, seen more often in confirmed cases",
        lowers="Paid by {value}, seen less often in confirmed cases",
        missing="Payment was not given",
    ),
    because="Payment in cash is a published indicator of an arranged journey",
    message="API",
)
def payment(record: TravellerRecord) -> str | None:
    """Means of payment.

    >>> payment is not None
    True
    """
    return None if record.booking is None else record.booking.payment_method


SPECS: tuple[FeatureSpec, ...] = (lead_hours, baggage_kg, has_return, payment)
LEVELS = ("CA", "CC", "CK")
LANES = 4


def axis(spec: FeatureSpec, cuts: tuple[float, ...] = (), **range_: float) -> Axis:
    """Read a feature of the small catalogue."""
    if spec.kind is Kind.CATEGORY:
        return Axis(spec.name, spec.kind, levels=LEVELS)
    return Axis(spec.name, spec.kind, cuts=(0.5,) if spec.kind is Kind.FLAG else cuts, **range_)


def term(rng: np.random.Generator, *axes: Axis) -> Term:
    """Fill a term of the given axes with random points."""
    shape = tuple(one.size for one in axes)
    swings = rng.integers(-250, 250, (*shape, LANES))
    tables = rng.normal(0, 0.4, shape), swings, rng.integers(0, 900, shape).astype(float)
    return Term(axes, *(table.tolist() for table in tables))


def small_model(seed: int = 7) -> AdditiveModel:
    """Four features, three pairs (number with number, flag with category, number with category)."""
    rng = np.random.default_rng(seed)
    lead = axis(lead_hours, (6.0, 24.0, 72.0, 240.0), low=0.5, high=2000.0)
    weight = axis(baggage_kg, (0.0, 10.0, 23.0), low=-1.0, high=64.0)
    back, paid = axis(has_return), axis(payment)
    coarse = axis(lead_hours, (24.0,))
    singles = [term(rng, one) for one in (lead, weight, back, paid)]
    pairs = [term(rng, coarse, axis(baggage_kg, (10.0,))), term(rng, back, paid), term(rng, coarse, paid)]
    return AdditiveModel(-3.75, (150, -90, 0, 400), tuple(spec.name for spec in SPECS), (*singles, *pairs))


def random_columns(rows: int, seed: int) -> dict[str, np.ndarray]:
    """Columns with missing, unseen, infinite and extreme values and values on the cuts."""
    rng = np.random.default_rng(seed)
    odd = [0.0, -0.0, 6.0, 24.0, 72.0, 0.5, 2000.0, np.inf, -np.inf, 1e300, -1e300, 2.0**60, 5e-324, -1.0, 64.0, np.nan]
    numbers = {
        name: np.where(rng.random(rows) < 0.5, rng.gamma(1.0, 60.0, rows), rng.choice(odd, rows))
        for name in ("lead_hours", "baggage_kg")
    }
    flags = rng.choice([0.0, 1.0, np.nan], rows)
    words = rng.choice(np.array([None, *LEVELS, "MS", ""], dtype=object), rows)
    return {
        "lead_hours": numbers["lead_hours"],
        "baggage_kg": numbers["baggage_kg"],
        "has_return": flags,
        "payment": words,
    }


def row(columns: dict[str, np.ndarray], at: int) -> list[FeatureValue]:
    """One record's values, as the service would hold them."""
    values: list[FeatureValue] = []
    for spec in SPECS:
        value = columns[spec.name][at]
        missing = value is None or (spec.kind is not Kind.CATEGORY and np.isnan(value))
        if missing:
            values.append(None)
        elif spec.kind is Kind.CATEGORY:
            values.append(value)
        else:
            values.append(bool(value) if spec.kind is Kind.FLAG else float(value))
    return values
