"""Gathering from and scattering to tensors by index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from tf1x.api import export
from tf1x.core import convert, opdef, scopes
from tf1x.core.dtypes import INDICES, int16, int32, int64, uint16
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.indexed_slices import IndexedSlices
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.core.static import constant_value, constant_value_as_shape
from tf1x.ops import array, array_broadcast, array_moves, array_select, xp
from tf1x.ops.array_slicing import getitem
from tf1x.ops.shape_rules import Dims, dims, merge_dim, unchanged

_ROW_INDICES = (int16, int32, int64)

# -- gathering -----------------------------------------------------------------------------------


def _checked_rows(indices: Any, size: int, name: str = "indices") -> Any:
    """Indices that must be in [0, size); harmless ones where they are not."""

    def describe() -> str:
        values = np.asarray(indices)
        where = tuple(int(i) for i in np.argwhere((values < 0) | (values >= size))[0])
        return f"{name}[{','.join(map(str, where))}] = {values[where]} is not in [0, {size})"

    if np.size(indices):
        xp.check(xp.logical_and(indices >= 0, indices < size), InvalidArgumentError, describe)
    return indices


def _take(params: Any, indices: Any, axis: int) -> Any:
    if xp.is_jax(params, indices):
        if not axis:
            return xp.rows(params, indices)
        return jnp.take(params, indices, axis=axis, mode="clip")
    return np.take(params, indices, axis=axis)


def _gather(params: Any, indices: Any, axis: int, batch_dims: int) -> Any:
    _checked_rows(indices, np.shape(params)[axis])
    if not batch_dims:
        return _take(params, indices, axis)
    # Batch dimensions become one, and the gather one of single rows of the two leading ones.
    shape, batch = np.shape(params), np.shape(params)[:batch_dims]
    count = int(np.prod(batch))
    front = xp.reshape(
        xp.moveaxis(params, axis, batch_dims),
        (count, shape[axis], -1) if count else (0, shape[axis], 1),
    )
    rows = xp.reshape(indices, (count, -1) if count else (0, 1))
    taken = (
        xp.take_along_axis(front, rows[:, :, None], 1) if shape[axis] or not rows.size else front
    )
    picked = np.shape(indices)[batch_dims:]
    rest = [d for i, d in enumerate(shape) if i not in (*range(batch_dims), axis)]
    whole = xp.reshape(taken, (*batch, *picked, *rest))
    # The picked dimensions belong where `axis` was.
    order = list(range(batch_dims))
    before = axis - batch_dims
    start = batch_dims + len(picked)
    order += [
        *range(start, start + before),
        *range(batch_dims, start),
        *range(start + before, len(whole.shape)),
    ]
    return xp.transpose(whole, order)


def _gathered(axis: int | None, batch_dims: int, params: Dims, indices: Dims) -> Dims:
    if axis is None:
        return (
            None
            if params is None or indices is None
            else (None,) * (len(params) + len(indices) - 1)
        )
    if params is None or indices is None:
        return None
    axis = array_moves.checked_axis(axis, len(params))
    batch_dims = batch_dims + len(indices) if batch_dims < 0 else batch_dims
    batch = tuple(
        merge_dim(a, b) for a, b in zip(params[:batch_dims], indices[:batch_dims], strict=False)
    )
    return (*batch, *params[batch_dims:axis], *indices[batch_dims:], *params[axis + 1 :])


def _gather_v2_shape(op: Operation) -> Any:
    axis = constant_value(op.inputs[2])
    position = None if axis is None else int(axis.reshape(()))
    if position == 0 and dims(op) is not None and not dims(op):
        raise ValueError("Shape must be at least rank 1 but is rank 0")
    return [_gathered(position, op.attrs["batch_dims"], dims(op), dims(op, 1))]


def _slices_gradient(op: Operation, grad: Any) -> Any:
    """The gradient of taking rows: `IndexedSlices` of a tensor like the first input."""
    params, indices = op.inputs[:2]
    with scopes.colocate_with(params.op):
        shape = array.shape_of(params, out_type=int64)
        shape = array._cast(shape, int32)
    grad = convert.to_tensor(grad)
    count = array.expand_dims(array.size(indices), 0)
    inner = getitem(shape, slice(1, None))
    values = array.Reshape(grad, array_moves.concat([count, inner], 0))
    values.set_shape([None, *params.shape.as_list()[1:]] if params.shape.ndims else None)
    return IndexedSlices(values, array.Reshape(indices, count), shape)


def _gather_gradient(op: Operation, grad: Any) -> list[Any]:
    return [_slices_gradient(op, grad), None]


def _gather_v2_gradient(op: Operation, grad: Any) -> list[Any]:
    axis = constant_value(op.inputs[2])
    if axis is not None and not axis.any() and not op.attrs["batch_dims"]:
        return [_slices_gradient(op, grad), None, None]
    return array.first_input_gradient(op, grad)


@op(
    "params: Tparams, indices: Tindices -> output: Tparams",
    Tindices=INDICES,
    shape=lambda op: [_gathered(0, 0, dims(op), dims(op, 1))],
    exact=True,
    grad=_gather_gradient,
    attrs={"validate_indices": ("bool", True)},
)
def Gather(params: Any, indices: Any) -> Any:
    """Rows of `params`; as older graphs have it."""
    return _gather(params, indices, 0, 0)


@op(
    "params: Tparams, indices: Tindices, axis: Taxis -> output: Tparams",
    Tindices=_ROW_INDICES,
    Taxis=INDICES,
    shape=_gather_v2_shape,
    exact=True,
    grad=_gather_v2_gradient,
)
def GatherV2(params: Any, indices: Any, axis: Any, *, batch_dims: int = 0) -> Any:
    """The slices of `params` along `axis` that `indices` name; the first `batch_dims` are shared.

    Raises (when run):
        InvalidArgumentError: an index is out of range.
    """
    position = array_moves.scalar_int(axis)
    rank = np.ndim(params)
    if not -rank <= position < rank:
        raise InvalidArgumentError(
            None, None, f"Expected axis in the range [{-rank}, {rank}), but got {position}"
        )
    shared = batch_dims + np.ndim(indices) if batch_dims < 0 else batch_dims
    return _gather(params, indices, position % rank, shared)


@export("gather")
def gather(
    params: Any,
    indices: Any,
    validate_indices: Any = None,
    name: str | None = None,
    axis: Any = None,
    batch_dims: int = 0,
) -> Tensor:
    """The slices of `params` along `axis` (0, or `batch_dims`) that `indices` name.

    The result has the shape params.shape[:axis] + indices.shape[batch_dims:] + params.shape[axis+1:].
    """
    axis = batch_dims if axis is None else axis
    if hasattr(params, "sparse_read") and isinstance(axis, int) and axis == 0:
        return params.sparse_read(indices, name=name)
    return GatherV2(params, indices, axis, batch_dims=batch_dims, name=name)


@export("batch_gather")
def batch_gather(params: Any, indices: Any, name: str | None = None) -> Tensor:
    """`gather` whose leading dimensions, all but the last of `indices`, are shared."""
    with scopes.name_scope(name, "BatchGather", [params, indices]) as scope:
        indices = convert.to_tensor(indices, name="indices")
        params = convert.to_tensor(params, name="params")
        if indices.shape.ndims is None:
            raise ValueError("batch_gather does not allow indices with unknown shape.")
        axis = indices.shape.ndims - 1
        return GatherV2(params, indices, axis, batch_dims=axis, name=scope)


# -- gathering and scattering by points ----------------------------------------------------------

_POLICY = {"bad_indices_policy": ("str", "")}


def _gather_nd_shape(op: Operation) -> Any:
    params, indices = dims(op), dims(op, 1)
    if params is None or indices is None or indices[-1] is None:
        return [None]
    if indices[-1] > len(params):
        raise ValueError(
            f"indices.shape[-1] must be <= params.rank, but saw indices shape: {indices} and params shape: {params}"
        )
    return [(*indices[:-1], *params[indices[-1] :])]


def _points(indices: Any, shape: tuple[int, ...], what: str) -> tuple[Any, ...]:
    """The last dimension of `indices` as a NumPy index into a tensor of `shape`, checked."""
    depth = np.shape(indices)[-1]
    if depth > len(shape):
        raise InvalidArgumentError(
            None,
            None,
            f"index innermost dimension length must be <= {what} rank; saw: {depth} vs. {len(shape)}",
        )
    limits = np.array(shape[:depth], np.int64)

    def describe() -> str:
        values = np.asarray(indices)
        bad = np.argwhere(((values < 0) | (values >= limits)).any(-1))[0]
        where = tuple(int(i) for i in bad)
        return f"indices[{','.join(map(str, where))}] = {values[where].tolist()} does not index into param shape {list(shape)}"

    if np.size(indices):
        xp.check(xp.logical_and(indices >= 0, indices < limits), InvalidArgumentError, describe)
    return tuple(indices[..., i] for i in range(depth))


def _gather_nd_gradient(op: Operation, grad: Any) -> list[Any]:
    params, indices = op.inputs
    shape = array.shape_of(params, out_type=indices.dtype.base_dtype)
    if indices.shape.ndims == 2 and indices.shape.as_list()[-1] == 1:
        return [IndexedSlices(convert.to_tensor(grad), array.squeeze(indices, -1), shape), None]
    return [ScatterNd(indices, grad, shape), None]


@op(
    "params: Tparams, indices: Tindices -> output: Tparams",
    Tindices=_ROW_INDICES,
    shape=_gather_nd_shape,
    exact=True,
    grad=_gather_nd_gradient,
    attrs=_POLICY,
)
def GatherNd(params: Any, indices: Any) -> Any:
    """The elements (or slices) of `params` at the points in the last dimension of `indices`."""
    points = _points(indices, np.shape(params), "params")
    if not points:
        return xp.broadcast_to(params, (*np.shape(indices)[:-1], *np.shape(params)))
    return _at(params, points)


def _at(x: Any, points: tuple[Any, ...]) -> Any:
    """`x[points]`."""
    return jnp.asarray(x).at[points].get(mode="clip") if xp.is_jax(x, *points) else x[points]


@export("gather_nd", "manip.gather_nd")
def gather_nd(params: Any, indices: Any, name: str | None = None, batch_dims: int = 0) -> Tensor:
    """The elements (or slices) of `params` at the points in the last dimension of `indices`.

    Args:
        batch_dims: how many leading dimensions both share.
    """
    if not batch_dims:
        return GatherNd(params, indices, name=name)
    with scopes.name_scope(name, "BatchGatherND", [params, indices]):
        params = convert.to_tensor(params, name="params")
        indices = convert.to_tensor(indices, name="indices")
        grids = [_axis_numbers(indices, i) for i in range(batch_dims)]
        return GatherNd(params, array_moves.concat([*grids, indices], -1))


def _axis_numbers(indices: Tensor, axis: int) -> Tensor:
    """A tensor like `indices` with one entry a point: its position along `axis`."""
    kind = indices.dtype.base_dtype
    ndims = indices.shape.ndims
    if ndims is None:
        raise ValueError("tf.gather_nd with batch_dims needs indices of known rank.")
    shape = array.shape(indices)
    size = getitem(shape, axis)
    column = [-1 if i == axis else 1 for i in range(ndims)]
    numbers_ = array.Reshape(array._cast(array.range_(size), kind), column)
    points = array_moves.concat([getitem(shape, slice(None, -1)), [1]], 0)
    spread: Tensor = array_broadcast.BroadcastTo(numbers_, points)
    return spread


def _scatter(base: Any, indices: Any, updates: Any, combine: str) -> Any:
    """`base` with `updates` set, added, ... at the points in the last dimension of `indices`."""
    points = _points(indices, np.shape(base), "output")
    if not points:
        points = (Ellipsis,)
        updates = _reduced(updates, np.ndim(indices) - 1, combine)
    if xp.is_jax(base, indices, updates):
        place = jnp.asarray(base).at[points]
        return getattr(place, _AT[combine])(updates, mode="drop")
    result = np.array(base)
    if combine == "set":
        result[points] = updates
    else:
        _UFUNCS[combine].at(result, points, updates)
    return result


_AT = {"set": "set", "add": "add", "subtract": "subtract", "min": "min", "max": "max"}
_UFUNCS = {"add": np.add, "subtract": np.subtract, "min": np.minimum, "max": np.maximum}


def _reduced(updates: Any, leading: int, combine: str) -> Any:
    """Updates that all go to the whole tensor, combined."""
    if not leading:
        return updates
    if combine == "set":
        return updates[(-1,) * leading]
    function = {"min": xp.min, "max": xp.max}.get(combine, xp.sum)
    return function(updates, axis=tuple(range(leading)))


@op(
    "indices: Tindices, updates: T, shape: Tindices -> output: T",
    Tindices=_ROW_INDICES,
    shape=lambda op: [constant_value_as_shape(op.inputs[2])],
    attrs=_POLICY,
)
def ScatterNd(indices: Any, updates: Any, shape: Any) -> Any:
    """Zeros of `shape` with `updates` added at the points in the last dimension of `indices`."""
    base = xp.zeros(xp.static_shape(shape), updates.dtype)
    return _scatter(base, indices, updates, "add")


@export("scatter_nd", "manip.scatter_nd")
def scatter_nd(indices: Any, updates: Any, shape: Any, name: str | None = None) -> Tensor:
    """Zeros of `shape` with `updates` added at the points in the last dimension of `indices`."""
    return ScatterNd(indices, updates, shape, name=name)


def _tensor_scatter(name: str, combine: str, vjp: Callable[..., Any] | None, **options: Any) -> Any:
    """Declare an op that combines updates into a copy of a tensor."""

    def lower(tensor: Any, indices: Any, updates: Any) -> Any:
        return _scatter(tensor, indices, updates, combine)

    lower.__doc__ = f"`tensor` with `updates` {options.pop('doc')} at the points in the last dimension of `indices`."
    kinds = options.pop("kinds", INDICES)
    return op(
        "tensor: T, indices: Tindices, updates: T -> output: T",
        type=name, Tindices=kinds, shape=unchanged, vjp=vjp, attrs=_POLICY, **options,
    )(lower)  # fmt: skip


def _points_of(inputs: Any) -> tuple[Any, ...]:
    return tuple(inputs[1][..., i] for i in range(inputs[1].shape[-1]))


def _update_vjp(inputs: Any, outputs: Any, cotangents: Any, attrs: Any) -> list[Any]:
    """TensorFlow gives the gradient at a point to every update of it, overwritten ones too."""
    (grad,) = cotangents
    taken = _at(grad, _points_of(inputs))
    return [
        _scatter(grad, inputs[1], xp.zeros(np.shape(inputs[2]), grad.dtype), "set"),
        None,
        taken,
    ]


def _extremum_vjp(inputs: Any, outputs: Any, cotangents: Any, attrs: Any) -> list[Any]:
    """The gradient goes to all that equal the result, in equal parts."""
    (tensor, indices, updates), (result,), (grad,) = inputs, outputs, cotangents
    points = _points_of(inputs)
    kept = (tensor == result).astype(grad.dtype)
    won = (updates == _at(result, points)).astype(grad.dtype)
    share = _scatter(kept, indices, won, "add")
    part = grad / xp.maximum(share, xp.asarray(1, grad.dtype))
    return [part * kept, None, _at(part, points) * won]


TensorScatterUpdate = _tensor_scatter(
    "TensorScatterUpdate",
    "set",
    _update_vjp,
    kinds=(*_ROW_INDICES, uint16),
    exact=True,
    doc="put",
    export=("tensor_scatter_update", "tensor_scatter_nd_update"),
)
TensorScatterAdd = _tensor_scatter(
    "TensorScatterAdd",
    "add",
    None,
    doc="added",
    export=("tensor_scatter_add", "tensor_scatter_nd_add"),
)
TensorScatterSub = _tensor_scatter(
    "TensorScatterSub",
    "subtract",
    None,
    doc="subtracted",
    export=("tensor_scatter_sub", "tensor_scatter_nd_sub"),
)
TensorScatterMin = _tensor_scatter(
    "TensorScatterMin",
    "min",
    _extremum_vjp,
    doc="compared (the least stays)",
    exact=True,
    export=("tensor_scatter_min", "tensor_scatter_nd_min"),
)
TensorScatterMax = _tensor_scatter(
    "TensorScatterMax",
    "max",
    _extremum_vjp,
    doc="compared (the greatest stays)",
    exact=True,
    export=("tensor_scatter_max", "tensor_scatter_nd_max"),
)


# -- functions made of them ------------------------------------------------------------------------


@export("boolean_mask")
def boolean_mask(tensor: Any, mask: Any, name: str = "boolean_mask", axis: Any = None) -> Tensor:
    """The slices of `tensor` for which `mask` is True.

    Args:
        mask: bools; its shape is that of the dimensions of `tensor` from `axis` (0) on.

    Raises:
        ValueError: a scalar mask, one of unknown rank, or one that does not fit.
    """
    with scopes.name_scope(name, None, [tensor, mask]):
        tensor = convert.to_tensor(tensor, name="tensor")
        mask = convert.to_tensor(mask, name="mask")
        ndims = mask.shape.ndims
        if ndims == 0:
            raise ValueError("mask cannot be scalar.")
        if ndims is None:
            raise ValueError(
                "Number of mask dimensions must be specified, even if some dimensions are None. E.g. shape=[None] is ok, but shape=None is not."
            )
        axis = (
            0
            if axis is None
            else int(constant_value(convert.to_tensor(axis)))
            if isinstance(axis, Tensor)
            else axis
        )
        static = tensor.shape
        static[axis : axis + ndims].assert_is_compatible_with(mask.shape)
        masked = getitem(array.shape(tensor), slice(axis, axis + ndims))
        size = opdef.get("Prod").endpoint(masked, [0])
        parts = [
            getitem(array.shape(tensor), slice(None, axis)),
            [size],
            getitem(array.shape(tensor), slice(axis + ndims, None)),
        ]
        tensor = array.Reshape(tensor, array_moves.concat(parts, 0))
        first = static[axis : axis + ndims].num_elements()
        tensor.set_shape(static[:axis].concatenate([first]).concatenate(static[axis + ndims :]))
        mask = array.Reshape(mask, [-1])
        positions = array.squeeze(array_select.Where(mask), [1])
        return gather(tensor, positions, axis=axis)


@export("repeat")
def repeat(input: Any, repeats: Any, axis: int | None = None, name: str | None = None) -> Tensor:
    """Elements of `input` along `axis` (flattened, if None), each `repeats` times (or `repeats[i]`)."""
    with scopes.name_scope(name, "Repeat", [input, repeats]):
        data = convert.to_tensor(input, name="data")
        if axis is None:
            data, axis = array.Reshape(data, [-1]), 0
        repeats = array._cast(convert.to_tensor(repeats, name="repeats"), int32)
        size = getitem(array.shape(data), axis)
        if repeats.shape.num_elements() == 1:
            repeats = array_broadcast.BroadcastTo(
                array.Reshape(repeats, [1]), array.Reshape(size, [1])
            )
        ends = opdef.get("Cumsum").endpoint(repeats, 0)
        total = opdef.get("Sum").endpoint(repeats, [0])
        positions = array.range_(total)
        return GatherV2(data, _count_at_most(ends, positions), axis)


def _count_at_most(ends: Tensor, positions: Tensor) -> Tensor:
    found = array_select.UpperBound(array.expand_dims(ends, 0), array.expand_dims(positions, 0))
    counts: Tensor = array.squeeze(found, [0])
    return counts
