"""Tensors passed on under a condition, and bytes read as another type."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from tf1x.api import export, renamed
from tf1x.core import convert, scopes
from tf1x.core.dtypes import FLOATS, NUMBERS, DType
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.core.shapes import TensorShape
from tf1x.ops import xp
from tf1x.ops.array import pass_gradient
from tf1x.ops.grouping import with_dependencies
from tf1x.ops.shape_rules import dims, unchanged


@op("input: T -> output: T", shape=unchanged, exact=True, grad=pass_gradient)
def Snapshot(input: Any) -> Any:
    """`input` as it is now."""
    return input


def _refuse_gradient(op: Operation, grad: Any) -> list[Any]:
    raise LookupError(f"Gradient explicitly disabled. Reason: {op.attrs['message']}")


@op(
    "input: T -> output: T",
    shape=unchanged,
    exact=True,
    grad=_refuse_gradient,
    attrs={"message": ("str", "")},
)
def PreventGradient(input: Any) -> Any:
    """`input`; asking for a gradient through it is a LookupError with `message`."""
    return input


def _ensured(op: Operation) -> Any:
    return [op.inputs[0].shape.merge_with(op.attrs["shape"])]


@op(
    "input: T -> output: T",
    shape=_ensured,
    exact=True,
    grad=pass_gradient,
)
def EnsureShape(input: Any, *, shape: TensorShape) -> Any:
    """`input`, whose shape must fit `shape` when it runs (InvalidArgumentError)."""
    if not shape.is_compatible_with(np.shape(input)):
        raise InvalidArgumentError(
            None,
            None,
            f"Shape of tensor {list(np.shape(input))} is not compatible with expected shape {shape}.",
        )
    return input


@export("ensure_shape")
def ensure_shape(x: Any, shape: Any, name: str | None = None) -> Tensor:
    """`x`, whose shape must fit `shape` when it runs (InvalidArgumentError)."""
    checked: Tensor = EnsureShape(x, shape=shape, name=name)
    return checked


def _numerics_gradient(op: Operation, grad: Any) -> list[Any]:
    message = (
        f"Not a number (NaN) or infinity (Inf) values detected in gradient. {op.attrs['message']}"
    )
    return [CheckNumerics(grad, message)]


@op(
    "tensor: T -> output: T",
    T=FLOATS,
    shape=unchanged,
    grad=_numerics_gradient,
    export=("check_numerics", "debugging.check_numerics"),
)
def CheckNumerics(tensor: Any, *, message: str) -> Any:
    """`tensor`; InvalidArgumentError with `message` if it holds a NaN or an infinity."""

    def describe() -> str:
        values = np.asarray(tensor).astype(np.float64)
        found = [
            kind for kind, test in (("Inf", np.isinf), ("NaN", np.isnan)) if test(values).any()
        ]
        return f"{message} : Tensor had {' and '.join(found)} values"

    xp.check(xp.isfinite(tensor), InvalidArgumentError, describe)
    return tensor


@export("verify_tensor_all_finite", "debugging.assert_all_finite")
@renamed(t="x", msg="message")
def verify_tensor_all_finite(x: Any, message: str, name: str | None = None) -> Tensor:
    """`x`; InvalidArgumentError with `message` if it holds a NaN or an infinity."""
    with scopes.name_scope(name, "VerifyFinite", [x]):
        x = convert.to_tensor(x, name="x")
        with scopes.colocate_with(x):
            checked = CheckNumerics(x, message=message)
            result: Tensor = with_dependencies([checked], x)
            return result


def _bitcast_shape(op: Operation) -> Any:
    shape = dims(op)
    old, new = op.inputs[0].dtype.size, op.attrs["type"].size
    if shape is None or old == new:
        return [shape]
    if old > new:
        return [(*shape, old // new)]
    if not shape or shape[-1] not in (None, new // old):
        raise ValueError(
            f"Cannot bitcast from {op.inputs[0].dtype.name} to {op.attrs['type'].name}"
        )
    return [shape[:-1]]


@op(
    "input: T -> output: type",
    T=NUMBERS,
    shape=_bitcast_shape,
    grad=None,
    exact=True,
    export=("bitcast",),
)
def Bitcast(input: Any, *, type: DType) -> Any:
    """The bytes of `input` read as another type; a change of size adds or takes a last dimension."""
    target = type.numpy_dtype
    if xp.is_jax(input):
        return jax.lax.bitcast_convert_type(input, target)
    if input.dtype.itemsize == target.itemsize:
        return np.ascontiguousarray(input).view(target).reshape(input.shape)
    if input.dtype.itemsize > target.itemsize:
        return np.ascontiguousarray(input).reshape(*input.shape, 1).view(target)
    return np.ascontiguousarray(input).view(target).reshape(input.shape[:-1])
