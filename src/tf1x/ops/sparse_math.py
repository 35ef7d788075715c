"""Arithmetic on sparse tensors: products with and sums into dense ones, reductions, softmax."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tf1x.core.dtypes import INDICES, NUMBERS, REALS, float16, float32, float64
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.core.static import constant_value, constant_value_as_shape
from tf1x.ops import math, segment, xp
from tf1x.ops.shape_rules import dims, merge_dim, with_rank
from tf1x.ops.sparse import (
    check_places,
    fail,
    flat_places,
    new,
    open_sparse,
    pick,
    places_from_flat,
    positions,
    refuse_gradient,
    sparse_dims,
    take,
)

# -- with dense tensors ----------------------------------------------------------------------------


def _product_shape(op: Operation) -> Any:
    rows, inner = with_rank(constant_value_as_shape(op.inputs[2]).tuple, 2)
    depth, columns = with_rank(dims(op, 3), 2)
    if op.attrs["adjoint_a"]:
        rows, inner = inner, rows
    if op.attrs["adjoint_b"]:
        depth, columns = columns, depth
    merge_dim(inner, depth)
    return [(rows, columns)]


def _conjugate(x: Any) -> Any:
    return xp.conj(x) if np.dtype(x.dtype).kind == "c" else x


def _product(row: Any, column: Any, values: Any, shape: tuple[int, int], b: Any) -> Any:
    """The product of a sparse matrix of `shape` and `b`."""
    if not shape[1]:
        return xp.zeros((shape[0], np.shape(b)[1]), b.dtype)
    if (
        not xp.is_jax(row, column, values, b)
        and np.dtype(b.dtype).kind in "iufc"
        and b.itemsize > 2
    ):
        from scipy import sparse  # many times as fast as NumPy's add.at

        return sparse.csr_matrix((values, (row, column)), shape) @ b
    return segment._grouped("add", values[:, None] * take(b, column), row, shape[0], 0)


def _factors(inputs: Any, attrs: dict[str, Any]) -> tuple[Any, Any, Any, tuple[int, int], Any]:
    """Rows, columns, values and shape of the sparse factor and the dense one, as they are multiplied."""
    indices, values, shape, b = inputs
    rows, columns = xp.static_shape(shape)
    row, column = indices[:, 0], indices[:, 1]
    if attrs["adjoint_a"]:
        rows, columns, row, column, values = columns, rows, column, row, _conjugate(values)
    return row, column, values, (rows, columns), _conjugate(b).T if attrs["adjoint_b"] else b


def _product_vjp(inputs: Any, outputs: Any, cotangents: Any, attrs: Any) -> list[Any]:
    row, column, values, (rows, columns), b = _factors(inputs, attrs)
    grad = cotangents[0]
    to_b = _product(column, row, _conjugate(values), (columns, rows), grad)
    if rows and columns:
        to_values = xp.sum(take(grad, row) * take(_conjugate(b), column), axis=1)
    else:
        to_values = values
    to_values = to_values.astype(values.dtype)
    return [
        None,
        _conjugate(to_values) if attrs["adjoint_a"] else to_values,
        None,
        _conjugate(to_b).T if attrs["adjoint_b"] else to_b,
    ]


@op(
    "a_indices: Tindices, a_values: T, a_shape: int64, b: T -> product: T",
    Tindices=INDICES,
    shape=_product_shape,
    vjp=_product_vjp,
)
def SparseTensorDenseMatMul(
    a_indices: Any,
    a_values: Any,
    a_shape: Any,
    b: Any,
    *,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
) -> Any:
    """The product of a sparse matrix and a dense one, each by choice in its adjoint."""
    limits = np.array(xp.static_shape(a_shape), a_indices.dtype)
    check_places(a_indices, limits, "a_indices")
    attrs = {"adjoint_a": adjoint_a, "adjoint_b": adjoint_b}
    row, column, values, shape, dense = _factors((a_indices, a_values, a_shape, b), attrs)
    if np.shape(dense)[0] != shape[1]:
        raise fail(
            "Cannot multiply A and B because inner dimension does not match: "
            f"{shape[1]} vs. {np.shape(dense)[0]}.  Did you forget a transpose?"
        )
    return _product(row, column, values, shape, dense)


@op(
    "a_indices: Tindices, a_values: T, a_shape: Tindices, b: T -> output: T",
    T=NUMBERS,
    Tindices=INDICES,
    shape=lambda op: [op.inputs[3].shape],
)
def SparseTensorDenseAdd(a_indices: Any, a_values: Any, a_shape: Any, b: Any) -> Any:
    """The sum of a sparse and a dense tensor of the same shape, dense."""
    shape = np.shape(b)
    xp.check(
        a_shape == np.array(shape, a_shape.dtype),
        InvalidArgumentError,
        lambda: (
            f"Dimensions of the operands do not match: {np.asarray(a_shape).tolist()} and {list(shape)}"
        ),
    )
    check_places(a_indices, np.array(shape, a_indices.dtype), "a_indices")
    added = segment._grouped(
        "add", a_values, flat_places(a_indices, shape), int(np.prod(shape, dtype=np.int64)), 0
    )
    return b + added.reshape(shape)


def _aligned(indices: Any, dense: Any) -> Any:
    """For each place the element of `dense`, which broadcasts to the sparse tensor's shape."""
    rank, shape = np.shape(indices)[1], np.shape(dense)
    own = indices[:, rank - len(shape) :] if shape else indices[:, :0]
    kept = own * np.array([d != 1 for d in shape], own.dtype)
    return take(dense.reshape(-1), flat_places(kept, shape))


