"""Groups for fairness audits and calibration: protected facts, which never reach a model."""

from features.minor import age_on
from features.record import TravellerRecord
from features.regions import region_of
from features.spec import ReasonText, Use, feature
from features.timing import crossing_day

_AGE_BANDS = ((18, "0-17"), (30, "18-29"), (45, "30-44"), (60, "45-59"))


@feature(
    label="age band",
    use=Use.AUDIT,
    reason=ReasonText(
        code="AU01",
        raises="Age band {value} (audit only)",
        lowers="In age band {value} (audit only)",
        missing="Age is not known",
    ),
    because="Selection rates and errors are compared between age bands before a model is approved, and in operation.",
)
def age_band(record: TravellerRecord) -> str | None:
    """Age band on the day of the crossing.

    >>> age_band(traveller(born="1991-05-02"))
    '30-44'
    """
    person = record.traveller
    if person is None:
        return None
    born = person.date_of_birth
    age = person.age_years if born is None else age_on(crossing_day(record), born)
    if age is None:
        return None
    return next((band for limit, band in _AGE_BANDS if age < limit), "60+")


@feature(
    label="gender",
    use=Use.AUDIT,
    reason=ReasonText(
        code="AU02",
        raises="Gender {value} (audit only)",
        lowers="Of gender {value} (audit only)",
        missing="Gender was not given",
    ),
    because="Selection rates and errors are compared between genders before a model is approved, and in operation.",
    labels={"F": "female", "M": "male", "X": "unspecified", "U": "not known"},
)
def gender(record: TravellerRecord) -> str | None:
    """Gender as in the document.

    >>> gender(traveller(gender="F"))
    'F'
    """
    return None if record.traveller is None else record.traveller.gender


@feature(
    label="region of nationality",
    use=Use.AUDIT,
    reason=ReasonText(
        code="AU03",
        raises="Nationality from {value} (audit only)",
        lowers="Nationality within {value} (audit only)",
        missing="Nationality was not given",
    ),
    because="Selection rates and errors are compared between regions of nationality; single states would make cells too"
    " small to tell anything from chance.",
)
def nationality_region(record: TravellerRecord) -> str | None:
    """Region of the nationality (UN M49).

    >>> nationality_region(traveller(nationality="KEN"))
    'Eastern Africa'
    """
    return None if record.traveller is None else region_of(record.traveller.nationality)


@feature(
    label="region of residence",
    use=Use.AUDIT,
    reason=ReasonText(
        code="AU04",
        raises="Residence in {value} (audit only)",
        lowers="Residence within {value} (audit only)",
        missing="Residence was not given",
    ),
    because="Residence stands for nationality and origin, so that errors are compared between regions of residence,"
    " too.",
)
def residence_region(record: TravellerRecord) -> str | None:
    """Region of the country of residence (UN M49).

    >>> residence_region(traveller(residence_country="GBR"))
    'Europe'
    """
    return None if record.traveller is None else region_of(record.traveller.residence_country)


@feature(
    label="region of the document's issuer",
    use=Use.AUDIT,
    reason=ReasonText(
        code="AU05",
        raises="Document issued in {value} (audit only)",
        lowers="Document issued within {value} (audit only)",
        missing="The issuer of the document was not given",
    ),
    because="The issuer of the document stands for nationality, so that errors are compared between issuers' regions,"
    " too.",
)
def issuer_region(record: TravellerRecord) -> str | None:
    """Region of the main document's issuer (UN M49).

    >>> issuer_region(traveller(document__issuing_country="SOM"))
    'Eastern Africa'
    """
    return region_of(record.documents[0].issuing_country) if record.documents else None


@feature(
    label="crossing point",
    use=Use.AUDIT,
    reason=ReasonText(
        code="AU06",
        raises="Crossing at {value} (audit only)",
        lowers="Crossing point {value} (audit only)",
        missing="Crossing point was not given",
    ),
    because="Calibration and false positives are reported per crossing point: posts differ in what they inspect.",
)
def crossing_point(record: TravellerRecord) -> str | None:
    """Border post, port or airport.

    >>> crossing_point(traveller())
    'NBO'
    """
    return record.crossing.point
