"""R6: every sentence of every feature, rendered and read."""

import re
from datetime import date

import pytest

from features.catalogue import CATALOGUE
from features.examples import EXAMPLE_LAND_RECORD, EXAMPLE_MINOR_RECORD, EXAMPLE_RECORD
from features.spec import FeatureSpec, Kind, Use

SCORED = [spec for spec in CATALOGUE if spec.use is Use.SCORE]
ACCUSING = re.compile(
    r"suspicio|suspect|illegal|illicit|crim|fraud|forg|fake|false|smuggl|traffick|victim|guilt|\blie|liar|lying|terror"
    r"|deceiv|deceit|dangerous|offend|cheat|stolen|impost|evad|abus",
    re.IGNORECASE,
)
SHOWN = {Kind.NUMBER: (0, 1, 2.5, 1234.0), Kind.FLAG: (True, False), Kind.CATEGORY: ("word",)}


def _sentences(spec: FeatureSpec) -> list[str]:
    """Render every sentence with every kind of value that it may show."""
    values = tuple(spec.labels.values()) or SHOWN[spec.kind]
    texts = [text.format(value=value) for text in (spec.reason.raises, spec.reason.lowers) for value in values]
    return [*texts, spec.reason.missing]


def _texts(data: object) -> set[str]:
    """Every text inside of JSON data."""
    if isinstance(data, dict):
        return set().union(*map(_texts, data.values()))
    if isinstance(data, list):
        return set().union(*map(_texts, data)) if data else set()
    return {data} if isinstance(data, str) else set()


@pytest.mark.parametrize("spec", CATALOGUE, ids=lambda spec: spec.name)
def test_r6_sentences_accuse_nobody(spec: FeatureSpec):
    """No sentence calls a traveller anything: it states a fact."""
    for sentence in [*_sentences(spec), spec.label]:
        assert not ACCUSING.search(sentence), sentence


@pytest.mark.parametrize("spec", SCORED, ids=lambda spec: spec.name)
def test_r6_sentences_hold_no_identifying_value(spec: FeatureSpec):
    """A sentence shows a number or a word of a closed list, so that no name, document or address can appear."""
    if spec.kind is Kind.FLAG:
        assert "{" not in spec.reason.raises + spec.reason.lowers, "a flag states which value was seen"
    if spec.kind is Kind.CATEGORY:
        assert spec.labels, "a category shows the words of a closed list"
    identity = {
        text
        for data in (EXAMPLE_RECORD, EXAMPLE_LAND_RECORD, EXAMPLE_MINOR_RECORD)
        for text in _texts(data["traveller"])
    } | {"A1234567", "+254700000000", "K7X2QP"}
    identity = {text for text in identity if len(text) > 2}
    for sentence in _sentences(spec):
        assert not any(text in sentence for text in identity), sentence
        assert not re.search(r"[A-Z]{3}|\d{5,}|@", sentence), sentence


@pytest.mark.parametrize("spec", CATALOGUE, ids=lambda spec: spec.name)
def test_r6_sentences_are_short_and_plain(spec: FeatureSpec):
    """One line on a screen, starting like a sentence, without a full stop; the code has four characters."""
    assert re.fullmatch("[A-Z]{2}[0-9]{2}", spec.reason.code)
    for sentence in _sentences(spec):
        assert 10 <= len(sentence) <= 100, sentence
        assert sentence[0].isupper() or sentence[0].isdigit(), sentence
        assert not sentence.endswith("."), sentence
        assert "  " not in sentence, sentence


@pytest.mark.parametrize("spec", CATALOGUE, ids=lambda spec: spec.name)
def test_r21_each_justification_names_its_source_and_was_reviewed_lately(spec: FeatureSpec):
    """A justification older than two years has to be read again before the next release."""
    today = date.today()  # noqa: DTZ011 - the day of the build is the point
    assert (today - spec.reviewed).days < 730, "read the justification again and set `reviewed`"
    if spec.use is Use.SCORE:
        assert re.search(r"\(.+\)", spec.because), "name the source in parentheses"
