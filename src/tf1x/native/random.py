"""Random fills by the native kernels: the numbers of `tf1x.ops.philox`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.native.library import library, on_cpu

_KINDS = {"words": 0, "uniform": 1, "normal": 2, "truncated_normal": 3}
_MASK64 = 0xFFFFFFFFFFFFFFFF


def fill(
    kind: str, seed: Any, seed2: Any, counter: Any, shape: Sequence[int], dtype: Any
) -> Any | None:
    """Values from block `counter` on; None where there is no kernel for them.

    kind: "words" (uint32), "uniform", "normal" or "truncated_normal" (float32, float64).
    The result is an `np.ndarray` unless an argument is a `jax.Array`.
    """
    dtype = np.dtype(dtype)
    if dtype not in ((np.uint32,) if kind == "words" else (np.float32, np.float64)):
        return None
    stream = (seed, seed2, counter)
    if any(isinstance(part, jax.Array) for part in stream):
        if not on_cpu() or 0 in shape:
            return None
        struct: Any = jax.ShapeDtypeStruct
        result = struct(tuple(shape), dtype)
        call: Any = jax.ffi.ffi_call("tf1x_random", result, vmap_method="sequential")
        return call(packed(*stream), kind=np.int64(_KINDS[kind]))
    kernels = library()
    if kernels is None:
        return None
    out = np.empty(tuple(shape), dtype)
    numbers = [int(_unsigned(part)) for part in stream]
    count, wide = math.prod(shape), dtype.itemsize == 8
    kernels.tf1x_fill(_KINDS[kind], *numbers, count, wide, out.ctypes.data)
    return out


def packed(seed: Any, seed2: Any, counter: Any) -> jax.Array:
    """A stream from block `counter` on, as traced kernels take it: uint64 [3]."""
    return jnp.stack([jnp.asarray(_unsigned(part), np.uint64) for part in (seed, seed2, counter)])


def _unsigned(part: Any) -> Any:
    """A seed or position modulo 2^64."""
    return part.astype(np.uint64) if isinstance(part, jax.Array) else np.uint64(int(part) & _MASK64)
