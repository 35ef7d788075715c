"""Element-wise arithmetic, comparison, logic and special functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.core.dtypes import COMPLEX, FLOATS, INDICES, INTS, NUMBERS, REALS, DType
from tf1x.core.dtypes import bfloat16, bool_, complex64, complex128, float32, float64, string
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.ops import xp
from tf1x.ops.shape_rules import broadcast, merged, unchanged

SIGNED = tuple(d for d in NUMBERS if not d.is_unsigned)
SMOOTH = FLOATS + COMPLEX


def unary(name: str, function: Callable[[Any], Any], types: tuple[DType, ...], **options: Any) -> Any:
    """Declare an element-wise op of one argument whose result has the argument's type."""

    def lower(x: Any) -> Any:
        return function(x)

    lower.__doc__ = options.pop("doc", f"Element-wise {name} of `x`.")
    return op("x: T -> y: T", type=name, T=types, shape=unchanged, **options)(lower)


def binary(name: str, function: Callable[[Any, Any], Any], types: tuple[DType, ...], **options: Any) -> Any:
    """Declare an element-wise op of two arguments, with broadcasting."""

    def lower(x: Any, y: Any) -> Any:
        return function(x, y)

    lower.__doc__ = options.pop("doc", f"Element-wise {name} of `x` and `y`, with broadcasting.")
    return op("x: T, y: T -> z: T", type=name, T=types, shape=broadcast, **options)(lower)


def predicate(name: str, function: Callable[[Any], Any], types: tuple[DType, ...], **options: Any) -> Any:
    """Declare an element-wise test."""

    def lower(x: Any) -> Any:
        return function(x)

    lower.__doc__ = f"Element-wise: whether {options.pop('doc')}."
    return op("x: T -> y: bool", type=name, T=types, shape=unchanged, grad=None, exact=True, **options)(lower)


def comparison(name: str, function: Callable[[Any, Any], Any], types: Any, **options: Any) -> Any:
    """Declare an element-wise comparison, with broadcasting."""

    def lower(x: Any, y: Any) -> Any:
        return function(x, y)

    lower.__doc__ = f"Element-wise `x {options.pop('doc')} y`, with broadcasting."
    return op("x: T, y: T -> z: bool", type=name, T=types, shape=broadcast, grad=None, exact=True, **options)(lower)


# -- arithmetic ----------------------------------------------------------------------------------

Add = binary("Add", xp.add, (*NUMBERS, string), export=("add", "math.add"))
AddV2 = binary("AddV2", xp.add, NUMBERS)
Sub = binary("Sub", xp.subtract, NUMBERS, export=("subtract", "math.subtract"))
Mul = binary("Mul", xp.multiply, NUMBERS, export=("multiply", "math.multiply"))
RealDiv = binary("RealDiv", xp.divide, SMOOTH, export=("realdiv",))


def _unbroadcast(value: Any, like: Any) -> Any:
    """Sum `value` over the dimensions in which `like` was broadcast."""
    shape = np.shape(like)
    extra = np.ndim(value) - len(shape)
    axes = tuple(range(extra)) + tuple(
        i + extra for i, d in enumerate(shape) if d == 1 and np.shape(value)[i + extra] != 1
    )
    if not axes:
        return value
    return xp.sum(value, axis=axes, keepdims=True).reshape(shape)


def _is_integer(x: Any) -> bool:
    return np.dtype(x.dtype).kind in "iu"


def _check_divisor(y: Any) -> None:
    xp.check(y != 0, InvalidArgumentError, "Integer division by zero")


def _floor_div(x: Any, y: Any) -> Any:
    if _is_integer(y):
        _check_divisor(y)
        y = xp.where(y == 0, xp.asarray(1, y.dtype), y)
        return xp.floor_divide(x, y)
    return xp.floor(xp.divide(x, y))


def _floor_mod(x: Any, y: Any) -> Any:
    if _is_integer(y):
        _check_divisor(y)
        y = xp.where(y == 0, xp.asarray(1, y.dtype), y)
    return xp.mod(x, y)


