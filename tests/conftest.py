"""Settings of all tests."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import settings

from tf1x.native import library

# Machines differ and are shared: no test fails for being slow. And the same examples in every run: a
# change is to blame for what fails. `pytest --hypothesis-profile=explore` looks for others.
settings.register_profile("explore", deadline=None)
settings.register_profile("tf1x", deadline=None, derandomize=True)
settings.load_profile("tf1x")


@pytest.fixture
def kernels() -> None:
    """The native kernels; `make test` has compiled them."""
    if library.library() is None:
        pytest.skip(library.prepare())


@pytest.fixture(autouse=True)
def _own_numbers(request: pytest.FixtureRequest) -> Iterator[None]:
    """Gives a module's generators their state back: no test's data hang on which ran before it."""
    generators = [v for v in vars(request.module).values() if isinstance(v, np.random.RandomState)]
    states = [generator.get_state() for generator in generators]
    yield
    for generator, state in zip(generators, states, strict=True):
        generator.set_state(state)