def _elementwise(name: str, combine: Callable[[Any, Any], Any], doc: str) -> Any:
    """Declare an op of a sparse and a dense tensor, at the places of the sparse one."""

    def lower(sp_indices: Any, sp_values: Any, sp_shape: Any, dense: Any) -> Any:
        shape, rank = np.shape(dense), np.shape(sp_indices)[1]
        if len(shape) > rank:
            raise fail(
                f"{name} broadcasts dense to sparse only; got a dense tensor of shape {list(shape)} "
                f"and a sparse one of rank {rank}"
            )
        limits = np.array(shape, np.int64)
        xp.check(
            (limits == 1) | (sp_shape[rank - len(shape) :] == limits),
            InvalidArgumentError,
            lambda: (
                f"{name} broadcasts dense to sparse only; got incompatible shapes: "
                f"[{','.join(map(str, np.asarray(sp_shape).tolist()))}] vs. [{','.join(map(str, shape))}]"
            ),
        )
        return combine(sp_values, _aligned(sp_indices, dense))

    lower.__doc__ = f"{doc} a sparse tensor by a dense one that broadcasts to it: the new values."
    return op(
        "sp_indices: int64, sp_values: T, sp_shape: int64, dense: T -> output: T",
        type=name,
        T=NUMBERS,
        shape=lambda op: [op.inputs[1].shape],
    )(lower)


SparseDenseCwiseMul = _elementwise("SparseDenseCwiseMul", xp.multiply, "Multiply")
SparseDenseCwiseDiv = _elementwise("SparseDenseCwiseDiv", math._truncate_div, "Divide")
SparseDenseCwiseAdd = _elementwise(
    "SparseDenseCwiseAdd", xp.add, "Increase (at its own places only)"
)

# -- two sparse tensors ----------------------------------------------------------------------------


def _union(a: Any, b: Any) -> Any:
    """All places of two sparse tensors in row-major order."""
    return np.unique(np.concatenate([a, b]), axis=0) if len(a) or len(b) else a


def _same_shape(a: Any, b: Any) -> None:
    if xp.static_shape(a) != xp.static_shape(b):
        raise fail(
            f"Operands' shapes do not match: got {list(xp.static_shape(a))} and {list(xp.static_shape(b))}"
        )


def _add_gradient(op: Operation, *grads: Any) -> list[Any]:
    to_a, to_b = new("SparseAddGrad", grads[1], op.inputs[0], op.inputs[3], op.outputs[0])
    return [None, to_a, None, None, to_b, None, None]


@op(
    "a_indices: int64, a_values: T, a_shape: int64, b_indices: int64, b_values: T, b_shape: int64, "
    "thresh: Treal -> sum_indices: int64, sum_values: T, sum_shape: int64",
    T=NUMBERS,
    Treal=REALS,
    shape=open_sparse,
    grad=_add_gradient,
)
def SparseAdd(
    a_indices: Any,
    a_values: Any,
    a_shape: Any,
    b_indices: Any,
    b_values: Any,
    b_shape: Any,
    thresh: Any,
) -> Any:
    """The sum of two sparse tensors; sums of two elements smaller than `thresh` are left out."""
    _same_shape(a_shape, b_shape)
    a, b = xp.static(a_indices), xp.static(b_indices)
    places = _union(a, b)
    in_a, in_b = positions(places, a), positions(places, b)
    total = pick(a_values, in_a) + pick(b_values, in_b)
    limit = xp.static(thresh)
    if limit > 0:
        kept = np.flatnonzero((in_a < 0) | (in_b < 0) | (np.abs(xp.static(total)) >= limit))
        places, total = places[kept], take(total, kept)
    return places, total, xp.static(a_shape)


