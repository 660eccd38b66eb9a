"""Where decisions, bundles, approvals and keys live."""
