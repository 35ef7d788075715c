"""Functions of statistics and physics, and the gradients that TensorFlow's graphs hold as ops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.scipy.special as special
import numpy as np

from tf1x.api import export
from tf1x.core import convert, scopes
from tf1x.core.dtypes import FLOATS, float32, float64
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.ops import math, reduce, xp
from tf1x.ops.elementwise import SMOOTH, Slope, binary, conjugate, unary, unbroadcast
from tf1x.ops.functional import gradient_node
from tf1x.ops.shape_rules import broadcast, unchanged

_WIDE = (float32, float64)


def _special(
    name: str, function: Callable[[Any], Any], slope: Slope, doc: str, *public: str
) -> Any:
    return unary(name, function, FLOATS, slope, doc=doc, export=public, needs_jax=True)


# -- gamma ---------------------------------------------------------------------------------------


def _polygamma(a: Any, x: Any) -> Any:
    return jax.lax.polygamma(*jax.numpy.broadcast_arrays(a, x))


Lgamma = _special(
    "Lgamma",
    special.gammaln,
    lambda x, y: special.digamma(x),
    "The logarithm of |gamma(x)|.",
    "lgamma",
    "math.lgamma",
)
Digamma = _special(
    "Digamma",
    special.digamma,
    lambda x, y: _polygamma(np.ones((), x.dtype), x),
    "The derivative of `lgamma`.",
    "digamma",
    "math.digamma",
)


def _gamma_density(a: Any, x: Any) -> Any:
    """d igamma(a, x) / dx."""
    return xp.exp(-x + (a - 1) * xp.log(x) - special.gammaln(a))


def _igamma_pullback(g: Any, a: Any, x: Any, z: Any) -> Any:
    return g * jax.lax.igamma_grad_a(*jax.numpy.broadcast_arrays(a, x)), g * _gamma_density(a, x)


def _igammac_pullback(g: Any, a: Any, x: Any, z: Any) -> Any:
    return _igamma_pullback(-g, a, x, z)


def _gammaincc(a: Any, x: Any) -> Any:
    """`special.gammaincc`, and NaN where a <= 0, as in TensorFlow."""
    return xp.where(a > 0, special.gammaincc(a, x), xp.asarray(np.nan, x.dtype))


_AX = "a: T, x: T -> z: T"
Igamma = binary(
    "Igamma",
    special.gammainc,
    FLOATS,
    _igamma_pullback,
    _AX,
    needs_jax=True,
    doc="The lower regularized incomplete gamma function P(a, x).",
    export=("igamma", "math.igamma"),
)
Igammac = binary(
    "Igammac",
    _gammaincc,
    FLOATS,
    _igammac_pullback,
    _AX,
    needs_jax=True,
    doc="The upper regularized incomplete gamma function Q(a, x).",
    export=("igammac", "math.igammac"),
)
RandomGammaGrad = binary(
    "RandomGammaGrad",
    lambda alpha, sample: jax.lax.random_gamma_grad(*jax.numpy.broadcast_arrays(alpha, sample)),
    _WIDE,
    args="alpha: T, sample: T -> output: T",
    needs_jax=True,
    grad=None,
    doc="How a value drawn by `RandomGamma` moves with its `alpha`, with the probability held.",
)


def _only_last(forward: Operation, grad: Any) -> list[Any]:
    """The last input's gradient; TensorFlow has none for the parameters."""
    return [None] * (len(forward.inputs) - 1) + [gradient_node(forward, [grad])[-1]]


def _zeta_pullback(g: Any, x: Any, q: Any, z: Any) -> Any:
    return None, g * -x * special.zeta(x + 1, q)


def _polygamma_pullback(g: Any, a: Any, x: Any, z: Any) -> Any:
    return None, g * _polygamma(a + 1, x)


Zeta = binary(
    "Zeta",
    special.zeta,
    _WIDE,
    _zeta_pullback,
    "x: T, q: T -> z: T",
    needs_jax=True,
    grad=_only_last,
    doc="The Hurwitz zeta function.",
    export=("zeta", "math.zeta"),
)
Polygamma = binary(
    "Polygamma",
    _polygamma,
    _WIDE,
    _polygamma_pullback,
    _AX,
    needs_jax=True,
    grad=_only_last,
    doc="The derivative of order `a` of `digamma`.",
    export=("polygamma", "math.polygamma"),
)


