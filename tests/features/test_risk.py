"""The declared risks, and the audit groups beside them."""

import pytest

from features.catalogue import CATALOGUE
from features.errors import FeatureDefinitionError
from features.regions import REGION_BY_COUNTRY, region_of
from features.risk import RISKS, Audience, read_risk


def test_the_shipped_risks_have_their_audiences():
    """Protection is kept apart from enforcement."""
    assert {risk.name: risk.audience for risk in RISKS.values()} == {
        "document_fraud": Audience.ENFORCEMENT,
        "migrant_smuggling": Audience.ENFORCEMENT,
        "trafficking_protection": Audience.PROTECTION,
    }


def test_outcome_codes_confirm_one_risk_only():
    """A finding counts for one risk; otherwise two models would learn the same thing."""
    codes = [code for risk in RISKS.values() for code in risk.outcome_codes]
    assert len(codes) == len(set(codes))


def test_risk_with_unknown_or_missing_field_is_refused_with_its_place():
    """The text names each field, and no value."""
    with pytest.raises(FeatureDefinitionError, match=r"audience: .*wording: "):
        read_risk({"name": "customs", "title": "Customs", "outcome_codes": ["found"], "groups": [], "audience": "x"})


@pytest.mark.parametrize("risk", RISKS.values(), ids=lambda risk: risk.name)
def test_each_risk_has_enough_features_to_explain_itself(risk):
    """Groups and exceptions exist, and leave a rich catalogue."""
    assert len(CATALOGUE.for_scoring(risk)) >= 25


def test_regions_hold_each_country_once():
    """Every alpha-3 code of the list belongs to one region; others are named as such."""
    assert len(REGION_BY_COUNTRY) >= 249
    assert all(len(code) == 3 and code.isupper() for code in REGION_BY_COUNTRY)
    assert region_of("QQQ") == "Other"
