"""Rows of a tensor replaced (`tensorflow.python.ops.inplace_ops`).

TensorFlow's kernels overwrite the tensor itself, which is why every use of the old value had to
come before; here the result is a tensor of its own, and the old one keeps its values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from tf1x.core import convert
from tf1x.core.dtypes import NUMBERS, int32
from tf1x.core.opdef import op
from tf1x.core.operation import Tensor
from tf1x.ops.array import expand_dims, range_, reshape, shape
from tf1x.ops.shape_rules import unchanged


def _rows(x: Any, i: Any) -> Any:
    return jnp.asarray(x).at[jnp.asarray(i) % x.shape[0]]


@op("x: T, i: int32, v: T -> y: T", shape=unchanged, grad=None, needs_jax=True)
def InplaceUpdate(x: Any, i: Any, v: Any) -> Any:
    """`x` with the rows `i` replaced by those of `v`."""
    return _rows(x, i).set(v)


@op("x: T, i: int32, v: T -> y: T", T=NUMBERS, shape=unchanged, grad=None, needs_jax=True)
def InplaceAdd(x: Any, i: Any, v: Any) -> Any:
    """`x` with the rows of `v` added to the rows `i`."""
    return _rows(x, i).add(v)


@op("x: T, i: int32, v: T -> y: T", T=NUMBERS, shape=unchanged, grad=None, needs_jax=True)
def InplaceSub(x: Any, i: Any, v: Any) -> Any:
    """`x` with the rows of `v` taken from the rows `i`."""
    return _rows(x, i).subtract(v)


def _function(definition: Any, what: str) -> Callable[..., Tensor]:
    def function(x: Any, i: Any, v: Any) -> Tensor:
        x = convert.to_tensor(x)
        v = convert.to_tensor(v, x.dtype.base_dtype)
        if i is None:  # all rows
            rows = shape(x)
            return definition(x, range_(rows[0]), reshape(v, rows))  # type: ignore[index]
        i = convert.to_tensor(i, int32)
        if i.shape.ndims == 0:
            return definition(x, expand_dims(i, 0), expand_dims(v, 0))
        return definition(x, i, v)

    function.__doc__ = f"`x` with the row or rows `i` (None: all) {what} `v`."
    return function


alias_inplace_update = _function(InplaceUpdate, "replaced by")
alias_inplace_add = _function(InplaceAdd, "increased by")
alias_inplace_sub = _function(InplaceSub, "decreased by")
inplace_update, inplace_add, inplace_sub = (
    alias_inplace_update, alias_inplace_add, alias_inplace_sub
)  # fmt: skip
