"""Sparse tensors taken apart, put together and made dense: the ops on their places.

An op takes a sparse tensor as its `indices` [n, rank], `values` [n] and `shape` [rank]. Shapes are
static values (`xp.static`). Where the number of elements that come out depends on the places, these
are static too, so such ops run between two segments; values may be traced all the same.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from tf1x.core import opdef
from tf1x.core.dtypes import INDICES, NUMBERS
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.core.static import constant_value, constant_value_as_shape
from tf1x.ops import segment, xp
from tf1x.ops.shape_rules import dims, merge_dim, with_rank

# -- places ----------------------------------------------------------------------------------------


def fail(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(None, None, message)


def new(op_type: str, *args: Any, **kwargs: Any) -> Any:
    return opdef.get(op_type).endpoint(*args, **kwargs)


def check_places(indices: Any, shape: Any, name: str = "indices") -> None:
    """Fail unless every row of `indices` lies within `shape`."""

    def describe() -> str:
        values = np.asarray(indices)
        row = int(np.argmin(((values >= 0) & (values < np.asarray(shape))).all(1)))
        return (
            f"{name}[{row}] = {values[row].tolist()} is out of bounds: need 0 <= index < "
            f"{np.asarray(shape).tolist()}"
        )

    if np.shape(indices)[0]:
        xp.check((indices >= 0) & (indices < shape), InvalidArgumentError, describe)


def flat_places(indices: Any, shape: Any) -> Any:
    """For each row of `indices` its position in row-major order; an int64 vector."""
    sizes = [int(d) for d in shape]
    strides = np.ones(len(sizes), np.int64)
    for i in range(len(sizes) - 2, -1, -1):
        strides[i] = strides[i + 1] * max(sizes[i + 1], 1)
    return xp.sum(indices.astype(np.int64) * strides, axis=1)


def places_from_flat(flat: Any, shape: Any) -> Any:
    """The inverse of `flat_places`."""
    columns = []
    for size in reversed([max(int(d), 1) for d in shape]):
        columns.append(flat % size)
        flat = flat // size
    if not columns:
        return xp.zeros((np.shape(flat)[0], 0), np.int64)
    return xp.stack(columns[::-1], axis=1)


def row_major(indices: Any) -> Any:
    """The order that sorts rows of `indices` lexicographically; equal ones stay as they stand."""
    rank = np.shape(indices)[1]
    if not rank:
        return np.arange(np.shape(indices)[0])
    return xp.lexsort(tuple(indices[:, i] for i in reversed(range(rank))))


def take(x: Any, positions: Any) -> Any:
    """`x[positions]` along the first dimension."""
    if xp.is_jax(x, positions):
        return jnp.take(x, positions, axis=0, mode="clip")
    return np.take(x, positions, axis=0)


def sparse_dims(op: Operation, indices: int, shape: int) -> tuple[int | None, int | None]:
    """(number of elements, rank), as far as inputs `indices` and `shape` tell."""
    count, rank = with_rank(dims(op, indices), 2)
    return count, merge_dim(rank, with_rank(dims(op, shape), 1)[0])


def open_sparse(op: Operation, indices: int = 0, shape: int = 2) -> Any:
    """Shapes of a sparse result of the input's rank with an unknown number of elements."""
    rank = sparse_dims(op, indices, shape)[1]
    return [(None, rank), (None,), (rank,)]


def refuse_gradient(op: Operation, *grads: Any) -> list[Any]:
    raise LookupError(f"No gradient defined for operation '{op.name}' (op type: {op.type})")


# -- dense from sparse -----------------------------------------------------------------------------


def _dense_points(indices: Any, rank: int) -> Any:
    """The places as a matrix; a vector or scalar of places in a vector counts as one column."""
    if np.ndim(indices) == 2:
        return indices
    return indices.reshape((-1, 1) if rank == 1 else (1, -1))


def _check_sorted(indices: Any) -> None:
    """Fail unless the rows rise lexicographically."""
    if np.shape(indices)[0] < 2 or not np.shape(indices)[1]:
        return
    step = indices[1:] - indices[:-1]
    # The first column that changes must rise; the last one must change if no other does.
    rises, undecided = False, True
    for column in range(np.shape(indices)[1]):
        rises = rises | (undecided & (step[:, column] > 0))
        undecided = undecided & (step[:, column] == 0)

    def describe() -> str:
        row = int(np.argmin(np.asarray(rises))) + 1
        place = np.asarray(indices)[row].tolist()
        what = "repeated" if bool(np.asarray(undecided)[row - 1]) else "out of order"
        return f"indices[{row}] = {place} is {what}"

    xp.check(rises, InvalidArgumentError, describe)


