"""The different ones among numbers that are drawn, by the native kernel: int64."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.native.library import on_cpu


def suits(drawn: Any) -> bool:
    """Whether the kernel is there."""
    return bool(drawn.dtype == np.int64) and on_cpu()


def different(kept: Any, counts: Any, drawn: Any) -> Any:
    """`kept` with the numbers of `drawn` that are new, as many as it has room for, and the counts.

    Args:
        counts: of the numbers in `kept`, and of those looked at; int64 [2].
    """
    struct: Any = jax.ShapeDtypeStruct
    results = struct(kept.shape, np.int64), struct((2,), np.int64)
    call: Any = jax.ffi.ffi_call("tf1x_different", results, vmap_method="sequential")
    return call(jnp.asarray(kept), jnp.asarray(counts), jnp.asarray(drawn))
