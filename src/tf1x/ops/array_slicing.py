"""Parts of tensors: slices, `x[...]`, gathering and scattering."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.api import export
from tf1x.core import convert, opdef, scopes
from tf1x.core.dtypes import INDICES, DType, bool_, int16, int32, int64, uint16
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.graph import Operation, Tensor
from tf1x.core.indexed_slices import IndexedSlices
from tf1x.core.opdef import op
from tf1x.core.shapes import Dimension
from tf1x.core.static import constant_value, constant_value_as_shape
from tf1x.ops import array, array_moves, xp
from tf1x.ops.shape_rules import Dims, dims, merge_dim, unchanged

_ROW_INDICES = (int16, int32, int64)

# -- slices --------------------------------------------------------------------------------------


def _sliced(op: Operation) -> Any:
    shape = dims(op)
    begin, size = constant_value(op.inputs[1]), constant_value_as_shape(op.inputs[2]).tuple
    if shape is None:
        count = op.inputs[1].shape.num_elements()
        return [size if size is not None else None if count is None else (None,) * count]
    if begin is None:
        return [(None,) * len(shape) if size is None else size]
    exact = constant_value(op.inputs[2])
    result: list[int | None] = []
    for i, (whole, start) in enumerate(zip(shape, begin.tolist(), strict=True)):
        wanted = None if exact is None else int(exact[i])
        if wanted == -1:
            result.append(None if whole is None else whole - start)
        else:
            result.append(wanted if size is None or wanted is not None else size[i])
            wanted = result[-1]
        if whole is not None and not 0 <= start <= whole - (wanted or 0 if wanted != -1 else 0):
            raise ValueError(f"Expected begin[{i}] in [0, {whole}] and begin + size <= {whole}, but got {start} and {wanted}")
    return [tuple(result)]


@op("input: T, begin: Index, size: Index -> output: T", Index=INDICES, shape=_sliced, exact=True)
def Slice(input: Any, begin: Any, size: Any) -> Any:
    """The block of `input` that starts at `begin` and has `size`; a size of -1 means the rest."""
    shape, wanted = np.shape(input), xp.static_shape(size)
    if len(wanted) != len(shape):
        raise InvalidArgumentError(None, None, f"Expected begin and size arguments to be 1-D tensors of size {len(shape)}, but got {len(wanted)}")
    if -1 in wanted:
        start = xp.static_shape(begin)
        wanted = tuple(n - b if w == -1 else w for n, b, w in zip(shape, start, wanted, strict=True))
    last = np.array(shape, np.int64) - np.array(wanted, np.int64)
    fits = xp.logical_and(begin >= 0, begin <= last)
    xp.check(
        xp.logical_and(fits, np.array(wanted) >= 0),
        InvalidArgumentError,
        lambda: f"Expected begin and begin + size within {list(shape)}, but got begin {np.asarray(begin).tolist()} and size {list(wanted)}",
    )
    if xp.is_jax(begin):
        return jax.lax.dynamic_slice(jnp.asarray(input), [begin[i] for i in range(len(shape))], wanted)
    return input[tuple(slice(int(b), int(b) + w) for b, w in zip(begin, wanted, strict=True))]


@export("slice")
def slice_(input_: Any, begin: Any, size: Any, name: str | None = None) -> Tensor:
    """The block of `input_` that starts at `begin` and has `size`; a size of -1 means the rest."""
    return Slice(input_, begin, size, name=name)


@dataclass(frozen=True)
class _Part:
    """What one entry of `x[...]` does: to a dimension of x, or (`new`) before it.

    Attributes:
        dim: the dimension of x, None for a new one.
        entry: position in begin, end and strides; None for a dimension that is taken whole.
        index: whether it takes one element and drops the dimension.
    """

    dim: int | None
    entry: int | None = None
    index: bool = False


_Masks = tuple[int, int, int, int, int]  # begin, end, ellipsis, new axis, shrink axis


def _masks(attrs: dict[str, Any]) -> _Masks:
    names = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
    return tuple(attrs[n] for n in names)  # type: ignore[return-value]


def _parts(rank: int, count: int, masks: _Masks) -> list[_Part]:
    """The meaning of a slice specification of `count` entries for a tensor of some rank."""
    _, _, ellipsis_mask, new_axis_mask, shrink_mask = masks
    ellipsis = [i for i in range(count) if ellipsis_mask >> i & 1]
    if len(ellipsis) > 1:
        raise ValueError("Multiple ellipses in slice spec not allowed")
    entries = [i for i in range(count) if i not in ellipsis and not new_axis_mask >> i & 1]
    if len(entries) > rank:
        raise ValueError(f"Index out of range using input dim {rank}; input has only {rank} dims")
    skipped = rank - len(entries)
    parts: list[_Part] = []
    dim = 0

    def skip() -> None:
        nonlocal dim
        parts.extend(_Part(d) for d in range(dim, dim + skipped))
        dim += skipped

    for i in range(count):
        if i in ellipsis:
            skip()
        elif new_axis_mask >> i & 1:
            parts.append(_Part(None))
        else:
            parts.append(_Part(dim, i, bool(shrink_mask >> i & 1)))
            dim += 1
    if not ellipsis:
        skip()
    return parts


def _bounds(size: int, begin: int | None, end: int | None, stride: int) -> tuple[int, int]:
    """Start and number of elements of `range(size)[begin:end:stride]`."""
    start, stop, step = slice(begin, end, stride).indices(size)
    return start, len(range(start, stop, step))


def _out_of_bounds(index: int, dim: int) -> str:
    return f"slice index {index} of dimension {dim} out of bounds."


def _strided_shape(op: Operation) -> Any:
    shape, masks = dims(op), _masks(op.attrs)
    begin, end, strides = (constant_value(t) for t in op.inputs[1:4])
    count = next((t.shape.tuple[0] for t in op.inputs[1:4] if t.shape.tuple and t.shape.tuple[0] is not None), None)
    if shape is None or count is None:
        return [None]
    result: list[int | None] = []
    for part in _parts(len(shape), count, masks):
        if part.dim is None:
            result.append(1)
            continue
        size, i = shape[part.dim], part.entry
        if i is None:
            result.append(size)
        elif part.index:
            if begin is not None and size is not None and not -size <= begin[i] < size:
                raise ValueError(_out_of_bounds(int(begin[i]), part.dim))
        else:
            result.append(_static_size(size, i, begin, end, strides, masks))
    return [tuple(result)]


def _static_size(size: int | None, i: int, begin: Any, end: Any, strides: Any, masks: _Masks) -> int | None:
    """The size of one sliced dimension as far as it is known."""
    if strides is None:
        return None
    step = int(strides[i])
    if step == 0:
        raise ValueError(f"strides[{i}] must be non-zero")
    open_first, open_last = bool(masks[0] >> i & 1), bool(masks[1] >> i & 1)
    if (begin is None and not open_first) or (end is None and not open_last):
        return None
    first = None if open_first else int(begin[i])
    last = None if open_last else int(end[i])
    if size is not None:
        return _bounds(size, first, last, step)[1]
    if first is not None and last is not None and (first >= 0) == (last >= 0) and (last - first) * step <= 0:
        return 0
    return None


@op("input: T, begin: Index, end: Index, strides: Index -> output: T", Index=_ROW_INDICES, shape=_strided_shape, exact=True)
def StridedSlice(
    input: Any, begin: Any, end: Any, strides: Any, *,
    begin_mask: int = 0, end_mask: int = 0, ellipsis_mask: int = 0, new_axis_mask: int = 0, shrink_axis_mask: int = 0,
) -> Any:  # fmt: skip
    """`input[begin:end:strides]` over all dimensions, as Python slices.

    Bit i of a mask says of entry i: `begin_mask`, `end_mask`: take the outermost; `ellipsis_mask`:
    it stands for `...`; `new_axis_mask`: it inserts a dimension; `shrink_axis_mask`: it is an index.
    """
    masks = begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask
    shape = np.shape(input)
    parts = _parts(len(shape), int(np.size(begin)), masks)
    starts: list[Any] = [0] * len(shape)
    counts, steps = list(shape), [1] * len(shape)
    result: list[int] = []
    for part in parts:
        if part.dim is None:
            result.append(1)
            continue
        dim, i = part.dim, part.entry
        if i is not None and part.index:
            starts[dim], counts[dim] = _checked_index(begin[i], shape[dim], dim), 1
            if not xp.is_jax(strides) and strides[i] <= 0:
                raise ValueError("only stride 1 allowed on non-range indexing.")
            continue
        if i is not None:
            first = None if begin_mask >> i & 1 else int(xp.static(begin)[i])
            last = None if end_mask >> i & 1 else int(xp.static(end)[i])
            steps[dim] = int(xp.static(strides)[i])
            starts[dim], counts[dim] = _bounds(shape[dim], first, last, steps[dim])
        result.append(counts[dim])
    return xp.reshape(_blocks(input, starts, counts, steps), tuple(result))


def _checked_index(index: Any, size: int, dim: int) -> Any:
    """An index counted from the front, which must be in range."""
    ok = xp.logical_and(index >= -size, index < size)
    xp.check(ok, InvalidArgumentError, lambda: _out_of_bounds(int(index), dim))
    if xp.is_jax(index):
        return xp.clip(xp.where(index < 0, index + size, index), 0, max(size - 1, 0))
    return int(index) % size


def _blocks(input: Any, starts: list[Any], counts: list[int], steps: list[int]) -> Any:
    """`counts[d]` elements from `starts[d]` on, `steps[d]` apart, in each dimension d."""
    moving = [d for d, start in enumerate(starts) if xp.is_jax(start)]
    for d in moving:
        input = jax.lax.dynamic_index_in_dim(jnp.asarray(input), starts[d], d)
        starts[d] = 0
    if not xp.is_jax(input):
        return input[tuple(_slice(*item) for item in zip(starts, counts, steps, strict=True))]
    # Forwards with lax.slice, then backwards what has a negative step: cheaper than a gather.
    low = [s if step > 0 else s + (n - 1) * step for s, n, step in zip(starts, counts, steps, strict=True)]
    low = [b if n else 0 for b, n in zip(low, counts, strict=True)]
    high = [b + (n - 1) * abs(step) + 1 if n else 0 for b, n, step in zip(low, counts, steps, strict=True)]
    taken = jax.lax.slice(input, low, high, [abs(step) for step in steps])
    turned = [d for d, step in enumerate(steps) if step < 0]
    return jax.lax.rev(taken, turned) if turned else taken


def _slice(start: int, count: int, step: int) -> slice:
    stop = start + count * step
    return slice(start, stop if stop >= 0 else None, step) if count else slice(0, 0)


@export("strided_slice")
def strided_slice(
    input_: Any, begin: Any, end: Any, strides: Any = None,
    begin_mask: int = 0, end_mask: int = 0, ellipsis_mask: int = 0, new_axis_mask: int = 0, shrink_axis_mask: int = 0,
    var: Any = None, name: str | None = None,
) -> Tensor:  # fmt: skip
    """`input_[begin:end:strides]` over all dimensions; the masks are `StridedSlice`'s."""
    if strides is None:
        strides = array.ones_like(begin)
    return StridedSlice(
        input_, begin, end, strides, begin_mask=begin_mask, end_mask=end_mask, ellipsis_mask=ellipsis_mask,
        new_axis_mask=new_axis_mask, shrink_axis_mask=shrink_axis_mask, name=name,
    )  # fmt: skip


