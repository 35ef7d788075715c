"""Shapes that broadcast together."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.api import export
from tf1x.core import convert, scopes
from tf1x.core.dtypes import INDICES, int32
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.core.shapes import TensorShape, as_shape
from tf1x.core.static import constant_value_as_shape
from tf1x.ops import array, array_moves, xp
from tf1x.ops.shape_rules import broadcast_dims, dims


def _broadcast_to_shape(op: Operation) -> Any:
    source, target = dims(op), constant_value_as_shape(op.inputs[1]).tuple
    if source is not None and target is not None:
        if len(source) > len(target):
            raise ValueError(f"Cannot broadcast rank {len(source)} to rank {len(target)}")
        for have, want in zip(source[::-1], target[::-1], strict=False):
            if have not in (1, None, want) and want is not None:
                raise ValueError(f"Cannot broadcast {source} to {target}")
    return [target]


@op(
    "input: T, shape: Tidx -> output: T",
    Tidx=(INDICES, int32),
    shape=_broadcast_to_shape,
    exact=True,
    export=("broadcast_to",),
)
def BroadcastTo(input: Any, shape: Any) -> Any:
    """`input` repeated along its dimensions of size 1 (and new leading ones) to fill `shape`."""
    return xp.broadcast_to(input, xp.static_shape(shape))


def _broadcast_args_shape(op: Operation) -> Any:
    sizes = [t.shape.num_elements() for t in op.inputs]
    return [(None if None in sizes else max(sizes),)]  # type: ignore[type-var]


@op("s0: T, s1: T -> r0: T", T=(INDICES, int32), shape=_broadcast_args_shape, exact=True, grad=None)
def BroadcastArgs(s0: Any, s1: Any) -> Any:
    """The shape to which the shapes `s0` and `s1` broadcast together."""
    shapes = xp.static_shape(s0), xp.static_shape(s1)
    return np.array(broadcast_dims(*shapes), s0.dtype)


@op(
    "s0: T, s1: T -> r0: T, r1: T",
    T=(INDICES, int32),
    shape=lambda op: [(None,), (None,)],
    exact=True,
    grad=None,
)
def BroadcastGradientArgs(s0: Any, s1: Any) -> Any:
    """For shapes that broadcast together, the axes over which the gradient of each is summed."""
    shapes = xp.static_shape(s0), xp.static_shape(s1)
    result = broadcast_dims(*shapes)
    assert result is not None
    found = []
    for own in shapes:
        padded = (1,) * (len(result) - len(own)) + own
        axes = [
            i
            for i, (a, b) in enumerate(zip(padded, result, strict=True))
            if a == 1 and (b != 1 or i < len(result) - len(own))
        ]
        both_one = [i for i, b in enumerate(result) if b == 1 and i not in axes]
        found.append(np.array(sorted(axes + both_one), s0.dtype))
    return found


@export("broadcast_static_shape")
def broadcast_static_shape(shape_x: Any, shape_y: Any) -> TensorShape:
    """The `TensorShape` to which two static shapes broadcast.

    Raises:
        ValueError: they do not fit.
    """
    return TensorShape.of(broadcast_dims(as_shape(shape_x).tuple, as_shape(shape_y).tuple))


@export("broadcast_dynamic_shape")
def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> Tensor:
    """The shape to which two shape vectors broadcast, as a tensor."""
    return BroadcastArgs(shape_x, shape_y)


@export("meshgrid")
def meshgrid(*args: Any, indexing: str = "xy", name: str = "meshgrid") -> list[Tensor]:
    """Coordinate grids from vectors: result i holds args[i] along one axis, the same along the others.

    Args:
        indexing: "xy" (the first vector runs along axis 1) or "ij" (along axis 0).
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"Argument `indexing` must be either 'xy' or 'ij', got {indexing!r}")
    with scopes.name_scope(name, "meshgrid", args):
        count = len(args)
        if not count:
            return []
        grids = [_along(array_moves.stack(x), i, count) for i, x in enumerate(args)]
        sizes = [array.size(x) for x in args]
        kind = convert.to_tensor(args[0]).dtype.base_dtype
        if indexing == "xy" and count > 1:
            grids[:2] = _along(grids[0], 1, count), _along(grids[1], 0, count)
            sizes[:2] = sizes[1], sizes[0]
        ones = array.ones(sizes, kind)
        return [grid * ones for grid in grids]


def _along(x: Tensor, axis: int, count: int) -> Tensor:
    """A vector as a tensor of rank `count` that runs along `axis`."""
    return array.Reshape(x, [-1 if i == axis else 1 for i in range(count)])
