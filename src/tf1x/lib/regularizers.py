"""`tf.contrib.layers` regularizers and initializers."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable
from typing import Any

from tf1x.api import export
from tf1x.core import convert, scopes
from tf1x.core.dtypes import as_dtype, float32
from tf1x.core.operation import Tensor
from tf1x.core.scopes import GraphKeys
from tf1x.lib.initializers import compute_fans
from tf1x.ops import random
from tf1x.ops.complex_math import absolute
from tf1x.ops.math import Mul
from tf1x.ops.math_functions import add_n
from tf1x.ops.nn import L2Loss
from tf1x.ops.reduce import reduce_sum

Regularizer = Callable[..., Any]


def _penalty(
    kind: str, scale: Any, scope: str | None, measure: Callable[[Any], Any]
) -> Regularizer:
    if isinstance(scale, numbers.Integral):
        raise ValueError(f"scale cannot be an integer: {scale}")
    if isinstance(scale, numbers.Real):
        if scale < 0.0:
            raise ValueError(f"Setting a scale less than 0 on a regularizer: {float(scale):g}")
        if scale == 0.0:
            return lambda _: None

    def regularizer(weights: Any, name: str | None = None) -> Tensor:
        with scopes.name_scope(scope or name, f"{kind}_regularizer", [weights]) as own:
            factor = convert.to_tensor(scale, weights.dtype.base_dtype, name="scale")
            penalty: Tensor = Mul(factor, measure(weights), name=own)
            return penalty

    return regularizer


@export("contrib.layers.l1_regularizer")
def l1_regularizer(scale: Any, scope: str | None = None) -> Regularizer:
    """A function that gives `scale` times the sum of the weights' magnitudes; None for scale 0."""
    return _penalty("l1", scale, scope, lambda weights: reduce_sum(absolute(weights)))


@export("contrib.layers.l2_regularizer")
def l2_regularizer(scale: Any, scope: str | None = None) -> Regularizer:
    """A function that gives `scale` times half the sum of the weights' squares; None for scale 0."""
    return _penalty("l2", scale, scope, L2Loss)


@export("contrib.layers.l1_l2_regularizer")
def l1_l2_regularizer(
    scale_l1: Any = 1.0, scale_l2: Any = 1.0, scope: str | None = None
) -> Regularizer:
    """The sum of an L1 and an L2 regularizer."""
    for scale, what in ((scale_l1, "scale_l1"), (scale_l2, "scale_l2")):
        if isinstance(scale, numbers.Integral):
            raise ValueError(f"{what} cannot be an integer: {scale}")
    scope = scope or "l1_l2_regularizer"
    if scale_l1 == 0.0:
        return l2_regularizer(scale_l2, scope)
    if scale_l2 == 0.0:
        return l1_regularizer(scale_l1, scope)
    return sum_regularizer([l1_regularizer(scale_l1), l2_regularizer(scale_l2)], scope=scope)


@export("contrib.layers.sum_regularizer")
def sum_regularizer(regularizer_list: Any, scope: str | None = None) -> Regularizer | None:
    """The sum of several regularizers (None among them counts as nothing)."""
    chosen = [r for r in regularizer_list if r is not None]
    if not chosen:
        return None

    def regularizer(weights: Any) -> Any:
        with scopes.name_scope(scope, "sum_regularizer", [weights]) as own:
            found = [r(weights) for r in chosen]
            found = [f for f in found if f is not None]
            return add_n(found, name=own) if found else None

    return regularizer


@export("contrib.layers.apply_regularization")
def apply_regularization(regularizer: Regularizer, weights_list: Any = None) -> Tensor:
    """The sum of a regularizer over weights; also added to `GraphKeys.REGULARIZATION_LOSSES`.

    Args:
        weights_list: by default the collection `GraphKeys.WEIGHTS`.
    """
    weights = weights_list or scopes.get_collection(GraphKeys.WEIGHTS)
    if not weights:
        raise ValueError("No weights to regularize.")
    with scopes.name_scope(None, "get_regularization_penalty", weights) as own:
        penalties = [p for p in (regularizer(w) for w in weights) if p is not None]
        penalties = penalties or [convert.constant(0.0)]
        for penalty in penalties:
            if penalty.shape.ndims != 0:
                raise ValueError(
                    "regularizer must return a scalar Tensor instead of a Tensor with rank."
                )
        total: Tensor = add_n(penalties, name=own)
        scopes.add_to_collection(GraphKeys.REGULARIZATION_LOSSES, total)
        return total


@export("contrib.layers.variance_scaling_initializer")
def variance_scaling_initializer(
    factor: float = 2.0,
    mode: str = "FAN_IN",
    uniform: bool = False,
    seed: int | None = None,
    dtype: Any = float32,
) -> Any:
    """An initializer whose variance is `factor` over the number of inputs and/or outputs.

    Args:
        mode: "FAN_IN", "FAN_OUT" or "FAN_AVG".
        uniform: uniform rather than truncated normal values.
    """
    mode = mode.upper()
    if not as_dtype(dtype).is_floating:
        raise TypeError("Cannot create initializer for non-floating point type.")
    if mode not in ("FAN_IN", "FAN_OUT", "FAN_AVG"):
        raise TypeError(f"Unknown mode {mode} [FAN_IN, FAN_OUT, FAN_AVG]")
    if factor <= 0:
        raise ValueError(f"factor must be positive: {factor}")

    def initializer(shape: Any, dtype: Any = dtype, partition_info: Any = None) -> Tensor:
        if not as_dtype(dtype).is_floating:
            raise TypeError("Cannot create initializer for non-floating point type.")
        fan_in, fan_out = compute_fans(shape)
        count = {"FAN_IN": fan_in, "FAN_OUT": fan_out, "FAN_AVG": (fan_in + fan_out) / 2.0}[mode]
        if uniform:
            limit = math.sqrt(3.0 * factor / count)
            return random.random_uniform(shape, -limit, limit, dtype, seed=seed)
        # 1.3 makes up for the truncation, roughly, as the original has it.
        stddev = math.sqrt(1.3 * factor / count)
        values: Tensor = random.truncated_normal(shape, 0.0, stddev, dtype, seed=seed)
        return values

    return initializer


@export("contrib.layers.xavier_initializer", "contrib.layers.xavier_initializer_conv2d")
def xavier_initializer(uniform: bool = True, seed: int | None = None, dtype: Any = float32) -> Any:
    """Glorot and Bengio's initializer (2010): variance 2 / (inputs + outputs)."""
    return variance_scaling_initializer(1.0, "FAN_AVG", uniform, seed, dtype)