def _to_dense_vjp(inputs: Any, outputs: Any, cotangents: Any, attrs: Any) -> list[Any]:
    """What is not overwritten goes to the default value."""
    points, grad = _dense_points(inputs[0], np.ndim(outputs[0])), cotangents[0]
    values = take(grad.reshape(-1), flat_places(points, np.shape(grad)))
    rest = xp.sum(grad) - xp.sum(values)
    return [None, None, values if np.ndim(inputs[2]) else xp.sum(values), rest]


@op(
    "sparse_indices: Tindices, output_shape: Tindices, sparse_values: T, default_value: T -> dense: T",
    Tindices=INDICES,
    shape=lambda op: [constant_value_as_shape(op.inputs[1])],
    exact=True,
    vjp=_to_dense_vjp,
)
def SparseToDense(
    sparse_indices: Any,
    output_shape: Any,
    sparse_values: Any,
    default_value: Any,
    *,
    validate_indices: bool = True,
) -> Any:
    """`sparse_values` at `sparse_indices` in a tensor of `output_shape`, `default_value` elsewhere.

    Args:
        sparse_indices: one place a row; a vector of places where the output is a vector.
        sparse_values: one value a place, or a scalar for all.
        validate_indices: fail where the places do not rise in row-major order.
    """
    shape = xp.static_shape(output_shape)
    points = _dense_points(sparse_indices, len(shape))
    count, depth = np.shape(points)
    if depth != len(shape):
        raise fail(
            f"output_shape has incorrect number of elements: {len(shape)} should be: {depth}"
        )
    if np.shape(sparse_values) not in ((), (count,)):
        raise fail(
            f"sparse_values has incorrect shape {list(np.shape(sparse_values))}, should be [] or [{count}]"
        )
    check_places(points, np.array(shape, points.dtype))
    if validate_indices:
        _check_sorted(points)
    base = xp.full(shape, default_value, sparse_values.dtype)
    where = tuple(points[:, i] for i in range(depth))
    if xp.is_jax(base, points, sparse_values):
        return jnp.asarray(base).at[where].set(sparse_values, mode="drop")
    result = np.array(base)
    result[where] = sparse_values
    return result


# -- order and shape -------------------------------------------------------------------------------


@op(
    "input_indices: int64, input_values: T, input_shape: int64 "
    "-> output_indices: int64, output_values: T",
    shape=lambda op: [op.inputs[0].shape, op.inputs[1].shape],
    exact=True,
)
def SparseReorder(input_indices: Any, input_values: Any, input_shape: Any) -> Any:
    """The elements in row-major order."""
    order = row_major(input_indices)
    return take(input_indices, order), take(input_values, order)


