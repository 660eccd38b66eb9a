"""The scoring service: accepts records, answers with assessments and their reasons, keeps every decision."""
