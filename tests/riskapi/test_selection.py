"""Who is referred: within capacity and slots, with a chance that is true, for every kind of record."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from math import inf, sqrt

import numpy as np
import orjson
import pytest

from models.baselines import Baselines
from riskapi.errors import SettingsError
from riskapi.selection import Arm, Hours, Selector
from riskapi.selection_policy import RiskCapacity, SelectionPolicy
from tests.bundles import RISK_NAMES, make_bundle
from tests.makers import random_records, traveller
from tests.models.test_lane import ids
from tests.riskapi.test_live import live_of

AT = "2026-11-24T09:00:00.000Z"
CROSSES = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def crossing(number=1, point="NBO", at=CROSSES):
    """The record of a person who crosses somewhere at some time."""
    return traveller(document__number=f"DOC{number}", crossing__point=point, crossing__expected_at=at)


SOMEBODY = crossing()


def key_of(month):
    """A key for each month."""
    return sha256(month.encode()).digest()


@pytest.fixture(scope="module")
def found():
    """Three models with what each says of one record."""
    live = live_of(*(make_bundle(risk)[0] for risk in RISK_NAMES))
    [record] = random_records(1, seed=3)
    return [
        (model, replace(model.scorer.assess(values), out_of_range=[], abstained=[], band="standard"))
        for model, values in live.values(record)
    ]


def scored(found, log_odds, **changes):
    """The same models, saying another score."""
    return [(model, replace(risk, log_odds=log_odds, **changes)) for model, risk in found]


def test_who_scores_high_is_referred_and_who_is_drawn_is_drawn_whatever_the_score(found):
    """Both arms, their chances, and what is sent and logged of them."""
    selector = Selector(SelectionPolicy(lane=0.05), key_of)
    draws = selector.lane.of("2026-11")
    drawn = next(one for one in ids(1000, 1) if draws.drawn(one, "enforcement") and not draws.drawn(one, "protection"))
    free = next(one for one in ids(1000, 2) if not draws.drawn(one, "enforcement"))
    for decision_id, log_odds, arm, probability in (
        (free, -inf, None, 0.05),
        (free, inf, Arm.SCORE, 1.0),
        (drawn, -inf, Arm.RANDOM, 0.05),
        (drawn, inf, Arm.RANDOM, 1.0),
    ):
        first, second, protection = selector.select(decision_id, AT, SOMEBODY, scored(found, log_odds)).risks
        assert first is second
        assert (first.referred, first.arm, first.probability) == (arm is not None, arm, probability)
        assert orjson.loads(orjson.dumps(first.json)) == {
            "referred": arm is not None,
            "arm": arm,
            "probability": probability,
        }
        assert first.told == f"enforcement:{arm or 'none'}:{probability}"
        assert protection.told.startswith("protection:")
        assert protection.arm is (Arm.SCORE if log_odds == inf else None) or decision_id == free


def test_a_draw_is_of_the_audience_and_can_be_repeated(found):
    """One draw decides for all risks of an audience; the same decision gives the same again, in another process too."""
    made = [Selector(SelectionPolicy(lane=0.05), key_of) for _ in range(2)]
    seen = Counter()
    for decision_id in ids(3000, 4):
        arms = [[one.told for one in selector.select(decision_id, AT, SOMEBODY, found).risks] for selector in made]
        assert arms[0] == arms[1]
        lane = ["random" in one for one in arms[0]]
        assert lane[0] == lane[1]
        seen[lane[0], lane[2]] += 1
    assert min(seen[True, False], seen[False, True]) > 75


def test_r30_what_the_model_abstains_from_is_never_referred_by_score_but_stays_in_the_lane(found):
    """A record outside of what was seen is drawn like everybody's, and its score refers nobody."""
    selector = Selector(SelectionPolicy(lane=0.05), key_of)
    strange = scored(found, inf, abstained=["Outside of what training saw: notice of the booking"])
    arms = Counter(one.arm for each in ids(2000, 5) for one in selector.select(each, AT, SOMEBODY, strange).risks[:1])
    assert arms[Arm.SCORE] == 0
    assert 60 < arms[Arm.RANDOM] < 140
    assert {one.probability for one in selector.select("x", AT, SOMEBODY, strange).risks} == {0.05}
    assert [one.arm for one in selector.select("x", AT, SOMEBODY, scored(found, float("nan"))).risks] == [None] * 3


def test_crew_is_drawn_like_everybody():
    """Who is not scored by rule is selected for each audience by the lane alone."""
    selector = Selector(SelectionPolicy(lane=0.05), key_of)
    made = [selector.select_unscored(each, AT, ("enforcement", "protection")) for each in ids(2000, 6)]
    found = [one.unscored for one in made]
    assert {one.policy for one in made} == {f"{selector.policy.version}/2026-11"}
    assert made[0].told == tuple(one.told for one in found[0].values())
    drawn = [(one["enforcement"].referred, one["protection"].referred) for one in found]
    assert 60 < sum(first for first, _ in drawn) < 140
    assert 60 < sum(second for _, second in drawn) < 140
    assert {one["enforcement"].arm for one in found} == {None, Arm.RANDOM}