def _new_dense_shape(old: tuple[int, ...], wanted: tuple[int, ...]) -> tuple[int, ...]:
    """`wanted` with its -1 filled in.

    Raises:
        InvalidArgumentError: the number of elements would change.
    """
    size, known = int(np.prod(old, dtype=np.int64)), [d for d in wanted if d != -1]
    count = int(np.prod(known, dtype=np.int64))
    if min(known, default=0) < 0:
        raise fail(f"size {wanted.index(min(known))} must be non-negative, not {min(known)}")
    if len(wanted) - len(known) > 1:
        unknown = [i for i, d in enumerate(wanted) if d == -1]
        raise fail(f"only one output dimension may be -1, not both {unknown[0]} and {unknown[1]}")
    if len(known) == len(wanted):
        if count != size:
            raise fail(
                f"Input to reshape is a tensor with {size} dense values, but the requested shape has "
                f"{count}. input_shape={list(old)} output_shape={list(wanted)}"
            )
        return wanted
    if not count:
        raise fail(
            "reshape cannot infer the missing input size for an empty tensor unless all specified "
            "input sizes are non-zero"
        )
    if size % count:
        raise fail(
            f"Input to reshape is a SparseTensor with {size} dense values, but the requested shape "
            f"requires a multiple of {count}. input_shape={list(old)} output_shape={list(wanted)}"
        )
    return tuple(size // count if d == -1 else d for d in wanted)


def _reshaped(op: Operation) -> Any:
    count = with_rank(dims(op), 2)[0]
    rank = with_rank(dims(op, 2), 1)[0]
    return [(count, rank), (rank,)]


@op(
    "input_indices: int64, input_shape: int64, new_shape: int64 "
    "-> output_indices: int64, output_shape: int64",
    shape=_reshaped,
    exact=True,
    grad=None,
)
def SparseReshape(input_indices: Any, input_shape: Any, new_shape: Any) -> Any:
    """The places in a tensor of another shape with the same row-major order; one size may be -1."""
    old, wanted = xp.static_shape(input_shape), xp.static_shape(new_shape)
    shape = _new_dense_shape(old, wanted)
    places = places_from_flat(flat_places(input_indices, old), shape)
    return places, np.array(shape, np.int64)


def _concatenated(op: Operation) -> Any:
    parts = op.attrs["N"]
    counts = [with_rank(t.shape.tuple, 2)[0] for t in op.inputs[:parts]]
    rank = None
    for i in range(parts):
        rank = merge_dim(rank, sparse_dims(op, i, 2 * parts + i)[1])
    known = [c for c in counts if c is not None]
    total = sum(known) if len(known) == parts else None
    return [(total, rank), (total,), (rank,)]


@op(
    "indices: N*int64, values: N*T, shapes: N*int64 "
    "-> output_indices: int64, output_values: T, output_shape: int64",
    shape=_concatenated,
    exact=True,
    grad=None,
)
def SparseConcat(
    indices: list[Any], values: list[Any], shapes: list[Any], *, concat_dim: int
) -> Any:
    """Sparse tensors put one after the other along a dimension; the result is in row-major order."""
    sizes = [xp.static_shape(s) for s in shapes]
    rank = len(sizes[0])
    if not -rank <= concat_dim < rank:
        raise fail(f"Concat dimension must be in range [{-rank}, {rank}), got {concat_dim}")
    axis = concat_dim % rank
    for i, size in enumerate(sizes):
        if len(size) != rank:
            raise fail(
                f"Ranks of all input tensors must match: expected {rank} but got {len(size)} at position {i}"
            )
        for j in range(rank):
            if j != axis and size[j] != sizes[0][j]:
                raise fail(
                    f"Input shapes must match: expected {sizes[0][j]} for dimension {j} but got "
                    f"{size[j]} at position {i}"
                )
    starts = np.cumsum([0, *(size[axis] for size in sizes)])
    unit = np.eye(rank, dtype=np.int64)[axis]
    moved = [x + unit * start for x, start in zip(indices, starts, strict=False)]
    whole = xp.concatenate(moved, 0)
    order = row_major(whole)
    shape = np.array(sizes[0], np.int64)
    shape[axis] = starts[-1]
    return take(whole, order), take(xp.concatenate(values, 0), order), shape


# -- parts -----------------------------------------------------------------------------------------


def _split_shapes(op: Operation) -> Any:
    rank, parts = sparse_dims(op, 1, 3)[1], op.attrs["num_split"]
    return [(None, rank)] * parts + [(None,)] * parts + [(rank,)] * parts


@op(
    "split_dim: int64, indices: int64, values: T, shape: int64 -> output_indices: num_split*int64, "
    "output_values: num_split*T, output_shape: num_split*int64",
    shape=_split_shapes,
    exact=True,
)
def SparseSplit(split_dim: Any, indices: Any, values: Any, shape: Any, *, num_split: int) -> Any:
    """`num_split` parts along a dimension; the first ones are larger by one where it does not divide."""
    sizes, axis, places = xp.static_shape(shape), int(xp.static(split_dim)), xp.static(indices)
    rank = len(sizes)
    if not -rank <= axis < rank:
        raise fail(f"Input split_dim should be between {-rank} and {rank - 1}, got {axis}")
    axis %= rank
    if not 1 <= num_split <= sizes[axis]:
        raise fail(
            f"Input num_split should be between 1 and the splitting dimension size ({sizes[axis]}), "
            f"got {num_split}"
        )
    lengths = [len(part) for part in np.array_split(np.arange(sizes[axis]), num_split)]
    starts = np.cumsum([0, *lengths])
    parts: tuple[list[Any], list[Any], list[Any]] = ([], [], [])
    for start, length in zip(starts, lengths, strict=False):
        chosen = np.flatnonzero((places[:, axis] >= start) & (places[:, axis] < start + length))
        moved, own = places[chosen], np.array(sizes, np.int64)
        moved[:, axis] -= start
        own[axis] = length
        for collected, item in zip(parts, (moved, take(values, chosen), own), strict=True):
            collected.append(item)
    return parts


def _slice_gradient(op: Operation, *grads: Any) -> list[Any]:
    back = new("SparseSliceGrad", grads[1], op.inputs[0], op.inputs[3], op.outputs[0])
    return [None, back, None, None, None]


@op(
    "indices: int64, values: T, shape: int64, start: int64, size: int64 "
    "-> output_indices: int64, output_values: T, output_shape: int64",
    shape=open_sparse,
    exact=True,
    grad=_slice_gradient,
)
def SparseSlice(indices: Any, values: Any, shape: Any, start: Any, size: Any) -> Any:
    """The elements in the block that begins at `start` and has (at most) `size`."""
    places, sizes = xp.static(indices), np.array(xp.static_shape(shape), np.int64)
    begin, length = xp.static(start).astype(np.int64), xp.static(size).astype(np.int64)
    end = np.minimum(begin + length, sizes)
    chosen = np.flatnonzero(((places >= begin) & (places < end)).all(1))
    return places[chosen] - begin, take(values, chosen), np.maximum(end - begin, 0)


def positions(wanted: Any, among: Any) -> Any:
    """For each row of `wanted` its position among the rows of `among`, -1 where it is not there."""
    count = len(among)
    if not count or not len(wanted):
        return np.full(len(wanted), -1, np.int64)
    found, number = np.unique(np.concatenate([among, wanted]), axis=0, return_inverse=True)
    number, place = number.reshape(-1), np.full(len(found), -1, np.int64)
    place[number[:count]] = np.arange(count)
    return place[number[count:]]


def pick(values: Any, where: Any) -> Any:
    """Values at positions; zero where the position is -1."""
    if not np.shape(values)[0]:
        return xp.zeros(np.shape(where), values.dtype)
    return xp.where(where >= 0, take(values, np.maximum(where, 0)), xp.zeros((), values.dtype))


@op(
    "backprop_val_grad: T, input_indices: int64, input_start: int64, output_indices: int64 -> val_grad: T",
    T=NUMBERS,
    shape=lambda op: [(with_rank(dims(op, 1), 2)[0],)],
    exact=True,
)
def SparseSliceGrad(
    backprop_val_grad: Any, input_indices: Any, input_start: Any, output_indices: Any
) -> Any:
    """The gradient of the values of a `SparseSlice`: zero outside the block."""
    shifted = xp.static(output_indices) + xp.static(input_start)
    return pick(backprop_val_grad, positions(xp.static(input_indices), shifted))


# -- empty rows ------------------------------------------------------------------------------------


def _filled_shapes(op: Operation) -> Any:
    count, rank = sparse_dims(op, 0, 2)
    shape = constant_value(op.inputs[2])
    rows = None if shape is None or not shape.size else int(shape[0])
    return [(None, rank), (None,), (rows,), (count,)]


def _filled_gradient(op: Operation, *grads: Any) -> list[Any]:
    values, default = new("SparseFillEmptyRowsGrad", op.outputs[3], grads[1])
    return [None, values, None, default]


@op(
    "indices: int64, values: T, dense_shape: int64, default_value: T -> output_indices: int64, "
    "output_values: T, empty_row_indicator: bool, reverse_index_map: int64",
    shape=_filled_shapes,
    exact=True,
    grad=_filled_gradient,
)
def SparseFillEmptyRows(indices: Any, values: Any, dense_shape: Any, default_value: Any) -> Any:
    """Rows without elements get `default_value` in their first place.

    Returns:
        Places and values ordered by row, which rows were empty, and for each element of the input
        its position in the output.
    """
    places, sizes = xp.static(indices), xp.static_shape(dense_shape)
    rows, count = (sizes[0] if sizes else 0), len(places)
    if not rows and count:
        raise fail(f"Received SparseTensor with dense_shape[0] = 0 but indices.shape[0] = {count}")
    if count and not ((places[:, 0] >= 0) & (places[:, 0] < rows)).all():
        bad = int(np.argmin((places[:, 0] >= 0) & (places[:, 0] < rows)))
        raise fail(f"indices({bad}, 0) is invalid: {places[bad, 0]} >= {rows}")
    empty = np.bincount(places[:, 0], minlength=rows) == 0 if count else np.ones(rows, bool)
    added = np.zeros((int(empty.sum()), len(sizes)), np.int64)
    added[:, 0] = np.flatnonzero(empty)
    whole = np.concatenate([places, added])
    order = np.argsort(whole[:, 0], kind="stable")
    reverse = np.argsort(order, kind="stable")[:count].astype(np.int64)
    given = xp.concatenate([values, default_value.reshape(1)], 0)
    return whole[order], take(given, np.minimum(order, count)), empty, reverse


@op(
    "reverse_index_map: int64, grad_values: T -> d_values: T, d_default_value: T",
    shape=lambda op: [op.inputs[0].shape, ()],
)
def SparseFillEmptyRowsGrad(reverse_index_map: Any, grad_values: Any) -> Any:
    """The gradients of the values and of the default value of a `SparseFillEmptyRows`."""
    count = np.shape(grad_values)[0]
    seen = segment._grouped(
        "add", xp.ones(np.shape(reverse_index_map), np.int32), reverse_index_map, count, 0
    )
    rest = xp.where(seen > 0, xp.zeros((), grad_values.dtype), grad_values)
    return take(grad_values, reverse_index_map), xp.sum(rest).astype(grad_values.dtype)
