"""An auditor who is shown a month's key can check every draw, and nobody can pass off another key, policy or draw."""

from datetime import UTC, datetime
from hashlib import sha256

import pytest

from models.lane import commitment_to
from riskapi.errors import ServiceError
from riskapi.log.draw_check import DrawCheck, read_lane_keys
from riskapi.log.entry import Kind
from riskapi.log.findings import Findings, Rule
from riskapi.selection import Selector
from riskapi.selection_book import PolicyBook
from riskapi.selection_policy import SelectionPolicy
from tests.models.test_lane import ids
from tests.riskapi.privacy.makers import Clock, dated_services, entries_of

MONTH = "2026-11"
POLICY = SelectionPolicy(lane=0.05)


def key_of(month):
    """A key for each month."""
    return sha256(month.encode()).digest()


def bodies(number=400):
    """What the log holds of a policy and of decisions that it selected."""
    selector = Selector(POLICY, key_of)
    entry = {"policy": POLICY.text, "version": POLICY.version, "commitments": {MONTH: commitment_to(key_of(MONTH))}}
    decisions = []
    for each in ids(number, 30):
        found = selector.select_unscored(each, f"{MONTH}-02T09:00:00.000Z", ("enforcement", "protection"))
        decisions.append({"decision_id": each, "policy": found.policy, "referrals": list(found.told)})
    return entry, decisions


def found_in(entries, decisions, keys):
    """Check rows; gives the rules that were broken with their places, and how many draws were computed."""
    findings = Findings("log")
    check = DrawCheck(keys, findings)
    watch = check.watched()
    for seq, body in enumerate(decisions, 1):
        watch[Kind.DECISION]("2", seq, body)
    for seq, body in enumerate(entries, 1):
        watch[Kind.SELECTION_POLICY]("3", seq, body)
    for seq, body in enumerate(decisions, len(decisions) + 1):
        watch[Kind.DECISION]("4", seq, body)
    check.finish()
    return [(one.rule, one.writer, one.seq) for one in findings], check.checked


def test_every_draw_of_a_revealed_key_is_computed_again():
    """All of them, whether the policy was read before or after; without the key what was told is held to the policy."""
    entry, decisions = bodies()
    assert found_in([entry], decisions, {MONTH: key_of(MONTH)}) == ([], 2 * len(decisions))
    assert found_in([entry], decisions, {}) == ([], 0)
    assert found_in([entry], [{"decision_id": "before there were policies"}], {MONTH: key_of(MONTH)}) == ([], 0)


def test_a_draw_that_was_made_up_or_left_out_is_found_at_its_place():
    """Somebody who was drawn and is not in the lane, and the reverse, each in both passes."""
    entry, decisions = bodies()
    drawn = next(place for place, one in enumerate(decisions) if one["referrals"][0] == "enforcement:random:0.05")
    free = next(place for place, one in enumerate(decisions) if one["referrals"][1] == "protection:none:0.05")
    decisions[drawn]["referrals"][0] = "enforcement:none:0.05"
    decisions[free]["referrals"][1] = "protection:random:0.05"
    found, _ = found_in([entry], decisions, {MONTH: key_of(MONTH)})
    wanted = {("2", drawn + 1), ("2", free + 1), ("4", drawn + 401), ("4", free + 401)}
    assert {one[1:] for one in found} == wanted
    assert {one[0] for one in found} == {Rule.DRAW_WRONG}
    assert found_in([entry], decisions, {}) == ([], 0)


@pytest.mark.parametrize("told", ["enforcement:none:0.02", "enforcement:score:0.5", "nobody:none:0.05", "x"])
def test_a_chance_that_the_policy_does_not_give_is_found_without_a_key(told):
    """A probability is not what somebody would like it to be."""
    entry, decisions = bodies(1)
    decisions[0]["referrals"][0] = told
    found, _ = found_in([entry], decisions, {})
    assert {one[0] for one in found} == {Rule.DRAW_WRONG}


def test_another_key_than_the_committed_one_is_found():
    """A key chosen afterwards, so that it draws whom somebody wants, does not fit the commitment."""
    entry, decisions = bodies(1)
    found, _ = found_in([entry], decisions, {MONTH: key_of("another")})
    assert (Rule.DRAW_WRONG, "3", 1) in found


def test_a_policy_that_the_log_does_not_hold_is_found():
    """No decision rests on a policy that was never on record, or on one that was changed there."""
    entry, decisions = bodies(1)
    assert found_in([], decisions, {}) == ([(Rule.SELECTION_UNKNOWN, "2", 1), (Rule.SELECTION_UNKNOWN, "4", 2)], 0)
    changed = entry | {"policy": SelectionPolicy(lane=0.04).text}
    rules = {one[0] for one in found_in([changed], decisions, {})[0]}
    assert rules == {Rule.MALFORMED, Rule.SELECTION_UNKNOWN}
    for body in (entry | {"policy": "{}x"}, entry | {"commitments": []}, entry | {"version": 1}):
        assert found_in([body], [], {})[0] == [(Rule.MALFORMED, "3", 1)]
    for change in ({"policy": 1}, {"referrals": "x"}, {"decision_id": None}):
        assert found_in([entry], [decisions[0] | change], {})[0][0][0] is Rule.MALFORMED


def test_keys_of_another_form_are_refused():
    """Month and 64 digits, no more and no less."""
    assert read_lane_keys([f"{MONTH}={'0' * 64}"]) == {MONTH: bytes(32)}
    for text in ("2026-13=" + "0" * 64, "2026-11", f"{MONTH}=00"):
        with pytest.raises(ServiceError, match="YYYY-MM"):
            read_lane_keys([text])


def test_policy_is_on_record_before_its_first_draw_and_once(tmp_path):
    """At start, when it changes and when a month begins; the key of a month is committed to in the month before."""
    clock = Clock(datetime(2026, 11, 24, 9, tzinfo=UTC))
    with dated_services(tmp_path, clock) as services:
        book = PolicyBook(services.journal, services.engine, POLICY, key_of=key_of, clock=clock)
        book.publish()
        book.publish()
        PolicyBook(services.journal, services.engine, POLICY, key_of=key_of, clock=clock).publish()
        assert len(entries_of(services, Kind.SELECTION_POLICY)) == 1
        clock.now = datetime(2026, 12, 31, 23, tzinfo=UTC)
        book.publish()
        other = SelectionPolicy(lane=0.01)
        later = PolicyBook(services.journal, services.engine, other, key_of=key_of, clock=clock)
        later.publish()
        told = entries_of(services, Kind.SELECTION_POLICY)
        assert [sorted(one["commitments"]) for one in told] == [["2026-11", "2026-12"], *[["2026-12", "2027-01"]] * 2]
        assert (
            told[0]["commitments"]["2026-12"] == told[1]["commitments"]["2026-12"] == commitment_to(key_of("2026-12"))
        )
        assert later.policies() == {POLICY.version: POLICY, other.version: other}
