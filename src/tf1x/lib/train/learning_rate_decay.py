"""Learning-rate schedules: functions of the global step (`tf.train.exponential_decay`, ...).

Each returns a scalar tensor of the learning rate's type.
"""

from __future__ import annotations

import math as python_math
from typing import Any

from tf1x.api import export
from tf1x.core import convert, scopes
from tf1x.core.dtypes import DType
from tf1x.core.graph import Tensor
from tf1x.ops import array, array_select, elementary, math, math_functions, random


def _step(global_step: Any, dtype: DType) -> Tensor:
    if global_step is None:
        raise ValueError("global_step is required.")
    return math.cast(convert.to_tensor(global_step), dtype)


@export("train.exponential_decay")
def exponential_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """learning_rate * decay_rate ** (step / decay_steps); whole powers where `staircase`."""
    with scopes.name_scope(name, "ExponentialDecay", [learning_rate, global_step]) as scope:
        rate = convert.to_tensor(learning_rate, name="learning_rate")
        p = _step(global_step, rate.dtype) / math.cast(decay_steps, rate.dtype)
        if staircase:
            p = math.Floor(p)
        return math.Mul(
            rate, math_functions.power(math.cast(decay_rate, rate.dtype), p), name=scope
        )


@export("train.piecewise_constant", "train.piecewise_constant_decay")
def piecewise_constant(
    x: Any, boundaries: list[Any], values: list[Any], name: str | None = None
) -> Tensor:
    """values[i] while x <= boundaries[i], the last value after the last boundary.

    Args:
        x: a scalar, usually the global step.
        boundaries: increasing numbers of the type of x.
        values: numbers or tensors of one type, one more than boundaries.

    Raises:
        ValueError: the lengths do not fit, or the types do not agree.
    """
    if len(boundaries) != len(values) - 1:
        raise ValueError("The length of boundaries should be 1 less than the length of values")
    with scopes.name_scope(name, "PiecewiseConstant", [x, *boundaries, *values]):
        x = convert.to_tensor(x)
        limits = [convert.to_tensor(b) for b in boundaries]
        for limit in limits:
            if limit.dtype.base_dtype is not x.dtype.base_dtype and not (
                limit.dtype.is_integer and x.dtype.is_integer
            ):
                raise ValueError(
                    f"Boundaries ({limit.dtype.base_dtype}) must have the same dtype as x ({x.dtype.base_dtype})."
                )
        choices = [convert.to_tensor(v) for v in values]
        if len({v.dtype.base_dtype for v in choices}) > 1:
            raise ValueError("Values must have elements all with the same dtype.")
        # TensorFlow builds a `case`; selecting gives the same number.
        chosen = choices[-1]
        for limit, value in zip(reversed(limits), reversed(choices[:-1]), strict=True):
            below = math.LessEqual(x, math.cast(limit, x.dtype.base_dtype))
            chosen = array_select.where(below, value, chosen)
        return chosen


@export("train.polynomial_decay")
def polynomial_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    end_learning_rate: Any = 0.0001,
    power: Any = 1.0,
    cycle: bool = False,
    name: str | None = None,
) -> Tensor:
    """From learning_rate to end_learning_rate over decay_steps, as (1 - step/decay_steps)**power.

    With `cycle`, decay_steps grows by whole multiples so that the rate rises again.
    """
    with scopes.name_scope(name, "PolynomialDecay", [learning_rate, global_step]) as scope:
        rate = convert.to_tensor(learning_rate, name="learning_rate")
        dtype = rate.dtype.base_dtype
        step, total = _step(global_step, dtype), math.cast(decay_steps, dtype)
        end, exponent = (convert.to_tensor(v, dtype) for v in (end_learning_rate, power))
        if cycle:
            periods = math.Ceil(step / total)
            total = total * array_select.where(
                math.Equal(step, 0.0), array.ones_like(periods), periods
            )
        else:
            step = math.Minimum(step, total)
        remaining = math_functions.power(1.0 - step / total, exponent)
        return math.AddV2(math.Mul(rate - end, remaining), end, name=scope)


@export("train.natural_exp_decay")
def natural_exp_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """learning_rate * exp(-decay_rate * step / decay_steps)."""
    with scopes.name_scope(name, "NaturalExpDecay", [learning_rate, global_step]) as scope:
        rate = convert.to_tensor(learning_rate, name="learning_rate")
        p = _step(global_step, rate.dtype) / math.cast(decay_steps, rate.dtype)
        if staircase:
            p = math.Floor(p)
        exponent = math.Mul(math.Neg(convert.to_tensor(decay_rate, rate.dtype)), p)
        return math.Mul(rate, elementary.Exp(exponent), name=scope)


@export("train.inverse_time_decay")
def inverse_time_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    decay_rate: Any,
    staircase: bool = False,
    name: str | None = None,
) -> Tensor:
    """learning_rate / (1 + decay_rate * step / decay_steps)."""
    with scopes.name_scope(name, "InverseTimeDecay", [learning_rate, global_step]) as scope:
        rate = convert.to_tensor(learning_rate, name="learning_rate")
        p = _step(global_step, rate.dtype) / math.cast(decay_steps, rate.dtype)
        if staircase:
            p = math.Floor(p)
        return math.RealDiv(rate, 1.0 + math.cast(decay_rate, rate.dtype) * p, name=scope)


