"""Functions of `tf.nn` that are built from ops: softmax over any axis, dropout, layers, ..."""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import Any

from tf1x.api import export, renamed
from tf1x.core import convert, random_seed, scopes
from tf1x.core.dtypes import float32, int32, int64
from tf1x.core.errors import InvalidArgumentError
from tf1x.core.operation import Tensor
from tf1x.core.shapes import TensorShape, as_shape
from tf1x.core.static import constant_value
from tf1x.ops import array, array_moves, array_select, complex_math, elementary, math, nn, reduce
from tf1x.ops.matmul import matmul

# -- activations ---------------------------------------------------------------------------------


@export("nn.relu6")
def relu6(features: Any, name: str | None = None) -> Tensor:
    """`features` limited to the range from 0 to 6, element-wise."""
    with scopes.name_scope(name, "Relu6", [features]) as scope:
        return nn.Relu6(convert.to_tensor(features, name="features"), name=scope)


@export("nn.leaky_relu")
def leaky_relu(features: Any, alpha: float = 0.2, name: str | None = None) -> Tensor:
    """x above 0, `alpha` * x below, element-wise; integers become float32."""
    with scopes.name_scope(name, "LeakyRelu", [features, alpha]) as scope:
        features = convert.to_tensor(features, name="features")
        if features.dtype.is_integer:
            features = math.cast(features, float32)
        return nn.LeakyRelu(features, alpha=float(alpha), name=scope)


@export("nn.crelu")
def crelu(features: Any, name: str | None = None, axis: int = -1) -> Tensor:
    """relu(x) and relu(-x) side by side along `axis`, which doubles in size."""
    with scopes.name_scope(name, "CRelu", [features]) as scope:
        features = convert.to_tensor(features, name="features")
        return nn.Relu(array_moves.concat([features, -features], axis, name=scope))


@export("nn.swish", "nn.silu")
def swish(features: Any, beta: Any = 1.0) -> Tensor:
    """x * sigmoid(`beta` * x), element-wise."""
    features = convert.to_tensor(features, name="features")
    beta = math.cast(convert.to_tensor(beta, name="beta"), features.dtype)
    return features * elementary.Sigmoid(beta * features)


# -- softmax -------------------------------------------------------------------------------------


def _over_axis(logits: Any, node: Callable[..., Tensor], axis: Any, name: str | None) -> Tensor:
    """Apply `node`, which works on the last axis, to another one."""
    logits = convert.to_tensor(logits)
    shape = logits.shape
    if axis == -1 or (shape.ndims is not None and axis == shape.ndims - 1):
        return node(logits, name=name)
    known = constant_value(axis) if isinstance(axis, Tensor) else axis
    if shape.ndims is None:
        raise ValueError(
            f"softmax over axis {axis} needs a tensor of known rank; call set_shape first."
        )
    if known is not None and not -shape.ndims <= int(known) < shape.ndims:
        limits = f"[{-shape.ndims}, {shape.ndims})"
        raise InvalidArgumentError(
            None, None, f"`dim` must be in the range {limits}. Received: dim={known}"
        )
    rank = array.rank(logits)
    if isinstance(axis, Tensor):
        axis = array_select.where(math.Less(axis, 0), axis + rank, axis)
    elif axis < 0:
        axis = axis + rank
    last = array.rank(logits)
    axis = axis % shape.ndims
    moved = _swapped(logits, axis, math.Sub(last, 1))
    result = _swapped(node(moved), axis, math.Sub(last, 1), name)
    result.set_shape(shape)
    return result


def _swapped(x: Tensor, axis: Any, last: Any, name: str | None = None) -> Tensor:
    before, between = array.range_(axis), array.range_(axis + 1, last)
    order = array_moves.concat([before, [last], between, [axis]], 0)
    return array_moves.transpose(x, order, name=name or "transpose")


@export("nn.softmax", "math.softmax")
@renamed(dim="axis")
def softmax(logits: Any, axis: Any = None, name: str | None = None) -> Tensor:
    """exp(logits), normalised to sum 1 along `axis` (by default the last; `dim` is its old name).

    Raises:
        InvalidArgumentError: there is no such axis.
    """
    return _over_axis(logits, nn.Softmax, -1 if axis is None else axis, name)


@export("nn.log_softmax", "math.log_softmax")
@renamed(dim="axis")
def log_softmax(logits: Any, axis: Any = None, name: str | None = None) -> Tensor:
    """log(softmax(logits)) along `axis`; see `softmax`."""
    return _over_axis(logits, nn.LogSoftmax, -1 if axis is None else axis, name)