# -- x[...] --------------------------------------------------------------------------------------

_INDEX_TYPES = (int16, int32, int64)


def _check_index(value: Any) -> None:
    if isinstance(value, (numbers.Integral, Dimension)):
        return
    dtype = getattr(value, "dtype", None)
    if dtype is not None:
        dtype = getattr(dtype, "base_dtype", dtype)
        if dtype in _INDEX_TYPES and len(value.shape or ()) != 1:
            return
    raise TypeError(
        "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and scalar "
        f"tf.int32/tf.int64 tensors are valid indices, got {value!r}"
    )


def _slice_type(item: slice) -> DType | None:
    """The widest type of the tensors in a slice."""
    found = [t.dtype.base_dtype for t in (item.start, item.stop, item.step) if isinstance(t, Tensor)]
    return next((kind for kind in (int64, int32, int16) if kind in found), None)


@dataclass
class _Spec:
    """The arguments of a `StridedSlice` that `x[...]` stands for."""

    begin: list[Any]
    end: list[Any]
    strides: list[Any]
    masks: dict[str, int]

    @classmethod
    def of(cls, key: Any) -> _Spec:
        names = ("begin_mask", "end_mask", "shrink_axis_mask", "new_axis_mask", "ellipsis_mask")
        spec = cls([], [], [], dict.fromkeys(names, 0))
        for i, item in enumerate(key):
            spec._add(i, item)
        return spec

    def _add(self, i: int, item: Any) -> None:
        if isinstance(item, slice):
            kind = _slice_type(item)
            self._append(
                self._end_of(item.start, 0, kind, "begin_mask", i),
                self._end_of(item.stop, 0, kind, "end_mask", i),
                self._end_of(item.step, 1, kind, None, i),
            )
        elif item is Ellipsis or item is None:
            self._append(0, 0, 1)
            self.masks["ellipsis_mask" if item is Ellipsis else "new_axis_mask"] |= 1 << i
        else:
            _check_index(item)
            wide = isinstance(item, Tensor) and item.dtype.base_dtype in (int16, int64)
            end = item + 1
            self._append(item, end, array.constant(1, item.dtype.base_dtype) if wide else 1)
            self.masks["shrink_axis_mask"] |= 1 << i

    def _append(self, begin: Any, end: Any, stride: Any) -> None:
        self.begin.append(begin)
        self.end.append(end)
        self.strides.append(stride)

    def _end_of(self, value: Any, default: int, kind: DType | None, mask: str | None, i: int) -> Any:
        if value is None or (isinstance(value, Dimension) and value.value is None):
            if mask:
                self.masks[mask] |= 1 << i
            return default if kind is None else array.constant(default, kind)
        _check_index(value)
        return value

    def packed(self) -> list[Tensor]:
        if not self.begin:
            return [array.constant([], int32)] * 3
        made = [array_moves.stack(values) for values in (self.begin, self.end, self.strides)]
        if any(t.dtype is int64 for t in made):
            made = [array._cast(t, int64) for t in made]
        return made


