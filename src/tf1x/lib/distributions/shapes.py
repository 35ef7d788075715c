"""Shapes that are worked out while the graph is built where they are known, by ops otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.core import convert, scopes
from tf1x.core.dtypes import bool_, int32
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.core.static import constant_value
from tf1x.ops import array, array_broadcast, array_moves, array_select, array_slicing, checks, math


def prefer_static_value(x: Any) -> Any:
    """The tensor's value if the graph alone tells it, else the tensor."""
    known = constant_value(x)
    return x if known is None else known


def prefer_static_shape(x: Any) -> Any:
    """The shape of `x`: a NumPy array where it is known, else a tensor."""
    return prefer_static_value(array.shape(x))


def prefer_static_rank(x: Any) -> Any:
    """The rank of `x`: a NumPy scalar where it is known, else a tensor."""
    return prefer_static_value(array.rank(x))


def prefer_static_broadcast_shape(
    shape1: Any, shape2: Any, name: str = "prefer_static_broadcast_shape"
) -> Any:
    """What two shapes broadcast to: a `TensorShape` where both are known, else a tensor."""
    with scopes.name_scope(name, None, [shape1, shape2]):
        static = [_static(s) for s in (shape1, shape2)]
        if None not in static:
            return array_broadcast.broadcast_static_shape(*static)
        return array_broadcast.broadcast_dynamic_shape(_dynamic(shape1), _dynamic(shape2))


def _static(shape: Any) -> TensorShape | None:
    if isinstance(shape, TensorShape):
        return shape
    known = constant_value(convert.to_tensor(shape, int32, name="shape"))
    return None if known is None else TensorShape(known.tolist())


def _dynamic(shape: Any) -> Tensor:
    if isinstance(shape, TensorShape):
        if not shape.is_fully_defined():
            raise ValueError("Cannot broadcast from partially defined `TensorShape`.")
        shape = shape.as_list()
    return convert.to_tensor(shape, int32, name="shape")


def dimension_size(x: Tensor, axis: int) -> Any:
    """One dimension of `x`: an int where it is known, else a tensor."""
    known = x.shape.with_rank_at_least(abs(axis))[axis]
    size = getattr(known, "value", known)
    return array.shape(x)[axis] if size is None else size


def pick_vector(cond: Any, true_vector: Any, false_vector: Any, name: str = "pick_vector") -> Any:
    """One of two vectors, of different lengths perhaps, by a bool scalar.

    Raises:
        TypeError: `cond` is no bool, or the vectors are of two types.
    """
    with scopes.name_scope(name, None, [cond, true_vector, false_vector]):
        cond = convert.to_tensor(cond, name="cond")
        if cond.dtype.base_dtype != bool_:
            raise TypeError(f"{cond}.dtype={cond.dtype} which is not {bool_}")
        known = constant_value(cond)
        if known is not None:
            return true_vector if known else false_vector
        first = convert.to_tensor(true_vector, name="true_vector")
        second = convert.to_tensor(false_vector, name="false_vector")
        if first.dtype != second.dtype:
            raise TypeError(f"{first}.dtype={first.dtype} does not match {second.dtype}.")
        length = array.shape(first)[0]
        both = array_moves.concat([first, second], 0)
        begin = array_select.where_v2(cond, 0, length)
        return array_slicing.slice_(both, [begin], [array_select.where_v2(cond, length, -1)])


def rotate_transpose(x: Any, shift: Any, name: str = "rotate_transpose") -> Tensor:
    """`x` with its dimensions rotated by `shift`: to the left where it is negative."""
    with scopes.name_scope(name, None, [x, shift]):
        x = convert.to_tensor(x, name="x")
        shift = convert.to_tensor(shift, name="shift")
        checks.assert_integer(shift)
        known = constant_value(shift)
        if known is not None and x.shape.ndims is not None:
            if x.shape.ndims < 2 or known % x.shape.ndims == 0:
                return x
            return array_moves.transpose(x, np.roll(np.arange(x.shape.ndims), known))
        rank = array.rank(x)
        split = math.FloorMod(-shift, rank)
        order = [array.range_(split, rank), array.range_(0, split)]
        return array_moves.transpose(x, array_moves.concat(order, 0))
