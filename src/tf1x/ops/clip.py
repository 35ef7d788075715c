"""Clipping by norms; `clip_by_value` is in elementwise math."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tf1x.api import export
from tf1x.core import convert, scopes
from tf1x.core.dtypes import float32
from tf1x.core.indexed_slices import IndexedSlices
from tf1x.core.operation import Tensor
from tf1x.ops import array, array_moves, array_select, elementary, math, nn, reduce


def _values(item: Any, name: str = "t") -> Tensor:
    return convert.to_tensor(item.values if isinstance(item, IndexedSlices) else item, name=name)


def _like(item: Any, values: Tensor) -> Any:
    """`values` in the form of `item`."""
    return (
        IndexedSlices(values, item.indices, item.dense_shape)
        if isinstance(item, IndexedSlices)
        else values
    )


@export("clip_by_norm")
def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Any:
    """`t` scaled down so that its Euclidean norm over `axes` is at most `clip_norm`.

    Args:
        t: a tensor or IndexedSlices.
        clip_norm: a number or scalar tensor; negative counts as 0.
        axes: the dimensions that make up one vector; None for all.
    """
    with scopes.name_scope(name, "clip_by_norm", [t, clip_norm]) as scope:
        values = _values(t)
        if np.isscalar(clip_norm):
            clip_norm = max(clip_norm, 0)  # type: ignore[type-var]
        else:
            clip_norm = math.cast(math.Maximum(clip_norm, 0), values.dtype)
        squares = reduce.reduce_sum(values * values, axes, True)
        positive = squares > 0
        # The square root of 0 has no gradient.
        safe = array_select.where(positive, squares, array.ones_like(squares))
        norm = array_select.where(positive, elementary.Sqrt(safe), squares)
        scaled = values * clip_norm
        values.shape.assert_is_compatible_with(scaled.shape)
        return _like(t, array.Identity(scaled / math.Maximum(norm, clip_norm), name=scope))


def _check_list(t_list: Any) -> list[Any]:
    if not isinstance(t_list, Sequence) or isinstance(t_list, str):
        raise TypeError("t_list should be a sequence")
    return list(t_list)


def _numbered(t_list: list[Any]) -> list[Tensor | None]:
    return [None if t is None else _values(t, f"t_{i}") for i, t in enumerate(t_list)]


@export("global_norm", "linalg.global_norm")
def global_norm(t_list: Any, name: str | None = None) -> Tensor:
    """The Euclidean norm of all elements of a list of tensors; None entries are left out."""
    t_list = _check_list(t_list)
    with scopes.name_scope(name, "global_norm", t_list):
        halves = [nn.L2Loss(v) for v in _numbered(t_list) if v is not None]
        total = reduce.reduce_sum(array_moves.stack(halves))
        return elementary.Sqrt(total * convert.constant(2.0, total.dtype), name="global_norm")


@export("clip_by_global_norm")
def clip_by_global_norm(
    t_list: Any, clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> tuple[list[Any], Tensor]:
    """All tensors scaled down by one factor so that their global norm is at most `clip_norm`.

    Args:
        t_list: tensors, IndexedSlices and Nones, which stay None.
        use_norm: the global norm, if it is known.

    Returns:
        The clipped list, and the global norm before. If that is not finite, the clipped values
        are nan.
    """
    t_list = _check_list(t_list)
    if use_norm is None:
        use_norm = global_norm(t_list, name)
    with scopes.name_scope(name, "clip_by_global_norm", [*t_list, clip_norm]) as scope:
        use_norm = convert.to_tensor(use_norm)
        inverse = 1.0 / use_norm
        limit = convert.constant(1.0, use_norm.dtype.base_dtype) / clip_norm
        scale = clip_norm * math.Minimum(inverse, limit)
        scale = scale + (use_norm - use_norm)  # nan where the norm is not finite
        clipped: list[Any] = []
        for i, (item, values) in enumerate(zip(t_list, _numbered(t_list), strict=True)):
            if values is None:
                clipped.append(None)
                continue
            scaled = values * math.cast(scale, values.dtype)
            clipped.append(_like(item, array.Identity(scaled, name=f"{scope}_{i}")))
    return clipped, use_norm


@export("clip_by_average_norm")
def clip_by_average_norm(t: Any, clip_norm: Any, name: str | None = None) -> Tensor:
    """`t` scaled down so that its Euclidean norm is at most `clip_norm` times its size."""
    with scopes.name_scope(name, "clip_by_average_norm", [t, clip_norm]) as scope:
        t = convert.to_tensor(t, name="t")
        size = math.cast(array.size(t), float32)
        squares = reduce.reduce_sum(t * t, array.range_(array.rank(t)))
        inverse = elementary.Rsqrt(squares)
        scaled = t * clip_norm
        limit = math.Minimum(inverse * size, convert.constant(1.0) / clip_norm)
        return array.Identity(scaled * limit, name=scope)
