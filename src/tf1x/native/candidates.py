"""Classes drawn without repetition, by the native kernel: the numbers of `candidate_sampling`."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from tf1x.native.library import on_cpu
from tf1x.native.random import packed

_DISTRIBUTIONS = {"UniformCandidateSampler": 0, "LogUniformCandidateSampler": 1}


def different(
    sampler: str, seed: Any, seed2: Any, start: Any, count: int, range_max: int
) -> tuple[Any, Any] | None:
    """The first `count` different classes from block `start` on, and the number of draws.

    None where there is no kernel.

    Args:
        sampler: the op.

    Returns:
        int64 [count] and an int64 scalar.
    """
    if not on_cpu():
        return None
    struct: Any = jax.ShapeDtypeStruct
    results = struct((count,), np.int64), struct((), np.int64)
    call: Any = jax.ffi.ffi_call("tf1x_candidates", results, vmap_method="sequential")
    kind, limit = np.int64(_DISTRIBUTIONS[sampler]), np.int64(range_max)
    classes, draws = call(packed(seed, seed2, start), distribution=kind, range=limit)
    return classes, draws
