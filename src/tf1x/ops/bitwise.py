"""The bits of integers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tf1x.core.dtypes import INTS
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
