"""The price of parity is shown for each mitigation on the same cases, as a table and a picture."""

import pytest

from models.promotion import Verdict
from tests.training import small_world
from training import frontier

FAIRNESS = {"gated": ["mode"], "shown": [], "pairs": False, "min_cell": 100}


@pytest.fixture(scope="module")
def points():
    """The points of the small world, in which travellers by air are referred far more often."""
    config = small_world.config(family={"name": "logistic_scorecard", "min_bin_rows": 50}, fairness=FAIRNESS)
    return frontier.frontier(config, small_world.cases(), drop=("paid_in_cash",))


def test_each_mitigation_is_a_point(points):
    """Nothing, one feature left out, and four strengths; each with an interval around its precision."""
    assert [each.name for each in points][:2] == ["nothing", "without paid_in_cash"]
    assert len(points) == 2 + len(frontier.STRENGTHS)
    assert all(each.low <= each.precision <= each.high for each in points)
    assert points[1].precision < points[0].precision


def test_weights_bring_groups_nearer_and_cost_quality(points):
    """At some strength the furthest ratio is half of what it is without; it costs."""
    assert points[0].verdict is Verdict.FAILED
    nearest = min(points[2:], key=lambda each: each.gap)
    assert nearest.gap < points[0].gap / 2
    assert nearest.precision < points[0].precision


def test_the_page_needs_nothing_but_itself(points, tmp_path):
    """Picture and table inside, no script, no address, and the notice where cases are simulated."""
    path = tmp_path / "frontier.html"
    frontier.write(points, path, title="What <it> costs", simulated=True)
    page = path.read_text()
    assert page.count("<circle") == len(points)
    assert "What &lt;it&gt; costs" in page
    assert "simulated" in page
    assert "<script" not in page
    assert "http" not in page
