"""UN/EDIFACT as it arrives: bytes with telex headers and footers in, segments with their places out."""
