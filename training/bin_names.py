"""What each bin of a term is called in tables and pictures of a run."""

from itertools import pairwise

from features.spec import FeatureSpec, Kind, Monotone
from models.terms import Axis


def bin_names(axis: Axis, spec: FeatureSpec) -> tuple[str, ...]:
    """Name the bins of the values, without those of missing and unseen ones.

    A flag has no words for yes and no but its sentences, of which one says that the riskier value was seen: its label
    alone ("guardian on the booking") would leave open which of the two that is.

    Args:
        axis: of a term.
        spec: its feature.
    """
    if axis.kind is Kind.CATEGORY:
        return tuple(spec.labels.get(level, level) for level in axis.levels)
    if axis.kind is Kind.FLAG:
        sentences = (spec.reason.lowers, spec.reason.raises)
        return sentences if spec.expects is Monotone.INCREASING else sentences[::-1]
    if not axis.cuts:
        return ("any value",)
    edges = [f"{cut:.6g}" for cut in axis.cuts]
    return (f"under {edges[0]}", *(f"{a} to under {b}" for a, b in pairwise(edges)), f"{edges[-1]} and over")
