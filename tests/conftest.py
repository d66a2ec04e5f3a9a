"""Hypothesis profiles for the whole tree: moderate at a desk, the same examples every time on the build machine."""

import os

from hypothesis import HealthCheck, settings

_SHARED = {
    "deadline": None,
    "suppress_health_check": (HealthCheck.too_slow, HealthCheck.function_scoped_fixture),
}

settings.register_profile("default", max_examples=60, **_SHARED)
settings.register_profile("ci", max_examples=60, derandomize=True, print_blob=True, **_SHARED)
settings.register_profile("deep", max_examples=2_000, **_SHARED)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "default"))
