from __future__ import annotations

from collections.abc import Iterator

import jax
import pytest

from tf1x.native import library


@pytest.fixture(autouse=True)
def wide_types() -> Iterator[None]:
    """As the runtime traces."""
    with jax.enable_x64(True):
        yield


@pytest.fixture
def kernels() -> None:
    """The native kernels; `make test` has compiled them."""
    if library.library() is None:
        pytest.skip(library.prepare())
