"""Reductions over groups of rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from tf1x.api import export
from tf1x.core import convert, opdef, scopes
from tf1x.core.dtypes import (
    FLOATS,
    INDICES,
    NUMBERS,
    REALS,
    as_dtype,
    int16,
    int32,
)
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.indexed_slices import IndexedSlices
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.core.static import constant_value
from tf1x.ops import array, array_moves, math, xp
from tf1x.ops.shape_rules import dims

# -- rows to groups ------------------------------------------------------------------------------


def _grouped(how: str, data: Any, ids: Any, count: int, start: Any) -> Any:
    """Rows of `data` combined by `how` into `count` groups that begin with `start`.

    `ids` has a prefix of data's shape; rows with a negative id are dropped.
    """
    rows = np.shape(data)[np.ndim(ids) :]
    data, ids = data.reshape((-1, *rows)), ids.reshape(-1)
    if xp.is_jax(data, ids):
        start = xp.full((count, *rows), start, data.dtype)
        place = xp.where(ids < 0, xp.asarray(count, ids.dtype), ids)
        return getattr(jnp.asarray(start).at[place], how)(data, mode="drop")
    result = np.full((count, *rows), start, data.dtype)
    kept = ids >= 0
    {"add": np.add, "multiply": np.multiply, "max": np.maximum, "min": np.minimum}[how].at(
        result, ids[kept], data[kept]
    )
    return result


def _rows_of(groups: Any, ids: Any) -> Any:
    """For each id its group; zeros for negative ids."""
    found = xp.take(groups, xp.maximum(ids, xp.asarray(0, ids.dtype)), axis=0, mode="clip")
    kept = (ids >= 0).reshape(np.shape(ids) + (1,) * (np.ndim(found) - np.ndim(ids)))
    return xp.where(kept, found, xp.zeros((), found.dtype))


def _sum_pullback(data: Any, ids: Any, y: Any, g: Any) -> Any:
    return _rows_of(g, ids)


def _extreme_pullback(data: Any, ids: Any, y: Any, g: Any) -> Any:
    """Equal elements of a group share its gradient."""
    chosen = xp.equal(data, _rows_of(y, ids))
    counts = _grouped("add", chosen.astype(g.dtype), ids, np.shape(g)[0], 0)
    shares = _rows_of(xp.divide(g, counts), ids)
    return xp.where(chosen, shares, xp.zeros((), g.dtype))


def _prod_pullback(data: Any, ids: Any, y: Any, g: Any) -> Any:
    """The product of the others, where a group has no or one zero; 0 where it has more."""
    count, zero = np.shape(g)[0], data == 0
    zeros = _grouped("add", zero.astype(np.int32), ids, count, 0)
    g = xp.where(zeros > 1, xp.zeros((), g.dtype), g)
    others = xp.where(zero, xp.asarray(1, data.dtype), data)
    product = _grouped("multiply", others, ids, count, 1)
    return _rows_of(g, ids) * xp.where(
        zero, _rows_of(product, ids), xp.divide(_rows_of(y, ids), others)
    )


def _mean_pullback(data: Any, ids: Any, y: Any, g: Any) -> Any:
    return _rows_of(xp.divide(g, _counts(ids, g)), ids)


def _counts(ids: Any, groups: Any) -> Any:
    """How many rows each group has, at least 1, in groups' type and rank."""
    found = np.bincount(xp.static(ids), minlength=np.shape(groups)[0])
    return xp.asarray(
        np.maximum(found, 1).reshape((-1,) + (1,) * (np.ndim(groups) - 1)), groups.dtype
    )


_Pullback = Callable[[Any, Any, Any, Any], Any]


def _rule(pullback: _Pullback) -> Callable[..., list[Any]]:
    def rule(inputs: Any, outputs: Any, cotangents: Any, attrs: Any) -> list[Any]:
        gradient = pullback(inputs[0], inputs[1], outputs[0], cotangents[0])
        return [gradient] + [None] * (len(inputs) - 1)

    return rule


# -- sorted ids: the largest says how many groups there are -------------------------------------


def _sorted_ids(ids: Any) -> tuple[Any, int]:
    """The ids, and how many groups they make.

    Raises:
        InvalidArgumentError: they do not rise, or begin below 0.
    """
    known = xp.static(ids)
    if known.size and (known[0] < 0 or np.any(np.diff(known) < 0)):
        raise InvalidArgumentError(
            None,
            None,
            "segment ids are not increasing" if known[0] >= 0 else "segment ids must be >= 0",
        )
    return known, int(known[-1]) + 1 if known.size else 0