def _truncate_div(x: Any, y: Any) -> Any:
    if not _is_integer(y):
        return xp.divide(x, y)
    _check_divisor(y)
    y = xp.where(y == 0, xp.asarray(1, y.dtype), y)
    if xp.is_jax(x, y):
        return jax.lax.div(*jnp.broadcast_arrays(x, y))
    return (np.sign(x) * np.sign(y) * (np.abs(x) // np.abs(y))).astype(y.dtype)


def _truncate_mod(x: Any, y: Any) -> Any:
    if _is_integer(y):
        _check_divisor(y)
        y = xp.where(y == 0, xp.asarray(1, y.dtype), y)
    return xp.fmod(x, y)


Div = binary("Div", _truncate_div, NUMBERS, export=("div_no_floor",), doc="`x / y`; integers are truncated towards zero.")
TruncateDiv = binary("TruncateDiv", _truncate_div, NUMBERS, export=("truncatediv",), grad=None)
FloorDiv = binary("FloorDiv", _floor_div, NUMBERS, grad=None, export=())
FloorMod = binary("FloorMod", _floor_mod, REALS, export=("floormod", "mod", "math.floormod", "math.mod"))
Mod = binary("Mod", _truncate_mod, REALS, grad=None)
TruncateMod = binary("TruncateMod", _truncate_mod, REALS, export=("truncatemod",), grad=None)


def _first_takes_ties(wins: Callable[[Any, Any], Any]) -> Callable[..., list[Any]]:
    """Gradient of maximum and minimum: at a tie everything goes to `x` (SEMANTICS.md)."""

    def rule(inputs: Any, outputs: Any, cotangents: Any, attrs: Any) -> list[Any]:
        (x, y), (g,) = inputs, cotangents
        to_x = wins(x, y)
        zero = xp.zeros((), g.dtype)
        return [_unbroadcast(xp.where(to_x, g, zero), x), _unbroadcast(xp.where(to_x, zero, g), y)]

    return rule


Maximum = binary("Maximum", xp.maximum, REALS, vjp=_first_takes_ties(xp.greater_equal), export=("maximum", "math.maximum"))
Minimum = binary("Minimum", xp.minimum, REALS, vjp=_first_takes_ties(xp.less_equal), export=("minimum", "math.minimum"))


def _squared_difference(x: Any, y: Any) -> Any:
    return xp.square(x - y)


SquaredDifference = binary("SquaredDifference", _squared_difference, NUMBERS, export=("squared_difference", "math.squared_difference"))


@op("inputs: N*T -> sum: T", T=NUMBERS, shape=merged)
def AddN(inputs: list[Any]) -> Any:
    """The sum of tensors of one shape."""
    total = inputs[0]
    for item in inputs[1:]:
        total = total + item
    return total


# -- comparison and logic ------------------------------------------------------------------------

_COMPARED = (*NUMBERS, bool_, string)
Equal = comparison("Equal", xp.equal, _COMPARED, doc="==", attrs={"incompatible_shape_error": ("bool", True)})
NotEqual = comparison("NotEqual", xp.not_equal, _COMPARED, doc="!=", attrs={"incompatible_shape_error": ("bool", True)})
Less = comparison("Less", xp.less, REALS, doc="<", export=("less", "math.less"))
LessEqual = comparison("LessEqual", xp.less_equal, REALS, doc="<=", export=("less_equal", "math.less_equal"))
Greater = comparison("Greater", xp.greater, REALS, doc=">", export=("greater", "math.greater"))
GreaterEqual = comparison("GreaterEqual", xp.greater_equal, REALS, doc=">=", export=("greater_equal", "math.greater_equal"))


@op("x: bool, y: bool -> z: bool", shape=broadcast, grad=None, exact=True, export=("logical_and", "math.logical_and"))
def LogicalAnd(x: Any, y: Any) -> Any:
    """Element-wise `x and y`."""
    return xp.logical_and(x, y)


@op("x: bool, y: bool -> z: bool", shape=broadcast, grad=None, exact=True, export=("logical_or", "math.logical_or"))
def LogicalOr(x: Any, y: Any) -> Any:
    """Element-wise `x or y`."""
    return xp.logical_or(x, y)


@op("x: bool -> y: bool", shape=unchanged, grad=None, exact=True, export=("logical_not", "math.logical_not"))
def LogicalNot(x: Any) -> Any:
    """Element-wise `not x`."""
    return xp.logical_not(x)


# -- functions of one argument -------------------------------------------------------------------

Neg = unary("Neg", xp.negative, SIGNED, exact=True, export=("negative", "math.negative"))
Square = unary("Square", xp.square, NUMBERS, export=("math.square",))
Sqrt = unary("Sqrt", xp.sqrt, SMOOTH, export=("math.sqrt",))
Exp = unary("Exp", xp.exp, SMOOTH, export=("exp", "math.exp"))
Log = unary("Log", xp.log, SMOOTH, export=("log", "math.log"))
Tanh = unary("Tanh", xp.tanh, SMOOTH)


def _cast(x: Any, dtype: Any) -> Any:
    if np.dtype(x.dtype).kind == "c" and np.dtype(dtype).kind != "c":
        x = xp.real(x)
    return x.astype(dtype)


@op("x: SrcT -> y: DstT", shape=unchanged, exact=True, attrs={"Truncate": ("bool", False)})
def Cast(x: Any, *, DstT: DType) -> Any:
    """`x` converted to another type; floats are truncated towards zero to become integers."""
    return _cast(x, DstT.as_numpy_dtype)
