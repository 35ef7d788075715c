"""The largest number of every window by the native kernels: float32 images, channels last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.native.derivative import differentiable
from tf1x.native.library import on_cpu

# With fewer channels than a vector has numbers XLA's code is faster.
_FEW = 16


class Windows(NamedTuple):
    """Windows along height and width: `before` is how far the first begins before the image."""

    sizes: tuple[int, int]
    strides: tuple[int, int]
    before: tuple[int, int]


def suits(shape: Sequence[int], dtype: Any) -> bool:
    """Whether the kernels are there for images of a shape (batch, height, width, channels)."""
    return dtype == np.float32 and len(shape) == 4 and shape[3] >= _FEW and on_cpu()


def _call(target: str, windows: Windows, shape: Sequence[int], *operands: Any) -> Any:
    struct: Any = jax.ShapeDtypeStruct
    result = struct(tuple(shape), np.float32)
    call: Any = jax.ffi.ffi_call(target, result, vmap_method="sequential")
    attributes: Any = {k: np.array(v, np.int64) for k, v in windows._asdict().items()}
    return call(*map(jnp.asarray, operands), **attributes)


def maxima(windows: Windows, counts: Sequence[int], x: Any, plain: Callable[..., Any]) -> Any:
    """The maximum of each window, `counts` of them along height and width."""
    shape = (x.shape[0], *counts, x.shape[3])
    return differentiable(lambda x: _call("tf1x_max_pool", windows, shape, x), plain)(x)


def gradient(windows: Windows, x: Any, g: Any, plain: Callable[..., Any]) -> Any:
    """`g`, one number for each window, where the first maximum of the window is in `x`."""
    kernel = lambda x, g: _call("tf1x_max_pool_gradient", windows, x.shape, x, g)  # noqa: E731
    return differentiable(kernel, plain)(x, g)
