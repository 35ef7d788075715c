"""Means, variances, and normalising by them."""

from __future__ import annotations

from typing import Any

from tf1x.api import export, renamed
from tf1x.core import convert, scopes
from tf1x.core.dtypes import float16, float32
from tf1x.core.operation import Tensor
from tf1x.ops import array, array_gather, elementary, math, math_functions, reduce


@export("nn.moments")
@renamed(keep_dims="keepdims")
def moments(
    x: Any, axes: Any, shift: Any = None, name: str | None = None, keepdims: bool | None = None
) -> tuple[Tensor, Tensor]:
    """Mean and (population) variance of `x` over `axes`.

    Args:
        shift: accepted and not used.
        keepdims: leave ones in place of the reduced dimensions (`keep_dims` is the old name).
    """
    with scopes.name_scope(name, "moments", [x, axes]):
        x = convert.to_tensor(x)
        half = x.dtype.base_dtype == float16
        y = math.cast(x, float32) if half else x
        mean = reduce.reduce_mean(y, axes, True, name="mean")
        distance = math.SquaredDifference(y, array.StopGradient(mean))
        variance = reduce.reduce_mean(distance, axes, True, name="variance")
        return _finished(mean, variance, axes, keepdims, half)


def _finished(
    mean: Tensor, variance: Tensor, axes: Any, keepdims: Any, half: bool
) -> tuple[Tensor, Tensor]:
    if not keepdims:
        mean, variance = array.squeeze(mean, axes), array.squeeze(variance, axes)
    if half:
        mean, variance = math.cast(mean, float16), math.cast(variance, float16)
    return mean, variance


@export("nn.weighted_moments")
@renamed(keep_dims="keepdims")
def weighted_moments(
    x: Any, axes: Any, frequency_weights: Any, name: str | None = None, keepdims: bool | None = None
) -> tuple[Tensor, Tensor]:
    """Mean and variance of `x` over `axes`, each value counted `frequency_weights` times."""
    with scopes.name_scope(name, "weighted_moments", [x, frequency_weights, axes]):
        x = convert.to_tensor(x, name="x")
        weights = convert.to_tensor(frequency_weights, name="frequency_weights")
        half = x.dtype.base_dtype == float16
        x = math.cast(x, float32) if half else x
        weights = math.cast(weights, x.dtype)
        total = reduce.reduce_sum(weights * x, axes, True, name="weighted_input_sum")
        spread = weights + array.zeros_like(x)
        count = reduce.reduce_sum(spread, axes, True, name="sum_of_weights")
        mean = math_functions.div_no_nan(total, count)
        distance = weights * math.SquaredDifference(x, mean)
        variance = math_functions.div_no_nan(
            reduce.reduce_sum(distance, axes, True, name="weighted_distsq"), count
        )
        return _finished(mean, variance, axes, keepdims, half)


@export("nn.sufficient_statistics")
@renamed(keep_dims="keepdims")
def sufficient_statistics(
    x: Any, axes: Any, shift: Any = None, keepdims: bool | None = None, name: str | None = None
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """What `normalize_moments` needs of `x`: count, sum, sum of squares, and the shift.

    Args:
        shift: a value near the mean, subtracted first for better precision.
    """
    axes = list(set(axes))
    keep = bool(keepdims)
    with scopes.name_scope(name, "sufficient_statistics", [x, shift]):
        x = convert.to_tensor(x, name="x")
        sizes = None if x.shape.ndims is None else [x.shape.as_list()[axis] for axis in axes]
        if sizes is not None and None not in sizes:
            total = 1
            for size in sizes:
                total *= size
            count = convert.constant(total, x.dtype)
        else:
            rank = array.rank(x)
            positive = [axis + rank if axis < 0 else axis for axis in axes]
            dims = array_gather.gather(math.cast(array.shape(x), x.dtype), positive)
            count = reduce.reduce_prod(dims, name="count")
        if shift is None:
            first, second = x, elementary.Square(x)
        else:
            shift = convert.to_tensor(shift, name="shift")
            first, second = math.Sub(x, shift), math.SquaredDifference(x, shift)
        first = reduce.reduce_sum(first, axes, keep, name="mean_ss")
        second = reduce.reduce_sum(second, axes, keep, name="var_ss")
    return count, first, second, shift


@export("nn.normalize_moments")
def normalize_moments(
    counts: Any, mean_ss: Any, variance_ss: Any, shift: Any, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """Mean and variance from the results of `sufficient_statistics`."""
    with scopes.name_scope(name, "normalize", [counts, mean_ss, variance_ss, shift]):
        divisor = math.Reciprocal(counts, name="divisor")
        if shift is None:
            mean = shifted = math.Mul(mean_ss, divisor, name="mean")
        else:
            shifted = math.Mul(mean_ss, divisor, name="shifted_mean")
            mean = math.AddV2(shifted, shift, name="mean")
        squares = math.Mul(variance_ss, divisor)
        variance = math.Sub(squares, elementary.Square(shifted), name="variance")
    return mean, variance


@export("nn.batch_normalization")
def batch_normalization(
    x: Any,
    mean: Any,
    variance: Any,
    offset: Any,
    scale: Any,
    variance_epsilon: float,
    name: str | None = None,
) -> Tensor:
    """`scale` * (x - mean) / sqrt(variance + epsilon) + `offset`, with broadcasting.

    Args:
        offset, scale: None for none.
    """
    with scopes.name_scope(name, "batchnorm", [x, mean, variance, scale, offset]):
        x = convert.to_tensor(x)
        factor = elementary.Rsqrt(variance + variance_epsilon)
        if scale is not None:
            factor *= scale
        scaled = x * math.cast(factor, x.dtype)
        rest = offset - mean * factor if offset is not None else -mean * factor
        return scaled + math.cast(rest, x.dtype)


@export("nn.batch_norm_with_global_normalization")
@renamed(input="t", mean="m", variance="v")
def batch_norm_with_global_normalization(
    t: Any = None,
    m: Any = None,
    v: Any = None,
    beta: Any = None,
    gamma: Any = None,
    variance_epsilon: float | None = None,
    scale_after_normalization: bool | None = None,
    name: str | None = None,
) -> Tensor:
    """`batch_normalization` of `t` by mean `m` and variance `v`.

    Args:
        scale_after_normalization: whether `gamma` is used.
    """
    scale = gamma if scale_after_normalization else None
    return batch_normalization(t, m, v, beta, scale, variance_epsilon or 0.0, name)
