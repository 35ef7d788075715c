"""Settings of all tests."""

from hypothesis import settings

# Machines differ and are shared: no test fails for being slow.
settings.register_profile("tf1x", deadline=None)
settings.load_profile("tf1x")
