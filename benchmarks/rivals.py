"""What one would take instead: an estimator with an explainer, fitted on the same cases, asked for the same thing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shap
from interpret.glassbox import ExplainableBoostingClassifier
from setting import dataset
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder
from threadpoolctl import threadpool_limits

from features.spec import Kind

REASONS = 5


@dataclass(frozen=True)
class Rival:
    """A fitted estimator.

    Attributes:
        title: what it is.
        explain: one-row frame -> probability and the features that matter most.
        parts: what a server needs to rebuild it.
    """

    title: str
    explain: Callable[[pd.DataFrame], tuple[float, list[tuple[str, float]]]]
    parts: dict[str, Any]


def trees_pipeline(categories: list[str]) -> Pipeline:
    """scikit-learn's gradient boosting behind an encoder of the categories, not fitted."""
    encode = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan, encoded_missing_value=np.nan)
    prepare = ColumnTransformer(
        [("categories", encode, categories)], remainder="passthrough", verbose_feature_names_out=False
    )
    trees = HistGradientBoostingClassifier(max_iter=200, learning_rate=0.05, random_state=0)
    return Pipeline([("prepare", prepare), ("trees", trees)])


def boosted_trees(risk: str = "document_fraud") -> Rival:
    """scikit-learn's gradient boosting in a pipeline, explained by shap."""
    threadpool_limits(1)  # one row has no work for two threads, which would wait for each other on a busy machine
    train = dataset(risk).train
    names = [spec.name for spec in dataset(risk).specs if spec.kind is Kind.CATEGORY]
    pipeline = trees_pipeline(names).fit(train.frame, train.y)
    explainer = shap.TreeExplainer(pipeline["trees"])
    order = list(pipeline["prepare"].get_feature_names_out())

    def explain(row: pd.DataFrame) -> tuple[float, list[tuple[str, float]]]:
        probability = float(pipeline.predict_proba(row)[0, 1])
        return probability, top_reasons(order, explainer.shap_values(pipeline["prepare"].transform(row))[0])

    return Rival(
        "gradient boosting + shap, one-row frame",
        explain,
        {"pipeline": pipeline, "order": order, "columns": list(train.frame)},
    )


def explainable_boosting() -> Rival:
    """Interpret's explainable boosting machine, explained by its own library."""
    train = dataset().train
    kinds = ["nominal" if spec.kind is Kind.CATEGORY else "continuous" for spec in dataset().specs]
    machine = ExplainableBoostingClassifier(
        feature_types=kinds, interactions=10, outer_bags=4, n_jobs=1, random_state=0
    )
    machine.fit(train.frame.fillna(np.nan), train.y)

    def explain(row: pd.DataFrame) -> tuple[float, list[tuple[str, float]]]:
        probability = float(machine.predict_proba(row)[0, 1])
        told = machine.explain_local(row).data(0)
        return probability, top_reasons(told["names"], told["scores"])

    return Rival("explainable boosting machine: predict_proba + explain_local", explain, {"machine": machine})


def top_reasons(names: Any, contributions: Any) -> list[tuple[str, float]]:
    """The features that matter most, with their contributions."""
    contributions = np.asarray(contributions)
    return [(str(names[at]), float(contributions[at])) for at in np.argsort(-np.abs(contributions))[:REASONS]]