def test_each_capacity_refers_its_share_of_the_reference_population_and_never_more():
    """Over a population with many equal scores too."""
    rng = np.random.default_rng(7)
    for scores in (rng.normal(size=50_000), rng.integers(0, 12, 50_000).astype(float), np.zeros(1000)):
        baselines = Baselines.from_reference(scores, {}, ())
        for share in (0.0, 0.001, 0.0055, 0.02, 0.1, 0.5, 1.0):
            reached = float(np.mean(scores >= baselines.threshold(share)))
            assert reached <= share + 0.002
            if len(set(scores.tolist())) == len(scores):
                assert abs(reached - share) < 0.0005


def test_slots_bound_an_hour_of_a_point_and_the_lane_stands_beside_them(found):
    """Two slots: two are referred by score, whoever comes again keeps theirs, others hear that the hour is full."""
    policy = SelectionPolicy(lane=0.0, default=RiskCapacity(slots_per_hour=2, slots={"MBA": 0}))
    selector = Selector(policy, key_of)
    high = scored(found, inf)

    def told(number, point="NBO", later=timedelta()):
        return selector.select("x", AT, crossing(number, point, CROSSES + later), high).told[0].split(":")[1]

    assert [told(number) for number in (1, 2, 3, 1)] == ["score", "score", "full", "score"]
    assert told(3, later=timedelta(hours=1)) == "score"
    assert told(3, point="KIS") == "score"
    assert told(1, point="MBA") == "full"
    drawing = Selector(policy.model_copy(update={"lane": 0.05}), key_of)
    arms = [drawing.select(each, AT, crossing(n), high).risks[0] for n, each in enumerate(ids(500, 8))]
    assert sum(one.arm is Arm.SCORE for one in arms) == 2
    assert {one.probability for one in arms if one.arm is Arm.RANDOM and one.told.endswith("0.05")} == {0.05}
    assert sum(one.arm is Arm.RANDOM for one in arms) > 10


def test_memory_of_slots_is_bounded():
    """However many points are named, no more hours are kept than the bound."""
    hours = Hours(kept=10)
    for number in range(1000):
        assert hours.has_one(("r", f"P{number}", 1), 1, 1, take=True)
    assert len(hours._taken) == 10


def test_r19_weights_by_the_chance_before_the_draw_add_up_to_everybody(found):
    """Sum of 1/probability over the selected is the number of all within three standard errors, slots or not."""
    rng = np.random.default_rng(9)
    number, persons = 60_000, [crossing(n, f"P{n % 7}", CROSSES + timedelta(minutes=20 * n)) for n in range(3_000)]
    for capacity in (RiskCapacity(), RiskCapacity(slots_per_hour=3)):
        selector = Selector(SelectionPolicy(lane=0.02, default=capacity), key_of)
        threshold = selector.threshold(found[0][0])
        total, variance = 0.0, 0.0
        high, low = scored(found[:1], threshold), scored(found[:1], threshold - 1e-9)
        reaches = rng.random(number) < 0.02
        for place, (each, is_high) in enumerate(zip(ids(number, 10), reaches.tolist(), strict=True)):
            [one] = selector.select(each, AT, persons[place // 20], high if is_high else low).risks
            total += one.referred / one.probability
            variance += 1 / one.probability - 1
        assert abs(total - number) < 3 * sqrt(variance)


def test_policy_names_itself_by_what_it_says(tmp_path):
    """The version follows from the content alone, and any change of it makes another."""
    path = tmp_path / "policy.toml"
    path.write_text("lane = 0.03\n[default]\ncapacity = 0.01\n[risk.document_fraud]\nslots = { NBO = 4 }\n")
    policy = SelectionPolicy.from_toml(path)
    assert (policy.lane, policy.of("other").capacity, policy.of("document_fraud").slots_at("NBO")) == (0.03, 0.01, 4)
    assert (
        policy.version
        == SelectionPolicy(**policy.model_dump()).version
        == sha256(policy.text.encode()).hexdigest()[:16]
    )
    assert policy.version != policy.model_copy(update={"lane": 0.02}).version


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("lane = 0.06", "lane"),
        ("lane = nan", "lane"),
        ("[risk.document_fraud]\ncapacity = 2", "risk.document_fraud.capacity"),
        ("lanes = 1", "lanes"),
        ("lane = ", "is no TOML"),
    ],
)
def test_policy_that_breaks_a_rule_is_refused_by_name(tmp_path, text, place):
    """The error names file and place."""
    path = tmp_path / "policy.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=f"policy.toml: .*{place}|policy.toml: {place}"):
        SelectionPolicy.from_toml(path)
    with pytest.raises(SettingsError, match=r"none\.toml: cannot be read"):
        SelectionPolicy.from_toml(tmp_path / "none.toml")
