"""What a release pack must hold: its documents, and the sections without which no model is proposed."""

from collections.abc import Mapping

from training.release.hazards import HAZARDS

DIRECTORY = "release"
"""Of the pack, beside the bundle in the directory of a run, and among the artefacts in MLflow."""
LIST = "pack.json"
INDEX = "index.html"

DEMANDED: Mapping[str, tuple[str, ...]] = {
    "model_card": (
        "details",
        "intended_use",
        "factors",
        "metrics",
        "evaluation_data",
        "training_data",
        "analyses",
        "intersections",
        "ethics",
        "caveats",
        "terms",
    ),
    "data_sheet": (
        "motivation",
        "composition",
        "collection",
        "labels",
        "maturity",
        "missingness",
        "splits",
        "blind_spots",
        "below_power",
        "uses",
        "maintenance",
    ),
    "gate_report": ("summary", "gates", "answering"),
    "risk_file": ("scope", *(f"hazard_{each.name}" for each in HAZARDS), "residual"),
    "oversight_guide": (
        "role",
        "score",
        "reasons",
        "interval",
        "no_band",
        "capacity",
        "automation_bias",
        "forbidden",
        "protection",
        "duties",
        "open",
    ),
    "reason_stability": ("method", "agreement", "by_term", "reading"),
    "champion_comparison": ("models",),
}
"""Name of a document -> its sections, in the order in which the documents should be read."""

OF_A_SUCCESSOR = ("models", "quality", "calibration", "groups", "bands", "reasons", "features")
"""Sections of the comparison where there is a champion to compare with."""
