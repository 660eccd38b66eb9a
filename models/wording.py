"""How observed values and usual values are put into words: short, with their unit, for a person in a hurry."""

import math
import re
from collections.abc import Callable

from features.spec import FeatureSpec, FeatureValue, Kind, Monotone

NOT_GIVEN = "not given"
BARE_UNITS = frozenset({"", "1", "units", "ratio", "score"})
"""Units that add nothing to a number."""
SHARES = frozenset({"share", "fraction"})
"""Units of numbers from 0 to 1 that are shown in percent."""
JOINT = "\x1f"
"""Separates the parts of a category that was joined from several (see :mod:`features.declared`)."""

_COUNTED = re.compile(r"(\{value:,?\.0f\}) (\w+[^\Ws])s\b")
"""A whole number in a sentence, and the plural that it counts."""
_AS_SAID = re.compile(r"\{value\}")
_LOW, _HIGH = 0.5, 1.5
"""Between these a number is shown as a whole 1."""


def number_text(value: float, unit: str | None = None) -> str:
    """Write a number as people would say it.

    >>> number_text(1234.5, "days"), number_text(0.1234), number_text(0.071, "share"), number_text(3, "percent")
    ('1,234 days', '0.123', '7.1 %', '3 %')
    >>> number_text(1, "days"), number_text(1, "kg per day")
    ('1 day', '1 kg per day')
    """
    unit = unit or ""
    if unit in SHARES:
        value, unit = value * 100, "percent"
    try:
        value += 0.0  # a negative zero becomes zero
    except OverflowError:
        return "a number beyond measure"
    text = f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:.3g}"  # noqa: PLR2004  three digits say enough
    if unit == "percent":
        return f"{text} %"
    if text == "1":
        unit = _one(unit)
    return text if unit in BARE_UNITS else f"{text} {unit}"


def _one(unit: str) -> str:
    """Name one of what a unit counts: a single word in the plural loses its ending.

    >>> _one("checks"), _one("gross"), _one("kg per days")
    ('check', 'gross', 'kg per days')
    """
    return unit[:-1] if unit.isalpha() and unit.endswith("s") and not unit.endswith("ss") else unit


def share_text(share: float) -> str:
    """Write a share in percent, without claiming none or all where that is not so.

    >>> share_text(0.713), share_text(0.0004), share_text(0.9999), share_text(0.0)
    ('71 %', 'under 1 %', 'over 99 %', '0 %')
    """
    if 0 < share < 0.01:  # noqa: PLR2004  one percent
        return "under 1 %"
    if 0.99 < share < 1:  # noqa: PLR2004  ninety-nine percent
        return "over 99 %"
    return f"{share:.0%}".replace("%", " %")


def value_text(spec: FeatureSpec, value: FeatureValue) -> str:
    """Write the value of a feature: ``not given``, ``yes``, the word for a category, a number with its unit."""
    if value is None or value != value:  # noqa: PLR0124  only not-a-number differs from itself
        return NOT_GIVEN
    if spec.kind is Kind.FLAG:
        return "yes" if value else "no"
    if spec.kind is Kind.CATEGORY:
        return spec.labels.get(str(value), str(value).replace(JOINT, " / "))
    return number_text(value, spec.unit)  # type: ignore[arg-type]


def sentence_of(spec: FeatureSpec) -> Callable[[FeatureValue, bool], str]:
    """Make the function that says a value of a feature in a sentence of the catalogue.

    The function takes the value and whether its contribution raises the score. A flag's sentence follows its value, a
    missing value has its own sentence, whatever the sign.
    """
    missing, raises, lowers = spec.reason.missing, spec.reason.raises, spec.reason.lowers

    if spec.kind is Kind.FLAG:
        riskier = spec.expects is not Monotone.DECREASING
        said = {riskier: raises.format(value=riskier), not riskier: lowers.format(value=not riskier)}

        def flag_sentence(value: FeatureValue, _raises: bool) -> str:  # noqa: FBT001  called for every reason shown
            return missing if value is None else said.get(value, missing)  # type: ignore[call-overload]

        return flag_sentence

    if spec.kind is Kind.CATEGORY:
        say_raises, say_lowers = raises.format, lowers.format

        def category_sentence(value: FeatureValue, up: bool) -> str:  # noqa: FBT001  as above
            if value is None:
                return missing
            return (say_raises if up else say_lowers)(value=value_text(spec, value))

        return category_sentence

    more, less = _number_sayer(raises), _number_sayer(lowers)

    def number_sentence(value: FeatureValue, up: bool) -> str:  # noqa: FBT001  as above
        if value is None or value != value:  # noqa: PLR0124  not-a-number
            return missing
        try:
            return (more if up else less)(value)  # type: ignore[arg-type]
        except OverflowError:  # a whole number too large for a float
            return (more if up else less)(math.inf if value > 0 else -math.inf)  # type: ignore[operator]

    return number_sentence


def _number_sayer(sentence: str) -> Callable[[float], str]:
    """Make the function that puts a number into a sentence: in the singular where it counts one.

    >>> say = _number_sayer("Booked {value:.0f} hours before departure")
    >>> say(2.0), say(1.0)
    ('Booked 2 hours before departure', 'Booked 1 hour before departure')
    >>> _number_sayer("Price of the item {value} KRW")(12019783.25)
    'Price of the item 12,019,783 KRW'
    """
    many = sentence.format
    if _AS_SAID.search(sentence):
        return lambda value: many(value=number_text(value))
    one = _COUNTED.sub(r"\1 \2", sentence)
    if one == sentence:
        return lambda value: many(value=value)
    singular = one.format(value=1.0)
    return lambda value: singular if _LOW < value < _HIGH else many(value=value)