def _sorted_shape(op: Operation) -> Any:
    shape, ids = dims(op), constant_value(op.inputs[1])
    count = None if ids is None else (int(ids[-1]) + 1 if ids.size else 0)
    return [None if shape is None else (count, *shape[1:])]


def _segment(
    name: str, how: str, start: int | None, types: Any, pullback: _Pullback, doc: str, public: str
) -> Any:
    """Declare a reduction by sorted ids; groups without rows are 0, or `start`."""

    def lower(data: Any, segment_ids: Any) -> Any:
        ids, count = _sorted_ids(segment_ids)
        if how == "mean":
            total = _grouped("add", data, ids, count, 0)
            return xp.divide(total, _counts(ids, total)).astype(data.dtype)
        if start is not None:
            return _grouped(how, data, ids, count, start)
        dtype = as_dtype(data.dtype)
        found = _grouped(how, data, ids, count, dtype.min if how == "max" else dtype.max)
        empty = (np.bincount(ids, minlength=count) == 0).reshape(
            (-1,) + (1,) * (np.ndim(found) - 1)
        )
        return xp.where(empty, xp.zeros((), data.dtype), found)

    lower.__doc__ = f"{doc} of the rows of `data` with the same segment id. Ids rise from 0; groups without rows are {start or 0}."
    return op(
        "data: T, segment_ids: Tindices -> output: T",
        type=name,
        T=types,
        Tindices=INDICES,
        shape=_sorted_shape,
        vjp=_rule(pullback),
        export=(public, f"math.{public}"),
    )(lower)


SegmentSum = _segment("SegmentSum", "add", 0, NUMBERS, _sum_pullback, "The sum", "segment_sum")
SegmentMean = _segment(
    "SegmentMean", "mean", 0, NUMBERS, _mean_pullback, "The mean", "segment_mean"
)
SegmentProd = _segment(
    "SegmentProd", "multiply", 1, NUMBERS, _prod_pullback, "The product", "segment_prod"
)
SegmentMax = _segment(
    "SegmentMax", "max", None, REALS, _extreme_pullback, "The largest", "segment_max"
)
SegmentMin = _segment(
    "SegmentMin", "min", None, REALS, _extreme_pullback, "The smallest", "segment_min"
)

# -- unsorted ids, with the number of groups given -----------------------------------------------


def _unsorted_shape(op: Operation) -> Any:
    data, ids, count = dims(op, 0), dims(op, 1), constant_value(op.inputs[2])
    if data is None or ids is None:
        return [None]
    return [(None if count is None else int(count), *data[len(ids) :])]


def _unsorted(
    name: str,
    how: str,
    start: Callable[[Any], Any],
    types: Any,
    pullback: _Pullback,
    doc: str,
    public: str,
) -> Any:
    def lower(data: Any, segment_ids: Any, num_segments: Any) -> Any:
        count = int(xp.static(num_segments))
        if count < 0:
            raise InvalidArgumentError(
                None, None, f"Input num_segments == {count} must not be negative."
            )
        if np.shape(data)[: np.ndim(segment_ids)] != np.shape(segment_ids):
            raise InvalidArgumentError(
                None,
                None,
                f"data.shape = {list(np.shape(data))} does not start with segment_ids.shape = {list(np.shape(segment_ids))}",
            )
        xp.check(
            segment_ids < count, InvalidArgumentError, lambda: _out_of_range(segment_ids, count)
        )
        return _grouped(how, data, segment_ids, count, start(as_dtype(data.dtype)))

    lower.__doc__ = f"{doc} of the rows of `data` with the same segment id below `num_segments`; negative ids are dropped."
    return op(
        "data: T, segment_ids: Tindices, num_segments: Tnumsegments -> output: T",
        type=name,
        T=types,
        Tindices=(int16, *INDICES),
        Tnumsegments=(INDICES, int32),
        shape=_unsorted_shape,
        vjp=_rule(pullback),
        export=(public, f"math.{public}"),
    )(lower)


def _out_of_range(ids: Any, count: int) -> str:
    flat = np.asarray(ids).reshape(-1)
    where = int(np.argmax(flat >= count))
    return f"segment_ids[{where}] = {flat[where]} is out of range [0, {count})"


