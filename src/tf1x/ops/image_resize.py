"""Resizing of images: bilinear, nearest neighbour, bicubic and area, with TensorFlow's arithmetic.

Where an output pixel lies in the input, and with which weights it takes which pixels, follows from
the sizes alone: it is found in NumPy, in float32 as TensorFlow does, for one axis at a time.
"""

from __future__ import annotations

import functools
from typing import Any

import jax
import numpy as np

from tf1x.core.dtypes import as_dtype, float32, float64
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.core.static import constant_value
from tf1x.native.resize import Between, bilinear
from tf1x.ops import array, array_slicing, xp
from tf1x.ops.shape_rules import dims, like, with_rank

_FLOATS = tuple(map(as_dtype, ("bfloat16", "float16", "float32", "float64")))
_IMAGES = (*map(as_dtype, ("int8", "uint8", "int16", "uint16", "int32", "int64")), *_FLOATS)

# -- places --------------------------------------------------------------------------------------


def _scale(size: int, new: int, align_corners: bool) -> np.float32:
    """How many input pixels an output pixel stands for."""
    if align_corners and new > 1:
        return np.float32(size - 1) / np.float32(new - 1)
    return np.float32(size) / np.float32(new)


def _positions(size: int, new: int, align_corners: bool, half_pixel_centers: bool) -> Any:
    """Where the output pixels lie in the input, in pixels."""
    at = np.arange(new, dtype=np.float32)
    scale = _scale(size, new, align_corners)
    half = np.float32(0.5)
    return (at + half) * scale - half if half_pixel_centers else at * scale


@functools.lru_cache(maxsize=1024)
def _between(size: int, new: int, align_corners: bool, half_pixel_centers: bool) -> Between:
    """For each output pixel two input pixels and how far it lies towards the second."""
    at = _positions(size, new, align_corners, half_pixel_centers)
    floor = np.floor(at)
    upper = np.minimum(np.ceil(at).astype(np.int64), size - 1)
    lower = np.minimum(np.maximum(floor.astype(np.int64), 0), upper)
    return Between(lower, upper, at - floor)


def _between_matrix(between: Between, size: int) -> np.ndarray:
    """The weights as [output pixels, input pixels]."""
    rows = np.arange(len(between.lower))
    weights = np.zeros((len(rows), size), np.float32)
    weights[rows, between.lower] += 1 - between.lerp
    weights[rows, between.upper] += between.lerp
    return weights


def _nearest(size: int, new: int, align_corners: bool, half_pixel_centers: bool) -> Any:
    """For each output pixel the number of its input pixel."""
    scale = _scale(size, new, align_corners)
    at = np.arange(new, dtype=np.float32)
    if half_pixel_centers:
        at = at + np.float32(0.5)
    at = at * scale
    found = np.floor(at + np.float32(0.5)) if align_corners else np.floor(at)  # halves upward
    return np.clip(found, 0, size - 1).astype(np.int64)


_TABLE_SIZE = 1024  # TensorFlow rounds distances to this many steps


def _cubic_table(a: float) -> tuple[np.ndarray, np.ndarray]:
    """The cubic kernel at distances 0 to 1 and 1 to 2."""
    near = (np.arange(_TABLE_SIZE + 1) / _TABLE_SIZE).astype(np.float32)
    far = (near + np.float32(1)).astype(np.float64)
    near = near.astype(np.float64)
    return (
        (((a + 2) * near - (a + 3)) * near * near + 1).astype(np.float32),
        (((a * far - 5 * a) * far + 8 * a) * far - 4 * a).astype(np.float32),
    )


def _cubic(size: int, new: int, align_corners: bool, half_pixel_centers: bool) -> Any:
    """For each output pixel four input pixels and their weights, each [4, output pixels].

    With half-pixel centres the kernel is Keys's (a = -0.5), and pixels beyond the edge get no
    weight; without, a = -0.75, and the pixel at the edge stands for them.
    """
    at = _positions(size, new, align_corners, half_pixel_centers)
    floor = np.floor(at)
    near, far = _cubic_table(-0.5 if half_pixel_centers else -0.75)
    offset = np.rint((at - floor) * np.float32(_TABLE_SIZE)).astype(np.int64)
    back = _TABLE_SIZE - offset
    wanted = floor.astype(np.int64) + np.arange(-1, 3)[:, None]
    indices = np.clip(wanted, 0, size - 1)
    weights = np.stack([far[offset], near[offset], near[back], far[back]])
    if half_pixel_centers:
        weights = np.where(indices == wanted, weights, np.float32(0))
        total = weights[0] + weights[1] + weights[2] + weights[3]
        some = np.abs(total) >= np.float32(1000) * np.finfo(np.float32).tiny
        weights = np.where(some, weights * (np.float32(1) / np.where(some, total, 1)), weights)
    return indices, weights


def _cubic_matrix(size: int, indices: Any, weights: Any) -> np.ndarray:
    matrix = np.zeros((indices.shape[1], size), np.float32)
    for index, weight in zip(indices, weights, strict=True):
        np.add.at(matrix, (np.arange(len(index)), index), weight)
    return matrix


