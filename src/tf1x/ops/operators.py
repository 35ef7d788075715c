"""The operators of `Tensor`: `+`, `<`, `@` and so on.

`[...]` is in ops/array_slicing.py. In TensorFlow 1 `==` compares identity; `tf.equal` values.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.dtypes import string
from tf1x.core.operation import Tensor
from tf1x.ops import bitwise, math
from tf1x.ops.complex_math import absolute
from tf1x.ops.math_functions import div, floordiv, logical_xor, power, truediv


def _binary(
    name: str, function: Callable[..., Any]
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The operator and its reflected form; constants are named `<name>/y` and `<name>/x`."""

    def operator(x: Tensor, y: Any) -> Any:
        if hasattr(y, "dense_shape") and hasattr(y, "indices") and hasattr(type(y), f"__r{name}__"):
            return NotImplemented  # a SparseTensor's own operator decides
        with scopes.operator_scope(name, [x, y]) as scope:
            try:
                return function(x, y, name=scope)
            except (TypeError, ValueError):
                # The other operand may know how; if not, what went wrong here says more.
                result = NotImplemented
                if hasattr(type(y), f"__r{name}__"):
                    with contextlib.suppress(TypeError, ValueError):
                        result = getattr(type(y), f"__r{name}__")(y, x)
                if result is NotImplemented:
                    raise
                return result

    def reflected(y: Tensor, x: Any) -> Any:
        with scopes.operator_scope(name, [x, y]) as scope:
            x = convert.to_tensor(x, y.dtype.base_dtype, name="x")
            return function(x, y, name=scope)

    return operator, reflected


def _add(x: Tensor, y: Any, name: str) -> Tensor:
    if not isinstance(y, Tensor):
        y = convert.to_tensor(y, preferred_dtype=x.dtype.base_dtype, name="y")
    return (
        math.Add(x, y, name=name) if x.dtype.base_dtype is string else math.AddV2(x, y, name=name)
    )


def _matmul(a: Any, b: Any, name: str) -> Tensor:
    from tf1x.ops.matmul import matmul

    return matmul(a, b, name=name)


def _logical(logical: Callable[..., Any], bitwise: Callable[..., Any]) -> Callable[..., Any]:
    """Logic on booleans, bit by bit on integers (unnamed then, as in TensorFlow)."""

    def function(x: Tensor, y: Any, name: str) -> Any:
        return logical(x, y, name=name) if x.dtype.is_bool else bitwise(x, y)

    return function


_BINARY = {
    "add": _add,
    "sub": math.Sub,
    "mul": math.Mul,
    "div": div,
    "truediv": truediv,
    "floordiv": floordiv,
    "mod": math.FloorMod,
    "pow": power,
    "matmul": _matmul,
    "and": _logical(math.LogicalAnd, bitwise.BitwiseAnd),
    "or": _logical(math.LogicalOr, bitwise.BitwiseOr),
    "xor": _logical(logical_xor, bitwise.BitwiseXor),
}

_COMPARISONS = {"lt": math.Less, "le": math.LessEqual, "gt": math.Greater, "ge": math.GreaterEqual}


def _comparison(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, y: function(x, y)


def _invert(x: Tensor) -> Any:
    return math.LogicalNot(x) if x.dtype.is_bool else bitwise.Invert(x)


def install() -> None:
    """Give `Tensor` its operators."""
    for name, function in _BINARY.items():
        operator, reflected = _binary(name, function)
        Tensor._override_operator(f"__{name}__", operator)
        Tensor._override_operator(f"__r{name}__", reflected)
    for name, function in _COMPARISONS.items():
        Tensor._override_operator(f"__{name}__", _comparison(function))
    Tensor._override_operator("__neg__", lambda x: math.Neg(x))
    Tensor._override_operator("__abs__", lambda x: absolute(x))
    Tensor._override_operator("__invert__", _invert)
    # Which these are, as classes of programs that stand for tensors ask.
    both = {f"__{prefix}{name}__" for name in _BINARY for prefix in ("", "r")}
    unary = {"__neg__", "__abs__", "__invert__", "__getitem__"}
    Tensor.OVERLOADABLE_OPERATORS = both | unary | {f"__{name}__" for name in _COMPARISONS}  # type: ignore[attr-defined]


install()


def take_operators(kind: type, value: Callable[[Any], Tensor]) -> None:
    """Give a class the operators of `Tensor`, applied to `value(self)`."""

    def delegate(name: str) -> None:
        operator = getattr(Tensor, name)

        def apply(self: Any, *args: Any, **kwargs: Any) -> Any:
            return operator(value(self), *args, **kwargs)

        apply.__name__ = name
        setattr(kind, name, apply)

    for name in Tensor.OVERLOADABLE_OPERATORS:  # type: ignore[attr-defined]
        delegate(name)