UnsortedSegmentSum = _unsorted(
    "UnsortedSegmentSum",
    "add",
    lambda d: 0,
    NUMBERS,
    _sum_pullback,
    "The sum",
    "unsorted_segment_sum",
)
UnsortedSegmentProd = _unsorted(
    "UnsortedSegmentProd",
    "multiply",
    lambda d: 1,
    NUMBERS,
    _prod_pullback,
    "The product",
    "unsorted_segment_prod",
)
UnsortedSegmentMax = _unsorted(
    "UnsortedSegmentMax",
    "max",
    lambda d: d.min,
    REALS,
    _extreme_pullback,
    "The largest",
    "unsorted_segment_max",
)
UnsortedSegmentMin = _unsorted(
    "UnsortedSegmentMin",
    "min",
    lambda d: d.max,
    REALS,
    _extreme_pullback,
    "The smallest",
    "unsorted_segment_min",
)

# -- chosen rows of a table, by sorted ids -------------------------------------------------------


def _chosen_shape(op: Operation) -> Any:
    shape = dims(op)
    if len(op.inputs) == 4:
        count = constant_value(op.inputs[3])
        rows = None if count is None else int(count)
    else:
        ids = constant_value(op.inputs[2])
        rows = None if ids is None else (int(ids[-1]) + 1 if ids.size else 0)
    return [None if shape is None else (rows, *shape[1:])]


def _slices_shape(op: Operation) -> Any:
    shape = dims(op)
    return [None if shape is None else (None, *shape[1:]), (None,)]


def _chosen_gradient(op_type: str) -> Callable[..., list[Any]]:
    """The dense gradient, or with the attribute `sparse_gradient` that of the chosen rows."""

    def gradient(op: Operation, grad: Any) -> list[Any]:
        if not op.attrs["sparse_gradient"]:
            return array.first_input_gradient(op, grad)
        shape = array.Shape(op.inputs[0])
        node = opdef.get(op_type).endpoint
        values, rows = node(grad, op.inputs[1], op.inputs[2], shape[0])  # type: ignore[index]
        return [IndexedSlices(values, rows, shape), *[None] * (len(op.inputs) - 1)]

    return gradient


def _sparse(
    name: str, divisor: Callable[[Any], Any] | None, types: Any, doc: str
) -> tuple[Any, Any]:
    """Declare `SparseSegment<name>` and its form with the number of segments.

    Args:
        divisor: from a group's number of rows, what its sum is divided by.
    """

    def grouped(data: Any, indices: Any, ids: Any, count: int) -> Any:
        xp.check(
            (indices >= 0) & (indices < np.shape(data)[0]),
            InvalidArgumentError,
            lambda: f"indices {np.asarray(indices).tolist()} out of range [0, {np.shape(data)[0]})",
        )
        total = _grouped("add", xp.take(data, indices, axis=0, mode="clip"), ids, count, 0)
        if divisor is None:
            return total
        return xp.divide(total, divisor(_counts(ids, total))).astype(data.dtype)

    def lower(data: Any, indices: Any, segment_ids: Any) -> Any:
        ids, count = _sorted_ids(segment_ids)
        return grouped(data, indices, ids, count)

    def lower_with_count(data: Any, indices: Any, segment_ids: Any, num_segments: Any) -> Any:
        ids, least = _sorted_ids(segment_ids)
        count = int(xp.static(num_segments))
        if count < least:
            raise InvalidArgumentError(
                None, None, f"segment id {least - 1} out of range [0, {count})"
            )
        return grouped(data, indices, ids, count)

    lower.__doc__ = f"{doc} of the rows of `data` that `indices` choose, by rising segment ids."
    lower_with_count.__doc__ = f"{lower.__doc__[:-1]}, in `num_segments` groups."

    def slices(grad: Any, indices: Any, segment_ids: Any, dense_output_dim0: Any) -> Any:
        ids = xp.static(segment_ids)
        found, place = np.unique(xp.static(indices), return_inverse=True)
        each = grad if divisor is None else xp.divide(grad, divisor(_counts(ids, grad)))
        rows = _rows_of(each.astype(grad.dtype), ids)
        return _grouped("add", rows, place.reshape(-1), len(found), 0), found

    slices.__doc__ = f"The gradient of `{name}`: the rows that were chosen, once each."
    op(
        "grad: T, indices: Tidx, segment_ids: Tsegmentids, dense_output_dim0: int32 "
        "-> output: T, sorted_unique_indices: Tidx",
        type=f"{name}GradV2",
        T=FLOATS,
        Tidx=(INDICES, int32),
        Tsegmentids=(INDICES, int32),
        shape=_slices_shape,
    )(slices)

    arguments = "data: T, indices: Tidx, segment_ids: Tsegmentids"
    options: Any = {
        "T": types,
        "Tidx": (INDICES, int32),
        "Tsegmentids": (INDICES, int32),
        "attrs": {"sparse_gradient": ("bool", False)},
        "grad": _chosen_gradient(f"{name}GradV2"),
    }
    plain = op(f"{arguments} -> output: T", type=name, shape=_chosen_shape, **options)(lower)
    counted = op(
        f"{arguments}, num_segments: Tnumsegments -> output: T",
        type=f"{name}WithNumSegments",
        shape=_chosen_shape,
        Tnumsegments=(INDICES, int32),
        **options,
    )(lower_with_count)
    return plain, counted


