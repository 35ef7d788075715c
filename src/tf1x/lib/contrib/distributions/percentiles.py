"""Percentiles of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.core import convert, scopes
from tf1x.core.dtypes import float64, int32
from tf1x.core.operation import Tensor
from tf1x.ops import array, array_gather, array_moves, checks, math
from tf1x.ops.grouping import with_dependencies
from tf1x.ops.nn_functions import top_k

_ROUNDED = {"nearest": math.Round, "lower": math.Floor, "higher": math.Ceil}


def percentile(
    x: Any,
    q: Any,
    axis: Any = None,
    interpolation: str | None = None,
    keep_dims: bool = False,
    validate_args: bool = False,
    name: str | None = None,
) -> Tensor:
    """The element of `x` that `q` percent lie below, along `axis` (all axes by default).

    Args:
        q: a scalar from 0 to 100.
        axis: an int or a list of them, known.
        interpolation: which element where the place falls between two: "nearest" (the default),
            "lower" or "higher".

    Raises:
        ValueError: another `interpolation`, or the rank of `x` is not known.
    """
    interpolation = interpolation or "nearest"
    if interpolation not in _ROUNDED:
        raise ValueError(
            f"Argument 'interpolation' must be in {sorted(_ROUNDED)}. Found {interpolation}"
        )
    with scopes.name_scope(name, "percentile", [x, q]):
        x = convert.to_tensor(x, name="x")
        q = math.cast(convert.to_tensor(q, name="q"), float64)
        rank = x.shape.ndims
        if rank is None:
            raise ValueError("The rank of `x` must be known.")
        if validate_args:
            bounds = [
                checks.assert_rank(q, 0),
                checks.assert_greater_equal(q, 0.0),
                checks.assert_less_equal(q, 100.0),
            ]
            q = with_dependencies(bounds, q)
        given = range(rank) if axis is None else np.atleast_1d(axis)
        axes = sorted(int(a) % rank for a in given)
        kept = [a for a in range(rank) if a not in axes]
        rows = array_moves.transpose(x, [*kept, *axes])
        shape = array.shape(rows)[: len(kept)]
        rows = array.Reshape(rows, array_moves.concat([shape, [-1]], 0))
        count = array.shape(rows)[-1]
        ordered, _ = top_k(rows, count)
        place = math.cast(count - 1, float64) * (q / 100.0)
        # The order is descending.
        index = count - 1 - math.cast(_ROUNDED[interpolation](place), int32)
        found = array_gather.gather(ordered, index, axis=-1)
        if keep_dims:
            for a in axes:
                found = array.expand_dims(found, a)
        return found
