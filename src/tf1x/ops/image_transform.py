"""Projective transforms of images."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.core.dtypes import as_dtype
from tf1x.core.errors import InvalidArgumentError, UnsupportedError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.core.static import constant_value
from tf1x.ops import array, array_moves, array_slicing, linalg, xp
from tf1x.ops.shape_rules import dims, with_rank

_IMAGES = tuple(
    map(as_dtype, ["uint8", "int32", "int64", "float16", "bfloat16", "float32", "float64"])
)


def flat_transforms_to_matrices(transforms: Tensor) -> Tensor:
    """Transforms [n, 8] as matrices [n, 3, 3]."""
    count = array_slicing.getitem(array.shape(transforms), 0)
    ones = array.ones([count, 1], transforms.dtype)
    return array.reshape(array_moves.concat([transforms, ones], 1), [-1, 3, 3])


def matrices_to_flat_transforms(matrices: Tensor) -> Tensor:
    """Matrices [n, 3, 3] as transforms [n, 8]; the last element becomes 1 and is left out."""
    flat = array.reshape(matrices, [-1, 9])
    flat = flat / flat[:, 8:9]
    result: Tensor = flat[:, :8]
    return result


def _transformed_shape(op: Operation) -> Any:
    batch, _, _, depth = with_rank(dims(op), 4)
    with_rank(dims(op, 1), 2)
    size = constant_value(op.inputs[2])
    height, width = (None, None) if size is None else map(int, size)
    return [(batch, height, width, depth)]


def _gradient(op: Operation, grad: Tensor) -> list[Any]:
    images, transforms, _ = op.inputs
    inverse = linalg.MatrixInverse(flat_transforms_to_matrices(transforms))
    back = ImageProjectiveTransformV2(
        grad,
        matrices_to_flat_transforms(inverse),
        array.shape(images)[1:3],
        interpolation=op.attrs["interpolation"],
        fill_mode=op.attrs["fill_mode"],
    )
    return [back, None, None]


@op(
    "images: dtype, transforms: float32, output_shape: int32 -> transformed_images: dtype",
    dtype=_IMAGES,
    shape=_transformed_shape,
    grad=_gradient,
)
def ImageProjectiveTransformV2(
    images: Any,
    transforms: Any,
    output_shape: Any,
    *,
    interpolation: str,
    fill_mode: str = "CONSTANT",
) -> Any:
    """Images [batch, height, width, channels] whose pixel (x, y) is that at another place.

    Args:
        transforms: [batch or 1, 8], a0 to c1: the place is ((a0 x + a1 y + a2) / k,
            (b0 x + b1 y + b2) / k) with k = c0 x + c1 y + 1; what lies outside is 0.
        output_shape: height and width of the result.
        interpolation: "NEAREST" or "BILINEAR".
    """
    if fill_mode != "CONSTANT":
        raise UnsupportedError(f"fill_mode={fill_mode!r} is not supported: only 'CONSTANT' is.")
    if interpolation.upper() not in ("NEAREST", "BILINEAR"):
        raise InvalidArgumentError(
            None, None, f"Invalid interpolation {interpolation}. Supported types: NEAREST, BILINEAR"
        )
    height, width = xp.static_shape(output_shape)
    x, y = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)[:, None]
    t = transforms[:, :, None, None]
    scale = t[:, 6] * x + t[:, 7] * y + np.float32(1)
    flat = scale == 0
    scale = xp.where(flat, np.float32(1), scale)
    at_x = (t[:, 0] * x + t[:, 1] * y + t[:, 2]) / scale
    at_y = (t[:, 3] * x + t[:, 4] * y + t[:, 5]) / scale
    read = _Reader(images, flat)
    if interpolation.upper() == "NEAREST":
        return read(_rounded(at_y), _rounded(at_x))
    x0, y0 = xp.floor(at_x), xp.floor(at_y)
    x1, y1 = x0 + np.float32(1), y0 + np.float32(1)
    kind = np.promote_types(np.float32, images.dtype) if images.dtype.kind == "f" else np.float32
    right, down = ((v[..., None]).astype(kind) for v in (at_x - x0, at_y - y0))
    top = (1 - right) * read(y0, x0).astype(kind) + right * read(y0, x1).astype(kind)
    bottom = (1 - right) * read(y1, x0).astype(kind) + right * read(y1, x1).astype(kind)
    return ((1 - down) * top + down * bottom).astype(images.dtype)


def _rounded(value: Any) -> Any:
    """Halves away from zero."""
    half = np.float32(0.5)
    return xp.where(value < 0, xp.ceil(value - half), xp.floor(value + half))


class _Reader:
    """The pixels of images at given places, 0 outside."""

    def __init__(self, images: Any, nowhere: Any) -> None:
        self._images, self._nowhere = images, nowhere

    def __call__(self, y: Any, x: Any) -> Any:
        batch, height, width, _ = self._images.shape
        inside = (y >= 0) & (y < height) & (x >= 0) & (x < width) & ~self._nowhere
        rows, columns = (xp.where(inside, v, np.float32(0)).astype(np.int32) for v in (y, x))
        image = np.arange(batch)[:, None, None]
        found = self._images[image, rows, columns]
        return xp.where(inside[..., None], found, np.zeros((), self._images.dtype))
