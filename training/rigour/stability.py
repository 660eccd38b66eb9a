"""Claim: reasons stay when cases or seeds change, directions cost next to nothing, and a table tells of nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.tree import DecisionTreeClassifier

from features.spec import FeatureSpec, Monotone
from models.metrics.quality import roc_auc
from training.families import FAMILIES, ExplainableModel
from training.families.base import Floats, model_columns
from training.families.shape import check_directions
from training.rigour.claim import Claim, Limit, mean_row, over_seeds
from training.rigour.travellers import SPECS, Travellers, make_travellers
from training.stability import first_reasons, reasons

FAMILY = FAMILIES["explainable_boosting"]
TOP_SHARE = 0.05


def claim(seeds: Sequence[int], *, rows: int = 12_000, jobs: int = 1) -> Claim:
    """Fit each world twice with other redraws, and once without directions.

    Args:
        seeds: of worlds and fits.
        rows: labelled crossings.
        jobs: processes.
    """
    found = over_seeds(partial(measure, rows=rows), seeds, jobs=jobs)
    shown = (
        mean_row("median support of a first reason over redraws", found["support"], Limit(low=0.7), unit="percent"),
        mean_row("overlap of first reasons between seeds", found["jaccard"], Limit(low=0.9), unit="percent"),
        mean_row(
            "overlap of first reasons with those of other travellers (chance)",
            found["chance"],
            Limit(high=0.7),
            control=True,
            unit="percent",
        ),
        mean_row("ROC AUC that directions cost", found["cost"], Limit(high=0.01)),
        mean_row("ROC AUC of telling who was learned from, by the loss", found["member"], Limit(high=0.55)),
        mean_row("the same among confirmed cases", found["confirmed"], Limit(high=0.6)),
        mean_row("the same for a tree that learns each case by heart", found["by heart"], Limit(low=0.8), control=True),
    )
    note = f"{rows:,} labelled crossings; reasons of the highest {TOP_SHARE:.0%} of other travellers."
    return Claim("Reasons are stable, directions are cheap, and tables tell of nobody", shown, note)


def measure(seed: int, rows: int) -> Mapping[str, float]:
    """All numbers of one world."""
    learned, other = make_travellers(rows, seed), make_travellers(rows // 2, seed)
    one, two = (_fit(learned, seed + again, SPECS) for again in (0, 500_000))
    free = _fit(learned, seed, tuple(replace(spec, expects=Monotone.NONE) for spec in SPECS))
    table = one.compile()
    check_directions(table, SPECS)
    scores = one.log_odds(other.frame)
    top = other.frame[scores >= np.quantile(scores, 1 - TOP_SHARE)]
    told = reasons(table, top, one.inflation)
    first = [first_reasons(each.compile().contributions(model_columns(top, table.features))) for each in (one, two)]
    strangers = np.roll(first[0], len(top) // 2, axis=0)
    tree = DecisionTreeClassifier(random_state=seed).fit(_numbers(learned.frame), learned.y)
    by_heart = [np.clip(tree.predict_proba(_numbers(each.frame))[:, 1], 1e-3, 1 - 1e-3) for each in (learned, other)]
    losses = [_loss(one.log_odds(each.frame), each.y) for each in (learned, other)]
    remembered = [
        _loss(np.log(chance / (1 - chance)), each.y) for chance, each in zip(by_heart, (learned, other), strict=True)
    ]
    confirmed = [each.y == 1 for each in (learned, other)]
    return {
        "support": told.support,
        "jaccard": _overlap(first[0], first[1]),
        "chance": _overlap(first[0], strangers),
        "cost": float(roc_auc(other.y, free.log_odds(other.frame)) - roc_auc(other.y, scores)),
        "member": _telling(losses[0], losses[1]),
        "confirmed": _telling(losses[0][confirmed[0]], losses[1][confirmed[1]]),
        "by heart": _telling(remembered[0][confirmed[0]], remembered[1][confirmed[1]]),
    }


def _fit(learned: Travellers, seed: int, specs: Sequence[FeatureSpec]) -> ExplainableModel:
    model = FAMILY.fit(
        learned.frame,
        learned.y,
        None,
        specs,
        settings=FAMILY.settings_type(),
        seed=seed,
        travellers=learned.who.tolist(),
    )
    if not isinstance(model, ExplainableModel):  # it is
        raise TypeError(FAMILY.name)
    return model


def _overlap(one: npt.NDArray[np.bool_], other: npt.NDArray[np.bool_]) -> float:
    """Mean of common first reasons over all, by record."""
    return float(np.mean((one & other).sum(axis=1) / np.maximum(1, (one | other).sum(axis=1))))


def _loss(log_odds: Floats, y: Floats) -> Floats:
    return np.asarray(np.logaddexp(0.0, log_odds) - y * log_odds)


def _telling(members: Floats, others: Floats) -> float:
    """ROC AUC with which a smaller loss tells members from others."""
    return float(roc_auc(np.repeat([0.0, 1.0], [len(members), len(others)]), np.concatenate([members, others])))


def _numbers(frame: pd.DataFrame) -> Floats:
    return frame.assign(hub=frame["hub"].map(ord)).to_numpy(dtype=np.float64)
