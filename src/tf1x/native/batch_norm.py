"""Batch normalisation's statistics and its gradient by the native kernels: float32, channels last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.native.derivative import differentiable
from tf1x.native.library import on_cpu

# With fewer channels most of a vector is empty.
_FEW = 8


def suits(x: Any) -> bool:
    """Whether the kernels are there for an array, whose last dimension is the channels."""
    return x.dtype == np.float32 and x.ndim > 1 and x.shape[-1] >= _FEW and on_cpu()


def _call(target: str, shapes: Any, *operands: Any, **attributes: Any) -> Any:
    struct: Any = jax.ShapeDtypeStruct
    results = tuple(struct(shape, np.float32) for shape in shapes)
    call: Any = jax.ffi.ffi_call(target, results, vmap_method="sequential")
    return tuple(call(*map(jnp.asarray, operands), **attributes))


def moments(x: Any, plain: Callable[..., Any]) -> tuple[Any, Any]:
    """Mean and population variance of each channel."""
    shapes = [x.shape[-1:]] * 2
    found: tuple[Any, Any] = differentiable(lambda x: _call("tf1x_moments", shapes, x), plain)(x)
    return found


def gradient(
    g: Any, x: Any, scale: Any, mean: Any, variance: Any, epsilon: float, plain: Callable[..., Any]
) -> tuple[Any, Any, Any]:
    """Gradients of x, scale and offset, given the moments of `x`."""
    shapes = [x.shape, scale.shape, scale.shape]
    kernel = lambda *operands: _call(  # noqa: E731
        "tf1x_batch_norm_gradient", shapes, *operands, epsilon=np.float32(epsilon)
    )
    found: tuple[Any, Any, Any] = differentiable(kernel, plain)(g, x, scale, mean, variance)
    return found
