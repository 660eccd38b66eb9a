"""The usual way: gradient boosting with shap as an MLflow model, for ``mlflow models serve``."""

from typing import Any

import joblib
import mlflow
import numpy as np
import pandas as pd
import shap


class BoostedTreesWithReasons(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # mlflow ships no types
    """A probability and five reasons for each row of ready features."""

    def load_context(self, context: Any) -> None:
        """Open the pickled pipeline and make its explainer."""
        parts = joblib.load(context.artifacts["parts"])
        self.pipeline, self.order = parts["pipeline"], parts["order"]
        self.explainer = shap.TreeExplainer(self.pipeline["trees"])

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> list[dict[str, Any]]:
        """Score and explain rows."""
        del context, params
        frame = model_input.replace({None: np.nan})
        probabilities = self.pipeline.predict_proba(frame)[:, 1]
        contributions = self.explainer.shap_values(self.pipeline["prepare"].transform(frame))
        largest = np.argsort(-np.abs(contributions), axis=1)[:, :5]
        return [
            {
                "probability": float(probability),
                "reasons": [[self.order[at], float(row[at])] for at in places],
            }
            for probability, row, places in zip(probabilities, contributions, largest, strict=True)
        ]


mlflow.models.set_model(BoostedTreesWithReasons())