def _area_matrix(size: int, new: int, align_corners: bool) -> np.ndarray:
    """Of each input pixel, the part that lies within each output pixel: [new, size]."""
    scale = _scale(size, new, align_corners)
    starts = np.arange(new, dtype=np.float32) * scale
    ends = np.arange(1, new + 1, dtype=np.float32) * scale
    matrix = np.zeros((new, size), np.float32)
    first, last = np.floor(starts), np.ceil(ends)
    for step in range(int((last - first).max(initial=0))):
        at = first + np.float32(step)
        part = np.minimum(at + 1, ends) - np.maximum(at, starts)
        place = np.clip(at, 0, size - 1).astype(np.int64)
        np.add.at(matrix, (np.arange(new), place), np.where(at < last, part, np.float32(0)))
    return matrix


# -- values --------------------------------------------------------------------------------------


def _new_size(images: Any, size: Any, align_corners: bool, half_pixel_centers: bool) -> Any:
    """The size wanted, checked against what TensorFlow takes."""
    if np.ndim(images) != 4:
        raise ValueError(f"input must be 4-dimensional{list(np.shape(images))}")
    height, width = xp.static_shape(size)
    if height <= 0 or width <= 0:
        raise InvalidArgumentError(None, None, "output dimensions must be positive")
    if min(images.shape[1:3]) <= 0:
        raise InvalidArgumentError(None, None, "input image must be of non-zero size")
    if align_corners and half_pixel_centers:
        raise InvalidArgumentError(
            None, None, "If half_pixel_centers is True, align_corners must be False."
        )
    return height, width


def _broadcast(weights: Any, axis: int) -> Any:
    """Weights along an axis of [batch, height, width, channels]."""
    return weights.reshape([-1 if i == axis else 1 for i in range(4)])


def _lerp(x: Any, between: Between, axis: int) -> Any:
    first = xp.take(x, between.lower, axis=axis)
    second = xp.take(x, between.upper, axis=axis)
    return first + (second - first) * _broadcast(between.lerp, axis)


def _along(x: Any, matrix: Any, axis: int) -> Any:
    """Images with their rows (axis 1) or columns (2) multiplied by a matrix [new, old]."""
    batch, height, width, depth = x.shape
    if axis == 1:
        product = _product(matrix, x.reshape(batch, height, width * depth))
        return product.reshape(batch, len(matrix), width, depth)
    return xp.swapaxes(_product(xp.swapaxes(x, 2, 3), matrix.T), 2, 3)


def _product(a: Any, b: Any) -> Any:
    return jax.numpy.matmul(a, b, precision="highest") if xp.is_jax(a, b) else np.matmul(a, b)


def _bilinear(x: Any, height: int, width: int, align: bool, half: bool) -> Any:
    rows = _between(x.shape[1], height, align, half)
    columns = _between(x.shape[2], width, align, half)
    resized = bilinear(x, rows, columns)
    if resized is not None:
        return resized
    if x.shape[1] <= 2 * height:
        return _lerp(_lerp(x.astype(np.float32), columns, 2), rows, 1)
    # The rows that count are fewer than all: first these, so that less is computed.
    top, bottom = (
        _lerp(xp.take(x, part, axis=1).astype(np.float32), columns, 2)
        for part in (rows.lower, rows.upper)
    )
    return top + (bottom - top) * _broadcast(rows.lerp, 1)


def _taps(x: Any, indices: Any, weights: Any, axis: int) -> Any:
    total = None
    for index, weight in zip(indices, weights, strict=True):
        term = xp.take(x, index, axis=axis) * _broadcast(weight, axis)
        total = term if total is None else total + term
    return total


# -- ops -----------------------------------------------------------------------------------------


def _resized(op: Operation) -> Any:
    batch, _, _, channels = with_rank(dims(op), 4)
    size = constant_value(op.inputs[1])
    if size is None:
        return [(batch, None, None, channels)]
    if np.shape(size) != (2,):
        raise ValueError(f"Dimension must be 2 but is {np.size(size)}")
    return [(batch, int(size[0]), int(size[1]), channels)]


def _centers(op: Operation) -> dict[str, bool]:
    return {name: op.attrs[name] for name in ("align_corners", "half_pixel_centers")}


def _bilinear_gradient(op: Operation, grad: Any) -> list[Any]:
    return [ResizeBilinearGrad(grad, op.inputs[0], **_centers(op)), None]


@op(
    "images: T, size: int32 -> resized_images: float32",
    T=_IMAGES,
    shape=_resized,
    grad=_bilinear_gradient,
)
def ResizeBilinear(
    images: Any, size: Any, *, align_corners: bool = False, half_pixel_centers: bool = False
) -> Any:
    """Images [batch, height, width, channels] at another size, linear between pixels, float32.

    Args:
        size: new height and width.
        align_corners: the corner pixels keep their places.
        half_pixel_centers: a pixel's place is its centre; without, its upper left corner.
    """
    height, width = _new_size(images, size, align_corners, half_pixel_centers)
    return _bilinear(images, height, width, align_corners, half_pixel_centers)


