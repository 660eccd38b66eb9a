"""Values are put into words that people use."""

import math
import re
from dataclasses import replace

import pytest

from features.catalogue import CATALOGUE
from features.spec import Kind, Monotone
from models.wording import number_text, sentence_of, share_text, value_text
from tests.models.model_makers import has_return, lead_hours, payment


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0, "days", "0 days"),
        (-0.04, "days", "-0.04 days"),
        (12.3456, "kg", "12.3 kg"),
        (999.6, "hours", "1,000 hours"),
        (1_234_567.8, "hours", "1,234,568 hours"),
        (3, None, "3"),
        (1, "checks", "1 check"),
        (1.001, "hours", "1 hour"),
        (1, "gross", "1 gross"),
        (-0.0, "days", "0 days"),
        (0.5, "ratio", "0.5"),
        (0.25, "share", "25 %"),
        (12.5, "percent", "12.5 %"),
        (math.inf, "days", "inf days"),
        (10**400, "days", "a number beyond measure"),
    ],
)
def test_numbers_are_short_and_carry_their_unit(value, unit, text):
    """Three digits, thousands apart, percent as such."""
    assert number_text(value, unit) == text


@pytest.mark.parametrize(("share", "text"), [(1.0, "100 %"), (0.5, "50 %"), (0.005, "under 1 %"), (0.995, "over 99 %")])
def test_shares_do_not_claim_none_or_all(share, text):
    """Rounding never turns few into none."""
    assert share_text(share) == text


@pytest.mark.parametrize(
    ("spec", "value", "text"),
    [
        (has_return, True, "yes"),
        (has_return, False, "no"),
        (has_return, None, "not given"),
        (payment, "CA", "cash"),
        (payment, "MS", "MS"),
        (payment, "KE\x1f8703", "KE / 8703"),
        (lead_hours, 5.25, "5.25 hours"),
        (lead_hours, math.nan, "not given"),
    ],
)
def test_values_are_said_by_kind(spec, value, text):
    """Yes and no, words for codes, numbers with units, and what was not given."""
    assert value_text(spec, value) == text


@pytest.mark.parametrize("expects", [Monotone.INCREASING, Monotone.DECREASING])
def test_a_flag_says_which_value_was_seen(expects):
    """The riskier value speaks in `raises`, whatever its points."""
    say = sentence_of(replace(has_return, expects=expects))
    riskier = expects is Monotone.INCREASING
    for up in (True, False):
        assert say(riskier, up) == has_return.reason.raises
        assert say(not riskier, up) == has_return.reason.lowers
        assert say(None, up) == has_return.reason.missing


@pytest.mark.parametrize("spec", CATALOGUE, ids=lambda spec: spec.name)
def test_every_sentence_of_the_catalogue_can_be_said(spec):
    """No placeholder is left, whatever the value and the sign."""
    values = {Kind.NUMBER: [0, -1.5, 1e12], Kind.FLAG: [True, False], Kind.CATEGORY: ["x", *spec.labels]}[spec.kind]
    for value in (None, *values):
        for up in (True, False):
            sentence = sentence_of(spec)(value, up)
            assert sentence
            assert "{" not in sentence


@pytest.mark.parametrize("spec", [spec for spec in CATALOGUE if spec.kind is Kind.NUMBER], ids=lambda spec: spec.name)
def test_one_is_counted_in_the_singular(spec):
    """No sentence says "1 days" or "1 facts are"."""
    for value in (0.6, 1, 1.4):
        for up in (True, False):
            counted = re.search(r"\b1 (\w+)", sentence_of(spec)(value, up))
            assert counted is None or not counted[1].endswith("s"), sentence_of(spec)(value, up)
    assert sentence_of(spec)(0.4, up=True) != sentence_of(spec)(0.6, up=True) or ".1f" in spec.reason.raises


def test_a_number_without_a_format_is_said_as_people_would():
    """Millions are not written with an exponent, thirds not to the last digit."""
    price = replace(lead_hours, reason=replace(lead_hours.reason, raises="Price {value} KRW", lowers="{value} KRW"))
    say = sentence_of(price)
    assert say(12_019_783.25, up=True) == "Price 12,019,783 KRW"
    assert say(1 / 3, up=False) == "0.333 KRW"
    assert say(10**400, up=True) == "Price a number beyond measure KRW"
