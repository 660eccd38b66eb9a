"""Measures of a model: pure functions of outcomes, scores and weights, used by gates, cards and monitoring alike."""
