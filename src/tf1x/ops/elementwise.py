"""How element-wise ops are declared: by the helpers `unary`, `binary`, `predicate`, `comparison`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tf1x.core.dtypes import COMPLEX, FLOATS, SIGNED_INTS, DType
from tf1x.core.opdef import op
from tf1x.ops import xp
from tf1x.ops.shape_rules import broadcast, unchanged

SIGNED = FLOATS + SIGNED_INTS + COMPLEX
SMOOTH = FLOATS + COMPLEX

Slope = Callable[[Any, Any], Any]
Pullback = Callable[[Any, Any, Any, Any], tuple[Any, Any]]


def conjugate(x: Any) -> Any:
    return xp.conj(x) if np.dtype(x.dtype).kind == "c" else x


def is_integer(x: Any) -> bool:
    return np.dtype(x.dtype).kind in "iu"


def unary(
    name: str,
    function: Callable[[Any], Any],
    types: tuple[DType, ...],
    slope: Slope | None = None,
    **options: Any,
) -> Any:
    """Declare an element-wise op of one argument whose result has the argument's type.

    Args:
        slope: the derivative from x and y = function(x), for a faster trace and TensorFlow's numbers;
            by default that of `function` itself.
    """

    def lower(x: Any) -> Any:
        return function(x)

    def rule(inputs: Any, outputs: Any, cotangents: Any, attrs: Any) -> list[Any]:
        assert slope is not None
        return [cotangents[0] * slope(conjugate(inputs[0]), conjugate(outputs[0]))]

    lower.__doc__ = options.pop("doc", f"Element-wise {name} of `x`.")
    return op(
        "x: T -> y: T", type=name, T=types, shape=unchanged, vjp=rule if slope else None, **options
    )(lower)


def unbroadcast(value: Any, like: Any) -> Any:
    """Sum `value` over the dimensions in which `like` was broadcast."""
    shape = np.shape(like)
    if np.shape(value) == shape:
        return value
    extra = np.ndim(value) - len(shape)
    axes = tuple(range(extra)) + tuple(
        i + extra for i, d in enumerate(shape) if d == 1 and np.shape(value)[i + extra] != 1
    )
    return xp.sum(value, axis=axes, keepdims=True).reshape(shape)


def binary_rule(pullback: Pullback) -> Callable[..., list[Any]]:
    """The gradient rule of a broadcasting op from `pullback(g, x, y, z) -> (gx, gy)`.

    The values come conjugated, as TensorFlow's complex gradients want them; a gradient of None
    stays None.
    """

    def rule(inputs: Any, outputs: Any, cotangents: Any, attrs: Any) -> list[Any]:
        found = pullback(cotangents[0], *(conjugate(v) for v in (*inputs, outputs[0])))
        return [
            None if g is None else unbroadcast(xp.broadcast_to(g, np.shape(outputs[0])), x)
            for g, x in zip(found, inputs, strict=True)
        ]

    return rule


def binary(
    name: str,
    function: Callable[[Any, Any], Any],
    types: tuple[DType, ...],
    pullback: Pullback | None = None,
    args: str = "x: T, y: T -> z: T",
    **options: Any,
) -> Any:
    """Declare an element-wise op of two arguments, with broadcasting; `pullback` as in `binary_rule`."""

    def lower(x: Any, y: Any) -> Any:
        return function(x, y)

    lower.__doc__ = options.pop("doc", f"Element-wise {name} of `x` and `y`, with broadcasting.")
    return op(
        args,
        type=name,
        T=types,
        shape=broadcast,
        vjp=binary_rule(pullback) if pullback else None,
        **options,
    )(lower)


def predicate(
    name: str, function: Callable[[Any], Any], types: tuple[DType, ...], **options: Any
) -> Any:
    """Declare an element-wise test."""

    def lower(x: Any) -> Any:
        return function(x)

    lower.__doc__ = f"Element-wise: whether {options.pop('doc')}."
    return op(
        "x: T -> y: bool", type=name, T=types, shape=unchanged, grad=None, exact=True, **options
    )(lower)


def comparison(name: str, function: Callable[[Any, Any], Any], types: Any, **options: Any) -> Any:
    """Declare an element-wise comparison, with broadcasting."""

    def lower(x: Any, y: Any) -> Any:
        return function(x, y)

    lower.__doc__ = f"Element-wise `x {options.pop('doc')} y`, with broadcasting."
    return op(
        "x: T, y: T -> z: bool",
        type=name,
        T=types,
        shape=broadcast,
        grad=None,
        exact=True,
        **options,
    )(lower)
