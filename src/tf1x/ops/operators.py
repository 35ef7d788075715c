"""The operators of `Tensor`: `+`, `[...]`, `<` and so on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tf1x.core import convert, scopes
from tf1x.core.graph import Tensor
from tf1x.ops import math

_COMPARABLE_LATER = ("to_tensor", "graph")


def _binary(name: str, function: Callable[..., Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The operator and its reflected form; constants are named `<name>/x` and `<name>/y`."""

    def operator(x: Tensor, y: Any) -> Any:
        if hasattr(y, "dense_shape") and hasattr(y, "indices"):
            return NotImplemented  # a SparseTensor's own operator decides
        with scopes.name_scope(None, name, [x, y]) as scope:
            try:
                y = convert.to_tensor(y, x.dtype.base_dtype, name="y")
            except TypeError:
                if hasattr(type(y), f"__r{name}__"):
                    return NotImplemented
                raise
            return function(x, y, name=scope)

    def reflected(y: Tensor, x: Any) -> Any:
        with scopes.name_scope(None, name, [x, y]) as scope:
            x = convert.to_tensor(x, y.dtype.base_dtype, name="x")
            return function(x, y, name=scope)

    return operator, reflected


_OPERATORS = {"add": math.AddV2, "sub": math.Sub, "mul": math.Mul}


def install() -> None:
    """Give `Tensor` its operators."""
    for name, function in _OPERATORS.items():
        operator, reflected = _binary(name, function)
        Tensor._override_operator(f"__{name}__", operator)
        Tensor._override_operator(f"__r{name}__", reflected)


install()