# -- layers --------------------------------------------------------------------------------------


@export("nn.bias_add")
def bias_add(
    value: Any, bias: Any, data_format: str | None = None, name: str | None = None
) -> Tensor:
    """`value` plus a vector along its channels.

    Args:
        data_format: "N...C" (default) for channels in the last dimension, "NC..." in the second.

    Raises:
        ValueError: another `data_format`.
    """
    with scopes.name_scope(name, "BiasAdd", [value, bias]) as scope:
        layout = "NHWC"
        if data_format is not None:
            if data_format.startswith("NC"):
                layout = "NCHW"
            elif not (data_format.startswith("N") and data_format.endswith("C")):
                raise ValueError(
                    f"`data_format` must be of the form `N...C` or `NC...`. Received: data_format={data_format}"
                )
        value = convert.to_tensor(value, name="input")
        bias = convert.to_tensor(bias, value.dtype, name="bias")
        return nn.BiasAdd(value, bias, data_format=layout, name=scope)


@export("nn.bias_add_v1")
def bias_add_v1(value: Any, bias: Any, name: str | None = None) -> Tensor:
    """`value` plus a vector along its last dimension."""
    with scopes.name_scope(name, "BiasAddV1", [value, bias]) as scope:
        value = convert.to_tensor(value, name="input")
        bias = convert.to_tensor(bias, value.dtype, name="bias")
        return nn.BiasAddV1(value, bias, name=scope)


def _layer_inputs(x: Any, weights: Any, biases: Any) -> tuple[Tensor, Tensor, Tensor]:
    names = ("x", "weights", "biases")
    x, weights, biases = (
        convert.to_tensor(v, name=n) for v, n in zip((x, weights, biases), names, strict=True)
    )
    return x, weights, biases


@export("nn.xw_plus_b")
def xw_plus_b(x: Any, weights: Any, biases: Any, name: str | None = None) -> Tensor:
    """matmul(x, weights) + biases."""
    with scopes.name_scope(name, "xw_plus_b", [x, weights, biases]) as scope:
        x, weights, biases = _layer_inputs(x, weights, biases)
        return bias_add(matmul(x, weights), biases, name=scope)


@export("nn.relu_layer")
def relu_layer(x: Any, weights: Any, biases: Any, name: str | None = None) -> Tensor:
    """relu(matmul(x, weights) + biases)."""
    with scopes.name_scope(name, "relu_layer", [x, weights, biases]) as scope:
        x, weights, biases = _layer_inputs(x, weights, biases)
        return nn.Relu(bias_add(matmul(x, weights), biases), name=scope)


@export("nn.dropout")
def dropout(
    x: Any,
    keep_prob: Any = None,
    noise_shape: Any = None,
    seed: int | None = None,
    name: str | None = None,
    rate: Any = None,
) -> Tensor:
    """`x` with random elements set to 0 and the others scaled up, so that the sum is kept.

    Args:
        keep_prob: probability that an element is kept: a number or a scalar tensor.
        noise_shape: shape of the random choice, broadcast to that of `x`.
        rate: 1 - `keep_prob`, as it may be given instead.

    Returns:
        A tensor like `x`; `x` itself where nothing is to be dropped.

    Raises:
        ValueError: neither or both of `keep_prob` and `rate`, one out of range, or `x` is not
            of a floating type.
    """
    if keep_prob is not None:
        if rate is not None:
            raise ValueError("dropout: give `keep_prob` or `rate`, not both.")
        try:
            rate = 1.0 - keep_prob
        except TypeError:
            raise ValueError(
                f"`keep_prob` must be a floating point number or Tensor. Received: keep_prob={keep_prob}"
            ) from None
    if rate is None:
        raise ValueError("dropout: `keep_prob` or `rate` must be given.")
    with scopes.name_scope(name, "dropout", [x]):
        constant = isinstance(rate, numbers.Real)
        if constant and not 0 <= rate < 1:
            raise ValueError(
                f"`rate` must be a scalar tensor or a float in the range [0, 1). Received: rate={rate}"
            )
        x = convert.to_tensor(x, name="x")
        if not x.dtype.is_floating:
            raise ValueError(
                f"`x.dtype` must be a floating point tensor as `x` will be scaled. Received: {x.dtype.name}"
            )
        if constant and rate == 0:
            random_seed.get_seed(seed)  # counts as a random op, so that later ones keep their seeds
            return x
        return _dropped(x, rate, noise_shape, seed)


