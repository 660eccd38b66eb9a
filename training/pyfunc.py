"""A bundle as an MLflow model: what MLflow itself loads to serve scores; needs features/ and models/ beside it only.

MLflow runs this file when it loads a registered model (models from code): nothing is unpickled. The bundle is verified
and its golden records are replayed before the first score.
"""

import json
import warnings
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from features.catalogue import Extractor
from features.errors import FeatureError
from features.record import TravellerRecord
from models.assessment import RiskScorer
from models.bundle import ModelBundle, read_directory

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # MLflow warns about its own type hints while it is imported
    from mlflow.models import set_model
    from mlflow.pyfunc.model import PythonModel, PythonModelContext

INPUT = "record"
"""The one input column: JSON text of a traveller record."""
COLUMNS = (
    "risk",
    "probability",
    "interval_low",
    "interval_high",
    "percentile",
    "band",
    "log_odds",
    "reasons",
    "model_digest",
    "problem",
)
"""The output columns; ``reasons`` is JSON text, ``problem`` says why a row has no score, without its values."""


class BundleModel(PythonModel):
    """Scores records with the bundle that was logged beside it: an assessment, never a decision."""

    def load_context(self, context: PythonModelContext) -> None:
        """Open and verify the bundle.

        The signers that are trusted come with the model. Whoever does not trust the tracking server passes a list:
        ``mlflow.pyfunc.load_model(uri, model_config={"trusted_signers": [...]})``.
        """
        trusted = (context.model_config or {}).get("trusted_signers", [])
        self.bundle = ModelBundle.open(read_directory(Path(context.artifacts["bundle"])), trusted)
        self.scorer = RiskScorer(self.bundle)
        self.extractor = Extractor(self.scorer.specs, self.bundle.reference)

    def predict(
        self,
        context: PythonModelContext,  # noqa: ARG002  MLflow hands it over
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,  # noqa: ARG002  there is nothing to set
    ) -> pd.DataFrame:
        """Score one record per row; a record that cannot be read gives a row with its problem.

        Args:
            context: of MLflow.
            model_input: the column ``record``.
            params: none.
        """
        rows: Sequence[Any] = model_input[INPUT].tolist()
        return pd.DataFrame([self._row(text) for text in rows], columns=list(COLUMNS), index=model_input.index)

    def _row(self, text: Any) -> dict[str, Any]:
        row: dict[str, Any] = dict.fromkeys(COLUMNS)
        row |= {"risk": self.bundle.risk.name, "model_digest": self.bundle.digest}
        try:
            record = TravellerRecord.model_validate_json(text)
            told = self.scorer.assess(self.extractor.values(record))
        except ValidationError as error:
            problems = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
            return row | {"problem": "; ".join(problems)}
        except (FeatureError, TypeError) as error:
            return row | {"problem": f"record: JSON text of a traveller record is needed ({type(error).__name__})"}
        return row | {
            "probability": told.probability,
            "interval_low": told.interval.low,
            "interval_high": told.interval.high,
            "percentile": told.percentile,
            "band": told.band,
            "log_odds": told.log_odds,
            "reasons": json.dumps(
                {
                    "for": [asdict(reason) for reason in told.reasons_for],
                    "against": [asdict(reason) for reason in told.reasons_against],
                    "other_contributions": told.other_contributions,
                    "baseline": told.baseline,
                }
            ),
        }


set_model(BundleModel())
