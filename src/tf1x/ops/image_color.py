"""Colours of images: RGB and HSV, contrast, hue, saturation."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.core.dtypes import FLOATS, float16, float32
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.ops import xp
from tf1x.ops.shape_rules import dims, merge_dim

_HALF_OR_SINGLE = ((float32, float16), float32)


def _colors(op: Operation) -> Any:
    shape = dims(op)
    if shape is not None:
        if not shape:
            raise ValueError("Shape must be at least rank 1 but is rank 0")
        merge_dim(shape[-1], 3)
    return [shape]


def _images(op: Operation) -> Any:
    shape = dims(op)
    if shape is not None and len(shape) < 3:
        raise ValueError(f"Shape must be at least rank 3 but is rank {len(shape)}")
    return [shape]


def _channels(x: Any) -> tuple[Any, Any, Any]:
    if np.shape(x)[-1:] != (3,):
        raise ValueError(f"input must have 3 channels but instead has {np.shape(x)[-1:]} channels.")
    return x[..., 0], x[..., 1], x[..., 2]


def _number(value: Any, like: Any) -> Any:
    return np.asarray(value, like.dtype)


def _to_hsv(r: Any, g: Any, b: Any) -> tuple[Any, Any, Any]:
    """Hue, saturation and value; hue is in [0, 1)."""
    value = xp.maximum(xp.maximum(r, g), b)
    spread = value - xp.minimum(xp.minimum(r, g), b)
    one, zero = _number(1, r), _number(0, r)
    saturation = xp.where(value > 0, spread / xp.where(value > 0, value, one), zero)
    norm = _number(1 / 6, r) * (one / xp.where(spread > 0, spread, one))
    hue = xp.where(
        r == value,
        norm * (g - b),
        xp.where(
            g == value,
            norm * (b - r) + _number(2 / 6, r),
            norm * (r - g) + _number(4 / 6, r),
        ),
    )
    hue = xp.where(spread > 0, hue, zero)
    return xp.where(hue < 0, hue + one, hue), saturation, value


def _to_rgb(hue: Any, saturation: Any, value: Any) -> Any:
    six = hue * _number(6, hue)
    one, zero, two = _number(1, hue), _number(0, hue), _number(2, hue)
    parts = [
        abs(six - _number(3, hue)) - one,
        two - abs(six - two),
        two - abs(six - _number(4, hue)),
    ]
    return xp.stack(
        [((one - saturation) + saturation * xp.clip(p, zero, one)) * value for p in parts], axis=-1
    )


@op(
    "images: T -> output: T",
    T=(FLOATS, float32),
    shape=_colors,
    export=("image.rgb_to_hsv",),
)
def RGBToHSV(images: Any) -> Any:
    """Hue, saturation and value, in [0, 1], of RGB images [..., 3] in [0, 1]."""
    return xp.stack(_to_hsv(*_channels(images)), axis=-1)


@op(
    "images: T -> output: T",
    T=(FLOATS, float32),
    shape=_colors,
    grad=None,
    export=("image.hsv_to_rgb",),
)
def HSVToRGB(images: Any) -> Any:
    """RGB, in [0, 1], of images [..., 3] of hue, saturation and value in [0, 1]."""
    return _to_rgb(*_channels(images))


@op("images: T, contrast_factor: float32 -> output: T", T=_HALF_OR_SINGLE, shape=_images, grad=None)
def AdjustContrastv2(images: Any, contrast_factor: Any) -> Any:
    """Each channel's distance from its mean over the image times a factor."""
    wide = images.astype(np.float32)
    mean = xp.mean(wide, axis=(-3, -2), keepdims=True)
    return ((wide - mean) * contrast_factor + mean).astype(images.dtype)


@op("images: T, delta: float32 -> output: T", T=_HALF_OR_SINGLE, shape=_images, grad=None)
def AdjustHue(images: Any, delta: Any) -> Any:
    """RGB images with their hue, in [0, 1), moved on by `delta`."""
    r, g, b = _channels(images.astype(np.float32))
    top = xp.maximum(xp.maximum(r, g), b)
    bottom = xp.minimum(xp.minimum(r, g), b)
    hue, _, _ = _to_hsv(r, g, b)
    sixths = xp.mod(hue * np.float32(6) + delta * np.float32(6), np.float32(6))
    one, zero = np.float32(1), np.float32(0)
    parts = [abs(sixths - 3) - 1, 2 - abs(sixths - 2), 2 - abs(sixths - 4)]
    colors = [bottom + xp.clip(p, zero, one) * (top - bottom) for p in parts]
    return xp.stack(colors, axis=-1).astype(images.dtype)


@op("images: T, scale: float32 -> output: T", T=_HALF_OR_SINGLE, shape=_images, grad=None)
def AdjustSaturation(images: Any, scale: Any) -> Any:
    """RGB images with their saturation times `scale`, kept within [0, 1]."""
    hue, saturation, value = _to_hsv(*_channels(images.astype(np.float32)))
    saturation = xp.clip(saturation * scale, np.float32(0), np.float32(1))
    return _to_rgb(hue, saturation, value).astype(images.dtype)