def getitem(tensor: Tensor, key: Any, var: Any = None) -> Tensor:
    """`tensor[key]`: ints, slices, `...`, `tf.newaxis`, scalar int tensors, or a boolean mask.

    Raises:
        TypeError: anything else in `key`.
    """
    tensor = convert.to_tensor(tensor)
    if _is_mask(key):
        return boolean_mask(tensor, key)
    spec = _Spec.of(key if isinstance(key, (list, tuple)) else [key])
    values = [tensor, *spec.begin, *spec.end, *spec.strides]
    with scopes.name_scope(None, "strided_slice", values) as scope:
        begin, end, strides = spec.packed()
        return strided_slice(tensor, begin, end, strides, **spec.masks, var=var, name=scope)


def _is_mask(key: Any) -> bool:
    if isinstance(key, (Tensor, np.ndarray)):
        return key.dtype == (bool_ if isinstance(key, Tensor) else np.bool_)
    return isinstance(key, bool)


Tensor._override_operator("__getitem__", getitem)

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
        return jnp.take(params, indices, axis=axis, mode="clip")
    return np.take(params, indices, axis=axis)


def _gather(params: Any, indices: Any, axis: int, batch_dims: int) -> Any:
    _checked_rows(indices, np.shape(params)[axis])
    if not batch_dims:
        return _take(params, indices, axis)
    # Batch dimensions become one, and the gather one of single rows of the two leading ones.
    shape, batch = np.shape(params), np.shape(params)[:batch_dims]
    count = int(np.prod(batch))
    front = xp.reshape(xp.moveaxis(params, axis, batch_dims), (count, shape[axis], -1) if count else (0, shape[axis], 1))
    rows = xp.reshape(indices, (count, -1) if count else (0, 1))
    taken = xp.take_along_axis(front, rows[:, :, None], 1) if shape[axis] or not rows.size else front
    picked = np.shape(indices)[batch_dims:]
    rest = [d for i, d in enumerate(shape) if i not in (*range(batch_dims), axis)]
    whole = xp.reshape(taken, (*batch, *picked, *rest))
    # The picked dimensions belong where `axis` was.
    order = list(range(batch_dims))
    before = axis - batch_dims
    start = batch_dims + len(picked)
    order += [*range(start, start + before), *range(batch_dims, start), *range(start + before, len(whole.shape))]
    return xp.transpose(whole, order)


