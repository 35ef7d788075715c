"""Neural-network ops: activations, biases, softmax and the cross entropies, ranking."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from tf1x.core import opdef
from tf1x.core.dtypes import FLOATS, INDICES, NUMBERS, REALS, DType, float32, int16, int32, int64
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.core.static import constant_value
from tf1x.ops import math, xp
from tf1x.ops.shape_rules import broadcast_dims, dims, merge_dim, scalar, unchanged, with_rank

# -- activations ---------------------------------------------------------------------------------


def activation(
    name: str,
    function: Callable[[Any], Any],
    slope: Callable[[Any, Any], Any],
    types: tuple[DType, ...] = FLOATS,
    export: tuple[str, ...] = (),
    doc: str = "",
) -> Any:
    """Declare an activation from its function and its slope, given x and f(x).

    The slopes are TensorFlow's where the function has a kink.
    """

    def lower(features: Any) -> Any:
        return function(features)

    def rule(inputs: Any, outputs: Any, cotangents: Any, attrs: Any) -> list[Any]:
        return [cotangents[0] * slope(inputs[0], outputs[0])]

    lower.__doc__ = doc
    return op(
        "features: T -> activations: T",
        type=name,
        T=types,
        shape=unchanged,
        vjp=rule,
        export=export,
    )(lower)


def _where(condition: Any, value: Any) -> Any:
    """`value` where the condition holds, else 0."""
    return xp.where(condition, value, xp.zeros((), value.dtype))


def _step(condition: Any, like: Any) -> Any:
    return condition.astype(like.dtype)


# TensorFlow's constants of Selu, from the paper (Klambauer et al., 2017).
SELU_SCALE = 1.0507009873554804934193349852946
SELU_SCALE_ALPHA = 1.7580993408473768599402175208123


def _elu(x: Any) -> Any:
    return xp.where(x < 0, xp.expm1(_where(x < 0, x)), x)


def _selu(x: Any) -> Any:
    return xp.where(x < 0, SELU_SCALE_ALPHA * xp.expm1(_where(x < 0, x)), SELU_SCALE * x)


def _softplus(x: Any) -> Any:
    return xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x)))


Relu = activation(
    "Relu", lambda x: xp.maximum(x, 0), lambda x, y: _step(y > 0, y), REALS, ("nn.relu",),
    doc="The larger of `features` and 0, element-wise; its slope at 0 is 0.",
)  # fmt: skip
Relu6 = activation(
    "Relu6", lambda x: xp.minimum(xp.maximum(x, 0), 6), lambda x, y: _step((y > 0) & (y < 6), y), REALS,
    doc="`features` limited to the range from 0 to 6, element-wise; its slope at both ends is 0.",
)  # fmt: skip
Elu = activation(
    "Elu", _elu, lambda x, y: xp.where(y < 0, y + 1, xp.ones((), y.dtype)), export=("nn.elu",),
    doc="exp(x) - 1 below 0, x above, element-wise.",
)  # fmt: skip
Selu = activation(
    "Selu", _selu, lambda x, y: xp.where(y < 0, y + SELU_SCALE_ALPHA, xp.asarray(SELU_SCALE, y.dtype)), export=("nn.selu",),
    doc="Scaled exponential linear: scale * x above 0, scale * alpha * (exp(x) - 1) below.",
)  # fmt: skip
Softplus = activation(
    "Softplus", _softplus, lambda x, y: xp.exp(x - y), export=("nn.softplus", "math.softplus"),
    doc="log(exp(x) + 1), element-wise, without overflow.",
)  # fmt: skip
Softsign = activation(
    "Softsign", lambda x: x / (1 + xp.abs(x)), lambda x, y: 1 / xp.square(1 + xp.abs(x)),
    export=("nn.softsign", "math.softsign"),
    doc="x / (1 + |x|), element-wise.",
)  # fmt: skip


def _leaky_relu_vjp(inputs: Any, outputs: Any, cotangents: Any, attrs: Any) -> list[Any]:
    (x,), (g,) = inputs, cotangents
    return [xp.where(x > 0, g, g * xp.asarray(attrs["alpha"], g.dtype))]


@op("features: T -> activations: T", T=(FLOATS, float32), shape=unchanged, vjp=_leaky_relu_vjp)
def LeakyRelu(features: Any, *, alpha: float = 0.2) -> Any:
    """x above 0, `alpha` * x below, element-wise."""
    return xp.where(features > 0, features, features * xp.asarray(alpha, features.dtype))


# -- softmax -------------------------------------------------------------------------------------


def _at_least_vector(op: Operation) -> Any:
    shape = op.inputs[0].shape
    if shape.ndims == 0:
        raise ValueError("Shape must be at least rank 1 but is rank 0")
    return [shape]


def _shifted(logits: Any) -> Any:
    """Logits less their maximum, so that exp does not overflow."""
    top = xp.max(logits, axis=-1, keepdims=True, initial=-np.inf)
    return logits - (jax.lax.stop_gradient(top) if xp.is_jax(top) else top)


def _softmax(logits: Any) -> Any:
    weights = xp.exp(_shifted(logits))
    return weights / xp.sum(weights, axis=-1, keepdims=True)


def _log_softmax(logits: Any) -> Any:
    shifted = _shifted(logits)
    return shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))


def _softmax_vjp(inputs: Any, outputs: Any, cotangents: Any, attrs: Any) -> list[Any]:
    (y,), (g,) = outputs, cotangents
    return [(g - xp.sum(g * y, axis=-1, keepdims=True)) * y]


def _log_softmax_vjp(inputs: Any, outputs: Any, cotangents: Any, attrs: Any) -> list[Any]:
    (y,), (g,) = outputs, cotangents
    return [g - xp.sum(g, axis=-1, keepdims=True) * xp.exp(y)]


@op("logits: T -> softmax: T", T=FLOATS, shape=_at_least_vector, vjp=_softmax_vjp)
def Softmax(logits: Any) -> Any:
    """exp(logits), normalised to sum 1 over the last dimension."""
    return _softmax(logits)


@op("logits: T -> logsoftmax: T", T=FLOATS, shape=_at_least_vector, vjp=_log_softmax_vjp)
def LogSoftmax(logits: Any) -> Any:
    """log(softmax(logits)) over the last dimension."""
    return _log_softmax(logits)


# -- cross entropies -----------------------------------------------------------------------------


def _endpoint(op_type: str) -> Any:
    return opdef.get(op_type).endpoint


def _by_rows(grad: Tensor, matrix: Tensor) -> Tensor:
    """Each row of `matrix` times its element of the vector `grad`."""
    result: Tensor = math.Mul(_endpoint("ExpandDims")(grad, -1), matrix)
    return result


def _features_gradient(op: Operation, grad_loss: Tensor, grad_backprop: Tensor) -> Tensor:
    """Gradient of the logits from those of `loss` and of `backprop`.

    The second only arrives when gradients are differentiated again; a `ZerosLike` stands for none.
    """
    grad = _by_rows(grad_loss, op.outputs[1])
    if grad_backprop.op.type == "ZerosLike":
        return grad
    softmax = Softmax(op.inputs[0])
    inner = _endpoint("Sum")(math.Mul(grad_backprop, softmax), [1], keep_dims=True)
    total: Tensor = math.AddV2(grad, math.Mul(math.Sub(grad_backprop, inner), softmax))
    return total


def _dense_gradient(op: Operation, grad_loss: Tensor, grad_backprop: Tensor) -> list[Any]:
    to_labels = _by_rows(grad_loss, math.Neg(LogSoftmax(op.inputs[0])))
    return [_features_gradient(op, grad_loss, grad_backprop), to_labels]


def _sparse_gradient(op: Operation, grad_loss: Tensor, grad_backprop: Tensor) -> list[Any]:
    return [_features_gradient(op, grad_loss, grad_backprop), None]


def _dense_shapes(op: Operation) -> Any:
    shape = broadcast_dims(dims(op, 0), dims(op, 1))
    rows, columns = with_rank(shape, 2)
    return [(rows,), (rows, columns)]


@op(
    "features: T, labels: T -> loss: T, backprop: T",
    T=FLOATS,
    shape=_dense_shapes,
    grad=_dense_gradient,
)
def SoftmaxCrossEntropyWithLogits(features: Any, labels: Any) -> Any:
    """Cross entropy of the softmax of each row of `features` with a row of `labels`.

    `backprop` is the loss's gradient for the features.
    """
    log_softmax = _log_softmax(features)
    backprop = xp.exp(log_softmax) - labels
    # A label of 0 counts for nothing even where the probability is 0.
    loss = -xp.sum(_where(labels != 0, labels * log_softmax), axis=-1)
    return loss, backprop


def _sparse_shapes(op: Operation) -> Any:
    rows, columns = with_rank(dims(op, 0), 2)
    (count,) = with_rank(dims(op, 1), 1)
    rows = merge_dim(rows, count)
    return [(rows,), (rows, columns)]


@op(
    "features: T, labels: Tlabels -> loss: T, backprop: T",
    T=FLOATS,
    Tlabels=(INDICES, int64),
    shape=_sparse_shapes,
    grad=_sparse_gradient,
)
def SparseSoftmaxCrossEntropyWithLogits(features: Any, labels: Any) -> Any:
    """Cross entropy of the softmax of each row of `features` with the class in `labels`.

    `backprop` is the loss's gradient for the features.

    Raises (when run):
        InvalidArgumentError: a label is not a class number.
    """
    classes = features.shape[-1]
    xp.check(
        (labels >= 0) & (labels < classes),
        InvalidArgumentError,
        lambda: _bad_label(labels, classes),
    )
    log_softmax = _log_softmax(features)
    chosen = xp.expand_dims(labels, -1) == np.arange(classes, dtype=labels.dtype)
    loss = -xp.sum(_where(chosen, log_softmax), axis=-1)
    return loss, xp.exp(log_softmax) - chosen.astype(features.dtype)


def _bad_label(labels: Any, classes: int) -> str:
    wrong = next(int(label) for label in np.ravel(labels) if not 0 <= label < classes)
    given = " ".join(str(int(label)) for label in np.ravel(labels))
    return f"Received a label value of {wrong} which is outside the valid range of [0, {classes}).  Label values: {given}"


@op("t: T -> output: T", T=FLOATS, shape=scalar, export=("nn.l2_loss",))
def L2Loss(t: Any) -> Any:
    """Half the sum of the squares of all elements."""
    return xp.sum(xp.square(t), dtype=t.dtype) / 2


# -- biases --------------------------------------------------------------------------------------


def _bias_shape(op: Operation) -> Any:
    value = dims(op)
    (size,) = with_rank(dims(op, 1), 1)
    if value is None:
        return [None]
    second = op.attrs.get("data_format") == "NCHW"
    if len(value) < 2 + second:
        raise ValueError(f"Shape must be at least rank {2 + second} but is rank {len(value)}")
    channel = 1 if second else len(value) - 1
    return [(*value[:channel], merge_dim(value[channel], size), *value[channel + 1 :])]


@op("value: T, bias: T -> output: T", T=NUMBERS, shape=_bias_shape)
def BiasAdd(value: Any, bias: Any, *, data_format: str = "NHWC") -> Any:
    """`value` plus a vector along its channels: the last dimension, or with "NCHW" the second."""
    if data_format == "NCHW":
        bias = xp.reshape(bias, (-1, *[1] * (value.ndim - 2)))
    return value + bias


@op("value: T, bias: T -> output: T", T=NUMBERS, shape=_bias_shape)
def BiasAddV1(value: Any, bias: Any) -> Any:
    """`value` plus a vector along its last dimension."""
    return value + bias


# -- ranking -------------------------------------------------------------------------------------


def _in_top_k_shape(op: Operation) -> Any:
    rows, _ = with_rank(dims(op), 2)
    (count,) = with_rank(dims(op, 1), 1)
    return [(merge_dim(rows, count),)]


def _in_top_k(predictions: Any, targets: Any, k: Any) -> Any:
    classes = predictions.shape[1]
    valid = (targets >= 0) & (targets < classes)
    chosen = xp.expand_dims(targets, -1) == np.arange(classes, dtype=targets.dtype)
    target = xp.sum(_where(chosen, predictions), axis=1, keepdims=True)
    better = xp.sum(predictions > target, axis=1)
    return valid & xp.all(xp.isfinite(predictions), axis=1) & (better < k)


@op(
    "predictions: float32, targets: T -> precision: bool",
    T=(INDICES, int32),
    shape=_in_top_k_shape,
    grad=None,
    exact=True,
)
def InTopK(predictions: Any, targets: Any, *, k: int) -> Any:
    """Whether each row's target class is among its `k` largest predictions.

    Classes that tie with the k-th count as in; a target that is no class, or a prediction that is
    not finite, gives False.
    """
    return _in_top_k(predictions, targets, k)


@op(
    "predictions: float32, targets: T, k: T -> precision: bool",
    T=(INDICES, int32),
    shape=_in_top_k_shape,
    grad=None,
    exact=True,
)
def InTopKV2(predictions: Any, targets: Any, k: Any) -> Any:
    """Whether each row's target class is among its `k` largest predictions; see `InTopK`."""
    return _in_top_k(predictions, targets, k)


