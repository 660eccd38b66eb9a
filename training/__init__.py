"""Learning from cases: split, fit, evaluate, package, track, propose. Never imported by the service."""