def _gathered(axis: int | None, batch_dims: int, params: Dims, indices: Dims) -> Dims:
    if axis is None:
        return None if params is None or indices is None else (None,) * (len(params) + len(indices) - 1)
    if params is None or indices is None:
        return None
    axis = array_moves.checked_axis(axis, len(params))
    batch_dims = batch_dims + len(indices) if batch_dims < 0 else batch_dims
    batch = tuple(merge_dim(a, b) for a, b in zip(params[:batch_dims], indices[:batch_dims], strict=False))
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


@op("params: Tparams, indices: Tindices -> output: Tparams", Tindices=INDICES, shape=lambda op: [_gathered(0, 0, dims(op), dims(op, 1))], exact=True, grad=_gather_gradient, attrs={"validate_indices": ("bool", True)})
def Gather(params: Any, indices: Any) -> Any:
    """Rows of `params`; as older graphs have it."""
    return _gather(params, indices, 0, 0)


@op("params: Tparams, indices: Tindices, axis: Taxis -> output: Tparams", Tindices=_ROW_INDICES, Taxis=INDICES, shape=_gather_v2_shape, exact=True, grad=_gather_v2_gradient)
def GatherV2(params: Any, indices: Any, axis: Any, *, batch_dims: int = 0) -> Any:
    """The slices of `params` along `axis` that `indices` name; the first `batch_dims` are shared.

    Raises (when run):
        InvalidArgumentError: an index is out of range.
    """
    position = array_moves.scalar_int(axis)
    rank = np.ndim(params)
    if not -rank <= position < rank:
        raise InvalidArgumentError(None, None, f"Expected axis in the range [{-rank}, {rank}), but got {position}")
    shared = batch_dims + np.ndim(indices) if batch_dims < 0 else batch_dims
    return _gather(params, indices, position % rank, shared)


