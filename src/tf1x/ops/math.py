"""Element-wise arithmetic, comparison, logic, rounding and conversion.

Powers, exponentials and trigonometry are in ops/elementary.py (the common ones are named here
too), the functions of statistics and physics in ops/special_math.py, the public functions that
build several nodes (`tf.truediv`, ...) in ops/math_functions.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.api import export
from tf1x.core import convert, scopes
from tf1x.core.dtypes import (
    COMPLEX,
    FLOATS,
    NUMBERS,
    REALS,
    SIGNED_INTS,
    DType,
    as_dtype,
    bool_,
    int32,
    int64,
    string,
    variant,
)
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.indexed_slices import IndexedSlices
from tf1x.core.opdef import op
from tf1x.core.operation import Tensor
from tf1x.ops import xp
from tf1x.ops.elementary import Exp as Exp
from tf1x.ops.elementary import Log as Log
from tf1x.ops.elementary import Pow as Pow
from tf1x.ops.elementary import Rsqrt as Rsqrt
from tf1x.ops.elementary import Sigmoid as Sigmoid
from tf1x.ops.elementary import Sqrt as Sqrt
from tf1x.ops.elementary import Square as Square
from tf1x.ops.elementary import Tanh as Tanh
from tf1x.ops.elementwise import (
    SIGNED,
    SMOOTH,
    Pullback,
    binary,
    comparison,
    conjugate,
    is_integer,
    predicate,
    unary,
    unbroadcast,
)
from tf1x.ops.shape_rules import broadcast, merged, unchanged

# -- addition and multiplication -----------------------------------------------------------------

_ADDED = (*(d for d in NUMBERS if d.name not in ("uint16", "uint32", "uint64")), string)


def _through(g: Any, x: Any, y: Any, z: Any) -> Any:
    return g, g


Add = binary("Add", xp.add, _ADDED, _through, doc="`x + y`, with broadcasting; joins strings.")
AddV2 = binary("AddV2", xp.add, NUMBERS, _through, doc="`x + y`, with broadcasting.")
Sub = binary(
    "Sub",
    xp.subtract,
    NUMBERS,
    lambda g, x, y, z: (g, -g),
    doc="`x - y`, with broadcasting.",
    export=("subtract", "math.subtract", "sub"),
)
Mul = binary(
    "Mul",
    xp.multiply,
    NUMBERS,
    lambda g, x, y, z: (g * y, g * x),
    doc="`x * y`, with broadcasting.",
    export=("multiply", "math.multiply", "mul"),
)


def _squared_difference(x: Any, y: Any) -> Any:
    """`conj(d) * d` of the difference, as TensorFlow computes it for complex numbers."""
    difference = x - y
    return conjugate(difference) * difference


def _squared_difference_pullback(g: Any, x: Any, y: Any, z: Any) -> Any:
    to_x = (2 * g) * (x - y)
    return to_x, -to_x


SquaredDifference = binary(
    "SquaredDifference", _squared_difference, (*FLOATS, int32, int64, *COMPLEX), _squared_difference_pullback,
    doc="`(x - y)` squared, with broadcasting.", export=("squared_difference", "math.squared_difference"),
)  # fmt: skip


def _total(inputs: list[Any]) -> Any:
    """The sum of tensors of one shape, added from first to last."""
    total = inputs[0]
    for item in inputs[1:]:
        total = total + item
    return total


def _to_each(inputs: Any, outputs: Any, cotangents: Any, attrs: Any) -> list[Any]:
    return list(cotangents) * len(inputs)


AddN = op("inputs: N*T -> sum: T", type="AddN", T=(*NUMBERS, variant), shape=merged, vjp=_to_each)(
    _total
)
AccumulateNV2 = op(
    "inputs: N*T -> sum: T",
    type="AccumulateNV2",
    T=NUMBERS,
    shape=lambda op: [op.attrs["shape"]],
    vjp=_to_each,
    attrs={"shape": ("TensorShape", None)},
)(_total)

# -- division ------------------------------------------------------------------------------------


def _check_divisor(y: Any) -> None:
    xp.check(y != 0, InvalidArgumentError, "Integer division by zero")


def _nonzero(y: Any) -> Any:
    """An integer divisor, checked; 1 in place of 0."""
    _check_divisor(y)
    return xp.where(y == 0, xp.asarray(1, y.dtype), y)


def _floor_div(x: Any, y: Any) -> Any:
    if is_integer(y):
        return xp.floor_divide(x, _nonzero(y))
    if np.dtype(y.dtype).kind == "c":
        return xp.divide(x, y)  # TensorFlow cannot floor complex numbers either: it divides
    return xp.floor(xp.divide(x, y))


def _floor_mod(x: Any, y: Any) -> Any:
    return xp.mod(x, _nonzero(y) if is_integer(y) else y)


def _truncate_div(x: Any, y: Any) -> Any:
    if not is_integer(y):
        return xp.divide(x, y)
    y = _nonzero(y)
    if xp.is_jax(x, y):
        return jax.lax.div(*jnp.broadcast_arrays(x, y))
    quotient = xp.floor_divide(x, y)
    inexact = (quotient * y != x) & ((x < 0) != (y < 0))
    return (quotient + inexact).astype(y.dtype)


def _truncate_mod(x: Any, y: Any) -> Any:
    return xp.fmod(x, _nonzero(y) if is_integer(y) else y)


def _div_no_nan(x: Any, y: Any) -> Any:
    zero = y == 0
    quotient = xp.divide(x, xp.where(zero, xp.asarray(1, y.dtype), y))
    return xp.where(zero, xp.asarray(0, x.dtype), quotient)


def _mul_no_nan(x: Any, y: Any) -> Any:
    return xp.where(y == 0, xp.asarray(0, y.dtype), xp.multiply(x, y))


def _quotient_pullback(divide: Callable[[Any, Any], Any]) -> Pullback:
    return lambda g, x, y, z: (divide(g, y), g * divide(divide(-x, y), y))


_MOD = (int32, int64, *FLOATS)
Div = binary(
    "Div",
    _truncate_div,
    NUMBERS,
    _quotient_pullback(xp.divide),
    doc="`x / y`; integers are truncated towards zero.",
)
RealDiv = binary(
    "RealDiv",
    _truncate_div,
    NUMBERS,
    _quotient_pullback(xp.divide),
    doc="`x / y`, with broadcasting.",
    export=("realdiv",),
)
DivNoNan = binary(
    "DivNoNan",
    _div_no_nan,
    SMOOTH,
    _quotient_pullback(_div_no_nan),
    doc="`x / y`, and 0 where y is 0.",
)
MulNoNan = binary(
    "MulNoNan",
    _mul_no_nan,
    SMOOTH,
    lambda g, x, y, z: (_mul_no_nan(g, y), _mul_no_nan(x, g)),
    doc="`x * y`, and 0 where y is 0 even if x is not finite.",
)
TruncateDiv = binary(
    "TruncateDiv",
    lambda x, y: xp.trunc(_truncate_div(x, y)),
    NUMBERS,
    grad=None,
    doc="`x / y` rounded towards zero.",
    export=("truncatediv",),
)
FloorDiv = binary(
    "FloorDiv", _floor_div, NUMBERS, grad=None, doc="`x / y` rounded down.", export=("floor_div",)
)
FloorMod = binary(
    "FloorMod",
    _floor_mod,
    REALS,
    lambda g, x, y, z: (g, -g * _floor_div(x, y)),
    doc="The remainder of `x / y` with the sign of y.",
    export=("floormod", "mod", "math.floormod", "math.mod"),
)
Mod = binary(
    "Mod", _truncate_mod, _MOD, grad=None, doc="The remainder of `x / y` with the sign of x."
)
TruncateMod = binary(
    "TruncateMod",
    _truncate_mod,
    _MOD,
    grad=None,
    doc="The remainder of `x / y` with the sign of x.",
    export=("truncatemod",),
)


def _reciprocal(x: Any) -> Any:
    one = xp.asarray(1, x.dtype)
    return _truncate_div(one, x)


Inv = unary("Inv", _reciprocal, SIGNED, lambda x, y: -y * y, doc="`1 / x`.", export=("inv",))
Reciprocal = unary(
    "Reciprocal",
    _reciprocal,
    SIGNED,
    lambda x, y: -y * y,
    doc="`1 / x`.",
    export=("reciprocal", "math.reciprocal"),
)

# -- the larger and the smaller ------------------------------------------------------------------


def _first_takes_ties(wins: Callable[[Any, Any], Any]) -> Pullback:
    """Gradient of maximum and minimum: at a tie everything goes to `x` (SEMANTICS.md)."""

    def pullback(g: Any, x: Any, y: Any, z: Any) -> Any:
        to_x, zero = wins(x, y), xp.asarray(0, g.dtype)
        return xp.where(to_x, g, zero), xp.where(to_x, zero, g)

    return pullback


Maximum = binary(
    "Maximum",
    xp.maximum,
    REALS,
    _first_takes_ties(xp.greater_equal),
    exact=True,
    doc="The larger of `x` and `y`, with broadcasting.",
    export=("maximum", "math.maximum"),
)
Minimum = binary(
    "Minimum",
    xp.minimum,
    REALS,
    _first_takes_ties(xp.less_equal),
    exact=True,
    doc="The smaller of `x` and `y`, with broadcasting.",
    export=("minimum", "math.minimum"),
)


def _clip_pullback(inputs: Any, outputs: Any, cotangents: Any, attrs: Any) -> list[Any]:
    (t, low, high), g = inputs, cotangents[0]
    zero = xp.asarray(0, g.dtype)
    below, above = t < low, t > high
    return [
        xp.where(below | above, zero, g),
        unbroadcast(xp.where(below, g, zero), low),
        unbroadcast(xp.where(above, g, zero), high),
    ]


@op(
    "t: T, clip_value_min: T, clip_value_max: T -> output: T",
    T=NUMBERS,
    shape=unchanged,
    vjp=_clip_pullback,
)
def ClipByValue(t: Any, clip_value_min: Any, clip_value_max: Any) -> Any:
    """`t` with everything below and above two bounds (scalars or of t's shape) replaced by them."""
    return xp.minimum(xp.maximum(t, clip_value_min), clip_value_max)


# -- comparison and logic ------------------------------------------------------------------------

_COMPARED = (*NUMBERS, bool_, string)
_INCOMPATIBLE = {"incompatible_shape_error": ("bool", True)}
Equal = comparison(
    "Equal", xp.equal, _COMPARED, doc="==", attrs=_INCOMPATIBLE, export=("equal", "math.equal")
)
NotEqual = comparison(
    "NotEqual",
    xp.not_equal,
    _COMPARED,
    doc="!=",
    attrs=_INCOMPATIBLE,
    export=("not_equal", "math.not_equal"),
)
Less = comparison("Less", xp.less, REALS, doc="<", export=("less", "math.less"))
LessEqual = comparison(
    "LessEqual", xp.less_equal, REALS, doc="<=", export=("less_equal", "math.less_equal")
)
Greater = comparison("Greater", xp.greater, REALS, doc=">", export=("greater", "math.greater"))
GreaterEqual = comparison(
    "GreaterEqual",
    xp.greater_equal,
    REALS,
    doc=">=",
    export=("greater_equal", "math.greater_equal"),
)


@op("x: T, y: T -> z: bool", T=NUMBERS, shape=merged, grad=None)
def ApproximateEqual(x: Any, y: Any, *, tolerance: float = 1e-5) -> Any:
    """Element-wise: whether `x` and `y`, of one shape, differ by less than `tolerance`."""
    return xp.less(xp.abs(x - y), tolerance)


@op(
    "x: bool, y: bool -> z: bool",
    shape=broadcast,
    grad=None,
    exact=True,
    export=("logical_and", "math.logical_and"),
)
def LogicalAnd(x: Any, y: Any) -> Any:
    """Element-wise `x and y`, with broadcasting."""
    return xp.logical_and(x, y)


@op(
    "x: bool, y: bool -> z: bool",
    shape=broadcast,
    grad=None,
    exact=True,
    export=("logical_or", "math.logical_or"),
)
def LogicalOr(x: Any, y: Any) -> Any:
    """Element-wise `x or y`, with broadcasting."""
    return xp.logical_or(x, y)


@op(
    "x: bool -> y: bool",
    shape=unchanged,
    grad=None,
    exact=True,
    export=("logical_not", "math.logical_not"),
)
def LogicalNot(x: Any) -> Any:
    """Element-wise `not x`."""
    return xp.logical_not(x)


def _is_inf(x: Any) -> Any:
    return xp.abs(x) == np.inf


IsNan = predicate(
    "IsNan",
    lambda x: x != x,
    FLOATS,
    doc="`x` is not a number",
    export=("is_nan", "math.is_nan", "debugging.is_nan"),
)
IsInf = predicate(
    "IsInf",
    _is_inf,
    FLOATS,
    doc="`x` is infinite",
    export=("is_inf", "math.is_inf", "debugging.is_inf"),
)
IsFinite = predicate(
    "IsFinite",
    lambda x: xp.abs(x) < np.inf,
    FLOATS,
    doc="`x` is neither infinite nor NaN",
    export=("is_finite", "math.is_finite", "debugging.is_finite"),
)

# -- signs and rounding --------------------------------------------------------------------------


def _no_slope(x: Any, y: Any) -> Any:
    return xp.zeros((), x.dtype)


def _round(x: Any) -> Any:
    return x if is_integer(x) else xp.round(x)


Neg = unary(
    "Neg",
    xp.negative,
    SIGNED,
    lambda x, y: xp.asarray(-1, x.dtype),
    exact=True,
    doc="`-x`.",
    export=("negative", "math.negative", "neg"),
)
Abs = unary(
    "Abs",
    xp.abs,
    (*FLOATS, *SIGNED_INTS),
    lambda x, y: xp.sign(x),
    exact=True,
    doc="The absolute value.",
)
Sign = unary("Sign", xp.sign, SIGNED, _no_slope, doc="-1, 0 or 1; of complex numbers, `x / |x|`.")
Floor = unary(
    "Floor",
    xp.floor,
    FLOATS,
    grad=None,
    exact=True,
    doc="`x` rounded down.",
    export=("floor", "math.floor"),
)
Ceil = unary(
    "Ceil",
    xp.ceil,
    FLOATS,
    grad=None,
    exact=True,
    doc="`x` rounded up.",
    export=("ceil", "math.ceil"),
)
Round = unary(
    "Round",
    _round,
    SIGNED,
    grad=None,
    exact=True,
    doc="`x` rounded to the nearest integer, halves to even.",
)
Rint = unary(
    "Rint",
    _round,
    FLOATS,
    grad=None,
    exact=True,
    doc="`x` rounded to the nearest integer, halves to even.",
    export=("rint", "math.rint"),
)


def _cast(x: Any, dtype: Any) -> Any:
    if np.dtype(x.dtype).kind == "c" and np.dtype(dtype).kind != "c":
        x = xp.real(x)
    with np.errstate(all="ignore"):
        return x.astype(dtype)


def _cast_back(inputs: Any, outputs: Any, cotangents: Any, attrs: Any) -> list[Any]:
    return [_cast(cotangents[0], inputs[0].dtype)]


@op(
    "x: SrcT -> y: DstT",
    shape=unchanged,
    exact=True,
    vjp=_cast_back,
    attrs={"Truncate": ("bool", False)},
)
def Cast(x: Any, *, DstT: DType) -> Any:
    """`x` converted to another type; floats are truncated towards zero to become integers."""
    return _cast(x, DstT.as_numpy_dtype)


@export("cast", "dtypes.cast")
def cast(x: Any, dtype: Any, name: str | None = None) -> Any:
    """`x` converted to `dtype`; returned as it is where it has that type.

    Floats are truncated towards zero to become integers. Of SparseTensors and IndexedSlices the
    values are converted.
    """
    wanted = as_dtype(dtype).base_dtype
    if (isinstance(x, Tensor) or hasattr(x, "handle")) and x.dtype == wanted:
        return x  # a resource variable too; a reference variable has a reference type
    with scopes.name_scope(name, "Cast", [x]) as scope:
        if isinstance(x, IndexedSlices):
            return IndexedSlices(cast(x.values, wanted, name=scope), x.indices, x.dense_shape)
        if hasattr(x, "dense_shape") and hasattr(x, "values"):
            return type(x)(x.indices, cast(x.values, wanted, name=scope), x.dense_shape)
        x = convert.to_tensor(x, name="x")
        return x if x.dtype.base_dtype == wanted else Cast(x, DstT=wanted, name=scope)
