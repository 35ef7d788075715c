"""Parts of tensors: slices, `x[...]`, gathering and scattering."""

from __future__ import annotations

import numbers
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.api import export
from tf1x.core import convert, scopes
from tf1x.core.dtypes import INDICES, DType, bool_, int16, int32, int64
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.core.shapes import Dimension
from tf1x.core.static import constant_value, constant_value_as_shape
from tf1x.ops import array, array_moves, xp
from tf1x.ops.shape_rules import dims

_ROW_INDICES = (int16, int32, int64)

# -- slices --------------------------------------------------------------------------------------


def _sliced(op: Operation) -> Any:
    shape, begin, size = dims(op), constant_value(op.inputs[1]), constant_value(op.inputs[2])
    if size is None:
        known = constant_value_as_shape(op.inputs[2]).tuple
        return [known if shape is None or known is not None else (None,) * len(shape)]
    rest: list[int | None] = [None] * size.size
    if shape is not None and begin is not None:
        rest = [None if n is None else n - int(b) for n, b in zip(shape, begin, strict=True)]
        if (
            min(
                (n for n, s in zip(rest, size, strict=True) if n is not None and s == -1), default=0
            )
            < 0
        ):
            raise ValueError(f"Negative dimension size caused by begin {begin.tolist()}")
    return [tuple(n if s == -1 else int(s) for n, s in zip(rest, size, strict=True))]


@op("input: T, begin: Index, size: Index -> output: T", Index=INDICES, shape=_sliced, exact=True)
def Slice(input: Any, begin: Any, size: Any) -> Any:
    """The block of `input` that starts at `begin` and has `size`; a size of -1 means the rest."""
    shape, wanted = np.shape(input), xp.static_shape(size)
    if len(wanted) != len(shape):
        raise InvalidArgumentError(
            None,
            None,
            f"Expected begin and size arguments to be 1-D tensors of size {len(shape)}, but got {len(wanted)}",
        )
    if -1 in wanted:
        start = xp.static_shape(begin)
        wanted = tuple(
            n - b if w == -1 else w for n, b, w in zip(shape, start, wanted, strict=True)
        )
    last = np.array(shape, np.int64) - np.array(wanted, np.int64)
    fits = xp.logical_and(begin >= 0, begin <= last)
    xp.check(
        xp.logical_and(fits, np.array(wanted) >= 0),
        InvalidArgumentError,
        lambda: (
            f"Expected begin and begin + size within {list(shape)}, but got begin {np.asarray(begin).tolist()} and size {list(wanted)}"
        ),
    )
    if xp.is_jax(begin):
        return jax.lax.dynamic_slice(
            jnp.asarray(input), [begin[i] for i in range(len(shape))], wanted
        )
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
    count = next(
        (
            t.shape.tuple[0]
            for t in op.inputs[1:4]
            if t.shape.tuple and t.shape.tuple[0] is not None
        ),
        None,
    )
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


def _static_size(
    size: int | None, i: int, begin: Any, end: Any, strides: Any, masks: _Masks
) -> int | None:
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
    if (
        first is not None
        and last is not None
        and (first >= 0) == (last >= 0)
        and (last - first) * step <= 0
    ):
        return 0
    return None


@op(
    "input: T, begin: Index, end: Index, strides: Index -> output: T",
    Index=_ROW_INDICES,
    shape=_strided_shape,
    exact=True,
)
def StridedSlice(
    input: Any, begin: Any, end: Any, strides: Any, *,
    begin_mask: int = 0, end_mask: int = 0, ellipsis_mask: int = 0, new_axis_mask: int = 0, shrink_axis_mask: int = 0,
) -> Any:  # fmt: skip
    """`input[begin:end:strides]` over all dimensions, as Python slices.

    Bit i of a mask says of entry i: `begin_mask`, `end_mask`: take the outermost; `ellipsis_mask`:
    it stands for `...`; `new_axis_mask`: it inserts a dimension; `shrink_axis_mask`: it is an index.
    """
    masks = begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask
    starts, counts, steps, result = strided_parts(np.shape(input), begin, end, strides, masks)
    return xp.reshape(_blocks(input, starts, counts, steps), tuple(result))


def strided_parts(
    shape: tuple[int, ...], begin: Any, end: Any, strides: Any, masks: _Masks
) -> tuple[list[Any], list[int], list[int], list[int]]:
    """For each dimension start, number and step of the elements taken; and the result's shape."""
    begin_mask, end_mask = masks[:2]
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
    return starts, counts, steps, result


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
    low = [
        s if step > 0 else s + (n - 1) * step
        for s, n, step in zip(starts, counts, steps, strict=True)
    ]
    low = [b if n else 0 for b, n in zip(low, counts, strict=True)]
    high = [
        b + (n - 1) * abs(step) + 1 if n else 0
        for b, n, step in zip(low, counts, steps, strict=True)
    ]
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
    found = [
        t.dtype.base_dtype for t in (item.start, item.stop, item.step) if isinstance(t, Tensor)
    ]
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

    def _end_of(
        self, value: Any, default: int, kind: DType | None, mask: str | None, i: int
    ) -> Any:
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
        from tf1x.ops.array_gather import boolean_mask

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
