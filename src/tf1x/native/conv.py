"""Convolutions of images by the native kernels: float32, channels last."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.native.library import on_cpu


class Windows(NamedTuple):
    """Where the windows of a convolution lie, for height and width: `before` counts the zeros."""

    strides: tuple[int, int]
    dilations: tuple[int, int]
    before: tuple[int, int]

    def attributes(self) -> dict[str, Any]:
        return {name: np.array(value, np.int64) for name, value in self._asdict().items()}


def _call(target: str, windows: Windows, shape: Sequence[int], *operands: Any) -> Any:
    struct: Any = jax.ShapeDtypeStruct
    result = struct(tuple(shape), np.float32)
    call: Any = jax.ffi.ffi_call(target, result, vmap_method="sequential")
    return call(*map(jnp.asarray, operands), **windows.attributes())


@partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def forward(windows: Windows, shape: tuple[int, ...], images: Any, filter: Any) -> Any:
    """The convolution; `shape` is the result's."""
    return _call("tf1x_conv_forward", windows, shape, images, filter)


@partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def images_gradient(windows: Windows, shape: tuple[int, ...], filter: Any, gradient: Any) -> Any:
    """The transpose of `forward` to the images, whose shape is `shape`."""
    return _call("tf1x_conv_images_gradient", windows, shape, filter, gradient)


@partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def filter_gradient(windows: Windows, shape: tuple[int, ...], images: Any, gradient: Any) -> Any:
    """The transpose of `forward` to the filter, whose shape is `shape`."""
    return _call("tf1x_conv_filter_gradient", windows, shape, images, gradient)


# Each of the three is linear in both operands; its transposes are the two others.


def _kept(function: Any) -> Any:
    return lambda windows, shape, a, b: (function(windows, shape, a, b), (a, b))


def _forward_back(windows: Windows, _: Any, kept: Any, g: Any) -> Any:
    images, filter = kept
    return (
        images_gradient(windows, images.shape, filter, g),
        filter_gradient(windows, filter.shape, images, g),
    )


def _images_gradient_back(windows: Windows, _: Any, kept: Any, g: Any) -> Any:
    filter, gradient = kept
    return (
        filter_gradient(windows, filter.shape, g, gradient),
        forward(windows, gradient.shape, g, filter),
    )


def _filter_gradient_back(windows: Windows, _: Any, kept: Any, g: Any) -> Any:
    images, gradient = kept
    return (
        images_gradient(windows, images.shape, g, gradient),
        forward(windows, gradient.shape, images, g),
    )


forward.defvjp(_kept(forward), _forward_back)
images_gradient.defvjp(_kept(images_gradient), _images_gradient_back)
filter_gradient.defvjp(_kept(filter_gradient), _filter_gradient_back)


# With fewer channels most of a vector is empty, and XLA's own convolution is faster.
_FEW = 8


def suits(function: Any, images: Sequence[int], filter: Sequence[int], dtype: Any) -> bool:
    """Whether a function of this module is there for it, and faster than XLA.

    images: shape (batch, height, width, channels). filter: shape (height, width, input channels of
    a group, output channels).
    """
    if dtype != np.float32 or len(images) != 4 or len(filter) != 4 or not on_cpu():
        return False
    if function is filter_gradient or images[3] != filter[2]:
        return True  # XLA takes several times as long, and for groups ten or hundreds of times
    return filter[3 if function is forward else 2] >= _FEW