def _cosine(fraction: Any) -> Tensor:
    """From 1 to 0 along half a cosine, as the fraction goes from 0 to 1."""
    return 0.5 * (1.0 + elementary.Cos(python_math.pi * fraction))


@export("train.cosine_decay")
def cosine_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    alpha: Any = 0.0,
    name: str | None = None,
) -> Tensor:
    """Along a cosine from learning_rate to alpha * learning_rate (Loshchilov and Hutter, SGDR)."""
    with scopes.name_scope(name, "CosineDecay", [learning_rate, global_step]) as scope:
        rate = convert.to_tensor(learning_rate, name="learning_rate")
        total = math.cast(decay_steps, rate.dtype)
        fraction = math.Minimum(_step(global_step, rate.dtype), total) / total
        return math.Mul(rate, (1 - alpha) * _cosine(fraction) + alpha, name=scope)


@export("train.cosine_decay_restarts")
def cosine_decay_restarts(
    learning_rate: Any,
    global_step: Any,
    first_decay_steps: Any,
    t_mul: Any = 2.0,
    m_mul: Any = 1.0,
    alpha: Any = 0.0,
    name: str | None = None,
) -> Tensor:
    """`cosine_decay` with warm restarts.

    Args:
        first_decay_steps: length of the first period.
        t_mul: each period is so many times longer than the one before.
        m_mul: each starts at so many times the rate of the one before.
    """
    with scopes.name_scope(name, "SGDRDecay", [learning_rate, global_step]) as scope:
        rate = convert.to_tensor(learning_rate, name="initial_learning_rate")
        dtype = rate.dtype.base_dtype
        t_mul, m_mul, alpha = (math.cast(v, dtype) for v in (t_mul, m_mul, alpha))
        completed = _step(global_step, dtype) / math.cast(first_decay_steps, dtype)
        # The number of restarts so far, from the sum of a geometric series (t_mul != 1) or directly.
        ratio = 1.0 - completed * (1.0 - t_mul)
        growing = math.Floor(elementary.Log(ratio) / elementary.Log(t_mul))
        start = (1.0 - math_functions.power(t_mul, growing)) / (1.0 - t_mul)
        inside = (completed - start) / math_functions.power(t_mul, growing)
        steady = math.Floor(completed)
        equal = math.Equal(t_mul, 1.0)
        restarts = array_select.where(equal, steady, growing)
        fraction = array_select.where(equal, completed - steady, inside)
        height = math_functions.power(m_mul, restarts)
        return math.Mul(rate, (1 - alpha) * (height * _cosine(fraction)) + alpha, name=scope)


@export("train.linear_cosine_decay")
def linear_cosine_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    num_periods: Any = 0.5,
    alpha: Any = 0.0,
    beta: Any = 0.001,
    name: str | None = None,
) -> Tensor:
    """(alpha + linear) * cosine + beta, times learning_rate (Bello et al., 2017)."""
    with scopes.name_scope(name, "LinearCosineDecay", [learning_rate, global_step]) as scope:
        rate = convert.to_tensor(learning_rate, name="learning_rate")
        linear, cosine, alpha, beta = _linear_cosine(
            rate, global_step, decay_steps, num_periods, alpha, beta
        )
        return math.Mul(rate, (alpha + linear) * cosine + beta, name=scope)


def _linear_cosine(
    rate: Tensor, global_step: Any, decay_steps: Any, *numbers: Any
) -> tuple[Tensor, ...]:
    dtype = rate.dtype.base_dtype
    periods, alpha, beta = (math.cast(v, dtype) for v in numbers)
    total = math.cast(decay_steps, dtype)
    step = math.Minimum(_step(global_step, dtype), total)
    fraction = 2.0 * periods * (step / total)
    return (total - step) / total, _cosine(fraction), alpha, beta


@export("train.noisy_linear_cosine_decay")
def noisy_linear_cosine_decay(
    learning_rate: Any,
    global_step: Any,
    decay_steps: Any,
    initial_variance: Any = 1.0,
    variance_decay: Any = 0.55,
    num_periods: Any = 0.5,
    alpha: Any = 0.0,
    beta: Any = 0.001,
    name: str | None = None,
) -> Tensor:
    """`linear_cosine_decay` with normal noise of variance initial_variance / (1 + step)**decay."""
    with scopes.name_scope(name, "NoisyLinearCosineDecay", [learning_rate, global_step]) as scope:
        rate = convert.to_tensor(learning_rate, name="learning_rate")
        dtype = rate.dtype.base_dtype
        linear, cosine, alpha, beta = _linear_cosine(
            rate, global_step, decay_steps, num_periods, alpha, beta
        )
        step = math.Minimum(_step(global_step, dtype), math.cast(decay_steps, dtype))
        variance = math.cast(initial_variance, dtype) / math_functions.power(
            1.0 + step, math.cast(variance_decay, dtype)
        )
        noise = random.random_normal([], stddev=elementary.Sqrt(variance), dtype=dtype)
        return math.Mul(rate, (alpha + (linear + noise)) * cosine + beta, name=scope)
