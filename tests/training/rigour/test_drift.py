"""The claim about drift, in short: few windows, one limit each."""

from training.rigour.drift import FAMILIES, claim_of


def test_drift_is_told_from_noise():
    """Quiet windows, seasons and full flights are quiet; what was planted is told; the controls fail."""
    claim = claim_of([1, 2], quiet=12, changed=4)
    assert {row.label: row.text() for row in claim.rows if not row.holds} == {}
    assert len(claim.rows) == len(FAMILIES) + 10
    assert sum(row.is_control for row in claim.rows) == 3
