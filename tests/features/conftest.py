"""Property tests that neither the clock nor chance can break."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "repeatable",
    deadline=None,  # a busy machine is no failure
    derandomize=True,  # the same examples in every run
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("repeatable")
