"""The file of a bundle that says which features its model reads, and what they meant when it learned them."""

from collections.abc import Sequence
from typing import Any

from features.catalogue import FeatureCatalogue
from features.declared import DeclaredColumns
from features.errors import FeatureError
from features.risk import Risk
from features.spec import FeatureSpec
from models.errors import BundleContentError

FILE = "features.json"


def pack_features(specs: Sequence[FeatureSpec], declared: DeclaredColumns) -> dict[str, Any]:
    """Write the names in the model's order, their meaning, and the agency's own columns."""
    return {
        "names": [spec.name for spec in specs],
        "definitions": {spec.name: _definition(spec) for spec in specs},
        "declared": declared.to_json(),
    }


def read_features(
    data: Any, risk: Risk, catalogue: FeatureCatalogue
) -> tuple[DeclaredColumns, tuple[FeatureSpec, ...]]:
    """Find the features in today's catalogue and among the declared columns.

    Args:
        data: what :func:`pack_features` wrote.
        risk: what the model scores for; a feature that its models may not use is refused.
        catalogue: today's features.

    Raises:
        BundleContentError: naming the first feature that is not allowed, or means another thing today.
    """
    try:
        names, definitions = data["names"], data["definitions"]
        declared = DeclaredColumns.from_json(data["declared"])
        allowed = {spec.name: spec for spec in catalogue.for_scoring(risk, declared.specs)}
        whole = set(data) == {"names", "definitions", "declared"} and set(definitions) == set(names)
    except (TypeError, KeyError, AttributeError, ValueError):
        raise BundleContentError(FILE, "it has names, definitions and declared") from None
    except FeatureError as error:
        raise BundleContentError(FILE, str(error)) from None
    if not whole or len(set(names)) != len(names):
        raise BundleContentError(FILE, "it has one definition for each name")
    for name in names:
        if name not in allowed:
            raise BundleContentError(FILE, f"a model of this risk may use the feature {str(name)[:80]!r}")
        difference = _difference(definitions[name], allowed[name])
        if difference:
            raise BundleContentError(FILE, f"the feature {name!r} means what it meant in training: {difference}")
    return declared, tuple(allowed[name] for name in names)


def _definition(spec: FeatureSpec) -> dict[str, Any]:
    return {"code": spec.reason.code, "kind": spec.kind.value, "unit": spec.unit}


def _difference(then: Any, spec: FeatureSpec) -> str:
    """What has changed since training; empty where nothing has."""
    now = _definition(spec)
    if not isinstance(then, dict) or set(then) != set(now):
        return "a definition has code, kind and unit"
    return ", ".join(f"its {key} is now {now[key]!r}" for key in now if now[key] != then[key])
