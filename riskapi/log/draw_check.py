"""Holds the selections of the log against their policies, and the draws against the keys that an auditor was shown."""

import re
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError

from features.risk import Audience
from models.lane import Draws, commitment_to
from riskapi.errors import ServiceError
from riskapi.log.bodies import text_or_none, texts
from riskapi.log.entry import Kind
from riskapi.log.findings import Findings, Rule
from riskapi.selection_policy import SelectionPolicy, version_of

_BATCH = 1000
_RANDOM = ":random:"
_GIVEN = re.compile(r"(\d{4}-(?:0[1-9]|1[0-2]))=([0-9a-f]{64})")
_FORM = "how somebody was selected has another form than the service writes"


def read_lane_keys(given: Sequence[str]) -> dict[str, bytes]:
    """Read keys as ``riskapi lane-key`` prints them: ``YYYY-MM=`` and 64 hexadecimal digits.

    Raises:
        ServiceError: for another form.

    >>> len(read_lane_keys(["2026-10=" + "ab" * 32])["2026-10"])
    32
    """
    found = {}
    for one in given:
        match = _GIVEN.fullmatch(one.strip())
        if match is None:
            raise ServiceError("Give a lane's key as YYYY-MM=<64 hexadecimal digits>, as `riskapi lane-key` prints it.")
        found[match[1]] = bytes.fromhex(match[2])
    return found


class _Known(NamedTuple):
    """What can be held against the selections of one policy in one month.

    Attributes:
        words: every referral that the policy can give, as the log has it.
        draws: by the month's key; ``None`` where the auditor was not shown it.
    """

    words: frozenset[str]
    draws: Draws | None


class DrawCheck:
    """Follows policies and selections; memory stays bounded.

    Args:
        keys: of the lane, by month, as the auditor was shown them.
        findings: takes what does not hold.
    """

    def __init__(self, keys: Mapping[str, bytes], findings: Findings) -> None:
        self._keys = keys
        self._findings = findings
        self._policies: dict[str, SelectionPolicy] = {}
        self._known: dict[str, _Known] = {}
        self._waiting = sqlite3.connect("")
        self._waiting.execute("CREATE TABLE waiting (writer TEXT, seq INT, id TEXT, policy TEXT, told TEXT)")
        self.checked = 0
        """Decisions whose draws were computed again."""

    def watched(self) -> dict[str, Callable[[str, int, Mapping[str, Any]], None]]:
        """What to call for which kind of row."""
        return {Kind.SELECTION_POLICY: self._policy, Kind.DECISION: self._decision}

    def finish(self) -> None:
        """Take the end of the log: by now every policy was read."""
        rows = self._waiting.execute("SELECT * FROM waiting ORDER BY rowid")
        while batch := rows.fetchmany(_BATCH):
            for writer, seq, decision_id, policy, told in batch:
                known = self._find(policy)
                if known is None:
                    text = f"no row of the log holds the policy {policy.partition('/')[0][:40]!r} that selected here"
                    self._findings.add(Rule.SELECTION_UNKNOWN, text, writer, seq)
                else:
                    self._judge(known, writer, seq, decision_id, orjson.loads(told))
        self._waiting.close()

    def _policy(self, writer: str, seq: int, body: Mapping[str, Any]) -> None:
        text, version = text_or_none(body.get("policy")), text_or_none(body.get("version"))
        commitments = body.get("commitments")
        if text is None or version is None or not isinstance(commitments, dict):
            self._findings.add(Rule.MALFORMED, "a policy comes with its version and its commitments", writer, seq)
            return
        try:
            policy = SelectionPolicy.model_validate_json(text)
        except ValidationError:
            self._findings.add(Rule.MALFORMED, "this is no policy of selection", writer, seq)
            return
        if version != version_of(text):
            self._findings.add(Rule.MALFORMED, "the version is not that of the policy beside it", writer, seq)
            return
        self._policies[version] = policy
        for month in self._keys.keys() & commitments.keys():
            if commitments[month] != commitment_to(self._keys[month]):
                told = f"the key of {month} that was given is not the one that this row commits to"
                self._findings.add(Rule.DRAW_WRONG, told, writer, seq)

    def _decision(self, writer: str, seq: int, body: Mapping[str, Any]) -> None:
        policy = body.get("policy")
        if policy is None:  # decisions from before there were policies
            return
        decision_id, told = body.get("decision_id"), texts(body.get("referrals"))
        if not isinstance(policy, str) or not isinstance(decision_id, str) or told is None:
            self._findings.add(Rule.MALFORMED, _FORM, writer, seq)
            return
        known = self._known.get(policy) or self._find(policy)
        if known is not None:
            self._judge(known, writer, seq, decision_id, told)
            return
        row = writer, seq, decision_id, policy, orjson.dumps(told).decode()
        self._waiting.execute("INSERT INTO waiting VALUES (?, ?, ?, ?, ?)", row)

    def _find(self, name: str) -> _Known | None:
        version, _, month = name.partition("/")
        policy = self._policies.get(version)
        if policy is None:
            return None
        key = self._keys.get(month)
        draws = None if key is None else Draws(key, policy.lane)
        known = self._known[name] = _Known(frozenset(words_of(policy)), draws)
        return known

    def _judge(self, known: _Known, writer: str, seq: int, decision_id: str, told: Sequence[str]) -> None:
        if not known.words.issuperset(told):
            text = "somebody was selected in a way, or with a chance, that the policy does not give"
            self._findings.add(Rule.DRAW_WRONG, text, writer, seq)
            return
        if known.draws is None:
            return
        self.checked += 1
        for audience in {one.partition(":")[0] for one in told}:
            drawn = known.draws.drawn(decision_id, audience)
            if any((_RANDOM in one) != drawn for one in told if one.startswith(f"{audience}:")):
                state = "was drawn, and the row does not say so" if drawn else "was not drawn, and the row says so"
                self._findings.add(Rule.DRAW_WRONG, f"for {audience} this decision {state}", writer, seq)


def words_of(policy: SelectionPolicy) -> set[str]:
    """Every referral that a policy can give, as the log has it.

    >>> sorted(words_of(SelectionPolicy()))[:3]
    ['enforcement:full:0.02', 'enforcement:none:0.02', 'enforcement:random:0.02']
    """
    lane = repr(policy.lane)
    arms = f"none:{lane}", f"full:{lane}", f"random:{lane}", "random:1.0", "score:1.0"
    return {f"{audience.value}:{arm}" for audience in Audience for arm in arms}
