"""Gradient descent on a matrix by the native kernel: float32.

The gradient of a weight is mostly a product of two matrices, which the kernel can subtract from the
weight as it makes it. An op does not know where its gradient comes from, so it calls `descend`, and
runtime/in_place.py puts `subtract_product` for it where it follows a product.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.native.library import on_cpu

# The name of `descend` in a traced program.
NAME = "tf1x_gradient_descent"


def suits(value: Any) -> bool:
    """Whether the kernel is there for a variable."""
    return value.ndim == 2 and value.dtype == np.float32 and on_cpu()


def _descend(value: Any, rate: Any, gradient: Any, keep: Any) -> Any:
    """`value - rate * gradient`, or `value` where the bool `keep` holds."""
    return jnp.where(keep, value, value - rate * gradient)


_descend.__name__ = NAME
descend = jax.jit(_descend)


def subtract_product(
    value: Any, rate: Any, keep: Any, transpose_a: bool, transpose_b: bool, a: Any, b: Any,
    *, readers: Sequence[Any] = (),
) -> Any:  # fmt: skip
    """`value - rate * product(transpose_a, transpose_b, a, b)` in place; `value` where `keep`.

    readers: what was computed from the value. As arguments of the call they tell XLA that they come
        first; it would copy the value for them.
    """
    struct: Any = jax.ShapeDtypeStruct
    result = struct(value.shape, np.float32)
    call: Any = jax.ffi.ffi_call("tf1x_descend", result, input_output_aliases={0: 0})
    return call(
        *map(jnp.asarray, (value, rate, keep, a, b, *readers)),
        transpose_a=np.int64(transpose_a),
        transpose_b=np.int64(transpose_b),
    )
