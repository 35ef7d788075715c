"""Functions of arithmetic that are more than one node, or take more than the ops do."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.api import deprecated, export
from tf1x.core import convert, dtypes, opdef, scopes
from tf1x.core.dtypes import FLOATS, REALS, DType, as_dtype, float32, float64, int32, int64
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.indexed_slices import IndexedSlices
from tf1x.core.opdef import op
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape
from tf1x.core.static import constant_value
from tf1x.ops import array, math, xp
from tf1x.ops.shape_rules import broadcast, merged

# -- addition and multiplication -----------------------------------------------------------------


def _pair(x: Any, y: Any) -> tuple[Tensor, Tensor]:
    """Both as tensors; a Python number takes the type of the other where it can."""
    x = convert.to_tensor(x, name="x")
    return x, convert.to_tensor(y, preferred_dtype=x.dtype.base_dtype, name="y")


@export("add", "math.add")
def add(x: Any, y: Any, name: str | None = None) -> Tensor:
    """`x + y`, element-wise with broadcasting; strings are joined."""
    with scopes.name_scope(name, "Add", [x]) as scope:
        x, y = _pair(x, y)
        node = math.Add if x.dtype.base_dtype is dtypes.string else math.AddV2
        return node(x, y, name=scope)


@export("scalar_mul", "math.scalar_mul")
def scalar_mul(scalar: Any, x: Any, name: str | None = None) -> Any:
    """A scalar times a tensor or IndexedSlices.

    Raises:
        ValueError: `scalar` is not a scalar.
    """
    scalar = convert.to_tensor(scalar, as_dtype(x.dtype).base_dtype, name="scalar")
    if scalar.shape.ndims != 0:
        raise ValueError(f"The input scalar must be a 0-D value. Received shape {scalar.shape}.")
    if isinstance(x, IndexedSlices):
        return IndexedSlices(math.Mul(scalar, x.values, name=name), x.indices, x.dense_shape)
    return math.Mul(scalar, x, name=name)


@export("add_n", "math.add_n")
def add_n(inputs: Any, name: str | None = None) -> Tensor:
    """The sum of a list of tensors of one shape and type; IndexedSlices become dense.

    Raises:
        ValueError: the list is empty, or not a list.
    """
    if isinstance(inputs, Tensor) or not hasattr(inputs, "__iter__") or not (items := list(inputs)):
        raise ValueError(
            "inputs must be an iterable of at least one Tensor/IndexedSlices with the same dtype and shape"
        )
    items = [i if isinstance(i, IndexedSlices) else convert.to_tensor(i) for i in items]
    if len(items) > 1:
        return math.AddN(items, name=name)
    only = convert.to_tensor(items[0])
    return opdef.get("Identity").endpoint(only, name=name) if name else only


@export("accumulate_n", "math.accumulate_n")
def accumulate_n(
    inputs: Any, shape: Any = None, tensor_dtype: Any = None, name: str | None = None
) -> Tensor:
    """The sum of a list of tensors of one shape and type.

    Raises:
        ValueError: the list is empty or its shapes contradict each other or `shape`.
        TypeError: the tensors have another type than `tensor_dtype`.
    """
    if not isinstance(inputs, (list, tuple)) or not inputs:
        raise ValueError(
            "inputs must be a list of at least one Tensor with the same dtype and shape"
        )
    tensors = [convert.to_tensor(item) for item in inputs]
    if any(t.dtype.base_dtype != tensors[0].dtype.base_dtype for t in tensors):
        raise ValueError(
            "inputs must be a list of at least one Tensor with the same dtype and shape"
        )
    merged_shape = TensorShape(shape)
    for tensor in tensors:
        merged_shape = merged_shape.merge_with(tensor.shape)
    if tensor_dtype is not None and as_dtype(tensor_dtype) != tensors[0].dtype.base_dtype:
        raise TypeError(
            f"tensor_dtype is {as_dtype(tensor_dtype).name}, but input is of type {tensors[0].dtype.name}"
        )
    return add_n(tensors, name=name)


@export("clip_by_value")
def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Any:
    """`t` (a tensor or IndexedSlices) with values below and above the bounds replaced by them.

    Raises:
        ValueError: a bound would broadcast `t` to a larger shape.
    """
    with scopes.name_scope(name, "clip_by_value", [t, clip_value_min, clip_value_max]) as scope:
        values = convert.to_tensor(t.values if isinstance(t, IndexedSlices) else t, name="t")
        below = math.Minimum(values, clip_value_max)
        values.shape.assert_is_compatible_with(below.shape)
        clipped = math.Maximum(below, clip_value_min, name=scope)
        values.shape.assert_is_compatible_with(clipped.shape)
    if isinstance(t, IndexedSlices):
        return IndexedSlices(clipped, t.indices, t.dense_shape)
    return clipped


@export("math.polyval")
def polyval(coeffs: Any, x: Any, name: str | None = None) -> Tensor:
    """The polynomial with a list of coefficients, highest power first, at `x`."""
    if not isinstance(coeffs, list):
        raise ValueError(f"Argument coeffs must be list type. Received type {type(coeffs)}.")
    with scopes.name_scope(name, "polyval", [*coeffs, x]) as scope:
        x = convert.to_tensor(x, name="x")
        if not coeffs:
            return array.zeros_like(x, name=scope)
        tensors = [convert.to_tensor(c, name=f"coeff_{i}") for i, c in enumerate(coeffs)]
        value = tensors[0]
        for tensor in tensors[1:]:
            value = tensor + value * x
        return value


# -- division ------------------------------------------------------------------------------------

_QUOTIENTS = {"uint8": float32, "int8": float32, "uint16": float32, "int16": float32, "uint32": float64, "int32": float64, "uint64": float64, "int64": float64}  # fmt: skip


def _as_quotient_types(x: Tensor, y: Tensor, what: str) -> tuple[Tensor, Tensor]:
    """Integers become floats wide enough to divide.

    Raises:
        TypeError: the types differ, or are no numbers.
    """
    kind, other = x.dtype.base_dtype, y.dtype.base_dtype
    if kind != other:
        raise TypeError(f"`x` and `y` must have the same dtype, got {kind!r} != {other!r}.")
    if kind.name in _QUOTIENTS:
        return math.cast(x, _QUOTIENTS[kind.name]), math.cast(y, _QUOTIENTS[kind.name])
    if not (kind.is_floating or kind.is_complex):
        raise TypeError(f"Invalid dtype {kind!r} in {what}.")
    return x, y


@export("truediv", "math.truediv")
def truediv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """`x / y` as Python 3 divides: int32 and int64 give float64, shorter integers float32."""
    with scopes.name_scope(name, "truediv", [x, y]) as scope:
        x, y = _as_quotient_types(*_pair(x, y), "__truediv__")
        return math.RealDiv(x, y, name=scope)


@export("div")
def div(x: Any, y: Any, name: str | None = None) -> Tensor:
    """`x / y` as Python 2 divides: integers are rounded down."""
    with scopes.name_scope(name, "div", [x, y]) as scope:
        x = convert.to_tensor(x, name="x")
        y = convert.to_tensor(y, x.dtype.base_dtype, name="y")
        smooth = x.dtype.is_floating or x.dtype.is_complex
        return (math.RealDiv if smooth else math.FloorDiv)(x, y, name=scope)


@export("divide", "math.divide")
def divide(x: Any, y: Any, name: str | None = None) -> Tensor:
    """`x / y`, as the operator divides."""
    if name is not None:
        return truediv(x, y, name)
    if not isinstance(x, Tensor):
        x = convert.to_tensor(x, y.dtype.base_dtype if isinstance(y, Tensor) else None)
    return x / y


@export("div_no_nan", "math.divide_no_nan")
def div_no_nan(x: Any, y: Any, name: str | None = None) -> Tensor:
    """`x / y`, and 0 where y is 0."""
    with scopes.name_scope(name, "div_no_nan", [x, y]) as scope:
        if isinstance(y, Tensor) and not isinstance(x, Tensor):
            x = convert.to_tensor(x, y.dtype.base_dtype, name="x")
        else:
            x, y = _pair(x, y)
        x, y = _as_quotient_types(x, y, "tf.math.divide_no_nan")
        return math.DivNoNan(x, y, name=scope)


@export("math.multiply_no_nan")
def multiply_no_nan(x: Any, y: Any, name: str | None = None) -> Tensor:
    """`x * y`, and 0 where y is 0 even if x is infinite or NaN."""
    with scopes.name_scope(name, "multiply_no_nan", [x, y]) as scope:
        x = convert.to_tensor(x, name="x")
        y = convert.to_tensor(y, x.dtype.base_dtype, name="y")
        return math.MulNoNan(x, y, name=scope)


@export("math.reciprocal_no_nan")
def reciprocal_no_nan(x: Any, name: str | None = None) -> Tensor:
    """`1 / x`, and 0 where x is 0."""
    with scopes.name_scope(name, "reciprocal_no_nan", [x]) as scope:
        x = convert.to_tensor(x, name="x")
        one = convert.constant(1, x.dtype.base_dtype, name="one")
        return math.DivNoNan(one, x, name=scope)


@export("floordiv", "math.floordiv")
def floordiv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """`x / y` rounded down."""
    with scopes.name_scope(name, "floordiv", [x, y]) as scope:
        return math.FloorDiv(x, y, name=scope)


@export("pow", "math.pow")
def power(x: Any, y: Any, name: str | None = None) -> Tensor:
    """`x` to the power of `y`, element-wise with broadcasting."""
    with scopes.name_scope(name, "Pow", [x]) as scope:
        return math.Pow(x, y, name=scope)


# -- logic, rounding, functions ------------------------------------------------------------------


@export("logical_xor", "math.logical_xor")
def logical_xor(x: Any, y: Any, name: str = "LogicalXor") -> Tensor:
    """Whether exactly one of `x` and `y` is true, element-wise."""
    either, both = math.LogicalOr(x, y), math.LogicalAnd(x, y)
    return math.LogicalAnd(either, math.LogicalNot(both), name=name)


@export("round", "math.round")
def round_(x: Any, name: str | None = None) -> Tensor:
    """`x` rounded to the nearest integer, halves to even; integers as they are."""
    x = convert.to_tensor(x, name="x")
    return x if x.dtype.is_integer else math.Round(x, name=name)


@export("sigmoid", "math.sigmoid", "nn.sigmoid")
def sigmoid(x: Any, name: str | None = None) -> Tensor:
    """`1 / (1 + exp(-x))`."""
    with scopes.name_scope(name, "Sigmoid", [x]) as scope:
        return math.Sigmoid(convert.to_tensor(x, name="x"), name=scope)


@export("log_sigmoid", "math.log_sigmoid")
def log_sigmoid(x: Any, name: str | None = None) -> Tensor:
    """`log(sigmoid(x))`, computed without overflow."""
    with scopes.name_scope(name, "LogSigmoid", [x]) as scope:
        x = convert.to_tensor(x, name="x")
        return math.Neg(opdef.get("Softplus").endpoint(-x), name=scope)


# -- types ---------------------------------------------------------------------------------------


def _caster(public: str, name: str, dtype: DType) -> None:
    def function(x: Any, name: str = name) -> Any:
        return math.cast(x, dtype, name=name)

    function.__name__ = function.__qualname__ = public
    function.__doc__ = f"`tf.cast(x, tf.{dtype.name})`."
    export(public)(deprecated(f"use tf.cast(x, tf.{dtype.name})")(function))


_caster("to_float", "ToFloat", float32)
_caster("to_double", "ToDouble", float64)
_caster("to_int32", "ToInt32", int32)
_caster("to_int64", "ToInt64", int64)
_caster("to_bfloat16", "ToBFloat16", dtypes.bfloat16)
_caster("to_complex64", "ToComplex64", dtypes.complex64)
_caster("to_complex128", "ToComplex128", dtypes.complex128)


def _limits(source: DType, target: DType) -> tuple[Any, Any]:
    """The values of `source` nearest to the ends of the range of `target`, within it."""
    kind = source.as_numpy_dtype
    ends = []
    for own, other, inside in ((source.min, target.min, max), (source.max, target.max, min)):
        limit = kind(inside(own, other))
        if float(limit) != other and inside(float(limit), other) == other:  # rounded outwards
            limit = np.nextafter(limit, kind(0))
        ends.append(limit)
    return ends[0], ends[1]


@export("saturate_cast", "dtypes.saturate_cast")
def saturate_cast(value: Any, dtype: Any, name: str | None = None) -> Tensor:
    """`value` converted to `dtype`; what lies outside its range becomes its nearest end."""
    with scopes.name_scope(name, "saturate_cast", [value]) as scope:
        value = convert.to_tensor(value, name="value")
        wanted = as_dtype(dtype).base_dtype
        source = value.dtype.base_dtype
        low, high = (convert.constant(v, source) for v in _limits(source, wanted))
        return math.cast(math.ClipByValue(value, low, high, name="clamp"), wanted, name=scope)


# -- vectors -------------------------------------------------------------------------------------


def _cross_pullback(inputs: Any, outputs: Any, cotangents: Any, attrs: Any) -> list[Any]:
    (a, b), (g,) = inputs, cotangents
    return [xp.cross(b, g), xp.cross(g, a)]


@op(
    "a: T, b: T -> product: T",
    T=REALS,
    shape=merged,
    vjp=_cross_pullback,
    export=("cross", "linalg.cross", "math.cross"),
)
def Cross(a: Any, b: Any) -> Any:
    """The vector products of 3-vectors along the last axis."""
    return xp.cross(a, b)


def _linspace_shape(op: Any) -> Any:
    count = constant_value(op.inputs[2])
    return [(None if count is None else int(count),)]


@op(
    "start: T, stop: T, num: Tidx -> output: T",
    T=FLOATS,
    Tidx=((int32, int64), int32),
    shape=_linspace_shape,
    grad=None,
    export=("linspace", "lin_space"),
)
def LinSpace(start: Any, stop: Any, num: Any) -> Any:
    """`num` evenly spaced values from `start` to `stop`, both included."""
    count = int(xp.static(num))
    if count <= 0:
        raise InvalidArgumentError(None, None, f"Requires num > 0: {count}")
    steps = xp.arange(0, count, 1).astype(start.dtype)
    step = xp.divide(stop - start, xp.asarray(max(count - 1, 1), start.dtype))
    last = xp.arange(0, count, 1) == max(count - 1, 1)
    return xp.where(last, stop, start + steps * step)


@op(
    "x1: T, x2: T -> output: T",
    T=((float32, float64), float32),
    shape=broadcast,
    grad=None,
    export=("math.nextafter",),
)
def NextAfter(x1: Any, x2: Any) -> Any:
    """The next representable number after `x1` in the direction of `x2`."""
    return xp.nextafter(x1, x2)
