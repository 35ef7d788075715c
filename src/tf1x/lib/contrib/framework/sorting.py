"""`sort` and `argsort`, built on TopK as TensorFlow builds them."""

from __future__ import annotations

from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.operation import Tensor
from tf1x.core.static import constant_value
from tf1x.ops import array
from tf1x.ops.array_moves import transpose
from tf1x.ops.nn_functions import top_k


def sort(
    values: Any, axis: int = -1, direction: str = "ASCENDING", name: str | None = None
) -> Tensor:
    """The values in order along an axis.

    Args:
        direction: "ASCENDING" or "DESCENDING".

    Raises:
        ValueError: another direction, or an axis that is not known or not there.
    """
    with scopes.name_scope(name, "sort"):
        return _ordered(values, axis, direction, 0)


def argsort(
    values: Any,
    axis: int = -1,
    direction: str = "ASCENDING",
    stable: bool = False,
    name: str | None = None,
) -> Tensor:
    """The indices (int32) that put the values in order along an axis.

    Args:
        direction: "ASCENDING" or "DESCENDING".
        stable: accepted; of equal values the earlier comes first in any case.
    """
    with scopes.name_scope(name, "argsort"):
        return _ordered(values, axis, direction, 1)


def _ordered(values: Any, axis: Any, direction: str, which: int) -> Tensor:
    """The sorted values (`which` 0) or their indices (1)."""
    if direction not in ("ASCENDING", "DESCENDING"):
        raise ValueError(
            f"Direction should be one of ASCENDING and DESCENDING. Received: {direction}"
        )
    axis = constant_value(convert.to_tensor(axis, name="axis"))
    if axis is None or axis.ndim:
        raise ValueError("axis must be a constant scalar")
    values = convert.to_tensor(values, name="values")
    if not isinstance(values.shape.ndims, int):
        raise ValueError("sort needs values of known rank; call set_shape first.")
    rank, axis = values.shape.ndims, int(axis)
    if not -rank <= axis < rank:
        raise ValueError(f"axis {axis} is not in the range [{-rank}, {rank}).")
    axis %= rank
    order = [*range(axis), *range(axis + 1, rank), axis]  # the axis last, and back
    back = [*range(axis), rank - 1, *range(axis, rank - 1)]
    moved = values if axis == rank - 1 else transpose(values, order)
    ascending = direction == "ASCENDING"
    found = list(top_k(_reversed(moved) if ascending else moved, array.shape(moved)[-1]))
    if ascending:
        found[0] = _reversed(found[0])
    result: Tensor = found[which] if axis == rank - 1 else transpose(found[which], back)
    result.set_shape(values.shape)
    return result


def _reversed(values: Tensor) -> Tensor:
    """Values in the opposite order: -x, and for integers, where -x may overflow, -1 - x."""
    if not values.dtype.is_integer:
        return -values
    if values.dtype.is_unsigned:
        return convert.constant(values.dtype.max, values.dtype) - values
    return -1 - values
