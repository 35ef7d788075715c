"""Adam's update of a variable by the native kernel: float32."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.native.library import on_cpu


def suits(value: Any) -> bool:
    """Whether the kernel is there for a variable."""
    return value.dtype == np.float32 and on_cpu()


def update(
    value: Any, mean: Any, square: Any, gradient: Any, rate: Any, beta1: Any, beta2: Any, epsilon: Any,
    keep: Any, *, readers: Sequence[Any] = (),
) -> Any:  # fmt: skip
    """The new value and the new means of the gradient and of its square.

    rate: the learning rate with the correction for the first steps.
    keep: a bool; where it holds, the results are what was there.
    readers: what was computed from the value. As arguments of the call they tell XLA that they come
        first; it would copy the value for them.
    """
    struct: Any = jax.ShapeDtypeStruct
    result = struct(value.shape, np.float32)
    call: Any = jax.ffi.ffi_call(
        "tf1x_adam",
        (result, result, result),
        input_output_aliases={0: 0, 1: 1, 2: 2},  # in place
        vmap_method="sequential",
    )
    arrays = value, mean, square, gradient, rate, beta1, beta2, epsilon, keep
    return call(*map(jnp.asarray, arrays), *readers)
