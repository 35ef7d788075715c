"""Arrays for what is written in parts: XLA has none, and fills one with zeros first."""

from __future__ import annotations

import math
from typing import Any

import jax
import numpy as np

from tf1x.native.library import on_cpu

# Zeros for smaller ones take no more than the call.
_FEW_BYTES = 1 << 16


def suits(shape: tuple[int, ...], dtype: Any) -> bool:
    """Whether such an array is large enough for the zeros to matter, and on a CPU."""
    if not isinstance(dtype, np.dtype):
        return False
    return math.prod(shape) * dtype.itemsize >= _FEW_BYTES and on_cpu()


def unwritten(shape: tuple[int, ...], dtype: Any, number: int) -> Any:
    """An array with whatever is in its memory; all of it must be written before it is read.

    Args:
        number: another one for each array of a program; XLA would take two calls that are alike for
            one, and copy its result.
    """
    struct: Any = jax.ShapeDtypeStruct
    call: Any = jax.ffi.ffi_call("tf1x_unwritten", struct(shape, dtype))
    return call(number=np.int64(number))
