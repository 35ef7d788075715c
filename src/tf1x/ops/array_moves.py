"""Joining, splitting, repeating, padding and reordering tensors."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np

from tf1x.api import export, renamed
from tf1x.core import convert, scopes
from tf1x.core.dtypes import COMPLEX, FLOATS, INDICES, INTS, bool_, int8, int32, int64, string
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.core.shapes import Dimension, TensorShape
from tf1x.core.static import constant_value, constant_value_as_shape
from tf1x.ops import array, xp
from tf1x.ops.shape_rules import Dims, dims, merge_dim, unchanged, with_rank


def scalar_int(value: Any) -> int:
    """A scalar (or one-element) tensor as a Python int; it must be static."""
    return int(xp.static(value).reshape(()))


def checked_axis(axis: int, rank: int) -> int:
    """`axis` counted from the front.

    Raises:
        ValueError: out of range.
    """
    if not -rank <= axis < rank:
        raise ValueError(f"Axis {axis} is out of range [{-rank}, {rank})")
    return axis % rank


# -- joining -------------------------------------------------------------------------------------


def _merged(shapes: Sequence[Dims]) -> Dims:
    """What shapes that must be equal say together."""
    whole = TensorShape.of(None)
    for shape in shapes:
        whole = whole.merge_with(TensorShape.of(shape))
    return whole.tuple


def _packed(op: Operation) -> Any:
    shape = _merged([t.shape.tuple for t in op.inputs])
    if shape is None:
        return [None]
    axis = checked_axis(op.attrs["axis"], len(shape) + 1)
    return [(*shape[:axis], len(op.inputs), *shape[axis:])]


@op("values: N*T -> output: T", shape=_packed, exact=True)
def Pack(values: list[Any], *, axis: int = 0) -> Any:
    """Tensors of one shape side by side along a new dimension."""
    # A row of a file is packed from numbers; stacking them takes ten times as long.
    if all(type(x) is np.ndarray and not x.ndim and not x.dtype.hasobject for x in values):
        return np.array(values, values[0].dtype)
    return xp.stack(values, axis)


@export("stack", "pack")
def stack(values: Any, axis: int = 0, name: str = "stack") -> Tensor:
    """Tensors of one shape joined along a new dimension `axis`.

    Raises:
        ValueError: the shapes differ, or `axis` is out of range.
    """
    if axis == 0:
        try:
            return convert.to_tensor(values, name=name)
        except (TypeError, ValueError, NotImplementedError):
            pass
    first = convert.to_tensor(values[0], name=name)
    if first.shape.ndims is not None:
        checked_axis(axis, first.shape.ndims + 1)
    packed: Tensor = Pack(values, axis=axis, name=name)
    return packed


def _joined_dims(shapes: Sequence[Dims], axis: Any) -> Dims:
    """The shape of tensors of `shapes` joined along `axis` (None where it is not known)."""
    known = [s for s in shapes if s is not None]
    if not known:
        return None
    rank = len(known[0])
    if any(len(s) != rank for s in known):
        raise ValueError(f"Ranks of all inputs must match, got {[list(s) for s in known]}")
    if axis is None:
        return (None,) * rank
    axis = checked_axis(int(axis.reshape(())), rank)
    result: list[int | None] = [None] * rank
    for position in range(rank):
        if position == axis:
            sizes = [None if s is None else s[position] for s in shapes]
            result[position] = None if None in sizes else sum(sizes)  # type: ignore[arg-type]
        else:
            for shape in known:
                result[position] = merge_dim(result[position], shape[position])
    return tuple(result)


def _join(values: list[Any], axis: Any) -> Any:
    position = scalar_int(axis)
    if not -np.ndim(values[0]) <= position < np.ndim(values[0]):
        raise InvalidArgumentError(
            None,
            None,
            f"ConcatOp : Expected concatenating dimensions in the range [{-np.ndim(values[0])}, {np.ndim(values[0])}), but got {position}",
        )
    return xp.concatenate(values, position)


@op(
    "values: N*T, axis: Tidx -> output: T",
    Tidx=(INDICES, int32),
    exact=True,
    shape=lambda op: [
        _joined_dims([t.shape.tuple for t in op.inputs[:-1]], constant_value(op.inputs[-1]))
    ],
)
def ConcatV2(values: list[Any], axis: Any) -> Any:
    """Tensors joined along a dimension that they have."""
    return _join(values, axis)


@op(
    "concat_dim: int32, values: N*T -> output: T",
    exact=True,
    shape=lambda op: [
        _joined_dims([t.shape.tuple for t in op.inputs[1:]], constant_value(op.inputs[0]))
    ],
)
def Concat(concat_dim: Any, values: list[Any]) -> Any:
    """`ConcatV2` with the dimension first, as older graphs have it."""
    return _join(values, concat_dim)


@export("concat", "concat_v2")
@renamed(concat_dim="axis")
def concat(values: Any = None, axis: Any = None, name: str = "concat") -> Tensor:
    """Tensors joined along their dimension `axis`.

    `tf.concat(concat_dim, values)`, the order before TensorFlow 1.0, is understood too.
    """
    if _is_scalar(values) and isinstance(axis, (list, tuple)):
        values, axis = axis, values
    if axis is None:
        raise TypeError("tf.concat is missing the argument 'axis'.")
    if not isinstance(values, (list, tuple)):
        values = [values]
    if len(values) == 1:
        with scopes.name_scope(name, None, values):
            convert.to_tensor(axis, int32, name="concat_dim").shape.assert_has_rank(0)
            return array.Identity(values[0], name=name)
    joined: Tensor = ConcatV2(values, axis, name=name)
    return joined


def _is_scalar(value: Any) -> bool:
    if isinstance(value, Tensor):
        return value.shape.ndims == 0
    return isinstance(value, (numbers.Integral, Dimension))


@op(
    "concat_dim: int32, shape: N*shape_type -> offset: N*shape_type",
    shape_type=(INDICES, int32),
    shape=lambda op: [t.shape for t in op.inputs[1:]],
    grad=None,
    exact=True,
)
def ConcatOffset(concat_dim: Any, shape: list[Any]) -> Any:
    """Where each of several joined tensors starts, from their shapes."""
    axis = scalar_int(concat_dim)
    offsets, start = [], xp.asarray(0, shape[0].dtype)
    for item in shape:
        here = xp.arange(0, item.shape[0], 1) == axis % item.shape[0]
        offsets.append(xp.where(here, start, xp.asarray(0, item.dtype)))
        start = start + item[axis]
    return offsets


@export("parallel_stack")
def parallel_stack(values: Any, name: str = "parallel_stack") -> Tensor:
    """`tf.stack(values)`; XLA decides what runs in parallel."""
    return stack(values, name=name)


# -- splitting -----------------------------------------------------------------------------------


def _unpacked(op: Operation) -> Any:
    shape = dims(op)
    if shape is None:
        return [None] * op.attrs["num"]
    axis = checked_axis(op.attrs["axis"], len(shape))
    merge_dim(shape[axis], op.attrs["num"])
    return [(*shape[:axis], *shape[axis + 1 :])] * op.attrs["num"]


@op("value: T -> output: num*T", shape=_unpacked, exact=True)
def Unpack(value: Any, *, num: int, axis: int = 0) -> Any:
    """The slices of `value` along a dimension of size `num`."""
    if np.shape(value)[axis] != num:
        raise InvalidArgumentError(
            None,
            None,
            f"Input shape axis {axis} must equal {num}, got shape {list(np.shape(value))}",
        )
    return [xp.squeeze(part, axis) for part in xp.split(value, num, axis)] if num else []


@export("unstack", "unpack")
def unstack(
    value: Any, num: int | None = None, axis: int = 0, name: str = "unstack"
) -> list[Tensor]:
    """The slices of `value` along `axis`, as a list of `num` tensors.

    Raises:
        ValueError: `num` is neither given nor known from the shape.
    """
    if num is None:
        value = convert.to_tensor(value)
        if value.shape.ndims is not None:
            num = value.shape.as_list()[checked_axis(axis, value.shape.ndims)]
        if num is None:
            raise ValueError(f"Cannot infer argument `num` from shape {value.shape}")
    parts: list[Tensor] = Unpack(value, num=num, axis=axis, name=name)
    return parts


def _split_shape(op: Operation) -> Any:
    count, shape, axis = (
        op.attrs["num_split"],
        op.inputs[1].shape.tuple,
        constant_value(op.inputs[0]),
    )
    if shape is None or axis is None:
        return [None if shape is None else (None,) * len(shape)] * count
    position = checked_axis(int(axis.reshape(())), len(shape))
    size = shape[position]
    if size is not None and size % count:
        raise ValueError(f"Dimension size must be evenly divisible by {count} but is {size}")
    part = None if size is None else size // count
    return [(*shape[:position], part, *shape[position + 1 :])] * count


@op("split_dim: int32, value: T -> output: num_split*T", shape=_split_shape, exact=True)
def Split(split_dim: Any, value: Any, *, num_split: int) -> Any:
    """`value` in equal parts along a dimension."""
    axis = scalar_int(split_dim)
    size = np.shape(value)[axis]
    if size % num_split:
        raise InvalidArgumentError(
            None,
            None,
            f"Number of ways to split should evenly divide the split dimension, but got split_dim {axis} (size = {size}) and num_split {num_split}",
        )
    return list(xp.split(value, num_split, axis))


def _splitv_shape(op: Operation) -> Any:
    count, shape = op.attrs["num_split"], dims(op)
    sizes, axis = constant_value(op.inputs[1]), constant_value(op.inputs[2])
    if shape is None or axis is None:
        return [None if shape is None else (None,) * len(shape)] * count
    position = checked_axis(int(axis.reshape(())), len(shape))
    parts: list[int | None] = [None] * count
    if sizes is not None:
        parts = [None if s < 0 else int(s) for s in sizes.reshape(-1)]
        whole, rest = shape[position], sum(p for p in parts if p is not None)
        if whole is not None and None in parts:
            parts[parts.index(None)] = whole - rest
        elif whole is not None and rest != whole:
            raise ValueError(
                f"Sum of output sizes must match the size of the original Tensor along the split dimension: {rest} and {whole}"
            )
    return [(*shape[:position], part, *shape[position + 1 :]) for part in parts]


@op(
    "value: T, size_splits: Tlen, split_dim: int32 -> output: num_split*T",
    Tlen=((int8, int32, int64), int64),
    shape=_splitv_shape,
    exact=True,
)
def SplitV(value: Any, size_splits: Any, split_dim: Any, *, num_split: int) -> Any:
    """`value` in parts of given sizes along a dimension; one size may be -1 for the rest."""
    axis, sizes = scalar_int(split_dim), list(xp.static_shape(size_splits))
    whole = np.shape(value)[axis]
    if -1 in sizes:
        sizes[sizes.index(-1)] = whole - (sum(sizes) + 1)
    if sum(sizes) != whole or min(sizes) < 0:
        raise InvalidArgumentError(
            None,
            None,
            f"Determined shape must either match input shape along split_dim exactly if fully specified, or be less than the size of the input along split_dim if not fully specified.  Got: {sum(sizes)}",
        )
    return list(xp.split(value, [int(c) for c in np.cumsum(sizes)[:-1]], axis))


@export("split", "split_v")
@renamed(split_dim="axis", num_split="num_or_size_splits", size_splits="num_or_size_splits")
def split(
    value: Any = None,
    num_or_size_splits: Any = None,
    axis: Any = None,
    num: int | None = None,
    name: str = "split",
) -> list[Tensor]:
    """`value` in parts along `axis`.

    Args:
        num_or_size_splits: the number of equal parts, or a vector of their sizes.
        num: how many parts, where the length of that vector is not known.

    `tf.split(split_dim, num_split, value)`, the order before TensorFlow 1.0, is understood too.
    """
    if (
        _is_scalar(value)
        and _is_scalar(num_or_size_splits)
        and axis is not None
        and not _is_scalar(axis)
    ):
        value, axis = axis, value
    if value is None or num_or_size_splits is None:
        raise TypeError("tf.split needs 'value' and 'num_or_size_splits'.")
    axis = 0 if axis is None else axis
    if isinstance(num_or_size_splits, (numbers.Integral, Dimension)):
        parts: list[Tensor] = Split(axis, value, num_split=int(num_or_size_splits), name=name)
        return parts
    sizes = convert.to_tensor(num_or_size_splits)
    if sizes.shape.ndims == 0:
        raise ValueError(
            f"A scalar tensor does not do for num_or_size_splits: {num_or_size_splits}"
        )
    if num is None:
        num = sizes.shape.tuple[0] if sizes.shape.tuple else None
    if num is None:
        raise ValueError(f"Cannot infer argument `num` from shape {sizes.shape}")
    return SplitV(value, sizes, axis, num_split=num, name=name)


# -- repeating -----------------------------------------------------------------------------------


def _tiled(op: Operation) -> Any:
    shape, times = dims(op), constant_value_as_shape(op.inputs[1]).tuple
    if shape is None or times is None:
        rank = len(shape) if shape is not None else len(times) if times is not None else None
        return [None if rank is None else (None,) * rank]
    if len(shape) != len(times):
        raise ValueError(f"Shape must be rank {len(times)} but is rank {len(shape)}")
    return [
        tuple(
            None if None in pair else pair[0] * pair[1] for pair in zip(shape, times, strict=True)
        )
    ]  # type: ignore[operator]


@op(
    "input: T, multiples: Tmultiples -> output: T",
    Tmultiples=(INDICES, int32),
    shape=_tiled,
    exact=True,
    export=("tile", "manip.tile"),
)
def Tile(input: Any, multiples: Any) -> Any:
    """`input` repeated along each dimension as often as `multiples` says."""
    times = xp.static_shape(multiples)
    if len(times) != np.ndim(input) or min(times, default=0) < 0:
        raise InvalidArgumentError(
            None,
            None,
            f"Expected multiples argument to be a vector of length {np.ndim(input)} of non-negative numbers but got {list(times)}",
        )
    return xp.tile(input, times)


# -- reordering ----------------------------------------------------------------------------------


def _transposed(op: Operation) -> Any:
    shape, perm = dims(op), constant_value(op.inputs[1])
    if perm is None:
        size = op.inputs[1].shape.num_elements()
        rank = len(shape) if shape is not None else size
        return [None if rank is None else (None,) * rank]
    shape = with_rank(shape, perm.size)
    return [tuple(shape[checked_axis(int(p), perm.size)] for p in perm)]


@op("x: T, perm: Tperm -> y: T", Tperm=(INDICES, int32), shape=_transposed, exact=True)
def Transpose(x: Any, perm: Any) -> Any:
    """Dimension `perm[i]` of `x` becomes dimension i."""
    return xp.transpose(x, xp.static_shape(perm))


@op("x: T, perm: Tperm -> y: T", Tperm=(INDICES, int32), shape=_transposed, exact=True)
def ConjugateTranspose(x: Any, perm: Any) -> Any:
    """The complex conjugate of `Transpose`."""
    return xp.conj(xp.transpose(x, xp.static_shape(perm)))


@export("transpose")
def transpose(a: Any, perm: Any = None, name: str = "transpose", conjugate: bool = False) -> Tensor:
    """Dimension `perm[i]` of `a` becomes dimension i; without `perm` the order is reversed.

    Args:
        conjugate: take the complex conjugate as well.
    """
    with scopes.name_scope(name, "transpose", [a]) as scope:
        a = convert.to_tensor(a, name="a")
        function = ConjugateTranspose if conjugate and a.dtype.is_complex else Transpose
        if perm is None:
            ndims = a.shape.ndims
            if ndims is None:
                perm = array.Range(array.Rank(a) - 1, -1, -1)
            else:
                perm = np.arange(ndims - 1, -1, -1, dtype=np.int32)
        moved: Tensor = function(a, perm, name=scope)
    return moved


@export("matrix_transpose", "linalg.transpose", "linalg.matrix_transpose")
def matrix_transpose(a: Any, name: str = "matrix_transpose", conjugate: bool = False) -> Tensor:
    """`a` with its last two dimensions exchanged."""
    with scopes.name_scope(name, None, [a]):
        a = convert.to_tensor(a, name="a")
        ndims = a.shape.ndims
        if ndims is None:
            rank = array.rank(a)
            perm: Any = concat((array.Range(0, rank - 2, 1), [rank - 1, rank - 2]), 0)
        elif ndims < 2:
            raise ValueError(f"Argument `a` should be a (batch) matrix, but has shape {a.shape}")
        else:
            perm = [*range(ndims - 2), ndims - 1, ndims - 2]
        return transpose(a, perm, conjugate=conjugate)


_REVERSED = (*INTS, bool_, *FLOATS, *COMPLEX, string)


@op(
    "tensor: T, axis: Tidx -> output: T",
    T=_REVERSED,
    Tidx=(INDICES, int32),
    shape=unchanged,
    exact=True,
)
def ReverseV2(tensor: Any, axis: Any) -> Any:
    """`tensor` with the order along the given dimensions reversed."""
    axes = tuple(checked_axis(a, np.ndim(tensor)) for a in xp.static_shape(axis))
    return xp.flip(tensor, axes) if axes else tensor


@op("tensor: T, dims: bool -> output: T", T=_REVERSED, shape=unchanged, exact=True)
def Reverse(tensor: Any, dims: Any) -> Any:
    """`tensor` with the order reversed along the dimensions for which `dims` is True."""
    axes = tuple(np.flatnonzero(xp.static(dims)).tolist())
    return xp.flip(tensor, axes) if axes else tensor


@export("reverse", "reverse_v2", "manip.reverse")
@renamed(dims="axis")
def reverse(tensor: Any, axis: Any, name: str | None = None) -> Tensor:
    """`tensor` with the order reversed along the dimensions `axis` (a list).

    A list of bools, one a dimension, is understood as before TensorFlow 1.0.
    """
    if isinstance(axis, (list, tuple)) and axis and all(isinstance(a, bool) for a in axis):
        return Reverse(tensor, axis, name=name)
    return ReverseV2(tensor, axis, name=name)


@op("input: T, seq_lengths: Tlen -> output: T", Tlen=(INDICES, int64), shape=unchanged, exact=True)
def ReverseSequence(input: Any, seq_lengths: Any, *, seq_dim: int, batch_dim: int = 0) -> Any:
    """For each row along `batch_dim`, its first `seq_lengths[i]` entries along `seq_dim` reversed."""
    rank = np.ndim(input)
    seq, batch = seq_dim % rank, batch_dim % rank
    size = np.shape(input)[seq]
    lengths = xp.astype(seq_lengths, np.int64)
    xp.check(
        lengths <= size,
        InvalidArgumentError,
        lambda: f"seq_lens({int(np.argmax(lengths))}) > input.dims({seq})",
    )
    steps = np.arange(size)
    rows = lengths[:, None]
    order = xp.where(steps < rows, rows - 1 - steps, steps)
    shape = [1] * rank
    shape[batch], shape[seq] = np.shape(input)[batch], size
    order = xp.reshape(order if batch < seq else order.T, shape)
    return xp.take_along_axis(input, order, seq)


@export("reverse_sequence", "manip.reverse_sequence")
@renamed(seq_dim="seq_axis", batch_dim="batch_axis")
def reverse_sequence(
    input: Any,
    seq_lengths: Any,
    seq_axis: int | None = None,
    batch_axis: int | None = None,
    name: str | None = None,
) -> Tensor:
    """For each row along `batch_axis`, its first `seq_lengths[i]` entries along `seq_axis` reversed."""
    if seq_axis is None:
        raise ValueError("tf.reverse_sequence needs seq_axis (or seq_dim).")
    return ReverseSequence(
        input, seq_lengths, seq_dim=seq_axis, batch_dim=batch_axis or 0, name=name
    )


@op(
    "input: T, shift: Tshift, axis: Taxis -> output: T",
    Tshift=INDICES,
    Taxis=INDICES,
    shape=unchanged,
    exact=True,
    export=("roll", "manip.roll"),
)
def Roll(input: Any, shift: Any, axis: Any) -> Any:
    """`input` moved around by `shift` places along each `axis`."""
    shifts = xp.reshape(shift, -1)
    for i, position in enumerate(xp.static_shape(axis)):
        input = xp.roll(
            input, int(shifts[i]) if isinstance(shifts, np.ndarray) else shifts[i], position
        )
    return input
