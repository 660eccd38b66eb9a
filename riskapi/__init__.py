"""The scoring service: accepts records, answers with assessments and their reasons, keeps every decision."""

__version__ = "0.1.0"
