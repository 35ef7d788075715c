"""`tf.contrib.layers`' regularizers and initializers."""

from __future__ import annotations

import math as python_math
import numbers
from collections.abc import Callable
from typing import Any

from tf1x.api import define, export
from tf1x.core import convert, scopes
from tf1x.core.dtypes import as_dtype, float32
from tf1x.core.graph import Tensor
from tf1x.ops import complex_math, math, math_functions, nn, random

Regularizer = Callable[[Any], Tensor | None]


def _check_scale(scale: Any, name: str) -> None:
    if isinstance(scale, numbers.Integral) and not isinstance(scale, bool):
        raise ValueError(f"{name} cannot be an integer: {scale}")
    if isinstance(scale, numbers.Real) and scale < 0.0:
        raise ValueError(f"Setting a scale less than 0 on a regularizer: {scale}")


def _nothing(weights: Any) -> None:
    return None


@export("contrib.layers.l1_regularizer")
def l1_regularizer(scale: float, scope: str | None = None) -> Regularizer:
    """A function of weights that gives scale * sum(|w|); a scale of 0 gives None.

    Raises:
        ValueError: a negative or integer scale.
    """
    from tf1x.ops import reduce

    _check_scale(scale, "scale")
    if scale == 0.0:
        return _nothing

    def l1(weights: Any, name: str | None = None) -> Tensor:
        with scopes.name_scope(scope, "l1_regularizer", [weights]) as inner:
            factor = convert.to_tensor(scale, weights.dtype.base_dtype, name="scale")
            return math.Mul(
                factor, reduce.reduce_sum(complex_math.absolute(weights)), name=name or inner
            )

    return l1


@export("contrib.layers.l2_regularizer")
def l2_regularizer(scale: float, scope: str | None = None) -> Regularizer:
    """A function of weights that gives scale * sum(w**2) / 2; a scale of 0 gives None.

    Raises:
        ValueError: a negative or integer scale.
    """
    _check_scale(scale, "scale")
    if scale == 0.0:
        return _nothing

    def l2(weights: Any) -> Tensor:
        with scopes.name_scope(scope, "l2_regularizer", [weights]) as inner:
            factor = convert.to_tensor(scale, weights.dtype.base_dtype, name="scale")
            return math.Mul(factor, nn.L2Loss(weights), name=inner)

    return l2


@export("contrib.layers.l1_l2_regularizer")
def l1_l2_regularizer(
    scale_l1: float = 1.0, scale_l2: float = 1.0, scope: str | None = None
) -> Regularizer:
    """The sum of `l1_regularizer(scale_l1)` and `l2_regularizer(scale_l2)`."""
    _check_scale(scale_l1, "scale_l1")
    _check_scale(scale_l2, "scale_l2")
    return sum_regularizer(
        [l1_regularizer(scale_l1), l2_regularizer(scale_l2)], scope or "l1_l2_regularizer"
    )


@export("contrib.layers.sum_regularizer")
def sum_regularizer(regularizer_list: list[Any], scope: str | None = None) -> Regularizer:
    """A function of weights that adds several regularizers; None where none of them applies."""
    present = [r for r in regularizer_list if r is not None]

    def total(weights: Any) -> Tensor | None:
        with scopes.name_scope(scope, "sum_regularizer", [weights]) as inner:
            terms = [term for term in (r(weights) for r in present) if term is not None]
            return math_functions.add_n(terms, name=inner) if terms else None

    return total if present else _nothing


@export("contrib.layers.apply_regularization")
def apply_regularization(regularizer: Any, weights_list: list[Any] | None = None) -> Tensor:
    """The sum of `regularizer(w)` over the weights, also added to REGULARIZATION_LOSSES.

    Args:
        weights_list: by default the collection WEIGHTS.

    Raises:
        ValueError: there are no weights.
    """
    weights = weights_list or scopes.get_collection(scopes.GraphKeys.WEIGHTS)
    if not weights:
        raise ValueError("No weights to regularize.")
    with scopes.name_scope("get_regularization_penalty", values=weights) as scope:
        found = [regularizer(w) for w in weights]
        terms = [term if term is not None else convert.constant(0.0) for term in found]
        total: Tensor = math_functions.add_n(terms, name=scope)
    scopes.add_to_collection(scopes.GraphKeys.REGULARIZATION_LOSSES, total)
    return total


@export("contrib.layers.variance_scaling_initializer")
def variance_scaling_initializer(
    factor: float = 2.0,
    mode: str = "FAN_IN",
    uniform: bool = False,
    seed: int | None = None,
    dtype: Any = float32,
) -> Callable[..., Tensor]:
    """contrib's variance scaling: variance factor / n, normal values cut with deviation sqrt(1.3 factor / n).

    Raises:
        TypeError: a type that is not floating, or an unknown mode.
    """
    dtype = as_dtype(dtype)
    if not dtype.is_floating:
        raise TypeError("Cannot create initializer for non-floating point type.")
    if mode not in ("FAN_IN", "FAN_OUT", "FAN_AVG"):
        raise TypeError(f"Unknown mode {mode} [FAN_IN, FAN_OUT, FAN_AVG]")

    def initialize(shape: Any, dtype: Any = dtype, partition_info: Any = None) -> Tensor:
        dims = [int(d) for d in shape]
        receptive = python_math.prod(dims[:-2]) if dims else 1
        fan_out = float(dims[-1] * receptive) if dims else 1.0
        fan_in = float(dims[-2] * receptive) if len(dims) > 1 else fan_out
        count = {"FAN_IN": fan_in, "FAN_OUT": fan_out, "FAN_AVG": (fan_in + fan_out) / 2}[mode]
        if uniform:
            limit = python_math.sqrt(3.0 * factor / count)
            return random.random_uniform(shape, -limit, limit, dtype, seed=seed)
        return random.truncated_normal(shape, 0.0, python_math.sqrt(1.3 * factor / count), dtype, seed=seed)  # fmt: skip

    return initialize


@export("contrib.layers.xavier_initializer")
def xavier_initializer(
    uniform: bool = True, seed: int | None = None, dtype: Any = float32
) -> Callable[..., Tensor]:
    """Xavier (Glorot) initialisation: variance 1 / mean of inputs and outputs."""
    return variance_scaling_initializer(1.0, "FAN_AVG", uniform, seed, dtype)


define(xavier_initializer, "contrib.layers.xavier_initializer_conv2d")
