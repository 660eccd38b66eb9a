"""The card says everything a person needs, and says beside every number whether it was made up."""

import re

import pytest
from pydantic import ValidationError

from features.risk import RISKS
from features.spec import Monotone
from models.card import SIMULATED_HEADING, SIMULATED_NOTE, CardTerm, Comparison, DataSlice, GroupRow, Measure, ModelCard
from tests.models.bundle_makers import card
from tests.models.model_makers import small_model

RISK = RISKS["migrant_smuggling"]


def whole(*, simulated: bool) -> ModelCard:
    """A card with every section."""
    lift = Measure(name="lift", title="Lift", value=2.5, low=1.9, high=3.1, level=0.9)
    return card(RISK, small_model(), simulated=simulated).model_copy(
        update={
            "groups": (GroupRow(by="mode", group="air", rows=5000, positives=70, measures=(lift,)),),
            "bands": (GroupRow(by="band", group="high", rows=100, positives=8, measures=(lift,), note="few"),),
            "comparisons": (Comparison(name="trees", title="Boosted trees", measures=(lift,), note="Close."),),
            "notes": ("One feature never varied.",),
        }
    )


def test_a_card_survives_json():
    """What travels in the bundle is what was measured."""
    assert ModelCard.model_validate_json(whole(simulated=True).model_dump_json()) == whole(simulated=True)


def test_every_section_is_in_the_text():
    """Purpose, uses, data, quality, groups, limits and terms, in reading order."""
    text = whole(simulated=False).to_markdown()
    heads = re.findall(r"^## (.+)$", text, flags=re.MULTILINE)
    assert heads == [
        "Purpose",
        "Forbidden uses",
        "Data",
        "Quality on later cases",
        "Quality at capacity",
        "Outcomes by band",
        "Quality by group",
        "Beside it: Boosted trees",
        "Limits",
        "Notes of the training run",
        "Terms",
    ]
    for shown in ("migrant-smuggling", RISK.wording.statement, "without a person", "2025-06-30", "Made for tests."):
        assert shown in text


def test_numbers_on_simulated_data_say_so():
    """The note stands in every table cell with a number, and in the first line."""
    text = whole(simulated=True).to_markdown()
    assert text.startswith(f"> **{SIMULATED_HEADING}**")
    rows = [line for line in text.splitlines() if line.startswith("| ") and "---" not in line]
    measured = [
        cell
        for line in rows
        for cell in line.strip("| ").split(" | ")
        if re.match(r"^[\d.,]+( %)?( \(|,|$)", cell) and not re.fullmatch(r"\d+ %|\d{4}-\d\d-\d\d", cell)
    ]
    assert len(measured) > 10
    assert all(cell.endswith(SIMULATED_NOTE) for cell in measured)


def test_a_card_of_real_data_claims_no_simulation():
    """The note is for simulated data only."""
    assert SIMULATED_NOTE not in whole(simulated=False).to_markdown()


def test_a_measure_without_enough_data_says_so():
    """No number is shown where none could be measured."""
    assert Measure(name="auc", title="AUC", value=None).text(SIMULATED_NOTE) == "not enough data"


@pytest.mark.parametrize(
    ("measure", "text"),
    [
        (Measure(name="x", title="X", value=0.1234, unit="percent"), "12.3 %"),
        (Measure(name="x", title="X", value=0.5, low=0.4, high=0.6), "0.5 (interval 0.4 to 0.6)"),
        (
            Measure(name="x", title="X", value=0.02, low=0.01, high=0.03, level=0.95, unit="percent"),
            "2 % (95 % interval 1 % to 3 %)",
        ),
    ],
)
def test_measures_are_written_with_interval_and_unit(measure, text):
    """An interval stands beside its number."""
    assert measure.text() == text


def test_terms_are_listed_by_importance():
    """The reader sees first what matters most."""
    terms = tuple(
        CardTerm(name=f"t{at}", label=f"term {at}", codes=("AB01",), expects=Monotone.INCREASING, importance=size)
        for at, size in enumerate((0.1, 0.9, 0.5))
    )
    text = card(RISK, small_model()).model_copy(update={"terms": terms}).to_markdown()
    assert text.index("term 1") < text.index("term 2") < text.index("term 0")
    assert "increasing" in text


def test_a_bar_in_a_text_does_not_break_a_table():
    """Texts of agencies cannot add columns."""
    odd = card(RISK, small_model()).model_copy(update={"data": (DataSlice(name="a | b", rows=1),)})
    assert "| a / b |" in odd.to_markdown()


@pytest.mark.parametrize(
    "change",
    [{"limits": ()}, {"forbidden_uses": ()}, {"data": ()}, {"audience": "all"}, {"more": 1}, {"simulated": None}],
)
def test_a_card_without_its_essentials_is_refused(change):
    """Limits, forbidden uses, data, audience and the word on simulation are not optional."""
    with pytest.raises(ValidationError):
        ModelCard.model_validate(whole(simulated=True).model_dump() | change)
