"""How an outcome came about: the words for selection, evidence and role, and which of them make a label."""

SELECTIONS = ("random", "rule", "score", "tip", "officer")
"""Why a case was inspected. Without it, learning from outcomes repeats the choices that led to them."""

EVIDENCE = (
    "physical_search",
    "document_examination",
    "interview",
    "biometric_check",
    "laboratory",
    "court_ruling",
    "model_score",
    "rule_hit",
    "none",
)
"""What an outcome rests on."""

NOT_INDEPENDENT = frozenset({"model_score", "rule_hit", "none"})
"""Evidence that is no evidence: a label from it would teach a model its own opinion."""

ROLES = ("officer", "second_line_officer", "forensic_examiner", "protection_officer", "court", "system")
"""Who decided on an outcome; "system" makes no label."""

NOTHING_FOUND = "nothing_found"
"""An inspection that confirmed nothing: the one conclusive code that belongs to no risk."""

INCONCLUSIVE = frozenset({"inconclusive", "overturned"})
"""Codes that say neither yes nor no: such a case carries no label."""
