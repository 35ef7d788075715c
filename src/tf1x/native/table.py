"""Rows of a table by the native kernel: copied whole, where XLA's code takes number by number."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.native.derivative import differentiable
from tf1x.native.library import on_cpu

# Shorter rows, and fewer bytes in all, are not worth a call out of XLA's code.
_SHORT, _FEW = 64, 1 << 13


def suits(table: Any, indices: Any) -> bool:
    """Whether the kernel is there for rows of `table` (along its first axis)."""
    row = math.prod(table.shape[1:]) * table.dtype.itemsize
    long = row >= _SHORT and row * np.size(indices) >= _FEW
    counted = np.dtype(indices.dtype) in (np.int32, np.int64)
    return bool(table.shape[0]) and long and counted and on_cpu()


def taken(table: Any, indices: Any) -> Any:
    """`table[indices]` by XLA's code; the first or the last row for an index outside."""
    return jnp.take(table, indices, axis=0, mode="clip")


def _rows(table: Any, indices: Any) -> Any:
    struct: Any = jax.ShapeDtypeStruct
    result = struct((*np.shape(indices), *table.shape[1:]), table.dtype)
    call: Any = jax.ffi.ffi_call("tf1x_gather", result, vmap_method="sequential")
    return call(jnp.asarray(table), jnp.asarray(indices))


rows = differentiable(_rows, taken)
