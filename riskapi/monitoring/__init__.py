"""Watching: what was answered and what came of it is counted off the response path, compared, and reported."""