def _betainc_rule(inputs: Any, outputs: Any, cotangents: Any, attrs: Any) -> list[Any]:
    a, b, x = inputs
    log_beta = special.gammaln(a) + special.gammaln(b) - special.gammaln(a + b)
    density = xp.exp(_xlog1py(b - 1, -x) + _xlogy(a - 1, x) - log_beta)
    return [None, None, unbroadcast(density * cotangents[0], x)]


@op(
    "a: T, b: T, x: T -> z: T",
    T=_WIDE,
    shape=broadcast,
    needs_jax=True,
    grad=_only_last,
    vjp=_betainc_rule,
    export=("betainc", "math.betainc"),
)
def Betainc(a: Any, b: Any, x: Any) -> Any:
    """The regularized incomplete beta function I_x(a, b); inputs of one shape, or scalars."""
    return special.betainc(a, b, x)


# -- the normal distribution ---------------------------------------------------------------------

_TWO_OVER_ROOT_PI = float(2 / np.sqrt(np.pi))
_HALF_ROOT_PI = float(np.sqrt(np.pi) / 2)
_ROOT_TWO_PI = float(np.sqrt(2 * np.pi))

Erf = _special(
    "Erf",
    special.erf,
    lambda x, y: _TWO_OVER_ROOT_PI * xp.exp(-x * x),
    "The error function.",
    "erf",
    "math.erf",
)
Erfc = _special(
    "Erfc",
    special.erfc,
    lambda x, y: -_TWO_OVER_ROOT_PI * xp.exp(-x * x),
    "1 - `erf(x)`.",
    "erfc",
    "math.erfc",
)
Erfinv = _special(
    "Erfinv", special.erfinv, lambda x, y: _HALF_ROOT_PI * xp.exp(y * y), "The inverse of `erf`."
)
Ndtri = _special(
    "Ndtri",
    special.ndtri,
    lambda x, y: _ROOT_TWO_PI * xp.exp(y * y / 2),
    "The quantile function of the standard normal distribution.",
)

# -- Bessel functions ----------------------------------------------------------------------------


def _at_zero(value: float, x: Any, elsewhere: Callable[[Any], Any]) -> Any:
    zero = x == 0
    return xp.where(
        zero, xp.asarray(value, x.dtype), elsewhere(xp.where(zero, xp.asarray(1, x.dtype), x))
    )


BesselI0 = _special(
    "BesselI0", special.i0, lambda x, y: special.i1(x), "The modified Bessel function of order 0."
)
BesselI1 = _special(
    "BesselI1",
    special.i1,
    lambda x, y: _at_zero(1.0, x, lambda v: special.i0(v) - xp.divide(y, v)),
    "The modified Bessel function of order 1.",
)
BesselI0e = _special(
    "BesselI0e",
    special.i0e,
    lambda x, y: special.i1e(x) - xp.sign(x) * y,
    "`exp(-|x|)` times the modified Bessel function of order 0.",
)
BesselI1e = _special(
    "BesselI1e",
    special.i1e,
    lambda x, y: _at_zero(
        0.5, x, lambda v: special.i0e(v) - y * (xp.sign(v) + xp.divide(1, v).astype(v.dtype))
    ),
    "`exp(-|x|)` times the modified Bessel function of order 1.",
)

# -- x times a function of y, 0 where x is 0 ------------------------------------------------------


