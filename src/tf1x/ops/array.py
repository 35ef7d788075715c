"""Constants, placeholders, shapes, and moving elements about."""

from __future__ import annotations

from typing import Any

import numpy as np

from tf1x.api import export
from tf1x.core import convert, scopes
from tf1x.core.dtypes import INDICES, DType, as_dtype, int32
from tf1x.core.graph import Operation, Tensor
from tf1x.core.opdef import op
from tf1x.core.shapes import TensorShape
from tf1x.core.static import constant_value, constant_value_as_shape
from tf1x.ops import xp
from tf1x.ops.shape_rules import from_attr, scalar, unchanged


@op("-> output: dtype", shape=lambda op: [op.attrs["value"].shape], exact=True, grad=None)
def Const(*, value: np.ndarray, dtype: DType) -> Any:
    """A constant."""
    return value


@export("constant")
def constant(value: Any, dtype: Any = None, shape: Any = None, name: str = "Const", verify_shape: bool = False) -> Tensor:
    """A constant tensor.

    Args:
        value: a number, string, array, or nested list; the last element fills up `shape`.
        dtype: by default float32 for Python floats, int32 for ints, and an array's own type.
        verify_shape: raise TypeError unless the value has exactly `shape`.
    """
    if verify_shape and shape is not None:
        found, wanted = np.shape(value), tuple(TensorShape(shape).as_list())
        if found != wanted:
            raise TypeError(f"Expected Tensor's shape: {wanted}, got {found}.")
    return convert.constant(value, dtype, shape, name)


@op("-> output: dtype", shape=from_attr(), grad=None, stateful=False)
def Placeholder(*, dtype: DType, shape: TensorShape = TensorShape(None)) -> Any:  # noqa: B008
    """A value that must be fed."""
    raise AssertionError("a placeholder is fed, never computed")


@export("placeholder")
def placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> Tensor:
    """A tensor that every run must be given in its feed_dict.

    Args:
        dtype: the element type.
        shape: what is known of the shape; None for nothing.
    """
    return Placeholder(dtype=as_dtype(dtype), shape=shape, name=name)


def _pass_gradient(op: Operation, grad: Any) -> list[Any]:
    return [grad]


@op("input: T -> output: T", shape=unchanged, exact=True, grad=_pass_gradient)
def Identity(input: Any) -> Any:
    """`input` itself."""
    return input


@op("input: T -> output: out_type", shape=lambda op: [(op.inputs[0].shape.ndims,)], grad=None, exact=True, out_type=(INDICES, int32))
def Shape(input: Any, *, out_type: DType) -> Any:
    """The shape of `input` as a vector; always a static value."""
    return np.array(np.shape(input), out_type.as_numpy_dtype)


@op("dims: index_type, value: T -> output: T", shape=lambda op: [constant_value_as_shape(op.inputs[0])], exact=True, index_type=INDICES)
def Fill(dims: Any, value: Any) -> Any:
    """A tensor of shape `dims` full of `value`."""
    if xp.is_jax(value):
        return xp.broadcast_to(value, xp.static_shape(dims))
    return xp.full(xp.static_shape(dims), value, value.dtype)


@op("-> ", shape=lambda op: [], grad=None)
def NoOp() -> None:
    """Nothing; an op to hang control dependencies on."""


@op("x: T -> y: T", shape=unchanged, exact=True, grad=None)
def ZerosLike(x: Any) -> Any:
    """Zeros of the shape and type of `x`."""
    return xp.zeros(np.shape(x), x.dtype)
