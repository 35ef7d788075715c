"""Element-wise powers, exponentials, logarithms and trigonometry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from tf1x.core.dtypes import COMPLEX, FLOATS, NUMBERS, SIGNED_INTS
from tf1x.core.errors import InvalidArgumentError
from tf1x.ops import xp
from tf1x.ops.elementwise import SMOOTH, Slope, binary, is_integer, unary

# -- powers --------------------------------------------------------------------------------------


def _power(x: Any, y: Any) -> Any:
    if is_integer(y):
        xp.check(
            y >= 0, InvalidArgumentError, "Integers to negative integer powers are not allowed"
        )
        return xp.power(x, xp.maximum(y, xp.asarray(0, y.dtype)))
    return xp.power(x, y)


def _power_pullback(g: Any, x: Any, y: Any, z: Any) -> Any:
    positive = x != 0 if np.dtype(x.dtype).kind == "c" else x > 0
    logarithm = xp.log(xp.where(positive, x, xp.asarray(1, x.dtype)))
    return g * y * xp.power(x, y - 1), g * z * logarithm


Pow = binary(
    "Pow",
    _power,
    (*FLOATS, *SIGNED_INTS, *COMPLEX),
    _power_pullback,
    doc="`x` to the power of `y`, with broadcasting.",
)
Square = unary(
    "Square",
    xp.square,
    NUMBERS,
    lambda x, y: 2 * x,
    doc="`x * x`.",
    export=("square", "math.square"),
)
Sqrt = unary(
    "Sqrt",
    xp.sqrt,
    SMOOTH,
    lambda x, y: 0.5 / y,
    doc="The square root.",
    export=("sqrt", "math.sqrt"),
)


def _rsqrt(x: Any) -> Any:
    return jax.lax.rsqrt(x) if xp.is_jax(x) else xp.divide(xp.asarray(1, x.dtype), xp.sqrt(x))


Rsqrt = unary(
    "Rsqrt",
    _rsqrt,
    SMOOTH,
    lambda x, y: -0.5 * y * y * y,
    doc="1 / the square root.",
    export=("rsqrt", "math.rsqrt"),
)
# -- exponentials and trigonometry ---------------------------------------------------------------


def sigmoid(x: Any) -> Any:
    if xp.is_jax(x):
        return jax.lax.logistic(x)
    one = xp.asarray(1, x.dtype)
    return xp.divide(one, one + xp.exp(-x))


def _reciprocal_of(function: Callable[[Any], Any]) -> Slope:
    return lambda x, y: xp.divide(xp.asarray(1, x.dtype), function(x))


def _elementary(
    name: str, function: Callable[[Any], Any], slope: Slope, doc: str, *public: str
) -> Any:
    return unary(
        name,
        function,
        SMOOTH,
        slope,
        doc=doc,
        export=tuple(n for p in public for n in (p, f"math.{p}")),
    )


Exp = _elementary("Exp", xp.exp, lambda x, y: y, "e to the power of `x`.", "exp")
Expm1 = _elementary(
    "Expm1", xp.expm1, lambda x, y: xp.exp(x), "`exp(x) - 1`, exact near 0.", "expm1"
)
Log = _elementary("Log", xp.log, _reciprocal_of(lambda x: x), "The natural logarithm.", "log")
Log1p = _elementary(
    "Log1p", xp.log1p, _reciprocal_of(lambda x: 1 + x), "`log(1 + x)`, exact near 0.", "log1p"
)
Sin = _elementary("Sin", xp.sin, lambda x, y: xp.cos(x), "The sine of radians.", "sin")
Cos = _elementary("Cos", xp.cos, lambda x, y: -xp.sin(x), "The cosine of radians.", "cos")
Tan = _elementary(
    "Tan", xp.tan, _reciprocal_of(lambda x: xp.square(xp.cos(x))), "The tangent of radians.", "tan"
)
Asin = _elementary(
    "Asin",
    xp.arcsin,
    _reciprocal_of(lambda x: xp.sqrt(1 - x * x)),
    "The inverse sine, in radians.",
    "asin",
)
Acos = _elementary(
    "Acos",
    xp.arccos,
    lambda x, y: xp.divide(xp.asarray(-1, x.dtype), xp.sqrt(1 - x * x)),
    "The inverse cosine, in radians.",
    "acos",
)
Atan = _elementary(
    "Atan",
    xp.arctan,
    _reciprocal_of(lambda x: 1 + x * x),
    "The inverse tangent, in radians.",
    "atan",
)
Sinh = _elementary("Sinh", xp.sinh, lambda x, y: xp.cosh(x), "The hyperbolic sine.", "sinh")
Cosh = _elementary("Cosh", xp.cosh, lambda x, y: xp.sinh(x), "The hyperbolic cosine.", "cosh")
Tanh = unary(
    "Tanh",
    xp.tanh,
    SMOOTH,
    lambda x, y: 1 - y * y,
    doc="The hyperbolic tangent.",
    export=("tanh", "math.tanh", "nn.tanh"),
)
Asinh = _elementary(
    "Asinh",
    xp.arcsinh,
    lambda x, y: xp.divide(xp.asarray(1, x.dtype), xp.cosh(y)),
    "The inverse hyperbolic sine.",
    "asinh",
)
Acosh = _elementary(
    "Acosh",
    xp.arccosh,
    lambda x, y: xp.divide(xp.asarray(1, x.dtype), xp.sinh(y)),
    "The inverse hyperbolic cosine.",
    "acosh",
)
Atanh = _elementary(
    "Atanh",
    xp.arctanh,
    _reciprocal_of(lambda x: 1 - x * x),
    "The inverse hyperbolic tangent.",
    "atanh",
)
Sigmoid = unary("Sigmoid", sigmoid, SMOOTH, lambda x, y: y * (1 - y), doc="`1 / (1 + exp(-x))`.")


def _atan2_pullback(g: Any, y: Any, x: Any, z: Any) -> Any:
    over = xp.divide(g, y * y + x * x)
    return x * over, -y * over


Atan2 = binary(
    "Atan2",
    xp.arctan2,
    FLOATS,
    _atan2_pullback,
    "y: T, x: T -> z: T",
    doc="The angle of the point (x, y), in radians.",
    export=("atan2", "math.atan2"),
)
