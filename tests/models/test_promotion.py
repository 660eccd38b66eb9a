"""A model is promoted by a second person, and only when every gate passed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from models.promotion import Gate, GateReport, Verdict, may_promote


def gate(name: str = "parity", verdict: Verdict = Verdict.PASSED, **changes) -> Gate:
    """One gate."""
    fields = {"title": name.title(), "rule": f"{name} holds", "limit": 1.0, "value": 0.5} | changes
    return Gate(name=name, verdict=verdict, **fields)


GOOD = GateReport(gates=(gate("parity"), gate("lift")))


def test_two_people_and_passed_gates_promote():
    """The one way to yes."""
    ruling = may_promote(GOOD, "Amina Yusuf", "Peter Odhiambo")
    assert (ruling.allowed, ruling.objections) == (True, ())


@pytest.mark.parametrize("verdict", [Verdict.FAILED, Verdict.INCONCLUSIVE])
def test_a_gate_that_did_not_pass_blocks(verdict):
    """Not knowing is no pass; the objection names the gate and its rule."""
    report = GateReport(gates=(gate("parity"), gate("lift", verdict)))
    ruling = may_promote(report, "a", "b")
    assert not ruling.allowed
    (objection,) = ruling.objections
    assert objection.startswith(f"Gate 'lift' is {verdict.value}: lift holds.")
    assert not report.passed
    assert [one.name for one in report.open_gates] == ["lift"]


def test_an_approver_may_answer_for_an_inconclusive_gate_by_its_name():
    """Naming it opens it; leaving one of two out does not."""
    report = GateReport(gates=tuple(gate(name, Verdict.INCONCLUSIVE) for name in ("lift", "drift")))
    assert may_promote(report, "a", "b", ("lift", "drift")).allowed
    assert not may_promote(report, "a", "b", ("lift",)).allowed


@pytest.mark.parametrize("name", ["parity", "lift", "unknown"])
def test_only_an_inconclusive_gate_can_be_accepted(name):
    """A failed gate stays shut, and a name that opens nothing is an objection of its own."""
    report = GateReport(gates=(gate("parity"), gate("lift", Verdict.FAILED)))
    assert not may_promote(report, "a", "b", (name,)).allowed
    assert not may_promote(GOOD, "a", "b", (name,)).allowed


@given(
    verdicts=st.lists(st.sampled_from(Verdict), min_size=1, max_size=6),
    proposer=st.sampled_from(["", " ", "amina", "Peter"]),
    approver=st.sampled_from(["", "\t", "Amina", " PETER "]),
)
def test_promotion_needs_all_of_it(verdicts, proposer, approver):
    """Allowed exactly when all gates passed and two different names stand there."""
    report = GateReport(gates=tuple(gate(f"g{at}_", verdict) for at, verdict in enumerate(verdicts)))
    names = [name.strip().casefold() for name in (proposer, approver)]
    expected = set(verdicts) == {Verdict.PASSED} and all(names) and names[0] != names[1]
    assert may_promote(report, proposer, approver).allowed == expected


@pytest.mark.parametrize(
    ("proposer", "approver"),
    [("amina", "amina"), ("amina", " Amina"), ("Amina  Yusuf", "amina yusuf"), ("STRASSE", "straße")],
)
def test_nobody_approves_an_own_proposal(proposer, approver):
    """Typing the name in another way makes no second person."""
    assert may_promote(GOOD, proposer, approver).objections == (
        "The approver is the proposer: a second person must agree.",
    )


def test_every_objection_is_told_at_once():
    """A person sees all that is in the way."""
    report = GateReport(gates=(gate("parity", Verdict.FAILED), gate("lift", Verdict.INCONCLUSIVE)))
    assert len(may_promote(report, "", "").objections) == 4


def test_a_gate_with_a_limit_passes_on_a_measured_value_only():
    """Nothing measured is no pass."""
    with pytest.raises(ValidationError, match="measured value"):
        gate(value=None)
    assert gate(limit=None, value=None).verdict is Verdict.PASSED
    assert gate(verdict=Verdict.INCONCLUSIVE, value=None).value is None


@pytest.mark.parametrize("gates", [(), (gate("lift"), gate("lift"))], ids=["none", "twice"])
def test_a_report_without_gates_or_with_one_twice_is_refused(gates):
    """An empty report would pass by saying nothing."""
    with pytest.raises(ValidationError):
        GateReport(gates=gates)


@pytest.mark.parametrize("change", [{"value": float("nan")}, {"limit": float("inf")}, {"more": 1}, {"rule": ""}])
def test_a_gate_has_one_form(change):
    """Numbers are finite, and no field is free."""
    with pytest.raises(ValidationError):
        gate(**change)


def test_a_report_survives_json():
    """What travels in the bundle is what was measured."""
    assert GateReport.model_validate_json(GOOD.model_dump_json()) == GOOD