def _top_k_shape(op: Operation) -> Any:
    shape = dims(op)
    k = op.attrs["k"] if "k" in op.attrs else constant_value(op.inputs[1])
    if shape is None:
        return [None, None]
    if not shape:
        raise ValueError("Shape must be at least rank 1 but is rank 0")
    if k is None:
        return [(*shape[:-1], None)] * 2
    if int(k) < 0:
        raise ValueError(f"Need k >= 0, got {int(k)}")
    if shape[-1] is not None and shape[-1] < int(k):
        raise ValueError(f"input must have last dimension >= k = {int(k)} but is {shape[-1]}")
    return [(*shape[:-1], int(k))] * 2


def _top_k(input: Any, k: int, index_type: DType) -> Any:
    if k > input.shape[-1]:
        raise InvalidArgumentError(
            None, None, f"input must have at least k columns. Had {input.shape[-1]}, needed {k}"
        )
    values, indices = jax.lax.top_k(input, k)
    return values, indices.astype(index_type.as_numpy_dtype)


@op(
    "input: T -> values: T, indices: int32",
    T=REALS,
    shape=_top_k_shape,
    needs_jax=True,
    attrs={"sorted": ("bool", True)},
)
def TopK(input: Any, *, k: int) -> Any:
    """The `k` largest elements along the last dimension; see `TopKV2`."""
    return _top_k(input, k, int32)


