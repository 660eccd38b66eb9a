"""How observed values and usual values are put into words: short, with their unit, for a person in a hurry."""

import math
from collections.abc import Callable

from features.spec import FeatureSpec, FeatureValue, Kind, Monotone

NOT_GIVEN = "not given"
BARE_UNITS = frozenset({"", "1", "units", "ratio", "score"})
"""Units that add nothing to a number."""
SHARES = frozenset({"share", "fraction"})
"""Units of numbers from 0 to 1 that are shown in percent."""
JOINT = "\x1f"
"""Separates the parts of a category that was joined from several (see :mod:`features.declared`)."""


def number_text(value: float, unit: str | None = None) -> str:
    """Write a number as people would say it.

    >>> number_text(1234.5, "days"), number_text(0.1234), number_text(0.071, "share"), number_text(3, "percent")
    ('1,234 days', '0.123', '7.1 %', '3 %')
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
    return text if unit in BARE_UNITS else f"{text} {unit}"


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

    say_raises, say_lowers = raises.format, lowers.format
    if spec.kind is Kind.CATEGORY:

        def category_sentence(value: FeatureValue, up: bool) -> str:  # noqa: FBT001  as above
            if value is None:
                return missing
            return (say_raises if up else say_lowers)(value=value_text(spec, value))

        return category_sentence

    def number_sentence(value: FeatureValue, up: bool) -> str:  # noqa: FBT001  as above
        if value is None or value != value:  # noqa: PLR0124  not-a-number
            return missing
        try:
            return (say_raises if up else say_lowers)(value=value)
        except OverflowError:  # a whole number too large for a float
            return (say_raises if up else say_lowers)(value=math.inf if value > 0 else -math.inf)  # type: ignore[operator]

    return number_sentence
