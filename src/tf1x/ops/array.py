"""Constants, placeholders, identities, shapes, and tensors made from shapes."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.api import define, export, renamed
from tf1x.core import convert, opdef, scopes
from tf1x.core.dtypes import (
    FLOATS,
    INDICES,
    NUMBERS,
    DType,
    as_dtype,
    bfloat16,
    bool_,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    string,
    uint16,
    uint32,
    uint64,
)
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.indexed_slices import IndexedSlices
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.core.shapes import TensorShape
from tf1x.core.static import constant_value, constant_value_as_shape
from tf1x.ops import math, xp
from tf1x.ops.functional import gradient_node
from tf1x.ops.list_value import ListValue
from tf1x.ops.shape_rules import dims, from_attr, product, scalar, unchanged

define(None, "newaxis")

# -- constants and placeholders ------------------------------------------------------------------


@op("-> output: dtype", shape=lambda op: [op.attrs["value"].shape], exact=True, grad=None)
def Const(*, value: np.ndarray, dtype: DType) -> Any:
    """A constant."""
    return value


@export("constant")
def constant(
    value: Any,
    dtype: Any = None,
    shape: Any = None,
    name: str | None = "Const",
    verify_shape: bool = False,
) -> Tensor:
    """A constant tensor.

    Args:
        value: a number, string, array, or nested list; the last element fills up `shape`.
        dtype: by default float32 for Python floats, int32 for ints, and an array's own type.
        verify_shape: raise TypeError unless the value has exactly `shape`.
    """
    if verify_shape and shape is not None:
        found, wanted = np.shape(value), tuple(TensorShape(shape).as_list())
        if found != wanted:
            raise TypeError(f"Expected Tensor's shape: {wanted}, got {found}.")
    return convert.constant(value, dtype, shape, name)


@op("-> output: dtype", shape=from_attr(), grad=None, stateful=False)
def Placeholder(*, dtype: DType, shape: TensorShape = TensorShape(None)) -> Any:  # noqa: B008
    """A value that must be fed."""
    raise AssertionError("a placeholder is fed, never computed")


@export("placeholder")
def placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> Tensor:
    """A tensor that every run must be given in its feed_dict.

    Args:
        dtype: the element type.
        shape: what is known of the shape; None for nothing.
    """
    return Placeholder(dtype=as_dtype(dtype), shape=shape, name=name)


def pass_gradient(op: Operation, grad: Any) -> list[Any]:
    return [grad]


def first_input_gradient(op: Operation, *grads: Any) -> list[Any]:
    """The gradient of the first input by its vjp, and None for the others (where TF has none)."""
    dense = [convert.to_tensor(g) for g in grads]
    return [gradient_node(op, dense)[0], *[None] * (len(op.inputs) - 1)]


def _default_shape(op: Operation) -> Any:
    op.inputs[0].shape.assert_is_compatible_with(op.attrs["shape"])
    return [op.attrs["shape"]]


@op(
    "input: dtype -> output: dtype",
    shape=_default_shape,
    grad=pass_gradient,
    stateful=True,
    export=("placeholder_with_default",),
    attrs={"shape": ("TensorShape", TensorShape(None))},
)
def PlaceholderWithDefault(input: Any) -> Any:
    """`input`, unless another value is fed for this tensor."""
    return input


# -- identities ----------------------------------------------------------------------------------


@op("input: T -> output: T", shape=unchanged, exact=True, grad=pass_gradient)
def Identity(input: Any) -> Any:
    """`input` itself."""
    return input


@export("identity")
def identity(input: Any, name: str | None = None) -> Any:
    """`input` itself, as a new node; of an `IndexedSlices` or `SparseTensor`, each of its parts."""
    if isinstance(input, IndexedSlices):
        shape = None if input.dense_shape is None else Identity(input.dense_shape)
        return IndexedSlices(Identity(input.values), Identity(input.indices), shape)
    if hasattr(input, "dense_shape"):
        return type(input)(
            Identity(input.indices), Identity(input.values), Identity(input.dense_shape)
        )
    return Identity(input, name=name)


def _pass_gradients(op: Operation, *grads: Any) -> list[Any]:
    return list(grads)


@op(
    "input: *T -> output: *T",
    shape=lambda op: [t.shape for t in op.inputs],
    exact=True,
    grad=_pass_gradients,
    export=("identity_n",),
)
def IdentityN(input: list[Any]) -> Any:
    """All of `input`, computed together."""
    return list(input)


@op("input: T -> output: T", shape=unchanged, exact=True, grad=None, export=("stop_gradient",))
def StopGradient(input: Any) -> Any:
    """`input`, through which no gradient flows."""
    return input


# -- shapes --------------------------------------------------------------------------------------


@op(
    "input: T -> output: out_type",
    shape=lambda op: [(op.inputs[0].shape.ndims,)],
    grad=None,
    exact=True,
    out_type=(INDICES, int32),
)
def Shape(input: Any, *, out_type: DType) -> Any:
    """The shape of `input` as a vector; always a static value."""
    return np.array(np.shape(input), out_type.as_numpy_dtype)


@op(
    "input: N*T -> output: N*out_type",
    shape=lambda op: [(t.shape.ndims,) for t in op.inputs],
    grad=None,
    exact=True,
    out_type=(INDICES, int32),
    export=("shape_n",),
)
def ShapeN(input: list[Any], *, out_type: DType) -> Any:
    """The shapes of several tensors."""
    return [np.array(np.shape(x), out_type.as_numpy_dtype) for x in input]


@op("input: T -> output: out_type", shape=scalar, grad=None, exact=True, out_type=(INDICES, int32))
def Size(input: Any, *, out_type: DType) -> Any:
    """The number of elements of `input`."""
    return np.array(np.size(input), out_type.as_numpy_dtype)


@op("input: T -> output: int32", shape=scalar, grad=None, exact=True)
def Rank(input: Any) -> Any:
    """The number of dimensions of `input`."""
    return np.array(np.ndim(input), np.int32)


def _shape_constant(shape: TensorShape) -> Tensor:
    return convert.constant(shape, name="shape_as_tensor")


def shape_of(
    input: Any, name: str | None = None, optimize: bool = True, out_type: Any = None
) -> Tensor:
    """A tensor's shape: a constant where it is known and `optimize`, a `Shape` node otherwise."""
    with scopes.name_scope(name, "Shape", [input]) as scope:
        if hasattr(input, "dense_shape"):
            return math.Cast(input.dense_shape, DstT=out_type or int32)
        input = convert.to_tensor(input)
        if optimize and input.shape.is_fully_defined():
            if out_type is None:
                return _shape_constant(input.shape)
            return convert.constant(input.shape.as_list(), out_type, name=scope)
        return Shape(input, out_type=out_type or int32, name=scope)


