"""The model families, as a list that can be read: three that explain themselves, and one yardstick that cannot."""

from training.families.base import (
    ExplainableModel,
    Family,
    FamilySettings,
    FittedModel,
    check_parity,
    model_columns,
    score,
)
from training.families.explainable_boosting import ExplainableBoostingFamily
from training.families.gradient_boosting import GradientBoostingFamily
from training.families.logistic_scorecard import LogisticScorecardFamily
from training.families.prior import PriorFamily

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        PriorFamily(),
        LogisticScorecardFamily(),
        ExplainableBoostingFamily(),
        GradientBoostingFamily(),  # a yardstick: it has no table of points, so packaging refuses it
    )
}

__all__ = [
    "FAMILIES",
    "ExplainableModel",
    "Family",
    "FamilySettings",
    "FittedModel",
    "check_parity",
    "model_columns",
    "score",
]
