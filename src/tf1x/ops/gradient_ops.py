"""Ops that TensorFlow's gradient functions build and tf1x's own do not: for imported graphs.

A graph that `tf.gradients` of TensorFlow made holds `ReluGrad`, `BiasAddGrad`, ... where ours has
`SymbolicGradient`. Those of other families stand in the family's file (`TanhGrad`,
`Conv2DBackpropInput`, ...).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tf1x.core import opdef
from tf1x.core.dtypes import FLOATS, INDICES, NUMBERS, REALS, DType, float32, int32
from tf1x.core.opdef import op
from tf1x.core.operation import Operation
from tf1x.core.static import constant_value, constant_value_as_shape
from tf1x.ops import xp
from tf1x.ops.array_pad import padding_widths
from tf1x.ops.array_slicing import strided_parts
from tf1x.ops.nn import SELU_SCALE, SELU_SCALE_ALPHA
from tf1x.ops.shape_rules import dims, merged

# -- activations ---------------------------------------------------------------------------------


def _activation(
    name: str,
    function: Callable[[Any, Any], Any],
    doc: str,
    types: tuple[DType, ...] = FLOATS,
    second: str = "features",
    grad: Any = "vjp",
) -> Any:
    def lower(gradients: Any, given: Any) -> Any:
        return function(gradients, given)

    lower.__doc__ = f"The gradient of {doc}."
    signature = f"gradients: T, {second}: T -> backprops: T"
    return op(signature, type=name, T=types, shape=merged, grad=grad)(lower)


def _where(condition: Any, value: Any) -> Any:
    return xp.where(condition, value, xp.zeros((), value.dtype))


ReluGrad = _activation("ReluGrad", lambda g, x: _where(x > 0, g), "`Relu`", REALS)
Relu6Grad = _activation("Relu6Grad", lambda g, x: _where((x > 0) & (x < 6), g), "`Relu6`", REALS)
EluGrad = _activation(
    "EluGrad", lambda g, y: xp.where(y < 0, g * (y + 1), g), "`Elu` from its result",
    second="outputs",
)  # fmt: skip
SeluGrad = _activation(
    "SeluGrad",
    lambda g, y: g * xp.where(y < 0, y + SELU_SCALE_ALPHA, xp.asarray(SELU_SCALE, y.dtype)),
    "`Selu` from its result",
    second="outputs",
)
SoftplusGrad = _activation("SoftplusGrad", lambda g, x: g / (1 + xp.exp(-x)), "`Softplus`")
SoftsignGrad = _activation(
    "SoftsignGrad", lambda g, x: g / xp.square(1 + xp.abs(x)), "`Softsign`", grad=None
)


@op("gradients: T, features: T -> backprops: T", T=(FLOATS, float32), shape=merged)
def LeakyReluGrad(gradients: Any, features: Any, *, alpha: float = 0.2) -> Any:
    """The gradient of `LeakyRelu`."""
    return xp.where(features > 0, gradients, gradients * xp.asarray(alpha, gradients.dtype))


# -- biases --------------------------------------------------------------------------------------


def _channels(op: Operation) -> Any:
    shape = dims(op)
    if shape is None:
        return [(None,)]
    if len(shape) < 2:
        raise ValueError(f"Shape must be at least rank 2 but is rank {len(shape)}")
    return [(shape[1] if op.attrs["data_format"] == "NCHW" else shape[-1],)]


@op("out_backprop: T -> output: T", T=NUMBERS, shape=_channels)
def BiasAddGrad(out_backprop: Any, *, data_format: str = "NHWC") -> Any:
    """The gradient of the bias in `BiasAdd`: the sums over all but the channels."""
    channel = 1 if data_format == "NCHW" else out_backprop.ndim - 1
    axes = tuple(d for d in range(out_backprop.ndim) if d != channel)
    return xp.sum(out_backprop, axis=axes, dtype=out_backprop.dtype)


# -- slices and padding --------------------------------------------------------------------------


def _slice_gradient(op: Operation, grad: Any) -> list[Any]:
    taken = opdef.get("StridedSlice").endpoint(
        grad, *op.inputs[1:4], **{k: v for k, v in op.attrs.items() if k.endswith("_mask")}
    )
    return [None, None, None, None, taken]


@op(
    "shape: Index, begin: Index, end: Index, strides: Index, dy: T -> output: T",
    Index=INDICES,
    shape=lambda op: [constant_value_as_shape(op.inputs[0])],
    grad=_slice_gradient,
    exact=True,
)
def StridedSliceGrad(
    shape: Any, begin: Any, end: Any, strides: Any, dy: Any, *,
    begin_mask: int = 0, end_mask: int = 0, ellipsis_mask: int = 0, new_axis_mask: int = 0, shrink_axis_mask: int = 0,
) -> Any:  # fmt: skip
    """Zeros of `shape` with `dy` where `StridedSlice` took its elements from."""
    size = xp.static_shape(shape)
    masks = begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask
    starts, counts, steps, _ = strided_parts(size, begin, end, strides, masks)
    given = xp.reshape(dy, tuple(counts))
    if not all(counts):
        return xp.zeros(size, dy.dtype)
    if not xp.is_jax(given, *starts):
        whole = np.zeros(size, dy.dtype)
        whole[np.ix_(*(s + k * np.arange(n) for s, n, k in zip(starts, counts, steps, strict=True)))] = given  # fmt: skip
        return whole
    moving = [d for d, start in enumerate(starts) if xp.is_jax(start)]
    given = jnp.asarray(given)
    turned = [d for d, step in enumerate(steps) if step < 0]
    given = jax.lax.rev(given, turned) if turned else given
    widths = []
    for d, (start, count, step) in enumerate(zip(starts, counts, steps, strict=True)):
        low = 0 if d in moving else start + min(step, 0) * (count - 1)
        high = size[d] - low - (count - 1) * abs(step) - 1
        widths.append((low, high if d not in moving else 0, abs(step) - 1))
    given = jax.lax.pad(given, jnp.zeros((), given.dtype), widths)
    for d in moving:
        whole = jnp.zeros((*given.shape[:d], size[d], *given.shape[d + 1 :]), given.dtype)
        given = jax.lax.dynamic_update_slice_in_dim(whole, given, starts[d], d)
    return given


def _unpadded(op: Operation) -> Any:
    shape, widths = dims(op), constant_value(op.inputs[1])
    if shape is None or widths is None:
        return [None if shape is None else (None,) * len(shape)]
    return [
        tuple(
            None if size is None else size - int(pair.sum())
            for size, pair in zip(shape, widths, strict=True)
        )
    ]


@op(
    "input: T, paddings: Tpaddings -> output: T",
    Tpaddings=(INDICES, int32),
    shape=_unpadded,
    needs_jax=True,
)
def MirrorPadGrad(input: Any, paddings: Any, *, mode: str) -> Any:
    """The gradient of `MirrorPad`: what was mirrored is added to where it came from."""
    widths = padding_widths(paddings, np.ndim(input))
    inner = tuple(n - sum(pair) for n, pair in zip(np.shape(input), widths, strict=True))
    spread = jax.linear_transpose(
        lambda x: jnp.pad(x, widths, mode=mode.lower()), jax.ShapeDtypeStruct(inner, input.dtype)
    )
    return spread(jnp.asarray(input))[0]


# -- rows of segments ----------------------------------------------------------------------------


def _segments(name: str, weight: Callable[[Any], Any] | None, doc: str) -> Any:
    def lower(grad: Any, indices: Any, segment_ids: Any, output_dim0: Any) -> Any:
        rows = xp.take(grad, segment_ids, axis=0)
        if weight is not None:
            sizes = _added(xp.zeros(grad.shape[:1], grad.dtype), segment_ids, xp.ones(np.shape(segment_ids), grad.dtype))  # fmt: skip
            scale = 1 / weight(xp.maximum(sizes, 1))
            scale = xp.take(scale, segment_ids, axis=0)
            rows = rows * xp.reshape(scale, (-1, *[1] * (grad.ndim - 1)))
        whole = xp.zeros((int(xp.static(output_dim0)), *grad.shape[1:]), grad.dtype)
        return _added(whole, indices, rows)

    lower.__doc__ = f"The gradient of `{doc}`: for each row of its data, the sum of what it gets."
    return op(
        "grad: T, indices: Tidx, segment_ids: Tsegmentids, output_dim0: int32 -> output: T",
        type=name,
        T=FLOATS,
        Tidx=(INDICES, int32),
        Tsegmentids=(INDICES, int32),
        shape=_rows_of_output,
        grad=None,
    )(lower)


def _rows_of_output(op: Operation) -> Any:
    shape, count = dims(op), constant_value(op.inputs[3])
    return [None if shape is None else (None if count is None else int(count), *shape[1:])]


def _added(whole: Any, indices: Any, rows: Any) -> Any:
    if not xp.is_jax(whole, indices, rows):
        np.add.at(whole, indices, rows)
        return whole
    return jnp.asarray(whole).at[indices].add(rows)


SparseSegmentSumGrad = _segments("SparseSegmentSumGrad", None, "SparseSegmentSum")
SparseSegmentMeanGrad = _segments("SparseSegmentMeanGrad", lambda n: n, "SparseSegmentMean")
SparseSegmentSqrtNGrad = _segments("SparseSegmentSqrtNGrad", xp.sqrt, "SparseSegmentSqrtN")


# -- loops ---------------------------------------------------------------------------------------


@op("-> ", shape=lambda op: [], grad=None)
def ControlTrigger() -> None:
    """Nothing; TensorFlow's gradient loops hang control dependencies on it."""