SparseSegmentSum, SparseSegmentSumWithNumSegments = _sparse(
    "SparseSegmentSum", None, REALS, "The sum"
)
SparseSegmentMean, SparseSegmentMeanWithNumSegments = _sparse(
    "SparseSegmentMean", lambda n: n, FLOATS, "The mean"
)
SparseSegmentSqrtN, SparseSegmentSqrtNWithNumSegments = _sparse(
    "SparseSegmentSqrtN", xp.sqrt, FLOATS, "The sum over the root of the number"
)


# -- functions -----------------------------------------------------------------------------------


def _sparse_function(public: str, plain: Any, counted: Any) -> Callable[..., Tensor]:
    def function(
        data: Any,
        indices: Any,
        segment_ids: Any,
        name: str | None = None,
        num_segments: Any = None,
        sparse_gradient: bool = False,
    ) -> Tensor:
        options = {"sparse_gradient": sparse_gradient, "name": name}
        if num_segments is None:
            return plain(data, indices, segment_ids, **options)
        return counted(data, indices, segment_ids, num_segments, **options)

    function.__name__ = function.__qualname__ = f"sparse_{public}"
    function.__doc__ = plain.__doc__
    return export(f"sparse_{public}", f"sparse.{public}")(function)


sparse_segment_sum = _sparse_function(
    "segment_sum", SparseSegmentSum, SparseSegmentSumWithNumSegments
)
sparse_segment_mean = _sparse_function(
    "segment_mean", SparseSegmentMean, SparseSegmentMeanWithNumSegments
)
sparse_segment_sqrt_n = _sparse_function(
    "segment_sqrt_n", SparseSegmentSqrtN, SparseSegmentSqrtNWithNumSegments
)


def _group_sizes(data: Tensor, segment_ids: Tensor, num_segments: Any) -> Tensor:
    """How many rows each group has, at least 1, with the rank of the result."""
    count = convert.to_tensor(num_segments)
    ones = array.ones(array.shape_of(segment_ids), data.dtype.base_dtype)
    sizes = UnsortedSegmentSum(ones, segment_ids, count)
    groups = count[None]
    rest = array.ones([array.rank(data) - array.rank(segment_ids)], count.dtype.base_dtype)
    sizes = array.Reshape(sizes, array_moves.concat([groups, rest], axis=0))
    return math.Maximum(sizes, 1)


@export("unsorted_segment_mean", "math.unsorted_segment_mean")
def unsorted_segment_mean(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Tensor:
    """The mean of the rows with the same segment id; 0 for groups without rows."""
    with scopes.name_scope(name, "UnsortedSegmentMean"):
        data, segment_ids = convert.to_tensor(data), convert.to_tensor(segment_ids)
        sizes = _group_sizes(data, segment_ids, num_segments)
        return UnsortedSegmentSum(data, segment_ids, num_segments) / sizes


@export("unsorted_segment_sqrt_n", "math.unsorted_segment_sqrt_n")
def unsorted_segment_sqrt_n(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Tensor:
    """The sum of the rows with the same segment id, divided by the root of their number."""
    with scopes.name_scope(name, "UnsortedSegmentSqrtN"):
        data, segment_ids = convert.to_tensor(data), convert.to_tensor(segment_ids)
        sizes = _group_sizes(data, segment_ids, num_segments)
        return UnsortedSegmentSum(data, segment_ids, num_segments) / math.Sqrt(sizes)
