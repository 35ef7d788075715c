"""Settings of all tests."""

import pytest
from hypothesis import settings

from tf1x.native import library

# Machines differ and are shared: no test fails for being slow.
settings.register_profile("tf1x", deadline=None)
settings.load_profile("tf1x")


@pytest.fixture
def kernels() -> None:
    """The native kernels; `make test` has compiled them."""
    if library.library() is None:
        pytest.skip(library.prepare())
