"""Windows of images at one size: `CropAndResize` and its gradients; glimpses."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import numpy as np

from tf1x.core.dtypes import DType, as_dtype, float16, float32, float64
from tf1x.core.errors import InvalidArgumentError, OutOfRangeError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.core.static import constant_value, constant_value_as_shape
from tf1x.ops import array, xp
from tf1x.ops.shape_rules import dims, like, merge_dim, with_rank

_IMAGES = tuple(
    map(
        as_dtype,
        ["uint8", "uint16", "int8", "int16", "int32", "int64", "float16", "float32", "float64"],
    )
)
_FLOATS = (float32, float16, float64)


class _Axis(NamedTuple):
    """Where the pixels of the crops lie along one axis of the image, each [boxes, pixels].

    Attributes:
        low, high: the two pixels between which they lie.
        lerp: how far towards the second.
        inside: whether they lie in the image at all.
    """

    at: Any
    low: Any
    high: Any
    lerp: Any
    inside: Any

    @classmethod
    def of(cls, start: Any, end: Any, count: int, size: int) -> _Axis:
        last = np.float32(size - 1)
        if count > 1:
            step = (end - start) * last / np.float32(count - 1)
            at = (start * last)[:, None] + np.arange(count, dtype=np.float32) * step[:, None]
        else:
            at = np.float32(0.5) * (start + end)[:, None] * last
        inside = (at >= 0) & (at <= last)
        at = xp.where(inside, at, np.float32(0))
        low = xp.floor(at)
        return cls(at, low.astype(np.int32), xp.ceil(at).astype(np.int32), at - low, inside)

    def nearest(self) -> Any:
        return xp.floor(self.at + np.float32(0.5)).astype(np.int32)


class _Crops:
    """The places of the pixels of all crops."""

    def __init__(self, image_shape: Any, boxes: Any, box_ind: Any, height: int, width: int) -> None:
        batch, rows, columns, _ = image_shape
        xp.check(
            (box_ind >= 0) & (box_ind < batch),
            OutOfRangeError,
            "box_index has values outside [0, batch_size)",
        )
        xp.check(
            xp.isfinite(boxes),
            InvalidArgumentError,
            "Boxes contains at least one element that is not finite",
        )
        self.y = _Axis.of(boxes[:, 0], boxes[:, 2], height, rows)
        self.x = _Axis.of(boxes[:, 1], boxes[:, 3], width, columns)
        self.batch = xp.clip(box_ind, 0, max(batch - 1, 0))[:, None, None]
        self.inside = (self.y.inside[:, :, None] & self.x.inside[:, None, :])[..., None]

    def place(self, y: Any, x: Any) -> Any:
        """Index of pixels of the image, for all pixels of the crops."""
        return self.batch, y[:, :, None], x[:, None, :]

    @property
    def corners(self) -> list[Any]:
        """Upper left, upper right, lower left and lower right, each as an index."""
        rows, columns = (self.y.low, self.y.high), (self.x.low, self.x.high)
        return [self.place(y, x) for y in rows for x in columns]

    @property
    def lerps(self) -> tuple[Any, Any]:
        """How far down and how far right, to be broadcast over the crops."""
        return self.y.lerp[:, :, None, None], self.x.lerp[:, None, :, None]


def _checked_method(method: str) -> bool:
    """Whether pixels are interpolated."""
    if method not in ("bilinear", "nearest"):
        raise ValueError(f"method must be 'bilinear' or 'nearest'{method}")
    return method == "bilinear"


def _crop_shape(op: Operation) -> Any:
    *_, depth = with_rank(dims(op), 4)
    boxes = with_rank(dims(op, 1), 2)
    merge_dim(boxes[1], 4)
    count = merge_dim(boxes[0], with_rank(dims(op, 2), 1)[0])
    size = constant_value(op.inputs[3])
    height, width = (None, None) if size is None else map(int, size)
    return [(count, height, width, depth)]


def _crop_gradient(op: Operation, grad: Any) -> list[Any]:
    image, boxes, box_ind, _ = op.inputs
    of_image = None
    shape = image.shape if image.shape.is_fully_defined() else array.shape(image)
    if image.dtype.base_dtype in _FLOATS:
        of_image = CropAndResizeGradImage(
            grad, boxes, box_ind, shape, T=image.dtype.base_dtype, method=op.attrs["method"]
        )
    return [of_image, CropAndResizeGradBoxes(grad, image, boxes, box_ind), None, None]


@op(
    "image: T, boxes: float32, box_ind: int32, crop_size: int32 -> crops: float32",
    T=_IMAGES,
    shape=_crop_shape,
    grad=_crop_gradient,
)
def CropAndResize(
    image: Any,
    boxes: Any,
    box_ind: Any,
    crop_size: Any,
    *,
    method: str = "bilinear",
    extrapolation_value: float = 0.0,
) -> Any:
    """Boxes of images, each brought to one size, float32 [boxes, height, width, channels].

    Args:
        image: [batch, height, width, channels].
        boxes: [boxes, 4]: y1, x1, y2, x2, where 0 and 1 are the centres of the corner pixels.
            They may be upside down (a flip) and reach beyond the image.
        box_ind: int32 [boxes], of which image of the batch.
        crop_size: height and width.
        method: "bilinear" or "nearest".
        extrapolation_value: what lies outside of the image.

    Raises:
        OutOfRangeError: a `box_ind` is none of the batch.
    """
    smooth = _checked_method(method)
    height, width = xp.static_shape(crop_size)
    if height <= 0 or width <= 0:
        raise InvalidArgumentError(None, None, "crop dimensions must be positive")
    crops = _Crops(image.shape, boxes, box_ind, height, width)
    if smooth:
        a, b, c, d = (image[place].astype(np.float32) for place in crops.corners)
        down, right = crops.lerps
        top, bottom = a + (b - a) * right, c + (d - c) * right
        found = top + (bottom - top) * down
    else:
        found = image[crops.place(crops.y.nearest(), crops.x.nearest())].astype(np.float32)
    return xp.where(crops.inside, found, np.float32(extrapolation_value))


@op(
    "grads: float32, boxes: float32, box_ind: int32, image_size: int32 -> output: T",
    T=_FLOATS,
    shape=lambda op: [constant_value_as_shape(op.inputs[3])],
    grad=None,
)
def CropAndResizeGradImage(
    grads: Any, boxes: Any, box_ind: Any, image_size: Any, *, T: DType, method: str = "bilinear"
) -> Any:
    """The gradient of `CropAndResize` by its images, whose shape is `image_size`."""
    smooth = _checked_method(method)
    shape = xp.static_shape(image_size)
    crops = _Crops(shape, boxes, box_ind, *grads.shape[1:3])
    grads = xp.where(crops.inside, grads, np.float32(0))
    if smooth:
        down, right = crops.lerps
        parts = [(1 - down) * (1 - right), (1 - down) * right, down * (1 - right), down * right]
        terms = [(place, grads * part) for place, part in zip(crops.corners, parts, strict=True)]
    else:
        terms = [(crops.place(crops.y.nearest(), crops.x.nearest()), grads)]
    if xp.is_jax(grads, boxes, box_ind):
        total = jax.numpy.zeros(shape, np.float32)
        for place, term in terms:
            total = total.at[place].add(term)
    else:
        total = np.zeros(shape, np.float32)
        for place, term in terms:
            np.add.at(total, place, term)
    return total.astype(T.as_numpy_dtype)


@op(
    "grads: float32, image: T, boxes: float32, box_ind: int32 -> output: float32",
    T=_IMAGES,
    shape=like(2),
    grad=None,
)
def CropAndResizeGradBoxes(
    grads: Any, image: Any, boxes: Any, box_ind: Any, *, method: str = "bilinear"
) -> Any:
    """The gradient of `CropAndResize` by its boxes."""
    _checked_method(method)
    height, width = grads.shape[1:3]
    crops = _Crops(image.shape, boxes, box_ind, height, width)
    grads = xp.where(crops.inside, grads, np.float32(0))
    a, b, c, d = (image[place].astype(np.float32) for place in crops.corners)
    down, right = crops.lerps
    by_y = (((1 - right) * (c - a) + right * (d - b)) * grads).sum(axis=(2, 3))
    by_x = (((1 - down) * (b - a) + down * (d - c)) * grads).sum(axis=(1, 3))
    y1, y2 = _ends(by_y, height, image.shape[1])
    x1, x2 = _ends(by_x, width, image.shape[2])
    return xp.stack([y1, x1, y2, x2], axis=1)


def _ends(by_place: Any, count: int, size: int) -> tuple[Any, Any]:
    """Gradients of a box's two ends along an axis from those of the places of its pixels."""
    last = np.float32(size - 1)
    if count == 1:
        half = by_place.sum(axis=1) * (np.float32(0.5) * last)
        return half, half
    of_end = np.arange(count, dtype=np.float32) * (last / np.float32(count - 1))
    return (by_place * (last - of_end)).sum(axis=1), (by_place * of_end).sum(axis=1)