@export("gather")
def gather(params: Any, indices: Any, validate_indices: Any = None, name: str | None = None, axis: Any = None, batch_dims: int = 0) -> Tensor:
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
        raise ValueError(f"indices.shape[-1] must be <= params.rank, but saw indices shape: {indices} and params shape: {params}")
    return [(*indices[:-1], *params[indices[-1] :])]


def _points(indices: Any, shape: tuple[int, ...], what: str) -> tuple[Any, ...]:
    """The last dimension of `indices` as a NumPy index into a tensor of `shape`, checked."""
    depth = np.shape(indices)[-1]
    if depth > len(shape):
        raise InvalidArgumentError(None, None, f"index innermost dimension length must be <= {what} rank; saw: {depth} vs. {len(shape)}")
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


@op("params: Tparams, indices: Tindices -> output: Tparams", Tindices=_ROW_INDICES, shape=_gather_nd_shape, exact=True, grad=_gather_nd_gradient, attrs=_POLICY)
def GatherNd(params: Any, indices: Any) -> Any:
    """The elements (or slices) of `params` at the points in the last dimension of `indices`."""
    points = _points(indices, np.shape(params), "params")
    if not points:
        return xp.broadcast_to(params, (*np.shape(indices)[:-1], *np.shape(params)))
    if xp.is_jax(params, indices):
        return jnp.asarray(params).at[points].get(mode="clip")
    return params[points]


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
    spread: Tensor = array.BroadcastTo(numbers_, points)
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