@export("shape")
def shape(input: Any, name: str | None = None, out_type: Any = int32) -> Tensor:
    """The shape of `input` as a vector of `out_type`."""
    return shape_of(input, name, out_type=out_type or int32)


@export("size")
def size(input: Any, name: str | None = None, out_type: Any = int32) -> Tensor:
    """The number of elements of `input`."""
    with scopes.name_scope(name, "Size", [input]) as scope:
        if hasattr(input, "dense_shape"):
            return opdef.get("Prod").endpoint(
                math.Cast(input.dense_shape, DstT=out_type), 0, name=scope
            )
        input = convert.to_tensor(input)
        count = input.shape.num_elements()
        if count is None and 0 in (input.shape.tuple or ()):
            count = 0
        if count is not None:
            return convert.constant(count, out_type, name=scope)
        return Size(input, out_type=out_type, name=scope)


@export("rank")
def rank(input: Any, name: str | None = None) -> Tensor:
    """The number of dimensions of `input`, an int32 scalar."""
    with scopes.name_scope(name, "Rank", [input]) as scope:
        if hasattr(input, "dense_shape"):
            return Size(input.dense_shape, name=scope)
        input = convert.to_tensor(input)
        if input.shape.ndims is not None:
            return convert.constant(input.shape.ndims, int32, name=scope)
        return Rank(input, name=scope)


def _known_product(shape: tuple[int | None, ...]) -> tuple[int, list[int]]:
    """The product of the known sizes and the positions of the unknown ones."""
    unknown = [i for i, d in enumerate(shape) if d is None]
    total = product([d for d in shape if d is not None])
    assert total is not None
    return total, unknown


