"""Records to columns of features, chunk by chunk, by the extractor of the service.

Worker processes import this module: it stays free of pandas and of estimators, so that they start at once.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from features.catalogue import CATALOGUE, Extractor
from features.declared import DeclaredColumns
from features.record import TravellerRecord
from features.reference import ReferenceData
from features.spec import Kind, Use

AUDIT_FEATURES = tuple(spec for spec in CATALOGUE.specs if spec.use is Use.AUDIT)
"""Protected facts as groups: for the audit of a model, never for the model."""


def compute(
    texts: Sequence[bytes], names: Sequence[str], declared: DeclaredColumns, reference: ReferenceData
) -> tuple[list[npt.NDArray[Any]], int]:
    """Compute one chunk, column by column; features are found by name, since functions do not travel."""
    own = {spec.name: spec for spec in declared.specs}
    specs = [*(own[name] if name in own else CATALOGUE[name] for name in names), *AUDIT_FEATURES]
    extractor = Extractor(specs, reference)
    rows, raw = [], []
    for text in texts:
        record = TravellerRecord.model_validate_json(text)
        rows.append(extractor.values(record))
        raw.append(declared.values_of(record.extra))
    columns = [column_of(spec.kind, values) for spec, values in zip(specs, zip(*rows, strict=True), strict=True)]
    columns += [column_of(Kind.CATEGORY, values) for values in zip(*raw, strict=True)]
    return columns, len(texts)


def column_of(kind: Kind, values: Sequence[Any]) -> npt.NDArray[Any]:
    """Make an array of one feature: float64 with NaN, or object with ``None``."""
    if kind is Kind.CATEGORY:
        texts = np.empty(len(values), dtype=object)
        texts[:] = values
        return texts
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
