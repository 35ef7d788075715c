"""The import of JAX, without a look at every installed package.

JAX (0.10.2, jax/_src/numpy/array_constructors.py) reads the metadata of all of them for one whose name
begins with jax-rocm: 75 to 100 ms with 146 packages, where all of tf1x takes 250.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import metadata
from typing import Any


def run() -> None:
    """Import JAX, unless that is done; meanwhile `importlib.metadata.distributions` gives its kin."""
    if "jax" in sys.modules:
        return
    every = metadata.distributions

    def kin(**options: Any) -> Iterator[metadata.Distribution]:
        # The folder has the package's name.
        for found in every(**options):
            folder = getattr(found, "_path", None)
            if folder is None or folder.name.lower().startswith("jax"):
                yield found

    metadata.distributions = kin
    try:
        import jax  # noqa: F401
    finally:
        metadata.distributions = every
