"""Complex numbers: their parts, and the functions that take reals too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.api import export
from tf1x.core import convert, scopes
from tf1x.core.dtypes import COMPLEX, DType, complex64, complex128, float32, float64
from tf1x.core.opdef import op
from tf1x.core.operation import Tensor
from tf1x.ops import array, array_select, math, xp
from tf1x.ops.shape_rules import broadcast, unchanged

_REAL = (float32, float64)


def _of_complex(
    name: str,
    function: Callable[[Any], Any],
    doc: str,
    argument: str = "input",
    result: str = "output",
) -> Any:
    """Declare a real function of complex numbers."""

    def lower(input: Any, *, Tout: DType) -> Any:
        return function(input).astype(Tout.as_numpy_dtype)

    lower.__doc__ = doc
    return op(
        f"{argument}: T -> {result}: Tout",
        type=name,
        T=(COMPLEX, complex64),
        Tout=(_REAL, float32),
        shape=unchanged,
    )(lower)


Real = _of_complex("Real", xp.real, "The real part.")
Imag = _of_complex("Imag", xp.imag, "The imaginary part.")
Angle = _of_complex("Angle", xp.angle, "The argument, in radians.")
ComplexAbs = _of_complex("ComplexAbs", xp.abs, "The absolute value of complex numbers.", "x", "y")


@op("input: T -> output: T", T=(COMPLEX, complex64), shape=unchanged, exact=True)
def Conj(input: Any) -> Any:
    """The complex conjugate."""
    return xp.conj(input)


@op("real: T, imag: T -> out: Tout", T=(_REAL, float32), Tout=(COMPLEX, complex64), shape=broadcast)
def Complex(real: Any, imag: Any, *, Tout: DType) -> Any:
    """Complex numbers from their real and imaginary parts, with broadcasting."""
    if xp.is_jax(real, imag):
        return jax.lax.complex(*jnp.broadcast_arrays(real, imag)).astype(Tout.as_numpy_dtype)
    parts = np.empty(np.broadcast_shapes(np.shape(real), np.shape(imag)), Tout.as_numpy_dtype)
    parts.real, parts.imag = real, imag
    return parts


# -- functions that take reals too ---------------------------------------------------------------


@export("complex", "dtypes.complex")
def complex_(real: Any, imag: Any, name: str | None = None) -> Tensor:
    """Complex numbers from two float32 or two float64 tensors.

    Raises:
        TypeError: parts of other types.
    """
    real = convert.to_tensor(real, name="real")
    imag = convert.to_tensor(imag, name="imag")
    types = {float32: complex64, float64: complex128}
    with scopes.name_scope(name, "Complex", [real, imag]) as scope:
        part = real.dtype.base_dtype
        if part not in types or imag.dtype.base_dtype is not part:
            raise TypeError(
                f"The `real` and `imag` components have incorrect types: {real.dtype.name} {imag.dtype.name}. "
                "They must be consistent, and one of [tf.float32, tf.float64]"
            )
        result: Tensor = Complex(real, imag, Tout=types[part], name=scope)
    return result


@export("real", "math.real")
def real(input: Any, name: str | None = None) -> Tensor:
    """The real part; real numbers as they are."""
    with scopes.name_scope(name, "Real", [input]) as scope:
        input = convert.to_tensor(input, name="input")
        return (
            Real(input, Tout=input.dtype.real_dtype, name=scope)
            if input.dtype.is_complex
            else input
        )


@export("imag", "math.imag")
def imag(input: Any, name: str | None = None) -> Tensor:
    """The imaginary part; zeros for real numbers."""
    with scopes.name_scope(name, "Imag", [input]) as scope:
        input = convert.to_tensor(input, name="input")
        if input.dtype.is_complex:
            return Imag(input, Tout=input.dtype.real_dtype, name=scope)
        return array.zeros_like(input)


@export("angle", "math.angle")
def angle(input: Any, name: str | None = None) -> Tensor:
    """The argument of complex numbers in radians; 0 or pi for real ones."""
    with scopes.name_scope(name, "Angle", [input]) as scope:
        input = convert.to_tensor(input, name="input")
        if input.dtype.is_complex:
            return Angle(input, Tout=input.dtype.real_dtype, name=scope)
        negative = input < 0
        pi = np.pi * array.ones_like(input)
        return array_select.where(negative, pi, array.zeros_like(input))


@export("conj", "math.conj")
def conj(x: Any, name: str | None = None) -> Tensor:
    """The complex conjugate; real numbers as they are."""
    if isinstance(x, Tensor) and not x.dtype.is_complex:
        return x
    with scopes.name_scope(name, "Conj", [x]) as scope:
        x = convert.to_tensor(x, name="x")
        return Conj(x, name=scope) if x.dtype.is_complex else x


@export("abs", "math.abs")
def absolute(x: Any, name: str | None = None) -> Tensor:
    """The absolute value; of complex numbers it is real."""
    with scopes.name_scope(name, "Abs", [x]) as scope:
        x = convert.to_tensor(x, name="x")
        if x.dtype.is_complex:
            return ComplexAbs(x, Tout=x.dtype.real_dtype, name=scope)
        return math.Abs(x, name=scope)


@export("sign", "math.sign")
def sign(x: Any, name: str | None = None) -> Tensor:
    """-1, 0 or 1; of complex numbers `x / |x|`, and 0 of 0."""
    x = convert.to_tensor(x)
    if not x.dtype.is_complex:
        return math.Sign(x, name=name)
    size = ComplexAbs(x, Tout=x.dtype.real_dtype)
    return math.DivNoNan(x, math.cast(size, x.dtype.base_dtype), name=name)
