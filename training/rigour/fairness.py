"""Whether the audit's verdicts are right where the true ratio is known, and whether what is planted blocks."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from features.record import TravellerRecord
from features.spec import FeatureSpec, Kind, Monotone, ReasonText, Use
from models.promotion import Verdict
from training import fairness, proxies
from training.fairness_config import FairnessConfig
from training.rigour.claim import Claim, Limit, Row, count_row, mean_row, over_seeds, share_of
from training.rigour.worlds import WorldParameters, inspect, logistic, make_world

INNOCENT = 8_259
"""Innocent travellers of the group in question: enough to tell a false-positive rate of 5 % from 1.25 times it."""
OTHERS = (12_000, 16_000, 24_000)
"""Innocent travellers of the other groups."""
RATE = 0.05
AUDITS = 10
"""Audits of each true ratio per seed: 200 over twenty seeds, since one in forty comes out wrong by chance."""
CONFIG = FairnessConfig(gated=("bloc",), shown=(), pairs=False)
RIGHT = {1.0: Verdict.PASSED, 1.5: Verdict.FAILED, 2.9: Verdict.FAILED}
"""True ratio -> the verdict that is right."""
BLOCS = ("A", "B", "C", "D", "E")
PEOPLE = 120_000


def claim(seeds: Sequence[int]) -> Claim:
    """Judge verdicts, a planted proxy, and officers who lean against a bloc.

    Args:
        seeds: of the worlds.
    """
    found = over_seeds(measure, seeds)
    most, limit = share_of(len(seeds), 0.95), Limit(low=0.95)
    rows: list[Row] = [
        mean_row(f"verdict right at a true ratio of {ratio:g}", found[f"ratio {ratio:g}"], limit, unit="percent")
        for ratio in RIGHT
    ]
    rows += [
        count_row("planted proxy blocks", found["proxy"], most),
        count_row("no proxy, no block", found["no proxy"], most),
        count_row("model of officers who lean against a bloc blocks", found["biased officers"], most),
        count_row("officers without bias, facts that tell no bloc: not failed", found["fair officers"], most),
        count_row(
            "a twentieth of the travellers still passes at a ratio of 1",
            found["few"],
            share_of(len(seeds), 0.5),
            control=True,
        ),
    ]
    return Claim(
        "Fairness verdicts are right, and what is planted blocks",
        tuple(rows),
        f"{AUDITS} audits a seed with {INNOCENT:,} innocent travellers in the group, {RATE * 100:g} % referred "
        "elsewhere; 90 % intervals, "
        "failures corrected by Holm over the groups.",
    )


def measure(seed: int) -> dict[str, float]:
    """Measure one seed: share of right verdicts for each true ratio, and 1 where what is planted was met rightly."""
    rng = np.random.default_rng((seed, 11))
    found: dict[str, float] = {
        f"ratio {ratio:g}": float(np.mean([_verdict(ratio, rng, 1.0) is right for _ in range(AUDITS)]))
        for ratio, right in RIGHT.items()
    }
    found["few"] = _verdict(1.0, rng, 0.05) is Verdict.PASSED
    found["proxy"], found["no proxy"] = _proxies(rng)
    found["biased officers"] = _learned_from_officers(seed, (0.0, 0.0, 0.0, 1.5, 2.5)) is Verdict.FAILED
    found["fair officers"] = _learned_from_officers(seed, (0.0,) * 5) is not Verdict.FAILED
    return found


def _verdict(ratio: float, rng: np.random.Generator, part: float) -> Verdict:
    """Audit a model that refers one group ``ratio`` times as often, with base rates that do not differ."""
    sizes = [round(part * size) for size in (INNOCENT, *OTHERS)]
    group = np.repeat(np.arange(len(sizes)), sizes)
    referred = rng.random(len(group)) < np.where(group == 0, RATE * ratio, RATE)
    names = np.array([f"group {one}" for one in group], dtype=object)
    score = referred + rng.random(len(group)) / 2
    return _audited(score, np.zeros(len(group)), names, float(referred.mean())).verdict("referral")


def _audited(score: np.ndarray, y: np.ndarray, names: np.ndarray, capacity: float) -> fairness.FactAudit:
    groups = pd.DataFrame({"bloc": names})
    scored = fairness.Scored(score, y, np.ones(len(y)), np.arange(len(y)), groups)
    return fairness.audit(scored, scored, CONFIG, capacity).facts[0]


def _proxies(rng: np.random.Generator, rows: int = 8_000) -> tuple[bool, bool]:
    """Ask for proxies with one planted, and without: whether the gate fails, and whether it passes."""
    bloc = rng.choice(np.array(BLOCS, dtype=object), rows, p=[0.45, 0.25, 0.15, 0.10, 0.05])
    frame = pd.DataFrame({"hours": rng.gamma(2.0, 200.0, rows), "bags": rng.poisson(1.2, rows).astype(float)})
    planted = frame.assign(hours=frame["hours"] * np.where(bloc == "D", 2.0, 1.0))
    scored = fairness.Scored(
        rng.normal(size=rows), np.zeros(rows), np.ones(rows), np.arange(rows), pd.DataFrame({"bloc": bloc})
    )
    verdicts = []
    for table in (planted, frame):
        told, number = proxies.tell(table, _SPECS, scored, CONFIG, seed=1)
        verdicts.append(proxies.gate(proxies.ProxyReport(told, (), number), CONFIG).verdict)
    return verdicts[0] is Verdict.FAILED, verdicts[1] is Verdict.PASSED


def _learned_from_officers(seed: int, bias: tuple[float, ...]) -> Verdict:
    """Score everybody by how officers choose whom to check, and audit that by bloc, at 5 % referred.

    That is what a model learns that takes "was checked" for "was guilty"; the recorded facts tell the bloc in part.
    """
    shifts = (0.0,) * 5 if not any(bias) else (0.0, 0.0, 0.0, 1.2, 1.8)
    parameters = WorldParameters(travellers=PEOPLE, officer_bias=bias, bloc_shifts=shifts, officer_share=0.10)
    world = make_world(parameters, seed)
    checked = (inspect(world, seed).arm == _OFFICER).astype(np.float64)
    points = _logistic_fit(world.x, checked)
    score = world.x @ points
    names = np.array(BLOCS, dtype=object)[world.bloc]
    return _audited(score, world.y, names, RATE).verdict("referral")


def _logistic_fit(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Fit a logistic regression by Newton's method; the intercept is not returned, since it ranks nobody."""
    table = np.column_stack([np.ones(len(x)), x])
    points = np.zeros(table.shape[1])
    for _ in range(15):
        chance = logistic(table @ points)
        bend = chance * (1 - chance)
        points += np.linalg.solve(
            table.T @ (table * bend[:, None]) + 1e-6 * np.eye(len(points)), table.T @ (y - chance)
        )
    return np.asarray(points[1:])


_OFFICER = 3
"""Arm of :class:`training.rigour.worlds.Inspections`."""


def _nothing(_record: TravellerRecord) -> None:
    return None


def _spec(name: str, code: str) -> FeatureSpec:
    return FeatureSpec(
        function=_nothing,
        name=name,
        group="extra",
        doc=name,
        kind=Kind.NUMBER,
        unit="units",
        label=name,
        expects=Monotone.NONE,
        use=Use.SCORE,
        reason=ReasonText(code, f"{name} raises", f"{name} lowers", f"{name} was not given"),
        because="Made for a small world; nobody travels there",
    )


_SPECS = (_spec("hours", "HO01"), _spec("bags", "BA01"))
