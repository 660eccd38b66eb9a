"""Which outcomes make a label: independent, reasoned, known at a time; each problem with its rule and remedy."""

from collections.abc import Callable, Sequence

import pandas as pd
import pandera.pandas as pa

from features.outcome import EVIDENCE, INCONCLUSIVE, NOT_INDEPENDENT, ROLES, SELECTIONS

COLUMNS = (
    "outcome_code",
    "known_at",
    "selection",
    "selection_probability",
    "decided_by_role",
    "evidence_type",
)
"""What is known of the outcome of a case; all of it is missing where nobody looked."""

_Rule = tuple[str, str, str, Callable[[pd.DataFrame], "pd.Series[bool]"]]
_DAY = pd.Timedelta(days=1)


def _inspected(frame: pd.DataFrame) -> "pd.Series[bool]":
    return frame["outcome_code"].notna()


def _needs(column: str) -> Callable[[pd.DataFrame], "pd.Series[bool]"]:
    return lambda frame: ~_inspected(frame) | frame[column].notna()


def _among(column: str, allowed: Sequence[str]) -> Callable[[pd.DataFrame], "pd.Series[bool]"]:
    return lambda frame: frame[column].isna() | frame[column].isin(list(allowed))


_RULES: tuple[_Rule, ...] = (
    (
        "outcome_code",
        "an outcome code is small letters, digits and underscores",
        "correct the code; a case that nobody looked at has none",
        lambda frame: ~_inspected(frame) | frame["outcome_code"].astype(str).str.fullmatch("[a-z][a-z0-9_]{1,39}"),
    ),
    (
        "known_at",
        "an outcome needs the time at which it became known",
        "give known_at; a training may only use what was known at its time",
        _needs("known_at"),
    ),
    (
        "known_at",
        "a time without an outcome",
        "give the outcome, or leave known_at blank",
        lambda frame: _inspected(frame) | frame["known_at"].isna(),
    ),
    (
        "known_at",
        "an outcome that was known over a day before the crossing",
        "correct the times; such a case would teach the past from the future",
        lambda frame: frame["known_at"].isna() | frame["time"].isna() | (frame["known_at"] >= frame["time"] - _DAY),
    ),
    (
        "selection",
        "an outcome needs the reason for which the case was checked",
        f"give one of {', '.join(SELECTIONS)}; without it no bias can be corrected",
        _needs("selection"),
    ),
    (
        "selection",
        "a selection that is not known",
        f"give one of {', '.join(SELECTIONS)}",
        _among("selection", SELECTIONS),
    ),
    (
        "selection_probability",
        "a probability lies above 0 and not above 1",
        "correct it, or leave it blank where the chance of being checked is not known",
        lambda frame: (
            frame["selection_probability"].isna()
            | ((frame["selection_probability"] > 0) & (frame["selection_probability"] <= 1))
        ),
    ),
    (
        "decided_by_role",
        "an outcome needs the role of the person who decided on it",
        f"give one of {', '.join(role for role in ROLES if role != 'system')}",
        _needs("decided_by_role"),
    ),
    (
        "decided_by_role",
        "a role that is not known",
        f"give one of {', '.join(role for role in ROLES if role != 'system')}",
        _among("decided_by_role", ROLES),
    ),
    (
        "decided_by_role",
        "an outcome that a system decided is no independent outcome",
        "leave the outcome blank, or give what a person found",
        lambda frame: frame["decided_by_role"] != "system",
    ),
    (
        "evidence_type",
        "an outcome needs the evidence that it rests on",
        f"give one of {', '.join(kind for kind in EVIDENCE if kind not in NOT_INDEPENDENT)}",
        _needs("evidence_type"),
    ),
    (
        "evidence_type",
        "a kind of evidence that is not known",
        f"give one of {', '.join(kind for kind in EVIDENCE if kind not in NOT_INDEPENDENT)}",
        _among("evidence_type", EVIDENCE),
    ),
    (
        "evidence_type",
        "a score, a rule or no evidence makes no label",
        "leave the outcome blank, or give what an inspection found",
        lambda frame: ~(_inspected(frame) & frame["evidence_type"].isin(list(NOT_INDEPENDENT))),
    ),
)

SCHEMA = pa.DataFrameSchema(
    {name: pa.Column(nullable=True) for name in (*COLUMNS, "time")},
    checks=[pa.Check(holds, error=str(place), ignore_na=False) for place, (_, _, _, holds) in enumerate(_RULES)],
)
"""Every rule of an outcome, as one pandera schema; a check's error is its place in the list of rules."""


def problems_of(outcomes: pd.DataFrame) -> pd.DataFrame:
    """Find every row that breaks a rule of outcomes, and every rule that it breaks.

    Args:
        outcomes: :data:`COLUMNS` and ``time`` (of the crossing), one row per case.

    Returns:
        Columns ``index``, ``place``, ``rule``, ``remedy``; no value of the table.
    """
    try:
        SCHEMA.validate(outcomes, lazy=True)
    except pa.errors.SchemaErrors as errors:
        found = errors.failure_cases[["check", "index"]].drop_duplicates()
        rules = [_RULES[int(place)] for place in found["check"]]
        return pd.DataFrame(
            {
                "index": found["index"].astype("int64").to_numpy(),
                "place": [rule[0] for rule in rules],
                "rule": [rule[1] for rule in rules],
                "remedy": [rule[2] for rule in rules],
            }
        )
    return pd.DataFrame({"index": pd.Series(dtype="int64"), "place": [], "rule": [], "remedy": []})


def label_of(outcome_codes: pd.Series, confirming: Sequence[str]) -> pd.Series:
    """Turn outcome codes into labels of one risk.

    Args:
        outcome_codes: one code per case, ``None`` where nobody looked.
        confirming: the codes that confirm the risk.

    Returns:
        1.0 where confirmed, 0.0 for any other conclusive code, NaN where nobody looked or nothing was concluded:
        "not inspected" is never 0.
    """
    label = outcome_codes.isin(list(confirming)).astype("float64")
    return label.mask(outcome_codes.isna() | outcome_codes.isin(list(INCONCLUSIVE)))
