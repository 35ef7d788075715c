"""Choosing by condition and by value: where, one_hot, unique, partition and stitch, searching."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.api import export, renamed
from tf1x.core import convert, opdef, scopes
from tf1x.core.dtypes import (
    INDICES,
    NUMBERS,
    DType,
    as_dtype,
    bool_,
    float32,
    int8,
    int32,
    int64,
    uint8,
)
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.core.static import constant_value
from tf1x.ops import array, array_moves, math, xp
from tf1x.ops.array_slicing import getitem
from tf1x.ops.shape_rules import broadcast_dims, dims, like, unchanged

# -- one_hot -------------------------------------------------------------------------------------


def _one_hot_shape(op: Operation) -> Any:
    shape, depth = dims(op), constant_value(op.inputs[1])
    if shape is None:
        return [None]
    axis = op.attrs["axis"]
    if not -1 <= axis <= len(shape):
        raise ValueError(
            f"Expected axis to be -1 or between [0, {len(shape)}].  But received: {axis}"
        )
    axis = len(shape) if axis == -1 else axis
    if depth is not None and depth < 0:
        raise ValueError(f"depth must be non-negative, got: {int(depth)}")
    return [(*shape[:axis], None if depth is None else int(depth), *shape[axis:])]


@op(
    "indices: TI, depth: int32, on_value: T, off_value: T -> output: T",
    TI=((uint8, int8, int32, int64), int64),
    shape=_one_hot_shape,
    exact=True,
    grad=None,
)
def OneHot(indices: Any, depth: Any, on_value: Any, off_value: Any, *, axis: int = -1) -> Any:
    """`on_value` at the position that each index names along a new dimension, else `off_value`."""
    count = array_moves.scalar_int(depth)
    position = np.ndim(indices) if axis == -1 else axis
    shape = [1] * (np.ndim(indices) + 1)
    shape[position] = count
    classes = np.arange(count).reshape(shape)
    return xp.where(xp.expand_dims(indices, position) == classes, on_value, off_value)


@export("one_hot")
def one_hot(
    indices: Any,
    depth: Any,
    on_value: Any = None,
    off_value: Any = None,
    axis: int | None = None,
    dtype: Any = None,
    name: str | None = None,
) -> Tensor:
    """A new dimension of size `depth` with `on_value` (1) where the index is, `off_value` (0) elsewhere.

    Args:
        axis: where the new dimension goes, by default last.
        dtype: by default that of the values, or float32.

    Raises:
        TypeError: the values are not of one type.
    """
    with scopes.name_scope(name, "one_hot", [indices, depth, on_value, off_value]) as scope:
        kind = None if dtype is None else as_dtype(dtype)
        on = None if on_value is None else convert.to_tensor(on_value, preferred_dtype=kind)
        off = None if off_value is None else convert.to_tensor(off_value, preferred_dtype=kind)
        given = [t.dtype.base_dtype for t in (on, off) if t is not None]
        for part, tensor in (("on_value", on), ("off_value", off)):
            if kind is not None and tensor is not None and tensor.dtype.base_dtype is not kind:
                raise TypeError(
                    f"dtype {tensor.dtype} of {part} does not match dtype parameter {kind}"
                )
        if kind is None:
            kind = given[0] if given else float32
        if on is None:
            on = convert.to_tensor(1, kind, name="on_value")
        if off is None:
            off = convert.to_tensor(0, kind, name="off_value")
        if on.dtype.base_dtype is not off.dtype.base_dtype:
            raise TypeError(
                f"dtype {on.dtype} of on_value does not match dtype {off.dtype} of off_value"
            )
        hot: Tensor = OneHot(indices, depth, on, off, axis=-1 if axis is None else axis, name=scope)
    return hot


@export("sequence_mask")
def sequence_mask(
    lengths: Any, maxlen: Any = None, dtype: Any = bool_, name: str | None = None
) -> Tensor:
    """Whether j < lengths[...], for j from 0 below `maxlen` (by default the greatest length)."""
    with scopes.name_scope(name, "SequenceMask", [lengths, maxlen]):
        lengths = convert.to_tensor(lengths)
        if maxlen is None:
            longest = opdef.get("Max").endpoint(lengths, _all_dimensions(lengths))
            maxlen = math.Maximum(array.constant(0, longest.dtype), longest)
        else:
            maxlen = convert.to_tensor(maxlen)
        if maxlen.shape.ndims not in (None, 0):
            raise ValueError(
                f"Argument `maxlen` must be scalar for sequence_mask, but has shape {maxlen.shape}"
            )
        kind = maxlen.dtype.base_dtype
        steps = array.Range(array.constant(0, kind), maxlen, array.constant(1, kind))
        mask = steps < math.Cast(array.expand_dims(lengths, -1), DstT=kind)
        return mask if dtype is None else array._cast(mask, as_dtype(dtype))


def _all_dimensions(tensor: Tensor) -> Tensor:
    if tensor.shape.ndims is not None:
        return array.constant(np.arange(tensor.shape.ndims), int32)
    axes: Tensor = array.Range(0, array.rank(tensor), 1)
    return axes


# -- where and select ----------------------------------------------------------------------------


@op(
    "input: T -> index: int64",
    T=((*NUMBERS, bool_), bool_),
    shape=lambda op: [(None, op.inputs[0].shape.ndims)],
    grad=None,
    exact=True,
)
def Where(input: Any) -> Any:
    """The positions of the elements that are not zero (or False), one a row."""
    return np.argwhere(xp.static(input)).astype(np.int64)


def _select_shape(op: Operation) -> Any:
    condition = op.inputs[0].shape
    values = op.inputs[1].shape.merge_with(op.inputs[2].shape)
    if condition.ndims == 1 and values.ndims != 1 and values.ndims is not None:
        if not values.ndims:
            raise ValueError("A vector condition needs values of rank 1 or more")
        condition.assert_is_compatible_with(values[:1])
    elif (condition.ndims and condition.ndims > 1) or (condition.ndims == 1 and values.ndims == 1):
        return [values.merge_with(condition)]
    return [values]


@op("condition: bool, t: T, e: T -> output: T", shape=_select_shape, exact=True)
def Select(condition: Any, t: Any, e: Any) -> Any:
    """`t` where `condition` holds, else `e`; a vector condition chooses whole rows."""
    rank = np.ndim(condition)
    if np.shape(t) != np.shape(e):
        raise InvalidArgumentError(
            None,
            None,
            f"'then' and 'else' must have the same size.  but received: {list(np.shape(t))} vs. {list(np.shape(e))}",
        )
    if rank and np.shape(condition) != np.shape(t)[:rank]:
        raise InvalidArgumentError(
            None,
            None,
            f"condition of shape {list(np.shape(condition))} does not fit values of shape {list(np.shape(t))}",
        )
    return xp.where(xp.reshape(condition, np.shape(condition) + (1,) * (np.ndim(t) - rank)), t, e)


@op(
    "condition: bool, t: T, e: T -> output: T",
    shape=lambda op: [broadcast_dims(*(t.shape.tuple for t in op.inputs))],
    exact=True,
)
def SelectV2(condition: Any, t: Any, e: Any) -> Any:
    """`t` where `condition` holds, else `e`, with broadcasting."""
    return xp.where(condition, t, e)


def _where(choose: Any, condition: Any, x: Any, y: Any, name: str | None) -> Tensor:
    if (x is None) != (y is None):
        raise ValueError("x and y must both be non-None or both be None.")
    if x is not None:
        return choose(condition, x, y, name=name)
    with scopes.name_scope(name, "Where", [condition]) as scope:
        condition = convert.to_tensor(condition, preferred_dtype=bool_, name="condition")
        return Where(condition, name=scope)


@export("where")
def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Tensor:
    """`x` where `condition` holds, else `y`; alone, the positions where it holds, one a row.

    `x` and `y` have one shape; `condition` has it too, or is a scalar, or a vector that chooses rows.
    """
    return _where(Select, condition, x, y, name)


@export("where_v2")
def where_v2(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Tensor:
    """`where` in which all three broadcast together."""
    return _where(SelectV2, condition, x, y, name)


@export("select")
@renamed(t="x", e="y")
def select(condition: Any, x: Any, y: Any, name: str | None = None) -> Tensor:
    """`where` with three arguments, by the name it had before TensorFlow 1.0."""
    return Select(condition, x, y, name=name)


# -- unique --------------------------------------------------------------------------------------


def _uniques(values: Any, out: Any) -> tuple[Any, Any, Any]:
    """Distinct values in order of first appearance, the index of each value there, and counts."""
    first: dict[Any, int] = {}
    positions = [first.setdefault(v, len(first)) for v in values]
    index = np.array(positions, out)
    return list(first), index, np.bincount(positions, minlength=len(first)).astype(out)


def _unique(x: Any, out: DType, axis: int | None = None) -> tuple[Any, Any, Any]:
    x = xp.static(x)
    kind = out.as_numpy_dtype
    if axis is None:
        if x.ndim != 1:
            raise InvalidArgumentError(
                None, None, f"unique expects a 1D vector, got shape {list(x.shape)}"
            )
        found, index, counts = _uniques(x.tolist(), kind)
    else:
        rows = np.moveaxis(x, axis, 0)
        found, index, counts = _uniques([r.tobytes() for r in rows], kind)
    first = np.zeros(len(found), np.int64)
    first[index[::-1]] = np.arange(len(index))[::-1]
    return np.take(x, first, axis=0 if axis is None else axis), index, counts


def _unique_shape(op: Operation) -> Any:
    size = op.inputs[0].shape.with_rank(1)
    return [(None,), size, (None,)][: len(op.opdef.outputs)]


def _unique_axis_shape(op: Operation) -> Any:
    shape, axis = dims(op), constant_value(op.inputs[1])
    count = len(op.opdef.outputs)
    if shape is None or axis is None:
        return [None, (None,), (None,)][:count]
    position = int(axis.reshape(-1)[0]) % len(shape) if axis.size else 0
    return [(*shape[:position], None, *shape[position + 1 :]), (shape[position],), (None,)][:count]


def _axis_of(axis: Any) -> int | None:
    chosen = xp.static_shape(axis)
    return chosen[0] if chosen else None


_OUT = (INDICES, int32)


@op("x: T -> y: T, idx: out_idx", shape=_unique_shape, out_idx=_OUT, grad=None, exact=True)
def Unique(x: Any, *, out_idx: DType) -> Any:
    """The distinct elements in order of first appearance, and where in them each element stands."""
    return _unique(x, out_idx)[:2]


@op(
    "x: T -> y: T, idx: out_idx, count: out_idx",
    shape=_unique_shape,
    out_idx=_OUT,
    grad=None,
    exact=True,
)
def UniqueWithCounts(x: Any, *, out_idx: DType) -> Any:
    """`Unique`, and how often each occurs."""
    return _unique(x, out_idx)


@op(
    "x: T, axis: Taxis -> y: T, idx: out_idx",
    shape=_unique_axis_shape,
    Taxis=(INDICES, int64),
    out_idx=_OUT,
    grad=None,
    exact=True,
)
def UniqueV2(x: Any, axis: Any, *, out_idx: DType) -> Any:
    """`Unique` of the slices along an axis."""
    return _unique(x, out_idx, _axis_of(axis))[:2]


@op(
    "x: T, axis: Taxis -> y: T, idx: out_idx, count: out_idx",
    shape=_unique_axis_shape,
    Taxis=(INDICES, int64),
    out_idx=_OUT,
    grad=None,
    exact=True,
)
def UniqueWithCountsV2(x: Any, axis: Any, *, out_idx: DType) -> Any:
    """`UniqueWithCounts` of the slices along an axis."""
    return _unique(x, out_idx, _axis_of(axis))


@export("unique")
def unique(x: Any, out_idx: Any = int32, name: str | None = None) -> Any:
    """(y, idx): the distinct elements of a vector, in order, and for each element its place in y."""
    return Unique(x, out_idx=out_idx, name=name)


@export("unique_with_counts")
def unique_with_counts(x: Any, out_idx: Any = int32, name: str | None = None) -> Any:
    """(y, idx, count): `unique`, and how often each element of y occurs."""
    return UniqueWithCounts(x, out_idx=out_idx, name=name)


@op(
    "x: T, y: T -> out: T, idx: out_idx",
    shape=lambda op: [(None,), (None,)],
    out_idx=_OUT,
    grad=None,
    exact=True,
)
def ListDiff(x: Any, y: Any, *, out_idx: DType) -> Any:
    """The elements of `x` that are not in `y`, in order, and their positions."""
    left, right = xp.static(x), set(xp.static(y).tolist())
    kept = np.array([i for i, v in enumerate(left.tolist()) if v not in right], np.int64)
    return left[kept], kept.astype(out_idx.as_numpy_dtype)


@export("setdiff1d", "listdiff", "list_diff")
@renamed(out_idx="index_dtype")
def setdiff1d(x: Any, y: Any, index_dtype: Any = int32, name: str | None = None) -> Any:
    """(out, idx): the elements of the vector `x` that are not in `y`, and their positions in x."""
    return ListDiff(x, y, out_idx=index_dtype, name=name)


@op(
    "x: T -> y: T",
    T=(INDICES, int32),
    shape=unchanged,
    grad=None,
    exact=True,
    export=("invert_permutation", "math.invert_permutation"),
)
def InvertPermutation(x: Any) -> Any:
    """y with y[x[i]] = i."""
    size = np.shape(x)[0]
    order = xp.argsort(x)
    fits = xp.sort(x) == np.arange(size)
    xp.check(
        fits,
        InvalidArgumentError,
        lambda: f"{np.asarray(x).tolist()} is not a permutation of 0 to {size - 1}",
    )
    return order.astype(x.dtype)


# -- partition and stitch ------------------------------------------------------------------------


def _partition_shape(op: Operation) -> Any:
    data, partitions = dims(op), dims(op, 1)
    rest = None if data is None or partitions is None else data[len(partitions) :]
    return [None if rest is None else (None, *rest)] * op.attrs["num_partitions"]


@op("data: T, partitions: int32 -> outputs: num_partitions*T", shape=_partition_shape, exact=True)
def DynamicPartition(data: Any, partitions: Any, *, num_partitions: int) -> Any:
    """The slices of `data` by the number that `partitions` gives each, in order."""
    chosen = xp.static(partitions)
    if chosen.size and not ((chosen >= 0) & (chosen < num_partitions)).all():
        where = tuple(int(i) for i in np.argwhere((chosen < 0) | (chosen >= num_partitions))[0])
        raise InvalidArgumentError(
            None, None, f"partitions{list(where)} = {chosen[where]} is not in [0, {num_partitions})"
        )
    if np.shape(data)[: chosen.ndim] != chosen.shape:
        raise InvalidArgumentError(
            None,
            None,
            f"data.shape must start with partitions.shape, got data.shape = {list(np.shape(data))}, partitions.shape = {list(chosen.shape)}",
        )
    rows = xp.reshape(data, (chosen.size, *np.shape(data)[chosen.ndim :]))
    return [rows[np.flatnonzero(chosen == i)] for i in range(num_partitions)]


@export("dynamic_partition")
def dynamic_partition(
    data: Any, partitions: Any, num_partitions: int, name: str | None = None
) -> list[Tensor]:
    """A list of `num_partitions` tensors: slice i of `data` goes to the one that `partitions[i]` names."""
    return DynamicPartition(data, partitions, num_partitions=num_partitions, name=name)


def _stitched(op: Operation) -> Any:
    count = op.attrs["N"]
    indices, data = op.inputs[:count], op.inputs[count:]
    rest: Any = None
    for index, item in zip(indices, data, strict=True):
        if index.shape.ndims is not None and item.shape.ndims is not None:
            item.shape[: index.shape.ndims].assert_is_compatible_with(index.shape)
            own = item.shape[index.shape.ndims :]
            rest = own if rest is None else rest.merge_with(own)
    if rest is None:
        return [None]
    values = [constant_value(t) for t in indices]
    known = not any(v is None for v in values)
    size = (
        max((int(v.max()) + 1 for v in values if v is not None and v.size), default=0)
        if known
        else None
    )
    return [(size, *rest.as_list())]


def _stitch(indices: list[Any], data: list[Any]) -> Any:
    places = [xp.static(i) for i in indices]
    size = max((int(p.max()) + 1 for p in places if p.size), default=0)
    rest = np.shape(data[0])[places[0].ndim :]
    rows = xp.concatenate(
        [xp.reshape(d, (p.size, *rest)) for p, d in zip(places, data, strict=True)], 0
    )
    flat = np.concatenate([p.reshape(-1) for p in places])
    if flat.size and flat.min() < 0:
        raise InvalidArgumentError(
            None, None, f"indices must be non-negative, got {int(flat.min())}"
        )
    # The last of several values for one place stays; a place without any is zero.
    source = np.full(size, -1)
    source[flat] = np.arange(flat.size)
    merged = rows[np.maximum(source, 0)] if flat.size else rows
    if (source < 0).any():
        given = (source >= 0).reshape(-1, *[1] * len(rest))
        merged = xp.where(given, merged, xp.zeros((), rows.dtype))
    return merged


def _stitch_vjp(inputs: Any, outputs: Any, cotangents: Any, attrs: Any) -> list[Any]:
    """TensorFlow gives the gradient at a place to every value for it, overwritten ones too."""
    places = [xp.static(i) for i in inputs[: attrs["N"]]]
    return [None] * len(places) + [cotangents[0][p] for p in places]


@op(
    "indices: N*int32, data: N*T -> merged: T",
    shape=_stitched,
    exact=True,
    vjp=_stitch_vjp,
    export=("dynamic_stitch",),
)
def DynamicStitch(indices: list[Any], data: list[Any]) -> Any:
    """merged[indices[k][i]] = data[k][i]; the last one stays where an index occurs twice."""
    return _stitch(indices, data)


@op(
    "indices: N*int32, data: N*T -> merged: T",
    shape=_stitched,
    exact=True,
    vjp=_stitch_vjp,
)
def ParallelDynamicStitch(indices: list[Any], data: list[Any]) -> Any:
    """`DynamicStitch`, in which no index may occur twice."""
    return _stitch(indices, data)


# -- searching -----------------------------------------------------------------------------------


def _search(sorted_inputs: Any, values: Any, side: str, out: DType) -> Any:
    if xp.is_jax(sorted_inputs, values):
        found = jax.vmap(lambda row, x: jnp.searchsorted(row, x, side=side))(sorted_inputs, values)
    else:
        rows = [
            np.searchsorted(row, x, side=side) for row, x in zip(sorted_inputs, values, strict=True)
        ]  # type: ignore[call-overload]
        found = np.array(rows).reshape(values.shape)
    return found.astype(out.as_numpy_dtype)


@op(
    "sorted_inputs: T, values: T -> output: out_type",
    shape=like(1),
    out_type=_OUT,
    grad=None,
    exact=True,
)
def LowerBound(sorted_inputs: Any, values: Any, *, out_type: DType) -> Any:
    """For each value, the first position in its row of `sorted_inputs` that keeps the row sorted."""
    return _search(sorted_inputs, values, "left", out_type)


@op(
    "sorted_inputs: T, values: T -> output: out_type",
    shape=like(1),
    out_type=_OUT,
    grad=None,
    exact=True,
)
def UpperBound(sorted_inputs: Any, values: Any, *, out_type: DType) -> Any:
    """For each value, the last position in its row of `sorted_inputs` that keeps the row sorted."""
    return _search(sorted_inputs, values, "right", out_type)


@export("searchsorted")
def searchsorted(
    sorted_sequence: Any,
    values: Any,
    side: str = "left",
    out_type: Any = int32,
    name: str | None = None,
) -> Tensor:
    """Where `values` belong in the last dimension of `sorted_sequence`.

    Args:
        side: "left" (before equal elements) or "right" (after them).
    """
    if side not in ("left", "right"):
        raise ValueError(f"side must be either 'right' or 'left'.  Saw: {side}.")
    function = LowerBound if side == "left" else UpperBound
    width = getitem(array.shape_of(sorted_sequence), -1)
    count = getitem(array.shape_of(values), -1)
    rows = array.Reshape(sorted_sequence, [-1, width])
    found = function(rows, array.Reshape(values, [-1, count]), out_type=out_type, name=name)
    result: Tensor = array.Reshape(found, array.shape_of(values))
    return result
