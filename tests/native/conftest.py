from __future__ import annotations

from collections.abc import Iterator

import jax
import pytest


@pytest.fixture(autouse=True)
def wide_types() -> Iterator[None]:
    """As the runtime traces."""
    with jax.enable_x64(True):
        yield
