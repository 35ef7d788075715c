"""Distribution functions of the standard normal and Laplace distributions."""

from __future__ import annotations

import math as python_math
from typing import Any

import numpy as np

from tf1x.core import convert, scopes
from tf1x.core.dtypes import float32, float64
from tf1x.core.operation import Tensor
from tf1x.ops import array, elementary, math
from tf1x.ops.array_select import where_v2
from tf1x.ops.special_math import Erf, Erfc, Ndtri

# Below the first `log_ndtr` is a series, above the second `-ndtr(-x)` (Cephes has these bounds).
_SEGMENTS = {float32: (-10.0, 5.0), float64: (-20.0, 8.0)}


def _float(x: Any, name: str) -> Tensor:
    x = convert.to_tensor(x, name=name)
    if x.dtype.base_dtype not in _SEGMENTS:
        raise TypeError(f"{name}.dtype={x.dtype} is not handled, it must be float32 or float64.")
    return x


def ndtr(x: Any, name: str = "ndtr") -> Tensor:
    """The probability that a standard normal variable is at most `x` (float32 or float64)."""
    with scopes.name_scope(name, None, [x]):
        return _ndtr(_float(x, "x"))


def _ndtr(x: Tensor) -> Tensor:
    half_sqrt_2 = convert.constant(0.5 * np.sqrt(2.0), x.dtype, name="half_sqrt_2")
    w = x * half_sqrt_2
    z = math.Abs(w)
    tail = where_v2(math.Greater(w, 0.0), 2.0 - Erfc(z), Erfc(z))
    return 0.5 * where_v2(math.Less(z, half_sqrt_2), 1.0 + Erf(w), tail)


def ndtri(p: Any, name: str = "ndtri") -> Tensor:
    """The inverse of `ndtr`."""
    with scopes.name_scope(name, None, [p]):
        return Ndtri(_float(p, "p"))


def log_ndtr(x: Any, series_order: int = 3, name: str = "log_ndtr") -> Tensor:
    """The logarithm of `ndtr`, also where that is 0 or 1 in floating point.

    Args:
        series_order: terms of the asymptotic series far below 0, at most 30.

    Raises:
        TypeError, ValueError: another type or `series_order`.
    """
    if not isinstance(series_order, int):
        raise TypeError("series_order must be a Python integer.")
    if not 0 <= series_order <= 30:
        raise ValueError(f"series_order must be from 0 to 30, not {series_order}.")
    with scopes.name_scope(name, None, [x]):
        x = _float(x, "x")
        low, high = (np.array(v, x.dtype.as_numpy_dtype) for v in _SEGMENTS[x.dtype.base_dtype])
        # Each part sees values of its own range only, so that no other's gradient is NaN.
        middle = elementary.Log(_ndtr(math.Maximum(x, low)))
        below = _log_ndtr_below(math.Minimum(x, low), series_order)
        return where_v2(
            math.Greater(x, high), -_ndtr(-x), where_v2(math.Greater(x, low), middle, below)
        )


def _log_ndtr_below(x: Tensor, order: int) -> Tensor:
    """log(density(x) / -x) and that of a series in 1/x^2 whose terms alternate in sign."""
    square = elementary.Square(x)
    scale = -0.5 * square - elementary.Log(-x) - 0.5 * np.log(2.0 * np.pi)
    series = array.ones_like(x)
    power = square
    for n in range(1, order + 1):
        odd_factorial = float(python_math.prod(range(1, 2 * n, 2)))
        series = series + (-1) ** n * odd_factorial / power
        power = power * square
    return scale + elementary.Log(series)


def log_cdf_laplace(x: Any, name: str = "log_cdf_laplace") -> Tensor:
    """The logarithm of the probability that a standard Laplace variable is at most `x`."""
    with scopes.name_scope(name, None, [x]):
        x = convert.to_tensor(x, name="x")
        below = -np.log(2.0) + x
        above = elementary.Log1p(-0.5 * elementary.Exp(-math.Abs(x)))
        return where_v2(x < 0.0, below, above)
