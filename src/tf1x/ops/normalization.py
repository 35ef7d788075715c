"""Normalisation ops: local response normalisation, and batch normalisation in one op.

The normalisation by given moments is `tf.nn.batch_normalization`, in ops/moments.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from tf1x.api import export
from tf1x.core import convert
from tf1x.core.dtypes import NUMBERS, bfloat16, float16, float32
from tf1x.core.opdef import op
from tf1x.core.operation import Operation, Tensor
from tf1x.native import batch_norm as native
from tf1x.ops import array_moves, xp
from tf1x.ops.functional import gradient_node
from tf1x.ops.shape_rules import dims, merge_dim, unchanged, with_rank

_HALVES = (float16, bfloat16, float32)

# -- across channels -----------------------------------------------------------------------------


def _around(x: Any, radius: int) -> Any:
    """The sum over the channels up to `radius` away."""
    channels = x.shape[-1]
    whole = xp.pad(x, [(0, 0)] * (x.ndim - 1) + [(radius, radius)])
    if xp.is_jax(whole):
        # Else XLA computes `x` anew for each slice: measured four to six times slower backward.
        whole = jax.lax.optimization_barrier(whole)
    total = whole[..., :channels]
    for j in range(1, 2 * radius + 1):
        total = total + whole[..., j : j + channels]
    return total


def _root(base: Any, beta: float) -> Any:
    """base ** -beta; by square roots where they do, which take a tenth of the time of a power."""
    if beta == 0.5:
        return 1 / xp.sqrt(base)
    if beta == 0.75:
        inverse = 1 / xp.sqrt(base)
        return inverse * xp.sqrt(inverse)
    return base**-beta


def _lrn_base(x: Any, attrs: dict[str, Any]) -> Any:
    return attrs["bias"] + attrs["alpha"] * _around(x * x, attrs["depth_radius"])


def _lrn_grad(g: Any, x: Any, y: Any, attrs: dict[str, Any]) -> Any:
    base, beta = _lrn_base(x, attrs), attrs["beta"]
    through = _around(g * y / base, attrs["depth_radius"])
    return g * _root(base, beta) - 2 * attrs["alpha"] * beta * x * through


def _wide(x: Any) -> Any:
    """16-bit floats are computed with in 32 bits."""
    return x.astype(np.float32) if x.dtype.itemsize == 2 else x


def _lrn_gradient(op: Operation, grad: Tensor) -> Any:
    return [LRNGrad(grad, op.inputs[0], op.outputs[0], **{k: op.attrs[k] for k in _LRN_ATTRS})]


def _lrn_rule(inputs: Any, outputs: Any, cotangents: Any, attrs: Any) -> list[Any]:
    wide = map(_wide, (cotangents[0], inputs[0], outputs[0]))
    return [_lrn_grad(*wide, attrs).astype(inputs[0].dtype)]


def _image(op: Operation) -> Any:
    return [with_rank(dims(op), 4)]


_LRN_ATTRS = ("depth_radius", "bias", "alpha", "beta")


@op(
    "input: T -> output: T",
    T=(_HALVES, float32),
    shape=_image,
    grad=_lrn_gradient,
    vjp=_lrn_rule,
    export=("nn.local_response_normalization", "nn.lrn"),
)
def LRN(
    input: Any, *, depth_radius: int = 5, bias: float = 1.0, alpha: float = 1.0, beta: float = 0.5
) -> Any:
    """Each element divided by (bias + alpha * s) ** beta.

    `input` is a batch of images (NHWC); s is the sum of the squares of the channels of the same
    pixel that are at most `depth_radius` away.
    """
    x = _wide(input)
    base = _lrn_base(x, {"depth_radius": depth_radius, "bias": bias, "alpha": alpha})
    return (x * _root(base, beta)).astype(input.dtype)


@op(
    "input_grads: T, input_image: T, output_image: T -> output: T",
    T=(_HALVES, float32),
    shape=unchanged,
)
def LRNGrad(
    input_grads: Any,
    input_image: Any,
    output_image: Any,
    *,
    depth_radius: int = 5,
    bias: float = 1.0,
    alpha: float = 1.0,
    beta: float = 0.5,
) -> Any:
    """The gradient of `LRN`, given its input and its output."""
    attrs = {"depth_radius": depth_radius, "bias": bias, "alpha": alpha, "beta": beta}
    wide = map(_wide, (input_grads, input_image, output_image))
    return _lrn_grad(*wide, attrs).astype(input_grads.dtype)


# -- over the batch --------------------------------------------------------------------------------


class _Channels:
    """The channels of an array: sums over everything else, and vectors brought to its shape."""

    def __init__(self, rank: int, data_format: str) -> None:
        axis = 1 if data_format.startswith("NC") else rank - 1
        self._are_last = axis == rank - 1
        self._shape = [-1 if i == axis else 1 for i in range(rank)]
        self._others = tuple(i - 1 for i in range(1, rank) if i != axis)

    def total(self, x: Any) -> Any:
        """The sum over all dimensions but the channels.

        First over the batch, then over the pixels: as fast as at once, and far more exact, since
        XLA on CPU adds one after the other.
        """
        return xp.sum(xp.sum(x, axis=0), axis=self._others)

    def along(self, vector: Any) -> Any:
        return xp.reshape(vector, self._shape)

    def suit(self, x: Any) -> bool:
        """Whether the native kernels are for them."""
        return self._are_last and xp.is_jax(x) and native.suits(x)

    def moments(self, x: Any) -> tuple[Any, Any]:
        """Mean and (population) variance."""
        return native.moments(x, self._moments) if self.suit(x) else self._moments(x)

    def _moments(self, x: Any) -> tuple[Any, Any]:
        """In XLA's code.

        Two passes: no slower here than one that subtracts the square of the mean, and exact for
        values far from zero.
        """
        count = max(x.size // max(x.shape[self._shape.index(-1)], 1), 1)
        mean = self.total(x) / count
        distance = x - self.along(mean)
        return mean, self.total(distance * distance) / count


def _normalized(
    x: Any,
    scale: Any,
    offset: Any,
    mean: Any,
    variance: Any,
    *,
    epsilon: float,
    exponential_avg_factor: float,
    data_format: str,
    is_training: bool,
) -> list[Any]:
    """The first five outputs of FusedBatchNorm."""
    channels = _Channels(x.ndim, data_format)
    wide, kind = _wide(x), scale.dtype
    scale, offset, mean, variance = map(_wide, (scale, offset, mean, variance))
    saved = mean, variance
    if is_training:
        saved = channels.moments(wide)
        count = x.size // max(scale.size, 1)
        factor = exponential_avg_factor
        new_mean, new_variance = saved[0], saved[1] * (count / max(count - 1, 1))
        if factor == 1.0:
            mean, variance = new_mean, new_variance
        else:
            mean = (1 - factor) * mean + factor * new_mean
            variance = (1 - factor) * variance + factor * new_variance
    shift, factor = saved[0], scale / xp.sqrt(saved[1] + epsilon)
    y = (wide - channels.along(shift)) * channels.along(factor) + channels.along(offset)
    return [y.astype(x.dtype), *(v.astype(kind) for v in (mean, variance, *saved))]


def _backward(
    g: Any,
    x: Any,
    scale: Any,
    mean: Any,
    variance: Any,
    *,
    epsilon: float,
    data_format: str,
    is_training: bool,
) -> tuple[Any, Any, Any]:
    """Gradients of x, scale and offset, given the mean and the variance used."""
    channels = _Channels(x.ndim, data_format)
    kind = scale.dtype
    wide = tuple(map(_wide, (g, x, scale, mean, variance)))

    def gradients(g: Any, x: Any, scale: Any, mean: Any, variance: Any) -> tuple[Any, Any, Any]:
        centered = x - channels.along(mean)
        inverse = 1 / xp.sqrt(variance + epsilon)
        to_offset = channels.total(g)
        projected = channels.total(g * centered)
        if is_training:
            count = max(x.size // max(scale.size, 1), 1)
            drift = channels.along(to_offset / count)
            slope = channels.along(projected * inverse * inverse / count)
            g = g - drift - centered * slope
        return g * channels.along(scale * inverse), projected * inverse, to_offset

    if is_training and channels.suit(wide[1]):
        to_x, to_scale, to_offset = native.gradient(*wide, epsilon, gradients)
    else:
        to_x, to_scale, to_offset = gradients(*wide)
    return to_x.astype(x.dtype), to_scale.astype(kind), to_offset.astype(kind)


def _norm_shapes(op: Operation) -> Any:
    shape = dims(op)
    rank = len(op.attrs["data_format"])
    axis = 1 if op.attrs["data_format"].startswith("NC") else rank - 1
    shape = with_rank(shape, rank)
    # Before training's first step, `mean` and `variance` may be empty.
    unused = op.attrs["is_training"] and op.attrs["exponential_avg_factor"] == 1.0
    size = shape[axis]
    for i in (1, 2) if unused else (1, 2, 3, 4):
        (given,) = with_rank(dims(op, i), 1)
        size = merge_dim(size, given)
    whole = (*shape[:axis], size, *shape[axis + 1 :])
    third = _third_shape(rank, op.inputs[0].dtype.size)
    return [whole, *[(size,)] * 4, third][: len(op.opdef.outputs)]


# The shapes of what TensorFlow reserves for cuDNN, as its CPU kernels give them.


def _third_shape(rank: int, bytes_each: int) -> tuple[int, ...]:
    return (0,) if rank == 4 and bytes_each == 4 else ()


def _last_shape(rank: int) -> tuple[int, ...]:
    return () if rank == 4 else (0,)


def _norm_grad_shapes(op: Operation) -> Any:
    last = _last_shape(len(op.attrs["data_format"]))
    return [op.inputs[1].shape, op.inputs[2].shape, op.inputs[2].shape, last, last]


_TO_CHANNELS_LAST = {
    "NCHW": ([0, 2, 3, 1], [0, 3, 1, 2]),
    "NCDHW": ([0, 2, 3, 4, 1], [0, 4, 1, 2, 3]),
}


def _norm_gradient(op: Operation, grad: Tensor, *_: Any) -> list[Any]:
    """Gradients of x, scale and offset; only that of y counts, as in TensorFlow."""
    node = {"FusedBatchNorm": FusedBatchNormGrad, "FusedBatchNormV2": FusedBatchNormGradV2}.get(
        op.type, FusedBatchNormGradV3
    )
    x, scale, _offset, *moments = op.inputs
    attrs = {name: op.attrs[name] for name in ("epsilon", "data_format", "is_training")}
    there, back = None, None
    if attrs["is_training"]:
        moments = op.outputs[3:5]
    elif attrs["data_format"] in _TO_CHANNELS_LAST:
        there, back = _TO_CHANNELS_LAST[attrs["data_format"]]
        x, grad = array_moves.transpose(x, there), array_moves.transpose(grad, there)
        attrs["data_format"] = "NHWC" if x.shape.ndims == 4 else "NDHWC"
    found = node(grad, x, scale, *moments, *op.outputs[5:], **attrs)
    to_x = found[0] if back is None else array_moves.transpose(found[0], back)
    return [to_x, found[1], found[2], None, None]


def _norm_rule(inputs: Any, outputs: Any, cotangents: Any, attrs: Any) -> list[Any]:
    x, scale, _, mean, variance = inputs
    if attrs["is_training"]:
        mean, variance = outputs[3:5]
    names = ("epsilon", "data_format", "is_training")
    found = _backward(cotangents[0], x, scale, mean, variance, **{n: attrs[n] for n in names})
    return [*found, None, None]


def _norm_grad_gradient(op: Operation, *grads: Any) -> list[Any]:
    found = gradient_node(op, list(grads))
    return [*found[:3], *[None] * (len(op.inputs) - 3)]


def _norm_grad_rule(inputs: Any, outputs: Any, cotangents: Any, attrs: Any) -> list[Any]:
    """The moments of training depend on x, though they arrive as inputs of their own."""
    g, x, scale, mean, variance, *rest = inputs
    keywords = {n: attrs[n] for n in ("epsilon", "data_format", "is_training")}

    def function(g: Any, x: Any, scale: Any) -> tuple[Any, Any, Any]:
        moments = mean, variance
        if attrs["is_training"]:
            moments = _Channels(x.ndim, attrs["data_format"]).moments(_wide(x))
        return _backward(g, x, scale, *moments, **keywords)

    _, pull = jax.vjp(function, g, x, scale)
    return [*pull(tuple(cotangents[:3])), None, None, *[None] * len(rest)]


def _declare(version: str, types: dict[str, Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Declare FusedBatchNorm and its gradient op in one of their versions."""
    third = version == "V3"
    vector = "U" if version else "T"
    inputs = ", ".join(f"{name}: {vector}" for name in ("scale", "offset", "mean", "variance"))
    names = ["batch_mean", "batch_variance", "reserve_space_1", "reserve_space_2"]
    outputs = ", ".join(f"{name}: {vector}" for name in names + ["reserve_space_3"] * third)

    def forward(
        x: Any,
        scale: Any,
        offset: Any,
        mean: Any,
        variance: Any,
        *,
        epsilon: float = 0.0001,
        exponential_avg_factor: float = 1.0,
        data_format: str = "NHWC",
        is_training: bool = True,
    ) -> Any:
        """`x` normalised by the mean and variance of each channel, times `scale`, plus `offset`.

        With `is_training` by those of the batch, else by `mean` and `variance`.

        Returns:
            y; the mean and the (Bessel-corrected) variance for moving averages, mixed with
            `mean` and `variance` where `exponential_avg_factor` is not 1; the mean and variance
            that were used, for the gradient op.
        """
        found = _normalized(
            x, scale, offset, mean, variance,
            epsilon=epsilon, exponential_avg_factor=exponential_avg_factor,
            data_format=data_format, is_training=is_training,
        )  # fmt: skip
        return (
            [*found, xp.zeros(_third_shape(x.ndim, x.dtype.itemsize), scale.dtype)]
            if third
            else found
        )

    def backward(
        y_backprop: Any,
        x: Any,
        scale: Any,
        reserve_space_1: Any,
        reserve_space_2: Any,
        *rest: Any,
        epsilon: float = 0.0001,
        data_format: str = "NHWC",
        is_training: bool = True,
    ) -> Any:
        """The gradients of x, scale and offset of the op `FusedBatchNorm`."""
        found = _backward(
            y_backprop, x, scale, reserve_space_1, reserve_space_2,
            epsilon=epsilon, data_format=data_format, is_training=is_training,
        )  # fmt: skip
        nothing = xp.zeros(_last_shape(x.ndim), reserve_space_1.dtype)
        return [*found, nothing, nothing]

    saved = ["reserve_space_1", "reserve_space_2"] + ["reserve_space_3"] * third
    grad_inputs = ", ".join(f"{name}: {vector}" for name in saved)
    last = (4, 5) if third else (3, 4)
    grad_names = ["scale_backprop", "offset_backprop", *(f"reserve_space_{i}" for i in last)]
    grad_outputs = ", ".join(f"{name}: {vector}" for name in grad_names)
    grad_scale = "float32" if version else "T"
    return (
        op(
            f"x: T, {inputs} -> y: T, {outputs}",
            type=f"FusedBatchNorm{version}",
            shape=_norm_shapes,
            grad=_norm_gradient,
            vjp=_norm_rule,
            **types,
        )(forward),
        op(
            f"y_backprop: T, x: T, scale: {grad_scale}, {grad_inputs} -> x_backprop: T, {grad_outputs}",
            type=f"FusedBatchNormGrad{version}",
            shape=_norm_grad_shapes,
            grad=_norm_grad_gradient,
            vjp=_norm_grad_rule,
            **{**types, "U": (float32,)} if third else types,
        )(backward),
    )