@op(
    "grads: float32, original_image: T -> output: T",
    T=_FLOATS,
    shape=like(1),
    grad=None,
)
def ResizeBilinearGrad(
    grads: Any,
    original_image: Any,
    *,
    align_corners: bool = False,
    half_pixel_centers: bool = False,
) -> Any:
    """The gradient of `ResizeBilinear` by its images."""
    for axis in (1, 2):
        size = original_image.shape[axis]
        places = _between(size, grads.shape[axis], align_corners, half_pixel_centers)
        grads = _along(grads, _between_matrix(places, size).T, axis)
    return grads.astype(original_image.dtype)


def _nearest_gradient(op: Operation, grad: Any) -> list[Any]:
    image = op.inputs[0]
    size = image.shape[1:3]
    if not size.is_fully_defined():
        size = array_slicing.getitem(array.shape(image), slice(1, 3))
    return [ResizeNearestNeighborGrad(grad, size, **_centers(op)), None]


@op(
    "images: T, size: int32 -> resized_images: T",
    T=_IMAGES,
    shape=_resized,
    grad=_nearest_gradient,
    exact=True,
)
def ResizeNearestNeighbor(
    images: Any, size: Any, *, align_corners: bool = False, half_pixel_centers: bool = False
) -> Any:
    """Images [batch, height, width, channels] at another size, each pixel one of the input's."""
    height, width = _new_size(images, size, align_corners, half_pixel_centers)
    rows = _nearest(images.shape[1], height, align_corners, half_pixel_centers)
    columns = _nearest(images.shape[2], width, align_corners, half_pixel_centers)
    return xp.take(xp.take(images, rows, axis=1), columns, axis=2)


def _gathered(grads: Any, indices: Any, size: int, axis: int) -> Any:
    """Sums of the slices of `grads` along `axis` that have the same index."""
    shape = list(grads.shape)
    shape[axis] = size
    place: Any = tuple(indices if i == axis else slice(None) for i in range(4))
    if xp.is_jax(grads):
        return jax.numpy.zeros(shape, grads.dtype).at[place].add(grads)
    total = np.zeros(shape, grads.dtype)
    np.add.at(total, place, grads)
    return total


@op(
    "grads: T, size: int32 -> output: T",
    T=tuple(map(as_dtype, ("uint8", "int8", "int32", "float16", "float32", "float64", "bfloat16"))),
    shape=_resized,
    grad=None,
)
def ResizeNearestNeighborGrad(
    grads: Any, size: Any, *, align_corners: bool = False, half_pixel_centers: bool = False
) -> Any:
    """The gradient of `ResizeNearestNeighbor` by images of that size."""
    for axis, original in zip((1, 2), xp.static_shape(size), strict=True):
        new = grads.shape[axis]
        indices = _nearest(original, new, align_corners, half_pixel_centers)
        grads = _gathered(grads, indices, original, axis)
    return grads


def _bicubic_gradient(op: Operation, grad: Any) -> list[Any]:
    if op.inputs[0].dtype.base_dtype not in (float32, float64):
        return [None, None]
    return [ResizeBicubicGrad(grad, op.inputs[0], **_centers(op)), None]


@op(
    "images: T, size: int32 -> resized_images: float32",
    T=_IMAGES,
    shape=_resized,
    grad=_bicubic_gradient,
)
def ResizeBicubic(
    images: Any, size: Any, *, align_corners: bool = False, half_pixel_centers: bool = False
) -> Any:
    """Images [batch, height, width, channels] at another size by cubic convolution, float32."""
    height, width = _new_size(images, size, align_corners, half_pixel_centers)
    rows = _cubic(images.shape[1], height, align_corners, half_pixel_centers)
    columns = _cubic(images.shape[2], width, align_corners, half_pixel_centers)
    return _taps(_taps(images.astype(np.float32), *rows, axis=1), *columns, axis=2)


@op(
    "grads: float32, original_image: T -> output: T",
    T=(float32, float64),
    shape=like(1),
    grad=None,
)
def ResizeBicubicGrad(
    grads: Any,
    original_image: Any,
    *,
    align_corners: bool = False,
    half_pixel_centers: bool = False,
) -> Any:
    """The gradient of `ResizeBicubic` by its images."""
    for axis in (1, 2):
        size = original_image.shape[axis]
        taps = _cubic(size, grads.shape[axis], align_corners, half_pixel_centers)
        grads = _along(grads, _cubic_matrix(size, *taps).T, axis)
    return grads.astype(original_image.dtype)


@op(
    "images: T, size: int32 -> resized_images: float32",
    T=_IMAGES,
    shape=_resized,
    grad=None,
)
def ResizeArea(images: Any, size: Any, *, align_corners: bool = False) -> Any:
    """Images [batch, height, width, channels] at another size, each pixel the mean of its area."""
    new = _new_size(images, size, align_corners, False)
    result = images.astype(np.float32)
    scale = np.float32(1)
    for axis, count in zip((1, 2), new, strict=True):
        old = images.shape[axis]
        result = _along(result, _area_matrix(old, count, align_corners), axis)
        scale *= _scale(old, count, align_corners)
    return result * np.float32(1 / scale)
