"""`tf.sparse.*` and the older `tf.sparse_*`: sparse tensors in, sparse or dense ones out."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral
from typing import Any

import numpy as np

from tf1x.api import define, export, renamed
from tf1x.core import convert, scopes
from tf1x.core.dtypes import complex64, complex128, float32, float64, int64
from tf1x.core.indexed_slices import IndexedSlices
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.core.sparse_tensor import (
    SparseTensor,
    SparseTensorValue,
    convert_to_tensor_or_sparse_tensor,
    is_sparse,
    parts,
    to_sparse,
)
from tf1x.core.static import constant_value, constant_value_as_shape
from tf1x.ops import (
    array,
    array_gather,
    array_moves,
    array_select,
    array_slicing,
    checks,
    grouping,
    math,
    math_functions,
    reduce,
    sparse,
    sparse_math,
)
from tf1x.ops.array_slicing import getitem

define(SparseTensor, "SparseTensor", "sparse.SparseTensor")
define(SparseTensorValue, "SparseTensorValue")
define(convert_to_tensor_or_sparse_tensor, "convert_to_tensor_or_sparse_tensor")

_OLD_AXES = renamed(reduction_axes="axis", keep_dims="keepdims")


@export("sparse_placeholder", "sparse.placeholder")
def sparse_placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> SparseTensor:
    """A SparseTensor that every run must be given, as a `SparseTensorValue` or a tuple of its parts.

    Args:
        dtype: the type of the values.
        shape: what is known of the dense shape: sizes (None for unknown ones), or a tensor.
    """

    def part(suffix: str) -> str | None:
        return None if name is None else f"{name}/{suffix}"

    rank, static = None, TensorShape(None)
    if shape is None:
        dense_shape = array.placeholder(int64, [None], name=part("shape"))
    else:
        if isinstance(shape, Tensor):
            rank, static = shape.shape[0].value, constant_value_as_shape(shape)
        else:
            sizes = [getattr(d, "value", d) for d in shape]
            rank = len(sizes)
            static = TensorShape([None if d == -1 else d for d in sizes])
            sizes = [-1 if d is None else d for d in sizes]
            shape = convert.to_tensor(sizes, int64, name=part("shape_default"))
        dense_shape = array.PlaceholderWithDefault(shape, shape=shape.shape, name=part("shape"))
    values = array.placeholder(dtype, [None], name=part("values"))
    indices = array.placeholder(int64, [None, rank], name=part("indices"))
    made = SparseTensor(indices, values, dense_shape)
    made.set_shape(static)
    return made


# -- from and to dense -----------------------------------------------------------------------------


@export("sparse.from_dense")
def from_dense(tensor: Any, name: str | None = None) -> SparseTensor:
    """The elements of a tensor that are not zero."""
    with scopes.name_scope(name, "dense_to_sparse"):
        tensor = convert.to_tensor(tensor)
        indices = array_select.where_v2(math.NotEqual(tensor, array.zeros_like(tensor)))
        values = array_gather.gather_nd(tensor, indices)
        return SparseTensor(indices, values, array.shape(tensor, out_type=int64))


@export("sparse_to_dense")
def sparse_to_dense(
    sparse_indices: Any,
    output_shape: Any,
    sparse_values: Any,
    default_value: Any = 0,
    validate_indices: bool = True,
    name: str | None = None,
) -> Tensor:
    """Values at places of a dense tensor of `output_shape`, and `default_value` elsewhere.

    Args:
        sparse_indices: places, one a row; a vector of them where the output is a vector.
        sparse_values: one value a place, or a scalar for all.
        validate_indices: fail where the places are not in row-major order.
    """
    return sparse.SparseToDense(
        sparse_indices,
        output_shape,
        sparse_values,
        default_value,
        validate_indices=validate_indices,
        name=name,
    )


@export("sparse_tensor_to_dense", "sparse.to_dense")
def sparse_tensor_to_dense(
    sp_input: Any, default_value: Any = None, validate_indices: bool = True, name: str | None = None
) -> Tensor:
    """A SparseTensor as a dense one, with `default_value` (0, or "") where it has no element."""
    sp_input = to_sparse(sp_input)
    if default_value is None:
        default_value = array.zeros([], sp_input.dtype.base_dtype)
    return sparse.SparseToDense(
        sp_input.indices,
        sp_input.dense_shape,
        sp_input.values,
        default_value,
        validate_indices=validate_indices,
        name=name,
    )


@export("sparse_to_indicator", "sparse.to_indicator")
def sparse_to_indicator(sp_input: Any, vocab_size: Any, name: str | None = None) -> Tensor:
    """For each row of ids, which of 0 ... vocab_size-1 it has: bools [..., vocab_size]."""
    sp_input = to_sparse(sp_input)
    with scopes.name_scope(name, "SparseToIndicator", [sp_input]) as scope:
        count = getitem(array.shape(sp_input.indices), 0)
        present = array.Fill(array.expand_dims(count, 0), True)
        marks = SparseTensor(sp_input.indices, present, sp_input.dense_shape)
        merged = sparse_merge(sp_input, marks, vocab_size, scope)
        return sparse_tensor_to_dense(merged, False, validate_indices=False, name=scope)


# -- order, shape, parts ---------------------------------------------------------------------------


@export("sparse_reorder", "sparse.reorder")
def sparse_reorder(sp_input: Any, name: str | None = None) -> SparseTensor:
    """The same SparseTensor with its elements in row-major order."""
    sp_input = to_sparse(sp_input)
    indices, values = sparse.SparseReorder(*parts(sp_input), name=name)
    if sp_input.shape.is_fully_defined():
        return SparseTensor(indices, values, sp_input.shape.as_list())
    made = SparseTensor(indices, values, array.Identity(sp_input.dense_shape))
    made.set_shape(sp_input.shape)
    return made


def _resized(old: TensorShape, wanted: Any) -> list[int] | None:
    """The static shape of `old` reshaped to the int64 tensor `wanted`, if it is known.

    Raises:
        ValueError: the number of elements would change.
    """
    sizes = constant_value_as_shape(wanted).tuple
    if sizes is None or not old.is_fully_defined():
        return None
    given = constant_value(wanted)
    if given is not None and np.sum(given == -1) > 1:
        raise ValueError(f"At most one dimension can be inferred (-1). Found: {given}")
    total = int(np.prod(old.as_list(), dtype=np.int64))
    known = [d for d in sizes if d is not None]
    missing = len(sizes) - len(known)
    if missing > 1 or (missing and 0 in known):
        return None
    rest = int(np.prod(known, dtype=np.int64))
    filled = [total // rest if d is None else d for d in sizes]
    if int(np.prod(filled, dtype=np.int64)) != total:
        raise ValueError(
            f"Cannot reshape a tensor with {total} elements to shape {list(sizes)} "
            f"({int(np.prod(filled, dtype=np.int64))} elements)."
        )
    return filled


@export("sparse_reshape", "sparse.reshape")
def sparse_reshape(sp_input: Any, shape: Any, name: str | None = None) -> SparseTensor:
    """The elements in row-major order in another dense shape; one size may be -1."""
    return reshaped(sp_input, shape, _resized, name)


def reshaped(
    sp_input: Any,
    shape: Any,
    resized: Callable[[TensorShape, Any], list[int] | None],
    name: str | None = None,
) -> SparseTensor:
    """`sparse_reshape`; `resized` tells the static shape of the result, as far as that is known."""
    sp_input = to_sparse(sp_input)
    shape = math.cast(shape, int64)
    with scopes.name_scope(name, "SparseReshape", [sp_input]) as scope:
        indices, new_shape = sparse.SparseReshape(
            sp_input.indices, sp_input.dense_shape, shape, name=scope
        )
        known = resized(sp_input.shape, shape)
        if known is not None:
            new_shape = convert.constant(known, int64)
        return SparseTensor(indices, array.Identity(sp_input.values), new_shape)


@export("sparse_transpose", "sparse.transpose")
def sparse_transpose(sp_input: Any, perm: Any = None, name: str | None = None) -> SparseTensor:
    """The dimensions in the order `perm`, by default reversed."""
    with scopes.name_scope(name, "SparseTranspose", [sp_input]):
        if perm is None:
            rank = sp_input.shape.ndims
            if rank is not None:
                perm = np.arange(rank)[::-1]
            else:
                own = array.rank(sp_input)
                perm = (own - 1) - array.range_(0, own, 1)
        columns = array_gather.gather(array_moves.transpose(sp_input.indices), perm)
        indices = array_moves.transpose(columns)
        order = constant_value(convert.to_tensor(perm))
        if order is not None and sp_input.shape.is_fully_defined():
            sizes = sp_input.shape.as_list()
            shape: Any = [sizes[i] for i in order]
        else:
            shape = array_gather.gather(sp_input.dense_shape, perm)
        return sparse_reorder(SparseTensor(indices, sp_input.values, shape))


@export("sparse.expand_dims")
def sparse_expand_dims(sp_input: Any, axis: Any = None, name: str | None = None) -> SparseTensor:
    """A dimension of size 1 inserted at `axis`, by default at the end."""
    rank = sp_input.dense_shape.shape[0].value
    if rank is None:
        rank = getitem(array.shape(sp_input.dense_shape), 0)
    with scopes.name_scope(name, "expand_dims", [sp_input]):
        if not isinstance(axis, (Tensor, Integral, type(None))):
            raise TypeError(
                "axis must be an integer value in range [-rank(sp_input) - 1, rank(sp_input)]"
            )
        axis = convert.to_tensor(-1 if axis is None else axis, name="axis")
        axis = array_select.where_v2(axis >= 0, axis, axis + rank + 1)
        count = getitem(array.shape(sp_input.indices), 0)
        column = array.zeros([count, 1], int64)
        before = array_slicing.slice_(sp_input.indices, [0, 0], [-1, axis])
        after = array_slicing.slice_(sp_input.indices, [0, axis], [-1, -1])
        indices = array_moves.concat([before, column, after], 1)
        first = array_slicing.slice_(sp_input.dense_shape, [0], [axis])
        last = array_slicing.slice_(sp_input.dense_shape, [axis], [-1])
        one = convert.to_tensor([1], int64, name="new_shape")
        return SparseTensor(indices, sp_input.values, array_moves.concat([first, one, last], 0))


@export("sparse.eye")
def sparse_eye(
    num_rows: Any, num_columns: Any = None, dtype: Any = float32, name: str | None = None
) -> SparseTensor:
    """A matrix with ones on its diagonal."""
    with scopes.name_scope(name, "eye", [num_rows, num_columns]):
        rows = _as_int64(num_rows, "num_rows")
        columns = rows if num_columns is None else _as_int64(num_columns, "num_columns")
        size = math.Minimum(rows, columns)
        diagonal = array.range_(size, dtype=int64)
        indices = array_moves.stack([diagonal, diagonal], axis=1)
        ones = array.ones(size, dtype)
        return SparseTensor(indices, ones, [rows, columns])


def _as_int64(value: Any, name: str) -> Tensor:
    if isinstance(value, Integral):
        return convert.to_tensor(value, int64, name=name)
    if not isinstance(value, Tensor):
        raise TypeError(f"{name} must be an integer value")
    cast: Tensor = math.cast(value, int64)
    return cast


def _sum_or_none(sizes: list[int | None]) -> int | None:
    return None if None in sizes else sum(sizes)  # type: ignore[arg-type]


def _concatenated_shape(shapes: list[TensorShape], axis: int, expand: bool) -> TensorShape:
    """The static shape of tensors of these shapes put together."""
    if any(s.ndims is None for s in shapes):
        return TensorShape(None)
    columns = list(zip(*(s.as_list() for s in shapes), strict=True))
    first = [None if expand and None in c else max(c) if expand else c[0] for c in columns]
    first[axis] = _sum_or_none(list(columns[axis]))
    return TensorShape(first)


@export("sparse_concat", "sparse.concat")
@renamed(concat_dim="axis", expand_nonconcat_dims="expand_nonconcat_dim")
def sparse_concat(
    axis: int, sp_inputs: Any, name: str | None = None, expand_nonconcat_dim: bool = False
) -> SparseTensor:
    """SparseTensors put one after the other along `axis`.

    Args:
        expand_nonconcat_dim: let the other dimensions differ; the largest size counts.
    """
    if not isinstance(sp_inputs, (list, tuple)):
        raise TypeError("Inputs must be a list or tuple.")
    items = [to_sparse(x) for x in sp_inputs]
    if len(items) == 1:
        return items[0]
    shapes = [x.dense_shape for x in items]
    if expand_nonconcat_dim:
        rows = array_moves.concat([array.Reshape(s, [1, -1]) for s in shapes], 0)
        largest = reduce.reduce_max(rows, 0)
        shapes = [_with_own_size(largest, s, axis) for s in shapes]
    indices, values, shape = sparse.SparseConcat(
        [x.indices for x in items], [x.values for x in items], shapes, concat_dim=axis, name=name
    )
    static = _concatenated_shape([x.shape for x in items], axis, expand_nonconcat_dim)
    if all(x.shape.is_fully_defined() for x in items):
        return SparseTensor(indices, values, convert.constant(static.as_list(), int64))
    made = SparseTensor(indices, values, shape)
    made.set_shape(static)
    return made


def _with_own_size(largest: Tensor, shape: Tensor, axis: int) -> Tensor:
    """The sizes `largest`, but along `axis` that of `shape`."""
    last = axis == -1
    own = getitem(shape, slice(-1, None) if last else slice(axis, axis + 1))
    after = [] if last else getitem(largest, slice(axis + 1, None))
    return array_moves.concat([getitem(largest, slice(None, axis)), own, after], 0)


@export("sparse_split", "sparse.split")
@renamed(split_dim="axis")
def sparse_split(
    *, sp_input: Any = None, num_split: int | None = None, axis: Any = None, name: str | None = None
) -> list[SparseTensor]:
    """A SparseTensor in `num_split` parts along `axis`; the first ones are larger by one if need be.

    All arguments are given by name.
    """
    for key, value in (("sp_input", sp_input), ("num_split", num_split), ("axis", axis)):
        if value is None:
            raise ValueError(f"{key} is required")
    found = sparse.SparseSplit(axis, *parts(to_sparse(sp_input)), num_split=num_split, name=name)
    return [SparseTensor(*part) for part in zip(*found, strict=True)]


@export("sparse_slice", "sparse.slice")
def sparse_slice(sp_input: Any, start: Any, size: Any, name: str | None = None) -> SparseTensor:
    """The block of a SparseTensor that begins at `start` and has (at most) `size`."""
    sp_input = to_sparse(sp_input)
    start, size = convert.to_tensor(start, int64), convert.to_tensor(size, int64)
    with scopes.name_scope(name, "SparseSlice", [sp_input]) as scope:
        return SparseTensor(*sparse.SparseSlice(*parts(sp_input), start, size, name=scope))


@export("sparse_retain", "sparse.retain")
def sparse_retain(sp_input: Any, to_retain: Any) -> SparseTensor:
    """The elements for which the bool vector `to_retain` holds."""
    sp_input = to_sparse(sp_input)
    to_retain = convert.to_tensor(to_retain)
    to_retain.shape.assert_has_rank(1)
    sp_input.values.shape.assert_is_compatible_with(to_retain.shape)
    kept = array.Reshape(array_select.where_v2(to_retain), [-1])
    indices = array_gather.gather(sp_input.indices, kept)
    values = array_gather.gather(sp_input.values, kept)
    return SparseTensor(indices, values, array.Identity(sp_input.dense_shape))


@export("sparse_reset_shape", "sparse.reset_shape")
def sparse_reset_shape(sp_input: Any, new_shape: Any = None) -> SparseTensor:
    """The same elements in a larger dense shape, or in the smallest that holds them.

    Raises:
        ValueError, InvalidArgumentError: `new_shape` is smaller than the input's shape.
    """
    sp_input = to_sparse(sp_input)
    indices, values, shape = (array.Identity(x) for x in parts(sp_input))
    if new_shape is None:
        highest = reduce.reduce_max(indices, axis=0)
        zero = convert.constant(0, int64)
        least = math_functions.add(highest, array.ones_like(shape))
        return SparseTensor(indices, values, math.Maximum(zero, least))
    wanted = convert.to_tensor(new_shape)
    wanted.shape.assert_has_rank(1)
    wanted = math.cast(wanted, int64)
    wanted.shape.assert_is_compatible_with(shape.shape)
    known = constant_value(wanted)
    if known is not None and sp_input.shape.is_fully_defined():
        old = np.array(sp_input.shape.as_list())
        if not (old <= known).all():
            raise ValueError(
                "Requested new_shape should have dimension sizes >= sp_input.shape.  Found new_shape "
                f"({known}), sp_input.shape ({old})."
            )
        return SparseTensor(indices, values, known)
    same_rank = checks.assert_equal(array.shape(shape), array.shape(wanted))
    wanted = grouping.with_dependencies([same_rank], wanted)
    larger = checks.assert_less_equal(shape, wanted)
    return SparseTensor(indices, values, grouping.with_dependencies([larger], wanted))


@export("sparse_fill_empty_rows", "sparse.fill_empty_rows")
def sparse_fill_empty_rows(
    sp_input: Any, default_value: Any, name: str | None = None
) -> tuple[SparseTensor, Tensor]:
    """Each empty row with `default_value` in its first place; and which rows were empty."""
    sp_input = to_sparse(sp_input)
    with scopes.name_scope(name, "SparseFillEmptyRows", [sp_input]):
        default = convert.to_tensor(default_value, sp_input.values.dtype.base_dtype)
        indices, values, empty, _ = sparse.SparseFillEmptyRows(*parts(sp_input), default)
        return SparseTensor(indices, values, sp_input.dense_shape), empty


@export("sparse_merge", "sparse.merge")
def sparse_merge(
    sp_ids: Any,
    sp_values: Any,
    vocab_size: Any,
    name: str | None = None,
    already_sorted: bool = False,
) -> SparseTensor:
    """Values at the places that ids name: ids take the place of the last dimension.

    Args:
        sp_ids: ids at the same places as the values; a list of them for several new dimensions.
        sp_values: the values.
        vocab_size: the size of the new dimension, or a list of sizes.
        already_sorted: the result is in row-major order already.
    """
    if is_sparse(sp_ids):
        sp_ids, vocab_size = [sp_ids], [vocab_size]
    for kind, items in (("sp_ids", sp_ids), ("vocab_size", vocab_size)):
        if not hasattr(items, "__iter__"):
            raise TypeError(f"{kind} has to be a list. Found {type(items)}")
    for size in vocab_size:
        if not isinstance(size, (Tensor, Integral)):
            raise TypeError(f"vocab_size has to be a Tensor or Python int. Found {type(size)}")
    if len(sp_ids) != len(vocab_size):
        raise ValueError("sp_ids and vocab_size have to have equal lengths.")
    with scopes.name_scope(name, "SparseMerge", [*sp_ids, sp_values]):
        sp_ids, sp_values = [to_sparse(x) for x in sp_ids], to_sparse(sp_values)
        columns = [array.expand_dims(math.cast(x.values, int64), axis=1) for x in sp_ids]
        sizes = [math.cast(size, int64) for size in vocab_size]
        kept = getitem(sp_ids[0].indices, (slice(None), slice(None, -1)))
        indices = array_moves.concat([kept, *columns], 1)
        shape = array_moves.concat([getitem(sp_ids[0].dense_shape, slice(None, -1)), sizes], 0)
        merged = SparseTensor(indices, sp_values.values, shape)
        if already_sorted:
            return merged
        ordered = sparse_reorder(merged)
        return SparseTensor(ordered.indices, ordered.values, shape)


@export("sparse_mask", "sparse.mask")
def sparse_mask(a: IndexedSlices, mask_indices: Any, name: str | None = None) -> IndexedSlices:
    """IndexedSlices without the rows whose index is in `mask_indices`."""
    with scopes.name_scope(name, "sparse_mask", [a, mask_indices]) as scope:
        indices, kept = array_select.ListDiff(a.indices, mask_indices)
        values = array_gather.gather(a.values, kept, name=scope)
        return IndexedSlices(values, indices, a.dense_shape)


# -- arithmetic ------------------------------------------------------------------------------------


@export("sparse_add", "sparse.add")
@renamed(thresh="threshold")
def sparse_add(a: Any, b: Any, threshold: Any = None) -> Any:
    """The sum of two SparseTensors, sparse, or of a SparseTensor and a tensor, dense.

    Args:
        threshold: sums of two elements of SparseTensors that are smaller in size are left out.
    """
    if not is_sparse(a) and not is_sparse(b):
        raise TypeError("At least one input should be SparseTensor; do you mean to use tf.add()?")
    if not (is_sparse(a) and is_sparse(b)):
        thin, dense = (a, b) if is_sparse(a) else (b, a)
        return sparse_math.SparseTensorDenseAdd(*parts(thin), dense)
    a, b = to_sparse(a), to_sparse(b)
    kind = {complex64: float32, complex128: float64}.get(a.dtype.base_dtype, a.dtype.base_dtype)
    limit = convert.to_tensor(0 if threshold is None else threshold, kind, name="threshold")
    indices, values, shape = sparse_math.SparseAdd(*parts(a), *parts(b), limit)
    static = a.shape.merge_with(b.shape)
    return SparseTensor(indices, values, static.as_list() if static.is_fully_defined() else shape)


@export("sparse_tensor_dense_matmul", "sparse.sparse_dense_matmul", "sparse.matmul")
def sparse_tensor_dense_matmul(
    sp_a: Any, b: Any, adjoint_a: bool = False, adjoint_b: bool = False, name: str | None = None
) -> Tensor:
    """The product of a sparse and a dense matrix (in either order), dense.

    Args:
        adjoint_a, adjoint_b: take the (conjugate) transpose of an operand.
    """
    if is_sparse(b):
        # A B = (B' A')'
        flip = adjoint_a == adjoint_b
        product = sparse_tensor_dense_matmul(b, sp_a, adjoint_a != flip, adjoint_b != flip)
        return array_moves.transpose(product)
    sp_a = to_sparse(sp_a)
    with scopes.name_scope(name, "SparseTensorDenseMatMul", [sp_a.indices, sp_a.values, b]):
        b = convert.to_tensor(b, name="b")
        return sparse_math.SparseTensorDenseMatMul(
            *parts(sp_a), b, adjoint_a=adjoint_a, adjoint_b=adjoint_b
        )


@export("sparse_softmax", "sparse.softmax")
def sparse_softmax(sp_input: Any, name: str | None = None) -> SparseTensor:
    """The softmax of each innermost row over the elements that it has."""
    with scopes.name_scope(name, "SparseSoftmax", [sp_input.indices, sp_input.values]):
        values = sparse_math.SparseSoftmax(*parts(sp_input))
        return SparseTensor(sp_input.indices, values, sp_input.dense_shape)


def _extreme(public: str, node: Callable[..., Any], word: str) -> Callable[..., SparseTensor]:
    def function(sp_a: Any, sp_b: Any, name: str | None = None) -> SparseTensor:
        used = [sp_a.indices, sp_a.values, sp_b.indices, sp_b.values]
        with scopes.name_scope(name, node.opdef.type, used) as scope:  # type: ignore[attr-defined]
            indices, values = node(*parts(sp_a), *parts(sp_b), name=scope)
        return SparseTensor(indices, values, sp_a.dense_shape)

    function.__name__ = function.__qualname__ = f"sparse_{public}"
    function.__doc__ = f"The {word} of two SparseTensors of one shape, at the places of either."
    return export(f"sparse_{public}", f"sparse.{public}")(function)


sparse_maximum = _extreme("maximum", sparse_math.SparseSparseMaximum, "larger")
sparse_minimum = _extreme("minimum", sparse_math.SparseSparseMinimum, "smaller")


def _reduction(public: str, node: Callable[..., Any], word: str) -> None:
    """Publish `tf.sparse_reduce_<public>` with the dense or sparse result of `node`."""
    is_dense = len(node.opdef.outputs) == 1  # type: ignore[attr-defined]

    @_OLD_AXES
    def function(sp_input: Any, axis: Any = None, keepdims: bool | None = None) -> Any:
        axes = reduce.all_axes(sp_input) if axis is None else axis
        found = node(*parts(sp_input), axes, keep_dims=bool(keepdims))
        return found if is_dense else SparseTensor(*found)

    function.__name__ = function.__qualname__ = f"sparse_reduce_{public}"
    function.__doc__ = f"""The {word} of the elements of a SparseTensor over axes, {"dense" if is_dense else "sparse"}.

    Args:
        axis: an axis or a list of axes; None for all (`reduction_axes` is the old name).
        keepdims: leave the reduced axes in place with size 1.
    """
    export(f"sparse_reduce_{public}", f"sparse.reduce_{public}")(function)


_reduction("sum", sparse_math.SparseReduceSum, "sum")
_reduction("sum_sparse", sparse_math.SparseReduceSumSparse, "sum")
_reduction("max", sparse_math.SparseReduceMax, "largest")
_reduction("max_sparse", sparse_math.SparseReduceMaxSparse, "largest")


# -- operators -------------------------------------------------------------------------------------


def _true_quotient(indices: Any, values: Any, shape: Any, y: Any, name: str) -> Tensor:
    """A quotient of floats; of integers, the floats that Python 3's `/` gives."""
    with scopes.name_scope(name, "truediv") as scope:
        kind = values.dtype.base_dtype
        if kind.is_integer:
            floats = float32 if kind.size < 4 else float64
            values, y = math.Cast(values, DstT=floats), math.Cast(y, DstT=floats)
        return sparse_math.SparseDenseCwiseDiv(indices, values, shape, y, name=scope)


def _operator(name: str, node: Callable[..., Tensor]) -> Callable[..., SparseTensor]:
    def apply(x: SparseTensor, y: Any) -> SparseTensor:
        with scopes.name_scope(None, name, [x, y]) as scope:
            y = convert.to_tensor(y, x.dtype.base_dtype, name="y")
            return x.with_values(node(*parts(x), y, name=scope))

    return apply


for _name, _node in (
    ("mul", sparse_math.SparseDenseCwiseMul),
    ("div", sparse_math.SparseDenseCwiseDiv),
    ("truediv", _true_quotient),
):
    SparseTensor._override_operator(f"__{_name}__", _operator(_name, _node))
SparseTensor._override_operator("__rmul__", _operator("mul", sparse_math.SparseDenseCwiseMul))