def _reshaped(op: Operation) -> Any:
    source, target = dims(op), constant_value_as_shape(op.inputs[1]).tuple
    if source is None or target is None:
        return [target]
    count, source_unknown = _known_product(source)
    wanted, target_unknown = _known_product(target)
    if len(target_unknown) > 1 or len(source_unknown) > 1:
        return [target]
    given = f"Cannot reshape a tensor with {count} elements to shape {list(target)}"
    if not source_unknown and not target_unknown and count != wanted:
        raise ValueError(f"{given} ({wanted} elements)")
    if not source_unknown and target_unknown and wanted:
        if count % wanted:
            raise ValueError(f"{given}: it is not a multiple of {wanted}")
        filled = list(target)
        filled[target_unknown[0]] = count // wanted
        return [tuple(filled)]
    if source_unknown and not target_unknown and count and wanted % count:
        raise ValueError(f"{given} ({wanted} elements)")
    return [target]


@op(
    "tensor: T, shape: Tshape -> output: T",
    Tshape=(INDICES, int32),
    shape=_reshaped,
    exact=True,
    export=("reshape", "manip.reshape"),
)
def Reshape(tensor: Any, shape: Any) -> Any:
    """The elements of `tensor` in row-major order in another shape; one size may be -1."""
    target = xp.static_shape(shape)
    count, wanted = np.size(tensor), int(np.prod([d for d in target if d != -1], dtype=np.int64))
    if target.count(-1) > 1 or min(target, default=0) < -1:
        raise InvalidArgumentError(
            None, None, f"Cannot reshape to {list(target)}: only one size may be -1"
        )
    if -1 in target:
        if not wanted or count % wanted:
            raise InvalidArgumentError(
                None,
                None,
                f"Input to reshape is a tensor with {count} values, but the requested shape requires a multiple of {wanted}",
            )
        target = tuple(count // wanted if d == -1 else d for d in target)
    elif count != wanted:
        raise InvalidArgumentError(
            None,
            None,
            f"Input to reshape is a tensor with {count} values, but the requested shape has {wanted}",
        )
    return xp.reshape(tensor, target)


reshape = Reshape


def _expanded(op: Operation) -> Any:
    shape, axis = dims(op), constant_value(op.inputs[1])
    if shape is None:
        return [None]
    if axis is None:
        return [(None,) * (len(shape) + 1)]
    position = int(axis.reshape(()))
    if not -len(shape) - 1 <= position <= len(shape):
        raise ValueError(f"dim {position} not in the interval [{-len(shape) - 1}, {len(shape)}]")
    position %= len(shape) + 1
    return [(*shape[:position], 1, *shape[position:])]


@op("input: T, dim: Tdim -> output: T", Tdim=(INDICES, int32), shape=_expanded, exact=True)
def ExpandDims(input: Any, dim: Any) -> Any:
    """`input` with a dimension of size 1 put in before dimension `dim`."""
    return xp.expand_dims(input, int(xp.static(dim).reshape(())))


@export("expand_dims")
def expand_dims(input: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Tensor:
    """`input` with a dimension of size 1 put in before dimension `axis`."""
    if (axis is None) == (dim is None):
        raise ValueError("tf.expand_dims: give one of 'axis' and 'dim'.")
    return ExpandDims(input, dim if axis is None else axis, name=name)


def _squeezed_axes(shape: tuple[int | None, ...], axes: list[int]) -> list[int]:
    for axis in axes:
        if not -len(shape) <= axis < len(shape):
            raise ValueError(f"squeeze_dims[{axis}] not in [{-len(shape)}, {len(shape)})")
        if shape[axis] not in (1, None):
            raise ValueError(
                f"Can not squeeze dim[{axis}], expected a dimension of 1, got {shape[axis]}"
            )
    return [axis % len(shape) for axis in axes]


def _squeezed(op: Operation) -> Any:
    shape, axes = dims(op), op.attrs["squeeze_dims"]
    if shape is None or (not axes and None in shape):
        return [None]
    gone = _squeezed_axes(shape, axes) if axes else [i for i, d in enumerate(shape) if d == 1]
    return [tuple(d for i, d in enumerate(shape) if i not in gone)]


@op("input: T -> output: T", shape=_squeezed, exact=True)
def Squeeze(input: Any, *, squeeze_dims: list[int] = ()) -> Any:  # type: ignore[assignment]
    """`input` without the dimensions `squeeze_dims`, or without all of size 1."""
    if not squeeze_dims:
        return xp.squeeze(input)
    return xp.squeeze(input, axis=tuple(_squeezed_axes(np.shape(input), squeeze_dims)))


@export("squeeze")
@renamed(squeeze_dims="axis")
def squeeze(input: Any, axis: Any = None, name: str | None = None) -> Tensor:
    """`input` without the dimensions `axis` (an int or a list), by default all of size 1.

    Raises:
        ValueError: a given dimension is not of size 1.
    """
    axes = [] if axis is None else [axis] if np.isscalar(axis) else list(axis)
    return Squeeze(input, squeeze_dims=axes, name=name)


# -- tensors made from shapes --------------------------------------------------------------------


@op(
    "dims: index_type, value: T -> output: T",
    shape=lambda op: [constant_value_as_shape(op.inputs[0])],
    exact=True,
    index_type=(INDICES, int32),
    export=("fill",),
)
def Fill(dims: Any, value: Any) -> Any:
    """A tensor of shape `dims` full of `value`."""
    if xp.is_jax(value):
        return xp.broadcast_to(value, xp.static_shape(dims))
    return xp.full(xp.static_shape(dims), value, value.dtype)


@op("-> ", shape=lambda op: [], grad=None)
def NoOp() -> None:
    """Nothing; an op to hang control dependencies on."""


@op("x: T -> y: T", shape=unchanged, exact=True, grad=None)
def ZerosLike(x: Any) -> Any:
    """Zeros of the shape and type of `x`; of a list, one of which nothing is written."""
    if isinstance(x, ListValue):
        return x.zeros_like()
    if x.dtype == object:
        return np.full(x.shape, b"", object)
    return xp.zeros(np.shape(x), x.dtype)


@op("x: T -> y: T", T=(*NUMBERS, bool_), shape=unchanged, exact=True, grad=None)
def OnesLike(x: Any) -> Any:
    """Ones of the shape and type of `x`."""
    return xp.ones(np.shape(x), x.dtype)


@op(
    "shape: int32 -> output: dtype",
    shape=lambda op: [constant_value_as_shape(op.inputs[0])],
    exact=True,
    grad=None,
    attrs={"init": ("bool", False)},
)
def Empty(shape: Any, *, dtype: DType) -> Any:
    """A tensor whose content does not matter: zeros."""
    return xp.zeros(xp.static_shape(shape), dtype.as_numpy_dtype)


_CONSTANT_ELEMENTS = 1000  # smaller tensors of zeros and ones become `Const` nodes


def _filled(value: Any, default_name: str, shape: Any, dtype: Any, name: str | None) -> Tensor:
    """`shape` full of `value`: a constant where it is small and known, else a `Fill`."""
    kind = as_dtype(dtype).base_dtype
    if kind is string:
        value = ""
    elif kind is bool_:
        value = bool(value)
    with scopes.name_scope(name, default_name, [shape]) as scope:
        if not isinstance(shape, Tensor):
            known = _known_shape(shape)
            if known is None:
                shape = convert.to_tensor(shape, int32)
            elif hasattr(shape, "__iter__") and (known.num_elements() or 0) < _CONSTANT_ELEMENTS:
                return convert.constant(value, kind, known, name=scope)
            else:
                shape = _shape_constant(known)
        if not shape.shape.tuple:
            shape = Reshape(shape, [-1])
        filled: Tensor = Fill(shape, convert.constant(value, kind), name=scope)
    return filled


def _known_shape(shape: Any) -> TensorShape | None:
    """`shape` as a fully defined `TensorShape`, or None where it is or holds a tensor."""
    try:
        known = TensorShape(shape.tolist() if isinstance(shape, np.ndarray) else shape)
    except TypeError:
        return None
    return known if known.is_fully_defined() else None


@export("zeros")
def zeros(shape: Any, dtype: Any = float32, name: str | None = None) -> Tensor:
    """Zeros (False, or empty strings) of the given shape, a list or a tensor."""
    return _filled(0, "zeros", shape, dtype, name)


@export("ones")
def ones(shape: Any, dtype: Any = float32, name: str | None = None) -> Tensor:
    """Ones (or True) of the given shape, a list or a tensor."""
    return _filled(1, "ones", shape, dtype, name)


@export("zeros_like")
def zeros_like(
    tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True
) -> Tensor:
    """Zeros of the shape of `tensor`, and of its type unless `dtype` says otherwise."""
    with scopes.name_scope(name, "zeros_like", [tensor]) as scope:
        tensor = convert.to_tensor(tensor, name="tensor")
        kind = tensor.dtype.base_dtype if dtype is None else as_dtype(dtype)
        if optimize and tensor.shape.is_fully_defined():
            return zeros(tensor.shape, kind, name=scope)
        if kind is not tensor.dtype.base_dtype:
            return zeros(shape_of(tensor, optimize=optimize), kind, name=scope)
        like: Tensor = ZerosLike(tensor, name=scope)
    return like


@export("ones_like")
def ones_like(
    tensor: Any, dtype: Any = None, name: str | None = None, optimize: bool = True
) -> Tensor:
    """Ones of the shape of `tensor`, and of its type unless `dtype` says otherwise."""
    with scopes.name_scope(name, "ones_like", [tensor]) as scope:
        tensor = convert.to_tensor(tensor, name="tensor")
        kind = tensor.dtype.base_dtype if dtype is None else as_dtype(dtype)
        result = ones(shape_of(tensor, optimize=optimize), kind, name=scope)
        result.set_shape(tensor.shape)
    return result


_RANGE_TYPES = (int32, int64, float16, bfloat16, float32, float64)


def _range_size(start: Any, limit: Any, delta: Any) -> int:
    if delta == 0:
        raise ValueError("Requires delta != 0: 0")
    if (start > limit) if delta > 0 else (start < limit):
        raise ValueError(
            f"Requires start {'<=' if delta > 0 else '>='} limit when delta {'>' if delta > 0 else '<'} 0: {start}/{limit}"
        )
    if np.asarray(start).dtype.kind in "iu":
        return -((int(start) - int(limit)) // int(delta))
    return int(np.ceil(np.abs((float(limit) - float(start)) / float(delta))))


def _range_shape(op: Operation) -> Any:
    values = [constant_value(t) for t in op.inputs]
    if any(v is None for v in values):
        return [(None,)]
    return [(_range_size(*(v.reshape(())[()] for v in values)),)]  # type: ignore[union-attr]


@op(
    "start: Tidx, limit: Tidx, delta: Tidx -> output: Tidx",
    Tidx=((*FLOATS, int8, int16, int32, int64, uint16, uint32, uint64), int32),
    shape=_range_shape,
    exact=True,
    grad=None,
)
def Range(start: Any, limit: Any, delta: Any) -> Any:
    """`start`, `start + delta`, ... up to but not including `limit`."""
    first, last, step = (xp.static(v).reshape(())[()] for v in (start, limit, delta))
    count = _range_size(first, last, step)
    if np.asarray(first).dtype.kind in "iu":
        return xp.arange(int(first), int(first) + count * int(step), int(step), dtype=start.dtype)
    return first + xp.arange(0, count, 1, dtype=np.int64).astype(start.dtype) * step


@export("range")
def range_(
    start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str = "range"
) -> Tensor:
    """`start`, `start + delta`, ... below `limit`; with one argument, from 0 below it.

    The type is the widest of the arguments' unless `dtype` is given.

    Raises:
        ValueError: a delta of 0, or a limit on the wrong side of start.
    """
    if limit is None:
        start, limit = 0, start
    with scopes.name_scope(name, "Range", [start, limit, delta]) as scope:
        tensors = [
            value if isinstance(value, Tensor) else convert.to_tensor(value, dtype, name=part)
            for value, part in ((start, "start"), (limit, "limit"), (delta, "delta"))
        ]
        if dtype is None:
            kind = max((t.dtype.base_dtype for t in tensors), key=_RANGE_TYPES.index)
        else:
            kind = as_dtype(dtype)
        tensors = [_cast(t, kind) for t in tensors]
        made: Tensor = Range(*tensors, name=scope)
    return made


def _cast(tensor: Tensor, dtype: DType) -> Tensor:
    """`tensor` as `dtype`, by a node named "Cast" where it is not that already."""
    if tensor.dtype.base_dtype is dtype:
        return tensor
    cast: Tensor = math.Cast(tensor, DstT=dtype)
    return cast
