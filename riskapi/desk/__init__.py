"""The review desk: who was referred is read by a person, whose own view, verdicts and outcome go on record."""