FusedBatchNorm, FusedBatchNormGrad = _declare("", {"T": (float32,)})
FusedBatchNormV2, FusedBatchNormGradV2 = _declare("V2", {"T": _HALVES, "U": (float32,)})
FusedBatchNormV3, FusedBatchNormGradV3 = _declare("V3", {"T": _HALVES, "U": (bfloat16, float32)})


@export("nn.fused_batch_norm")
def fused_batch_norm(
    x: Any,
    scale: Any,
    offset: Any,
    mean: Any = None,
    variance: Any = None,
    epsilon: float = 0.001,
    data_format: str = "NHWC",
    is_training: bool = True,
    name: str | None = None,
    exponential_avg_factor: float = 1.0,
) -> tuple[Tensor, Tensor, Tensor]:
    """Batch normalisation of images or volumes in one op.

    Args:
        x: (batch, height, width, channels), or as `data_format` says; "NCHW" runs on all devices.
        scale, offset: one value a channel.
        mean, variance: what to normalise by, when not training.
        is_training: normalise by the mean and variance of `x`.

    Returns:
        y, the mean, and the variance (Bessel-corrected when training) for moving averages.

    Raises:
        ValueError: not training, without `mean` or `variance`.
    """
    if (not is_training or exponential_avg_factor != 1.0) and (mean is None or variance is None):
        raise ValueError(
            "Both `mean` and `variance` must be a 1D tensor when `is_training` is False or "
            f"`exponential_avg_factor` != 1.0. Received: `mean` {mean!r} and `variance` {variance!r}"
        )
    x = convert.to_tensor(x, name="input")
    scale = convert.to_tensor(scale, name="scale")
    offset = convert.to_tensor(offset, name="offset")
    mean = convert.constant([]) if mean is None else mean
    variance = convert.constant([]) if variance is None else variance
    found = FusedBatchNormV3(
        x,
        scale,
        offset,
        mean,
        variance,
        epsilon=epsilon,
        exponential_avg_factor=exponential_avg_factor,
        data_format=data_format,
        is_training=is_training,
        name=name,
    )
    return found[0], found[1], found[2]