def _dropped(x: Tensor, rate: Any, noise_shape: Any, seed: int | None) -> Tensor:
    from tf1x.ops import random

    dtype = x.dtype.base_dtype
    if isinstance(rate, numbers.Real):
        scaled = math.Mul(x, convert.to_tensor(1 / (1 - rate), dtype))
    elif isinstance(rate, Tensor):
        rate.shape.assert_has_rank(0)
        if rate.dtype.base_dtype != dtype:
            raise ValueError(
                f"`x.dtype` must be compatible with `rate.dtype`. Received: {dtype.name} and {rate.dtype.name}"
            )
        scaled = math.RealDiv(x, math.Sub(convert.constant(1, dtype), rate))
    else:
        raise ValueError(f"`rate` must be a scalar or scalar tensor. Received: rate={rate}")
    noise = random.random_uniform(_noise_shape(x, noise_shape), dtype=dtype, seed=seed)
    result = array_select.where_v2(noise >= rate, scaled, convert.constant(0, dtype))
    result.set_shape(x.shape)
    return result


def _noise_shape(x: Tensor, noise_shape: Any) -> Any:
    """`noise_shape`, its None entries taken from `x`."""
    if noise_shape is None:
        return array.shape(x)
    try:
        given = as_shape(noise_shape)
    except (TypeError, ValueError):
        return noise_shape
    if given.ndims is None or given.ndims != x.shape.ndims:
        return noise_shape
    sizes = zip(given.as_list(), x.shape.as_list(), strict=True)
    return TensorShape([own if wanted is None else wanted for wanted, own in sizes])


# -- ranking and counting ------------------------------------------------------------------------


@export("nn.top_k", "math.top_k")
def top_k(
    input: Any, k: Any = 1, sorted: bool = True, name: str | None = None, index_type: Any = int32
) -> Any:
    """The `k` largest elements along the last dimension, and where they stand.

    Returns:
        A named tuple (values, indices). Of equal elements the one with the lower index is first.
    """
    return nn.TopKV2(input, k, sorted=sorted, index_type=index_type, name=name)


@export("nn.in_top_k", "math.in_top_k")
def in_top_k(predictions: Any, targets: Any, k: Any, name: str | None = None) -> Tensor:
    """Whether each row's target class is among its `k` largest predictions (bool, one a row).

    Classes that tie with the k-th count as in; a prediction that is not finite gives False.
    """
    with scopes.name_scope(name, "in_top_k", [predictions, targets]):
        return nn.InTopKV2(predictions, targets, k, name=name)


@export("nn.zero_fraction", "math.zero_fraction")
def zero_fraction(value: Any, name: str | None = None) -> Tensor:
    """The fraction of elements that are 0, a float32 scalar."""
    with scopes.name_scope(name, "zero_fraction", [value]):
        value = convert.to_tensor(value, name="value")
        size = array.size(value, out_type=int64)
        with scopes.name_scope("count_nonzero"):
            nonzero = math.NotEqual(value, array.zeros([], value.dtype))
            count = reduce.reduce_sum(math.cast(nonzero, int64), name="nonzero_count")
        with scopes.name_scope("counts_to_fraction"):
            zeros = math.cast(size - count, float32)
            fraction = zeros / math.cast(size, float32)
        return array.identity(fraction, "fraction")


@export("nn.l2_normalize", "math.l2_normalize", "linalg.l2_normalize")
@renamed(dim="axis")
def l2_normalize(
    x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None
) -> Tensor:
    """`x` divided by its Euclidean norm along `axis`, which counts as at least sqrt(`epsilon`)."""
    with scopes.name_scope(name, "l2_normalize", [x]) as scope:
        x = convert.to_tensor(x, name="x")
        if x.dtype.is_complex:
            squares = elementary.Square(complex_math.real(x)) + elementary.Square(
                complex_math.imag(x)
            )
            inverse = _inverse_norm(
                complex_math.real(reduce.reduce_sum(squares, axis, True)), epsilon
            )
            real = math.Mul(complex_math.real(x), inverse)
            imag = math.Mul(complex_math.imag(x), inverse)
            return complex_math.complex_(real, imag, name=scope)
        inverse = _inverse_norm(reduce.reduce_sum(elementary.Square(x), axis, True), epsilon)
        return math.Mul(x, inverse, name=scope)


def _inverse_norm(square_sum: Tensor, epsilon: float) -> Tensor:
    return elementary.Rsqrt(math.Maximum(square_sum, epsilon))