@op(
    "backprop_val_grad: T, a_indices: int64, b_indices: int64, sum_indices: int64 "
    "-> a_val_grad: T, b_val_grad: T",
    T=NUMBERS,
    shape=lambda op: [(with_rank(dims(op, i), 2)[0],) for i in (1, 2)],
    exact=True,
    grad=None,
)
def SparseAddGrad(backprop_val_grad: Any, a_indices: Any, b_indices: Any, sum_indices: Any) -> Any:
    """The gradients of the values of both operands of `SparseAdd`; zero where a sum was left out."""
    places = xp.static(sum_indices)
    return [
        pick(backprop_val_grad, positions(xp.static(x), places)) for x in (a_indices, b_indices)
    ]


def _extreme(name: str, combine: Callable[[Any, Any], Any], types: Any, word: str) -> Any:
    def lower(
        a_indices: Any, a_values: Any, a_shape: Any, b_indices: Any, b_values: Any, b_shape: Any
    ) -> Any:
        _same_shape(a_shape, b_shape)
        a, b = xp.static(a_indices), xp.static(b_indices)
        places = _union(a, b)
        pairs = (pick(a_values, positions(places, a)), pick(b_values, positions(places, b)))
        return places, combine(*pairs)

    lower.__doc__ = f"The {word} of two sparse tensors, at the places of either."
    return op(
        "a_indices: int64, a_values: T, a_shape: int64, b_indices: int64, b_values: T, b_shape: int64 "
        "-> output_indices: int64, output_values: T",
        type=name,
        T=types,
        shape=lambda op: open_sparse(op)[:2],
        exact=True,
        grad=refuse_gradient,
    )(lower)


SparseSparseMaximum = _extreme("SparseSparseMaximum", xp.maximum, REALS, "larger")
SparseSparseMinimum = _extreme("SparseSparseMinimum", xp.minimum, NUMBERS, "smaller")

# -- reductions ------------------------------------------------------------------------------------


def _kept_axes(axes: Any, rank: int) -> list[int]:
    """The dimensions that stay.

    Raises:
        InvalidArgumentError: an axis is out of range.
    """
    gone = set()
    for axis in np.asarray(axes).reshape(-1).tolist():
        if not -rank <= axis < rank:
            raise fail(f"Invalid reduction dimension {axis}, for input with {rank} dimensions.")
        gone.add(axis % rank)
    return [i for i in range(rank) if i not in gone]


def _dense_reduced(op: Operation) -> Any:
    shape, axes = constant_value_as_shape(op.inputs[2]).tuple, constant_value(op.inputs[3])
    if shape is None or axes is None:
        return [None]
    kept = _kept_axes(axes, len(shape))
    if op.attrs["keep_dims"]:
        return [tuple(d if i in kept else 1 for i, d in enumerate(shape))]
    return [tuple(shape[i] for i in kept)]


def _sparse_reduced(op: Operation) -> Any:
    rank, axes = sparse_dims(op, 0, 2)[1], constant_value(op.inputs[3])
    if not op.attrs["keep_dims"]:
        rank = None if rank is None or axes is None else len(_kept_axes(axes, rank))
    return [(None, rank), (None,), (rank,)]


class _Groups:
    """The elements of a sparse tensor by their place in the dimensions that stay.

    Attributes:
        sizes: of these dimensions.
        ids: for each element the row-major number of its group.
        shape: of the result.
    """

    def __init__(self, indices: Any, shape: Any, axes: Any, keep: bool) -> None:
        whole = xp.static_shape(shape)
        kept = _kept_axes(xp.static(axes), len(whole))
        check_places(indices, np.array(whole, np.int64), "input_indices")
        self.sizes = tuple(whole[i] for i in kept)
        self.ids = flat_places(indices[:, np.array(kept, np.int64)], self.sizes)
        self.shape = (
            tuple(d if i in kept else 1 for i, d in enumerate(whole)) if keep else self.sizes
        )