@op(
    "input: T, k: Tk -> values: T, indices: index_type",
    T=REALS,
    Tk=((int16, *INDICES), int32),
    index_type=((int16, *INDICES), int32),
    shape=_top_k_shape,
    needs_jax=True,
    attrs={"sorted": ("bool", True)},
)
def TopKV2(input: Any, k: Any, *, index_type: DType) -> Any:
    """The `k` largest elements along the last dimension, largest first, and where they stand.

    Of equal elements the one with the lower index comes first. The result is sorted even with
    `sorted=False`, which leaves the order open.
    """
    return _top_k(input, int(xp.static(k)), index_type)


def _nth_element_shape(op: Operation) -> Any:
    shape = dims(op)
    n = constant_value(op.inputs[1])
    if shape is not None and not shape:
        raise ValueError("Shape must be at least rank 1 but is rank 0")
    if shape is not None and n is not None and shape[-1] is not None and shape[-1] <= int(n):
        raise ValueError(f"Input must have last dimension > n = {int(n)} but is {shape[-1]}")
    return [None if shape is None else shape[:-1]]


def _nth_element_vjp(inputs: Any, outputs: Any, cotangents: Any, attrs: Any) -> list[Any]:
    # Elements that equal the n-th share its gradient.
    same = _step(inputs[0] == xp.expand_dims(outputs[0], -1), inputs[0])
    shared = xp.expand_dims(cotangents[0], -1) / xp.sum(same, axis=-1, keepdims=True)
    return [same * shared, None]


@op(
    "input: T, n: int32 -> values: T",
    T=REALS,
    shape=_nth_element_shape,
    vjp=_nth_element_vjp,
    exact=True,
)
def NthElement(input: Any, n: Any, *, reverse: bool = False) -> Any:
    """The element that stands at `n` once the last dimension is sorted (`reverse`: descending)."""
    position = int(xp.static(n))
    size = input.shape[-1]
    if not 0 <= position < size:
        raise InvalidArgumentError(
            None, None, f"Input must have at least n+1 columns. Had {size}, needed {position + 1}"
        )
    return xp.sort(input, axis=-1)[..., size - 1 - position if reverse else position]
