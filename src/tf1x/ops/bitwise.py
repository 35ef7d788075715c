"""The bits of integers, and the bytes of any number read as another type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from tf1x.core.dtypes import INTS, NUMBERS, DType
from tf1x.core.opdef import op
from tf1x.ops import xp
from tf1x.ops.elementwise import binary, unary
from tf1x.ops.shape_rules import unchanged


def _within_width(y: Any) -> Any:
    """A shift, limited to the width of the type as TensorFlow limits it."""
    return xp.clip(y, xp.asarray(0, y.dtype), xp.asarray(y.dtype.itemsize * 8 - 1, y.dtype))


def _bits(name: str, function: Callable[[Any, Any], Any], public: str, doc: str) -> Any:
    return binary(
        name, function, INTS, grad=None, exact=True, doc=doc, export=(f"bitwise.{public}",)
    )


BitwiseAnd = _bits("BitwiseAnd", xp.bitwise_and, "bitwise_and", "`x & y`, bit by bit.")
BitwiseOr = _bits("BitwiseOr", xp.bitwise_or, "bitwise_or", "`x | y`, bit by bit.")
BitwiseXor = _bits("BitwiseXor", xp.bitwise_xor, "bitwise_xor", "`x ^ y`, bit by bit.")
LeftShift = _bits(
    "LeftShift", lambda x, y: xp.left_shift(x, _within_width(y)), "left_shift", "`x << y`."
)
RightShift = _bits(
    "RightShift",
    lambda x, y: xp.right_shift(x, _within_width(y)),
    "right_shift",
    "`x >> y`; the sign stays.",
)
Invert = unary(
    "Invert",
    xp.invert,
    INTS,
    grad=None,
    exact=True,
    doc="Every bit of `x` inverted.",
    export=("bitwise.invert",),
)


@op("x: T -> y: uint8", T=INTS, shape=unchanged, grad=None, exact=True)
def PopulationCount(x: Any) -> Any:
    """How many bits of each element are 1."""
    unsigned = x.view(f"uint{x.dtype.itemsize * 8}")
    return xp.bitwise_count(unsigned).astype(np.uint8)


def _bitcast_shape(op: Any) -> Any:
    shape, source = op.inputs[0].shape.tuple, op.inputs[0].dtype.base_dtype
    wide, narrow = source.size, op.attrs["type"].size
    if shape is None or wide == narrow:
        return [shape]
    if wide > narrow:
        return [(*shape, wide // narrow)]
    if not shape or shape[-1] not in (None, narrow // wide):
        raise ValueError(f"Cannot bitcast due to shape. {shape} does not end with {narrow // wide}")
    return [shape[:-1]]


@op(
    "input: T -> output: type",
    T=NUMBERS,
    type=NUMBERS,
    shape=_bitcast_shape,
    grad=None,
    exact=True,
    export=("bitcast",),
)
def Bitcast(input: Any, *, type: DType) -> Any:
    """The bytes of `input` read as another type.

    To a smaller type the result has one more axis; to a larger one the last axis goes.
    """
    dtype = type.numpy_dtype
    if xp.is_jax(input):
        return jax.lax.bitcast_convert_type(input, dtype)
    if input.dtype.itemsize > dtype.itemsize:
        return np.ascontiguousarray(input[..., None]).view(dtype)
    seen = np.ascontiguousarray(input).view(dtype)
    return seen.reshape(np.shape(input)) if input.dtype.itemsize == dtype.itemsize else seen[..., 0]