@op("indices: Tindices, updates: T, shape: Tindices -> output: T", Tindices=_ROW_INDICES, shape=lambda op: [constant_value_as_shape(op.inputs[2])], attrs=_POLICY)
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
    taken = grad[_points_of(inputs)]
    return [_scatter(grad, inputs[1], xp.zeros(np.shape(inputs[2]), grad.dtype), "set"), None, taken]


def _extremum_vjp(inputs: Any, outputs: Any, cotangents: Any, attrs: Any) -> list[Any]:
    """The gradient goes to all that equal the result, in equal parts."""
    (tensor, indices, updates), (result,), (grad,) = inputs, outputs, cotangents
    points = _points_of(inputs)
    kept = (tensor == result).astype(grad.dtype)
    won = (updates == result[points]).astype(grad.dtype)
    share = _scatter(kept, indices, won, "add")
    part = grad / xp.maximum(share, xp.asarray(1, grad.dtype))
    return [part * kept, None, part[points] * won]


TensorScatterUpdate = _tensor_scatter("TensorScatterUpdate", "set", _update_vjp, kinds=(*_ROW_INDICES, uint16), exact=True, doc="put", export=("tensor_scatter_update", "tensor_scatter_nd_update"))
TensorScatterAdd = _tensor_scatter("TensorScatterAdd", "add", None, doc="added", export=("tensor_scatter_add", "tensor_scatter_nd_add"))
TensorScatterSub = _tensor_scatter("TensorScatterSub", "subtract", None, doc="subtracted", export=("tensor_scatter_sub", "tensor_scatter_nd_sub"))
TensorScatterMin = _tensor_scatter("TensorScatterMin", "min", _extremum_vjp, doc="compared (the least stays)", exact=True, export=("tensor_scatter_min", "tensor_scatter_nd_min"))
TensorScatterMax = _tensor_scatter("TensorScatterMax", "max", _extremum_vjp, doc="compared (the greatest stays)", exact=True, export=("tensor_scatter_max", "tensor_scatter_nd_max"))


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
            raise ValueError("Number of mask dimensions must be specified, even if some dimensions are None. E.g. shape=[None] is ok, but shape=None is not.")
        axis = 0 if axis is None else int(constant_value(convert.to_tensor(axis))) if isinstance(axis, Tensor) else axis
        static = tensor.shape
        static[axis : axis + ndims].assert_is_compatible_with(mask.shape)
        masked = getitem(array.shape(tensor), slice(axis, axis + ndims))
        size = opdef.get("Prod").endpoint(masked, [0])
        parts = [getitem(array.shape(tensor), slice(None, axis)), [size], getitem(array.shape(tensor), slice(axis + ndims, None))]
        tensor = array.Reshape(tensor, array_moves.concat(parts, 0))
        first = static[axis : axis + ndims].num_elements()
        tensor.set_shape(static[:axis].concatenate([first]).concatenate(static[axis + ndims :]))
        mask = array.Reshape(mask, [-1])
        positions = array.squeeze(opdef.get("Where").endpoint(mask), [1])
        return gather(tensor, positions, axis=axis)