# -- by given moments --------------------------------------------------------------------------------


def _global_gradient(op: Operation, grad: Tensor) -> list[Any]:
    t, mean, variance, _, gamma = op.inputs
    attrs = {n: op.attrs[n] for n in ("variance_epsilon", "scale_after_normalization")}
    return list(BatchNormWithGlobalNormalizationGrad(t, mean, variance, gamma, grad, **attrs))


@op(
    "t: T, m: T, v: T, beta: T, gamma: T -> result: T",
    T=NUMBERS,
    shape=_image,
    grad=_global_gradient,
)
def BatchNormWithGlobalNormalization(
    t: Any,
    m: Any,
    v: Any,
    beta: Any,
    gamma: Any,
    *,
    variance_epsilon: float,
    scale_after_normalization: bool,
) -> Any:
    """(t - m) / sqrt(v + variance_epsilon) + beta, times `gamma` where it scales after that.

    An op of graphs older than TensorFlow 1.0.
    """
    factor = 1 / xp.sqrt(v + variance_epsilon)
    return ((t - m) * (factor * gamma if scale_after_normalization else factor) + beta).astype(
        t.dtype
    )


@op(
    "t: T, m: T, v: T, gamma: T, backprop: T -> dx: T, dm: T, dv: T, db: T, dg: T",
    T=NUMBERS,
    shape=lambda op: [op.inputs[0].shape, *[op.inputs[1].shape] * 4],
)
def BatchNormWithGlobalNormalizationGrad(
    t: Any,
    m: Any,
    v: Any,
    gamma: Any,
    backprop: Any,
    *,
    variance_epsilon: float,
    scale_after_normalization: bool,
) -> Any:
    """The gradients of t, m, v, beta and gamma of `BatchNormWithGlobalNormalization`."""
    total = _Channels(t.ndim, "NHWC").total
    inverse = 1 / xp.sqrt(v + variance_epsilon)
    slope = inverse * gamma if scale_after_normalization else inverse
    to_beta, projected = total(backprop), total(backprop * (t - m))
    to_gamma = projected * inverse if scale_after_normalization else xp.zeros(v.shape, t.dtype)
    to_variance = projected * slope * inverse * inverse * -0.5
    found = backprop * slope, -to_beta * slope, to_variance, to_beta, to_gamma
    return [g.astype(t.dtype) for g in found]