def _largest(values: Any, ids: Any, count: int) -> Any:
    """The largest of each group, 0 where it has none."""
    kind = np.dtype(values.dtype)
    least = np.iinfo(kind).min if kind.kind in "iu" else -np.inf
    found = segment._grouped("max", values, ids, count, least)
    seen = segment._grouped("add", xp.ones(np.shape(values), np.int32), ids, count, 0)
    return xp.where(seen > 0, found, xp.zeros((), values.dtype))


def _sum(values: Any, ids: Any, count: int) -> Any:
    return segment._grouped("add", values, ids, count, 0)


def _reductions(
    name: str, combine: Callable[[Any, Any, int], Any], types: Any, word: str, **options: Any
) -> tuple[Any, Any]:
    """Declare `SparseReduce<name>` with a dense result, and with a sparse one."""
    signature = "input_indices: int64, input_values: T, input_shape: int64, reduction_axes: int32"

    def dense(
        input_indices: Any,
        input_values: Any,
        input_shape: Any,
        reduction_axes: Any,
        *,
        keep_dims: bool = False,
    ) -> Any:
        groups = _Groups(input_indices, input_shape, reduction_axes, keep_dims)
        count = int(np.prod(groups.sizes, dtype=np.int64))
        return combine(input_values, groups.ids, count).reshape(groups.shape)

    def sparse(
        input_indices: Any,
        input_values: Any,
        input_shape: Any,
        reduction_axes: Any,
        *,
        keep_dims: bool = False,
    ) -> Any:
        groups = _Groups(xp.static(input_indices), input_shape, reduction_axes, keep_dims)
        found, ids = np.unique(groups.ids, return_inverse=True)
        places = places_from_flat(found, groups.shape)
        return (
            places,
            combine(input_values, ids.reshape(-1), len(found)),
            np.array(groups.shape, np.int64),
        )

    dense.__doc__ = f"The {word} of a sparse tensor's elements over axes; 0 where there are none."
    sparse.__doc__ = f"The {word} of a sparse tensor's elements over axes, sparse."
    return (
        op(
            f"{signature} -> output: T",
            type=f"SparseReduce{name}",
            T=types,
            shape=_dense_reduced,
            **options,
        )(dense),
        op(
            f"{signature} -> output_indices: int64, output_values: T, output_shape: int64",
            type=f"SparseReduce{name}Sparse",
            T=types,
            shape=_sparse_reduced,
            grad=refuse_gradient,
        )(sparse),
    )


SparseReduceSum, SparseReduceSumSparse = _reductions("Sum", _sum, NUMBERS, "sum")
SparseReduceMax, SparseReduceMaxSparse = _reductions(
    "Max", _largest, REALS, "largest", grad=refuse_gradient
)


def _softmax_rows(indices: Any) -> Any:
    """For each element the number of its row: consecutive places equal but for the last dimension."""
    if not np.shape(indices)[0]:
        return xp.zeros((0,), np.int64)
    changes = xp.any(indices[1:, :-1] != indices[:-1, :-1], axis=1)
    return xp.concatenate([np.zeros(1, np.int64), xp.cumsum(changes.astype(np.int64))], 0)


def _softmax_vjp(inputs: Any, outputs: Any, cotangents: Any, attrs: Any) -> list[Any]:
    rows, y, g = _softmax_rows(inputs[0]), outputs[0], cotangents[0]
    totals = segment._grouped("add", g * y, rows, np.shape(y)[0], 0)
    return [None, y * (g - take(totals, rows)), None]


@op(
    "sp_indices: int64, sp_values: T, sp_shape: int64 -> output: T",
    T=(float16, float32, float64),
    shape=lambda op: [op.inputs[1].shape],
    vjp=_softmax_vjp,
)
def SparseSoftmax(sp_indices: Any, sp_values: Any, sp_shape: Any) -> Any:
    """The softmax of each innermost row over the elements that it has; the new values."""
    if np.shape(sp_shape)[0] < 2:
        raise fail(
            f"Input should have rank >= 2, but received shape {np.asarray(sp_shape).tolist()}"
        )
    count = np.shape(sp_values)[0]
    if not count:
        return sp_values
    rows = _softmax_rows(sp_indices)
    highest = segment._grouped("max", sp_values, rows, count, -np.inf)
    powers = xp.exp(sp_values - take(highest, rows))
    return powers / take(segment._grouped("add", powers, rows, count, 0), rows)
