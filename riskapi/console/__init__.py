"""The console: server-rendered pages over the same functions as the API, for people who work with what it says."""
