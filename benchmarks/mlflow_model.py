"""The usual way: gradient boosting with shap as an MLflow model, for ``mlflow models serve``."""

from typing import Any

import joblib
import mlflow
import numpy as np
import pandas as pd
import shap


class BoostedTreesWithReasons(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # mlflow ships no types
    """A probability and five reasons for each risk of each row of ready features."""

    def load_context(self, context: Any) -> None:
        """Open the pickled pipelines and make their explainers."""
        parts = joblib.load(context.artifacts["parts"])
        self.risks = [(name, one, shap.TreeExplainer(one["pipeline"]["trees"])) for name, one in parts.items()]

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> list[dict[str, Any]]:
        """Score and explain rows."""
        del context, params
        frame = model_input.replace({None: np.nan})
        rows: list[dict[str, Any]] = [{} for _ in range(len(frame))]
        for name, parts, explainer in self.risks:
            pipeline, own = parts["pipeline"], frame[parts["columns"]]
            probabilities = pipeline.predict_proba(own)[:, 1]
            contributions = explainer.shap_values(pipeline["prepare"].transform(own))
            largest = np.argsort(-np.abs(contributions), axis=1)[:, :5]
            for row, probability, points, places in zip(rows, probabilities, contributions, largest, strict=True):
                reasons = [[parts["order"][at], float(points[at])] for at in places]
                row[name] = {"probability": float(probability), "reasons": reasons}
        return rows


mlflow.models.set_model(BoostedTreesWithReasons())