def _zero_with(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def guarded(x: Any, y: Any) -> Any:
        zero = x == 0
        safe = xp.where(zero, xp.asarray(1, y.dtype), y)
        return xp.where(zero, xp.asarray(0, x.dtype), function(x, safe))

    return guarded


_xlogy = _zero_with(lambda x, y: x * xp.log(y))
_xlog1py = _zero_with(lambda x, y: x * xp.log1p(y))
_xdivy = _zero_with(xp.divide)


def _unless_zero(x: Any) -> Any:
    return (x != 0).astype(x.dtype)


Xlogy = binary(
    "Xlogy",
    _xlogy,
    SMOOTH,
    lambda g, x, y, z: (_xlogy(_unless_zero(x), y) * g, _xdivy(x, y) * g),
    doc="`x * log(y)`, and 0 where x is 0.",
    export=("math.xlogy",),
)
Xlog1py = binary(
    "Xlog1py",
    _xlog1py,
    SMOOTH,
    lambda g, x, y, z: (_xlog1py(_unless_zero(x), y) * g, _xdivy(x, y + 1) * g),
    doc="`x * log1p(y)`, and 0 where x is 0.",
)
Xdivy = binary(
    "Xdivy",
    _xdivy,
    SMOOTH,
    lambda g, x, y, z: (_xdivy(_unless_zero(x), y) * g, _xdivy(-x, y * y) * g),
    doc="`x / y`, and 0 where x is 0.",
)


# -- public names that are scopes around one node -------------------------------------------------


def _scoped(public: str, node: Callable[..., Any], arguments: str) -> Callable[..., Tensor]:
    """Publish `tf.math.<public>`, which TensorFlow puts in a scope of that name."""

    def function(*args: Any, name: str | None = None, **kwargs: Any) -> Tensor:
        values = list(args) + [kwargs.pop(a) for a in arguments.split()[len(args) :] if a in kwargs]
        with scopes.name_scope(name, public, values[:1]):
            result: Tensor = node(*values, **kwargs)
        return result

    function.__name__ = function.__qualname__ = public
    function.__doc__ = node.__doc__
    return export(f"math.{public}")(function)


erfinv = _scoped("erfinv", Erfinv, "x")
ndtri = _scoped("ndtri", Ndtri, "x")
xdivy = _scoped("xdivy", Xdivy, "x y")
xlog1py = _scoped("xlog1py", Xlog1py, "x y")
bessel_i0 = _scoped("bessel_i0", BesselI0, "x")
bessel_i1 = _scoped("bessel_i1", BesselI1, "x")
bessel_i0e = _scoped("bessel_i0e", BesselI0e, "x")
bessel_i1e = _scoped("bessel_i1e", BesselI1e, "x")


@export("math.erfcinv")
def erfcinv(x: Any, name: str | None = None) -> Tensor:
    """The inverse of `erfc`."""
    with scopes.name_scope(name, "erfcinv", [x]):
        x = convert.to_tensor(x, name="start")
        return -ndtri(0.5 * x) * np.sqrt(0.5)


@export("lbeta", "math.lbeta")
def lbeta(x: Any, name: str | None = None) -> Tensor:
    """The logarithm of the beta function of the values along the last axis."""
    with scopes.name_scope(name, "lbeta", [x]):
        x = convert.to_tensor(x, name="x")
        of_each = reduce.reduce_sum(Lgamma(x), axis=[-1])
        of_sum = Lgamma(reduce.reduce_sum(x, axis=[-1]))
        result: Tensor = math.Sub(of_each, of_sum, name="sub")
        return result


# -- gradients of functions, as ops (graphs made by TensorFlow hold them) ------------------------


def _from_result(name: str, function: Callable[[Any, Any], Any], doc: str) -> Any:
    def lower(y: Any, dy: Any) -> Any:
        return function(y, dy)

    lower.__doc__ = doc
    return op("y: T, dy: T -> z: T", type=name, T=SMOOTH, shape=unchanged)(lower)


SigmoidGrad = _from_result(
    "SigmoidGrad", lambda y, dy: dy * y * (1 - y), "Gradient of `Sigmoid` from its result."
)
TanhGrad = _from_result(
    "TanhGrad", lambda y, dy: dy * (1 - y * y), "Gradient of `Tanh` from its result."
)
SqrtGrad = _from_result(
    "SqrtGrad",
    lambda y, dy: xp.divide(dy * 0.5, conjugate(y)),
    "Gradient of `Sqrt` from its result.",
)
RsqrtGrad = _from_result(
    "RsqrtGrad",
    lambda y, dy: dy * (-0.5 * conjugate(y) ** 3),
    "Gradient of `Rsqrt` from its result.",
)
ReciprocalGrad = _from_result(
    "ReciprocalGrad",
    lambda y, dy: -dy * conjugate(y) ** 2,
    "Gradient of `Reciprocal` from its result.",
)
InvGrad = _from_result(
    "InvGrad", lambda y, dy: -dy * conjugate(y) ** 2, "Gradient of `Inv` from its result."
)
