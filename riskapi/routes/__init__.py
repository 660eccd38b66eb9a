"""HTTP only: accept, delegate, answer."""
